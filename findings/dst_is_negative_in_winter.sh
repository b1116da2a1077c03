#!/usr/bin/env bash
# "Summer time" is in winter: dst() is minus one hour in Dublin's winter and in Casablanca's Ramadan, and zero in summer.
#
# By Irish law the standard time is that of summer, and by Moroccan law that of the rest of the year, so the zone data call
# the other part of the year daylight saving time, of minus an hour. Code that takes a true dst() for summer has it the
# wrong way round there, and nowhere else.
#
# Seen with CPython 3.11 and tzdata 2025.2:
#   Europe/Dublin, 15 January 2026: -1:00; 15 July 2026: 0:00
#   Africa/Casablanca, 1 March 2026 (Ramadan): -1:00; 15 July 2026: 0:00
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check tzdata==2025.2

seen=$(PYTHONTZPATH='' "$folder/bin/python" - <<'PYTHON'
from datetime import datetime
from zoneinfo import ZoneInfo

for zone, month, day in (("Europe/Dublin", 1, 15), ("Africa/Casablanca", 3, 1)):
    saved = [ZoneInfo(zone).dst(datetime(2026, *date)).total_seconds() for date in ((month, day), (7, 15))]
    print(zone, saved)
PYTHON
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
Europe/Dublin [-3600.0, 0.0]
Africa/Casablanca [-3600.0, 0.0]
EXPECTED
