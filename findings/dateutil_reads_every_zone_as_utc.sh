#!/usr/bin/env bash
# dateutil reads the zone files of the package tzdata without an error, and every zone is UTC.
#
# A zone file holds its changes twice: with 32-bit times, and behind them with 64-bit times (RFC 8536 §3). Since 2020b
# IANA's compiler leaves the first part empty unless told otherwise ("slim"). dateutil reads only the first part, and
# takes its lack of changes for a zone that has none (known since 2020: dateutil #1059). Files compiled the long way it
# reads right, up to 2037.
#
# Seen with python-dateutil 2.9.0.post0 and tzdata 2026.6 under CPython 3.11, in January and July 2027:
#   Europe/Helsinki: dateutil 0:00:00 0:00:00, zoneinfo 2:00:00 3:00:00
#   Asia/Kolkata: dateutil 0:00:00 0:00:00, zoneinfo 5:30:00 5:30:00
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check python-dateutil==2.9.0.post0 tzdata==2026.6

seen=$(PYTHONTZPATH='' "$folder/bin/python" - <<'PYTHON'
from datetime import datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

from dateutil.tz import tzfile


def offsets(zone):
    return " ".join(str(datetime(2027, month, 15, tzinfo=zone).utcoffset()) for month in (1, 7))


for name in ("Europe/Helsinki", "Asia/Kolkata"):
    file = files("tzdata") / "zoneinfo" / name
    print(f"{name}: dateutil {offsets(tzfile(str(file)))}, zoneinfo {offsets(ZoneInfo(name))}")
PYTHON
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
Europe/Helsinki: dateutil 0:00:00 0:00:00, zoneinfo 2:00:00 3:00:00
Asia/Kolkata: dateutil 0:00:00 0:00:00, zoneinfo 5:30:00 5:30:00
EXPECTED
