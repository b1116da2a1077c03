#!/usr/bin/env bash
# An event of four hours ends after five when the clocks go back in it.
#
# A DURATION of hours is exact time (RFC 5545 §3.3.6): from 02:00 in Helsinki on 31 October 2027, when the clocks go from
# 04:00 back to 03:00, four hours end at 05:00. Three libraries add them to the wall clock and say 06:00.
#
# Seen with icalendar 7.3.0, recurring-ical-events 3.8.2 and ics 0.7.2:
#   icalendar: 06:00, after 5:00:00
#   recurring-ical-events: 06:00, after 5:00:00
#   ics: 06:00, after 5:00:00
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check \
    icalendar==7.3.0 recurring-ical-events==3.8.2 ics==0.7.2 tzdata==2026.6

seen=$("$folder/bin/python" - <<'PYTHON'
from datetime import UTC

import icalendar
import ics
import recurring_ical_events

TEXT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VTIMEZONE
TZID:Europe/Helsinki
BEGIN:DAYLIGHT
DTSTART:20270328T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0300
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20271031T040000
TZOFFSETFROM:+0300
TZOFFSETTO:+0200
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Helsinki:20271031T020000
DURATION:PT4H
END:VEVENT
END:VCALENDAR
"""


def show(name, start, end):
    print(f"{name}: {end:%H:%M}, after {end.astimezone(UTC) - start.astimezone(UTC)}")


calendar = icalendar.Calendar.from_ical(TEXT)
event = calendar.walk("VEVENT")[0]
show("icalendar", event.start, event.end)
[event] = recurring_ical_events.of(calendar).at((2027, 10, 31))
show("recurring-ical-events", event.start, event.end)
[event] = ics.Calendar(TEXT).events
show("ics", event.begin.datetime, event.end.datetime)
PYTHON
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
icalendar: 06:00, after 5:00:00
recurring-ical-events: 06:00, after 5:00:00
ics: 06:00, after 5:00:00
EXPECTED
