#!/usr/bin/env bash
# A date that was moved stays where it was, if RECURRENCE-ID is in UTC or in another zone than the series.
#
# RECURRENCE-ID tells which date of a series is replaced: an instant, in whatever zone it is written (RFC 5545
# §3.8.4.4). Two libraries compare texts. Home Assistant's never finds one in UTC, not even in a series in UTC, and
# shows both dates; ical.js knows the series' zone and UTC alone. DAVx5 wrote the zone of the moved date until 2026
# (bitfireAT/synctools #323).
#
# Seen with ical 14.3.1 (Home Assistant), ical.js 2.2.1 under Node 18 or newer and, for comparison,
# recurring-ical-events 3.8.2. Mondays at 16:00Z in January 2027; the second, the 11th, is moved to Wednesday the 13th:
#   series and RECURRENCE-ID in Helsinki: ical 04 13 18; ical.js 04 13 18; recurring-ical-events 04 13 18
#   series and RECURRENCE-ID in UTC: ical 04 11 13 18; ical.js 04 13 18; recurring-ical-events 04 13 18
#   series in Helsinki, RECURRENCE-ID in UTC: ical 04 11 13 18; ical.js 04 13 18; recurring-ical-events 04 13 18
#   series in Helsinki, RECURRENCE-ID in New York: ical 04 11 13 18; ical.js 04 11 18; recurring-ical-events 04 13 18
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check \
    ical==14.3.1 icalendar==7.3.2 recurring-ical-events==3.8.2 tzdata==2026.6
npm install --silent --no-audit --no-fund --prefix "$folder" ical.js@2.2.1 >/dev/null

calendar() {
    cat <<CALENDAR
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
BEGIN:VTIMEZONE
TZID:America/New_York
BEGIN:STANDARD
DTSTART:20261101T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1@example.org
DTSTAMP:20260101T000000Z
DTSTART$1
DURATION:PT2H
RRULE:FREQ=WEEKLY;COUNT=3
SUMMARY:Choir
END:VEVENT
BEGIN:VEVENT
UID:1@example.org
DTSTAMP:20260101T000000Z
RECURRENCE-ID$2
DTSTART;TZID=Europe/Helsinki:20270113T180000
DURATION:PT2H
SUMMARY:Choir
END:VEVENT
END:VCALENDAR
CALENDAR
}

cat >"$folder/read.js" <<'NODE'
const module_ = require('ical.js');
const ICAL = module_.default ?? module_;
const calendar = new ICAL.Component(ICAL.parse(require('fs').readFileSync('moved.ics', 'utf8')));
const [series, moved] = calendar.getAllSubcomponents('vevent').map((event) => new ICAL.Event(event));
series.relateException(moved);
const iterator = series.iterator();
const days = [];
for (let date = iterator.next(); date; date = iterator.next()) {
  days.push(series.getOccurrenceDetails(date).startDate.toString().slice(8, 10));
}
process.stdout.write(days.join(' '));
NODE

cat >"$folder/read.py" <<'PYTHON'
import sys
from datetime import UTC, datetime
from pathlib import Path

import icalendar
import recurring_ical_events
from ical.calendar_stream import IcsCalendarStream

name, by_ical_js = sys.argv[1:]
text = Path("moved.ics").read_text()
since, until = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)
events = IcsCalendarStream.calendar_from_ics(text).timeline_tz(UTC).overlapping(since, until)
by_ical = " ".join(f"{event.dtstart:%d}" for event in events)
events = recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(since, until)
by_rie = " ".join(sorted(f"{event.start:%d}" for event in events))
print(f"{name}: ical {by_ical}; ical.js {by_ical_js}; recurring-ical-events {by_rie}")
PYTHON

read_with_all() {
    calendar "$2" "$3" >"$folder/moved.ics"
    (cd "$folder" && bin/python read.py "$1" "$(node read.js)")
}

helsinki=";TZID=Europe/Helsinki"
seen=$(
    read_with_all "series and RECURRENCE-ID in Helsinki" "$helsinki:20270104T180000" "$helsinki:20270111T180000"
    read_with_all "series and RECURRENCE-ID in UTC" ":20270104T160000Z" ":20270111T160000Z"
    read_with_all "series in Helsinki, RECURRENCE-ID in UTC" "$helsinki:20270104T180000" ":20270111T160000Z"
    read_with_all "series in Helsinki, RECURRENCE-ID in New York" "$helsinki:20270104T180000" \
        ";TZID=America/New_York:20270111T110000"
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
series and RECURRENCE-ID in Helsinki: ical 04 13 18; ical.js 04 13 18; recurring-ical-events 04 13 18
series and RECURRENCE-ID in UTC: ical 04 11 13 18; ical.js 04 13 18; recurring-ical-events 04 13 18
series in Helsinki, RECURRENCE-ID in UTC: ical 04 11 13 18; ical.js 04 13 18; recurring-ical-events 04 13 18
series in Helsinki, RECURRENCE-ID in New York: ical 04 11 13 18; ical.js 04 11 18; recurring-ical-events 04 13 18
EXPECTED
