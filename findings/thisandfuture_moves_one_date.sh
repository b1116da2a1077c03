#!/usr/bin/env bash
# "From now on an hour later" moves one date, and the next week it is at the old hour again.
#
# RECURRENCE-ID;RANGE=THISANDFUTURE changes a date and all after it (RFC 5545 §3.2.13). Two readers take it for a change
# of that date alone, without a word.
#
# Seen with node-ical 0.27.2 and, for comparison, ical.js 2.2.1 under Node 20, and ical 14.3.1 (Home Assistant).
# Tuesdays at 18:00 in Helsinki in January 2027, from the 12th on at 19:00; the hours are in UTC:
#   node-ical: 05 16:00, 12 17:00, 19 16:00, 26 16:00
#   ical.js: 05 16:00, 12 17:00, 19 17:00, 26 17:00
#   ical: 05 16:00, 12 17:00, 19 16:00, 26 16:00
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check ical==14.3.1 tzdata==2026.6
npm install --silent --no-audit --no-fund --prefix "$folder" ical.js@2.2.1 node-ical@0.27.2 >/dev/null

cat >"$folder/later.ics" <<'CALENDAR'
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VTIMEZONE
TZID:Europe/Helsinki
BEGIN:STANDARD
DTSTART:20261025T040000
TZOFFSETFROM:+0300
TZOFFSETTO:+0200
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Helsinki:20270105T180000
DURATION:PT2H
RRULE:FREQ=WEEKLY;COUNT=4
SUMMARY:Choir
END:VEVENT
BEGIN:VEVENT
UID:1@example.org
DTSTAMP:20260101T000000Z
RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Helsinki:20270112T180000
DTSTART;TZID=Europe/Helsinki:20270112T190000
DURATION:PT2H
SUMMARY:Choir
END:VEVENT
END:VCALENDAR
CALENDAR

seen=$(cd "$folder" && node - <<'NODE'
const text = require('fs').readFileSync('later.ics', 'utf8');
const show = (name, dates) => console.log(`${name}:`, dates
  .map((date) => date.toISOString()).sort().map((date) => `${date.slice(8, 10)} ${date.slice(11, 16)}`).join(', '));

const nodeIcal = require('node-ical');
const event = Object.values(nodeIcal.sync.parseICS(text)).find(({ type }) => type === 'VEVENT');
const found = nodeIcal.expandRecurringEvent(event, { from: new Date('2027-01-01'), to: new Date('2027-02-01') });
show('node-ical', found.map(({ start }) => start));

const module_ = require('ical.js');
const ICAL = module_.default ?? module_;
const calendar = new ICAL.Component(ICAL.parse(text));
const [series, change] = calendar.getAllSubcomponents('vevent').map((component) => new ICAL.Event(component));
series.relateException(change);
const iterator = series.iterator();
const dates = [];
for (let date = iterator.next(); date; date = iterator.next()) {
  dates.push(series.getOccurrenceDetails(date).startDate.toJSDate());
}
show('ical.js', dates);
NODE
bin/python - <<'PYTHON'
from datetime import UTC, datetime
from pathlib import Path

from ical.calendar_stream import IcsCalendarStream

timeline = IcsCalendarStream.calendar_from_ics(Path("later.ics").read_text()).timeline_tz(UTC)
events = timeline.overlapping(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC))
print("ical:", ", ".join(f"{event.dtstart.astimezone(UTC):%d %H:%M}" for event in events))
PYTHON
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
node-ical: 05 16:00, 12 17:00, 19 16:00, 26 16:00
ical.js: 05 16:00, 12 17:00, 19 17:00, 26 17:00
ical: 05 16:00, 12 17:00, 19 16:00, 26 16:00
EXPECTED
