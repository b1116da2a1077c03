#!/usr/bin/env bash
# ical.js obeys BYSETPOS in monthly rules of weekdays and ignores it, without a word, in the four others below.
#
# RFC 5545 §3.3.10 applies BYSETPOS to the set of one interval of any FREQ. Each DTSTART matches its rule.
#
# Seen with ical.js 2.2.1 under Node 18 or newer:
#   FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=2: 2027-01-06T18 2027-02-03T18 2027-03-03T18
#   FREQ=MONTHLY;BYMONTHDAY=1,15,30;BYSETPOS=2: 2027-01-15T18 2027-01-30T18 2027-02-01T18
#   FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1: 2026-12-07T18 2026-12-09T18 2026-12-11T18
#   FREQ=DAILY;BYHOUR=9,18;BYSETPOS=-1: 2026-12-01T18 2026-12-02T09 2026-12-02T18
#   FREQ=YEARLY;BYDAY=TU;BYSETPOS=1: 2027-01-05T18 2027-01-12T18 2027-01-19T18
# By the RFC the last four are the 15th of each month, the Mondays from 7 December, every day at 18, and the first Tuesday
# of each year.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" ical.js@2.2.1 >/dev/null

seen=$(cd "$folder" && node - <<'NODE'
const ICAL = require('ical.js');
const { Recur, Time } = ICAL.default ?? ICAL;
for (const [rule, start] of [
  ['FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=2', '2027-01-06'],
  ['FREQ=MONTHLY;BYMONTHDAY=1,15,30;BYSETPOS=2', '2027-01-15'],
  ['FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1', '2026-12-07'],
  ['FREQ=DAILY;BYHOUR=9,18;BYSETPOS=-1', '2026-12-01'],
  ['FREQ=YEARLY;BYDAY=TU;BYSETPOS=1', '2027-01-05'],
]) {
  const dates = Recur.fromString(rule).iterator(Time.fromString(`${start}T18:00:00`));
  console.log(`${rule}:`, [1, 2, 3].map(() => dates.next().toString().slice(0, 13)).join(' '));
}
NODE
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=2: 2027-01-06T18 2027-02-03T18 2027-03-03T18
FREQ=MONTHLY;BYMONTHDAY=1,15,30;BYSETPOS=2: 2027-01-15T18 2027-01-30T18 2027-02-01T18
FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1: 2026-12-07T18 2026-12-09T18 2026-12-11T18
FREQ=DAILY;BYHOUR=9,18;BYSETPOS=-1: 2026-12-01T18 2026-12-02T09 2026-12-02T18
FREQ=YEARLY;BYDAY=TU;BYSETPOS=1: 2027-01-05T18 2027-01-12T18 2027-01-19T18
EXPECTED
