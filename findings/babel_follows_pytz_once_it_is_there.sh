#!/usr/bin/env bash
# Installing pytz makes Babel show another hour.
#
# Babel finds a zone by its name in zoneinfo, but in pytz as soon as that can be imported, which any other package may
# bring along. pytz compiles its zones up to 2037 and then keeps the last offset, so that from 2038 on summers are an
# hour early; zoneinfo follows the rule for ever.
#
# Seen with Babel 2.18.0, tzdata 2026.6 and then pytz 2026.6 as well, for 1 July 2040, 12:00 UTC in Helsinki (15:00):
#   without pytz: 15:00
#   with pytz: 14:00
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check babel==2.18.0 tzdata==2026.6

show() {
    "$folder/bin/python" - <<'PYTHON'
from datetime import UTC, datetime

from babel.dates import format_time, get_timezone

noon = datetime(2040, 7, 1, 12, tzinfo=UTC)
print(format_time(noon, "HH:mm", tzinfo=get_timezone("Europe/Helsinki"), locale="en"))
PYTHON
}

seen="without pytz: $(show)"
"$folder/bin/pip" install -q --disable-pip-version-check pytz==2026.6
seen+=$'\n'"with pytz: $(show)"
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
without pytz: 15:00
with pytz: 14:00
EXPECTED
