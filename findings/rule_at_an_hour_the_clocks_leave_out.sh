#!/usr/bin/env bash
# Sundays at half past three: where the clocks go forward, four libraries read one rule in three ways, none of them
# right.
#
# There is no 03:30 in Helsinki on 28 March 2027. RFC 5545 §3.3.10 says of a rule's date at such a time both that it is
# left out and that it is read as in §3.3.5, by the offset before the change: 04:30 to 05:30, that is 01:30Z to 02:30Z.
# Its erratum 4271 keeps the second.
#
# Seen with recurring-ical-events 3.8.2 (icalendar 7.3.2), ical 14.3.1 (Home Assistant) and, under Node 20, ical.js
# 2.2.1 and node-ical 0.27.2, for FREQ=WEEKLY;COUNT=3 from 21 March 2027, 03:30 to 04:30 in Helsinki; the hours are in
# UTC:
#   recurring-ical-events (of no length): 21 01:30-02:30, 28 01:30-01:30, 04 00:30-01:30
#   ical (of no length): 21 01:30-02:30, 28 01:30-01:30, 04 00:30-01:30
#   ical.js (an hour early): 21 01:30-02:30, 28 00:30-01:30, 04 00:30-01:30
#   node-ical (left out): 21 01:30-02:30, 04 00:30-01:30, 11 00:30-01:30
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check \
    ical==14.3.1 icalendar==7.3.2 recurring-ical-events==3.8.2 tzdata==2026.6
npm install --silent --no-audit --no-fund --prefix "$folder" ical.js@2.2.1 node-ical@0.27.2 >/dev/null

cat >"$folder/series.ics" <<'CALENDAR'
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VTIMEZONE
TZID:Europe/Helsinki
BEGIN:STANDARD
DTSTART:19961027T040000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0300
TZOFFSETTO:+0200
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19970330T030000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0300
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:1@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Helsinki:20270321T033000
DTEND;TZID=Europe/Helsinki:20270321T043000
RRULE:FREQ=WEEKLY;COUNT=3
SUMMARY:Night swim
END:VEVENT
END:VCALENDAR
CALENDAR

seen=$("$folder/bin/python" - "$folder/series.ics" <<'PYTHON'
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from ical.calendar_stream import IcsCalendarStream


def show(name, ends):
    dates = sorted((start.astimezone(UTC), end.astimezone(UTC)) for start, end in ends)
    print(f"{name}:", ", ".join(f"{start:%d %H:%M}-{end:%H:%M}" for start, end in dates))


text = Path(sys.argv[1]).read_text()
since, until = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 5, 1, tzinfo=UTC)
events = recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(since, until)
show("recurring-ical-events", [(event.start, event.end) for event in events])
timeline = IcsCalendarStream.calendar_from_ics(text).timeline_tz(ZoneInfo("Europe/Helsinki"))
show("ical", [(event.dtstart, event.end) for event in timeline.overlapping(since, until)])
PYTHON
cd "$folder" && node - <<'NODE'
const text = require('fs').readFileSync('series.ics', 'utf8');
const clock = (date) => date.toISOString().slice(11, 16);
const show = (name, dates) => console.log(`${name}:`, dates
  .map(([start, end]) => `${start.toISOString().slice(8, 10)} ${clock(start)}-${clock(end)}`).join(', '));

const module_ = require('ical.js');
const ICAL = module_.default ?? module_;
const event = new ICAL.Event(new ICAL.Component(ICAL.parse(text)).getFirstSubcomponent('vevent'));
const iterator = event.iterator();
const dates = [];
for (let date = iterator.next(); date; date = iterator.next()) {
  const { startDate, endDate } = event.getOccurrenceDetails(date);
  dates.push([startDate.toJSDate(), endDate.toJSDate()]);
}
show('ical.js', dates);

const nodeIcal = require('node-ical');
const series = Object.values(nodeIcal.sync.parseICS(text)).find(({ type }) => type === 'VEVENT');
const found = nodeIcal.expandRecurringEvent(series, { from: new Date('2027-03-01'), to: new Date('2027-05-01') });
show('node-ical', found.map(({ start, end }) => [start, end]));
NODE
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
recurring-ical-events: 21 01:30-02:30, 28 01:30-01:30, 04 00:30-01:30
ical: 21 01:30-02:30, 28 01:30-01:30, 04 00:30-01:30
ical.js: 21 01:30-02:30, 28 00:30-01:30, 04 00:30-01:30
node-ical: 21 01:30-02:30, 04 00:30-01:30, 11 00:30-01:30
EXPECTED
