#!/usr/bin/env bash
# A weekly BYSETPOS counts the first week from its start day, not from Monday.
#
# FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2 is the second of Monday, Wednesday and Friday: each Wednesday. With a DTSTART
# on a Wednesday, which matches the rule, dateutil and rrule.js see only Wednesday and Friday in the first week, take the
# Friday, and lose the DTSTART itself. From the second week on they are right.
#
# Seen with python-dateutil 2.9.0.post0 and, under Node 18 or newer, rrule 2.8.1:
#   dateutil: Fri 04, Wed 09, Wed 16
#   rrule.js: 04 09 16
# By RFC 5545 §3.3.10 the dates of December 2026 are Wed 02, Wed 09, Wed 16.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check python-dateutil==2.9.0.post0
npm install --silent --no-audit --no-fund --prefix "$folder" rrule@2.8.1 >/dev/null

seen=$("$folder/bin/python" - <<'PYTHON'
from datetime import datetime

from dateutil.rrule import rrulestr

rule = rrulestr("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2;COUNT=3", dtstart=datetime(2026, 12, 2, 18))
print("dateutil:", ", ".join(f"{date:%a %d}" for date in rule))
PYTHON
cd "$folder" && node - <<'NODE'
const { rrulestr } = require('rrule');
const rule = rrulestr('DTSTART:20261202T180000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2;COUNT=3');
console.log('rrule.js:', rule.all().map((date) => date.toISOString().slice(8, 10)).join(' '));
NODE
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
dateutil: Fri 04, Wed 09, Wed 16
rrule.js: 04 09 16
EXPECTED
