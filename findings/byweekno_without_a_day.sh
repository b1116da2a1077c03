#!/usr/bin/env bash
# FREQ=YEARLY;BYWEEKNO=5 is seven dates a year for one library and none for another.
#
# What a rule leaves open comes from DTSTART (RFC 5545 §3.3.10, "information, not contained in the rule …"): a rule that
# names a week and no day means DTSTART's weekday in that week. dateutil takes all seven days of the week; ical.js
# finds nothing.
#
# Seen with python-dateutil 2.9.0.post0 and, under Node 18 or newer, ical.js 2.2.1, for a DTSTART on Tuesday 2 February
# 2027 (week 5), up to the end of 2028:
#   dateutil: 13 dates
#   ical.js: 0 dates
# By the RFC there are two: Tuesday 2 February 2027 and Tuesday 1 February 2028.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check python-dateutil==2.9.0.post0
npm install --silent --no-audit --no-fund --prefix "$folder" ical.js@2.2.1 >/dev/null

seen=$("$folder/bin/python" - <<'PYTHON'
from datetime import datetime

from dateutil.rrule import rrulestr

rule = rrulestr("FREQ=YEARLY;BYWEEKNO=5;UNTIL=20281231T000000", dtstart=datetime(2027, 2, 2, 18))
print("dateutil:", len(list(rule)), "dates")
PYTHON
cd "$folder" && node - <<'NODE'
const ICAL = require('ical.js');
const { Recur, Time } = ICAL.default ?? ICAL;
const rule = Recur.fromString('FREQ=YEARLY;BYWEEKNO=5;UNTIL=20281231T000000');
const dates = rule.iterator(Time.fromString('2027-02-02T18:00:00'));
let count = 0;
while (count < 100 && dates.next()) count += 1;
console.log('ical.js:', count, 'dates');
NODE
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
dateutil: 13 dates
ical.js: 0 dates
EXPECTED
