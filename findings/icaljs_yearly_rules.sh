#!/usr/bin/env bash
# ical.js repeats "the 20th Monday of the year" every Monday.
#
# Three yearly rules of RFC 5545 §3.3.10, each with a DTSTART that matches it. The first two are among the RFC's own
# examples. ical.js reads the first two as every Monday, and the third as one date a year instead of one a month.
#
# Seen with ical.js 2.2.1 (as in Thunderbird and Nextcloud) under Node 18 or newer:
#   BYDAY=20MO: 2027-05-17 2027-05-24 2027-05-31
#   BYWEEKNO=20;BYDAY=MO: 2027-05-24 2027-05-31 2027-06-07
#   BYMONTHDAY=1: 2027-01-01 2028-01-01 2029-01-01
# By the RFC the first two are both 2027-05-17 2028-05-15 2029-05-14, and the third 2027-01-01 2027-02-01 2027-03-01.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" ical.js@2.2.1 >/dev/null

seen=$(cd "$folder" && node - <<'NODE'
const ICAL = require('ical.js');
const { Recur, Time } = ICAL.default ?? ICAL;
for (const [parts, start] of [
  ['BYDAY=20MO', '2027-05-17'],
  ['BYWEEKNO=20;BYDAY=MO', '2027-05-17'],
  ['BYMONTHDAY=1', '2027-01-01'],
]) {
  const dates = Recur.fromString(`FREQ=YEARLY;${parts}`).iterator(Time.fromString(`${start}T18:00:00`));
  console.log(`${parts}:`, [1, 2, 3].map(() => dates.next().toString().slice(0, 10)).join(' '));
}
NODE
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
BYDAY=20MO: 2027-05-17 2027-05-24 2027-05-31
BYWEEKNO=20;BYDAY=MO: 2027-05-24 2027-05-31 2027-06-07
BYMONTHDAY=1: 2027-01-01 2028-01-01 2029-01-01
EXPECTED
