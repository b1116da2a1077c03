#!/usr/bin/env bash
# A VTIMEZONE without RRULE and RDATE is UTC for the calendar library of Home Assistant.
#
# An observance begins at its DTSTART, with or without a rule (RFC 5545 §3.6.5, which has an example of New York with
# DTSTART alone). ical makes the onsets from the rule and the RDATEs only, finds none, and takes an offset of zero,
# without a word. It asks the VTIMEZONE only for names that it does not know from IANA.
#
# Seen with ical 14.3.1 and, for comparison, vobject 0.9.9; 18:00 in January and July in a zone two and three hours
# ahead:
#   ical: 18:00Z 18:00Z
#   ical, with rules: 16:00Z 15:00Z
#   vobject: 16:00Z 15:00Z
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check ical==14.3.1 vobject==0.9.9 tzdata==2026.6

seen=$("$folder/bin/python" - <<'PYTHON'
from datetime import UTC

import vobject
from ical.calendar_stream import IcsCalendarStream

EVENT = """BEGIN:VEVENT
UID:{month}@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=Clubhouse:2027{month}15T180000
END:VEVENT
"""
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VTIMEZONE
TZID:Clubhouse
BEGIN:STANDARD
DTSTART:20261025T040000
{autumn}TZOFFSETFROM:+0300
TZOFFSETTO:+0200
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20270328T030000
{spring}TZOFFSETFROM:+0200
TZOFFSETTO:+0300
END:DAYLIGHT
END:VTIMEZONE
{events}END:VCALENDAR
"""
EVENTS = "".join(EVENT.format(month=month) for month in ("01", "07"))
PLAIN = CALENDAR.format(autumn="", spring="", events=EVENTS)
RULES = CALENDAR.format(
    autumn="RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\n",
    spring="RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\n",
    events=EVENTS,
)


def show(name, starts):
    print(f"{name}:", *(f"{start.astimezone(UTC):%H:%MZ}" for start in starts))


show("ical", [event.dtstart for event in IcsCalendarStream.calendar_from_ics(PLAIN).events])
show("ical, with rules", [event.dtstart for event in IcsCalendarStream.calendar_from_ics(RULES).events])
show("vobject", [event.dtstart.value for event in vobject.readOne(PLAIN).vevent_list])
PYTHON
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
ical: 18:00Z 18:00Z
ical, with rules: 16:00Z 15:00Z
vobject: 16:00Z 15:00Z
EXPECTED
