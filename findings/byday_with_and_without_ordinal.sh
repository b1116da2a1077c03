#!/usr/bin/env bash
# FREQ=MONTHLY;BYDAY=MO,1FR has no date at all.
#
# RFC 5545 §3.3.10 lets BYDAY list weekdays with and without an ordinal together: every Monday, and the first Friday.
# dateutil and rrule.js (which is made after it) demand of each day that it is both, which none is; no error tells.
#
# Seen with python-dateutil 2.9.0.post0 and, under Node 18 or newer, rrule 2.8.1:
#   dateutil: 0 dates
#   rrule.js: 0 dates
# By the RFC January 2027 alone has five: the 1st (Friday), 4th, 11th, 18th and 25th (Mondays).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check python-dateutil==2.9.0.post0
npm install --silent --no-audit --no-fund --prefix "$folder" rrule@2.8.1 >/dev/null

seen=$("$folder/bin/python" - <<'PYTHON'
from datetime import datetime

from dateutil.rrule import rrulestr

rule = rrulestr("FREQ=MONTHLY;BYDAY=MO,1FR;UNTIL=20280101T000000", dtstart=datetime(2027, 1, 1, 18))
print("dateutil:", len(list(rule)), "dates")
PYTHON
cd "$folder" && node - <<'NODE'
const { rrulestr } = require('rrule');
const rule = rrulestr('DTSTART:20270101T180000Z\nRRULE:FREQ=MONTHLY;BYDAY=MO,1FR;UNTIL=20280101T000000Z');
console.log('rrule.js:', rule.all().length, 'dates');
NODE
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
dateutil: 0 dates
rrule.js: 0 dates
EXPECTED
