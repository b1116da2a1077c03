#!/usr/bin/env bash
# An event on three dates has two of them, or only one.
#
# DTSTART is the first instance, and each RDATE adds one, with or without a rule (RFC 5545 §3.8.5.2 and §3.8.5.3). Given
# RDATEs and no RRULE, two libraries forget DTSTART; a third reads no RDATE.
#
# Seen with ical.js 2.2.1 (known since 2022: kewisch/ical.js #534) and node-ical 0.27.2 under Node 20, ical 14.3.1 (Home
# Assistant) and, for comparison, recurring-ical-events 3.8.2, for a DTSTART on 5 January and RDATEs on 7 and 9 January
# 2027:
#   ical.js: 07 09
#   node-ical: 05
#   ical: 07 09
#   recurring-ical-events: 05 07 09
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check \
    ical==14.3.1 icalendar==7.3.2 recurring-ical-events==3.8.2 tzdata==2026.6
npm install --silent --no-audit --no-fund --prefix "$folder" ical.js@2.2.1 node-ical@0.27.2 >/dev/null

cat >"$folder/dates.ics" <<'CALENDAR'
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VEVENT
UID:1@example.org
DTSTAMP:20260101T000000Z
DTSTART:20270105T160000Z
DTEND:20270105T180000Z
RDATE:20270107T160000Z,20270109T160000Z
SUMMARY:Choir
END:VEVENT
END:VCALENDAR
CALENDAR

seen=$(cd "$folder" && node - <<'NODE'
const text = require('fs').readFileSync('dates.ics', 'utf8');
const module_ = require('ical.js');
const ICAL = module_.default ?? module_;
const days = (dates) => dates.map((date) => date.toISOString().slice(8, 10)).join(' ');

const component = new ICAL.Component(ICAL.parse(text)).getFirstSubcomponent('vevent');
const iterator = new ICAL.Event(component).iterator();
const dates = [];
for (let date = iterator.next(); date; date = iterator.next()) dates.push(date.toJSDate());
console.log('ical.js:', days(dates));

const nodeIcal = require('node-ical');
const event = Object.values(nodeIcal.sync.parseICS(text)).find(({ type }) => type === 'VEVENT');
const found = nodeIcal.expandRecurringEvent(event, { from: new Date('2027-01-01'), to: new Date('2027-02-01') });
console.log('node-ical:', days(found.map(({ start }) => start)));
NODE
"$folder/bin/python" - "$folder/dates.ics" <<'PYTHON'
import sys
from datetime import UTC, datetime
from pathlib import Path

import icalendar
import recurring_ical_events
from ical.calendar_stream import IcsCalendarStream

text = Path(sys.argv[1]).read_text()
since, until = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)
events = IcsCalendarStream.calendar_from_ics(text).timeline_tz(UTC).overlapping(since, until)
print("ical:", *(f"{event.dtstart:%d}" for event in events))
events = recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(since, until)
print("recurring-ical-events:", *sorted(f"{event.start:%d}" for event in events))
PYTHON
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
ical.js: 07 09
node-ical: 05
ical: 07 09
recurring-ical-events: 05 07 09
EXPECTED
