#!/usr/bin/env bash
# The VTIMEZONE of the first calendar decides for every later calendar of the process.
#
# Two calendars, each complete and valid by RFC 5545, define a zone under the same TZID: one two hours ahead of UTC, the
# other five behind. A TZID is unique only within its own iCalendar object (§3.8.3.1), but both libraries keep the
# definition they meet first and read the second calendar by it, seven hours off.
#
# Seen with icalendar 7.3.0 and vobject 0.9.9:
#   icalendar: 2:00:00 then 2:00:00
#   vobject: 2:00:00 then 2:00:00
# By the RFC the second of each is -1 day, 19:00:00 (five hours behind).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check icalendar==7.3.0 vobject==0.9.9

seen=$("$folder/bin/python" - <<'PYTHON'
import icalendar
import vobject

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VTIMEZONE
TZID:Clubhouse
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:{offset}
TZOFFSETTO:{offset}
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=Clubhouse:20270115T180000
END:VEVENT
END:VCALENDAR
"""
texts = [CALENDAR.format(offset=offset).replace("\n", "\r\n") for offset in ("+0200", "-0500")]
starts = [icalendar.Calendar.from_ical(text).walk("VEVENT")[0].decoded("DTSTART") for text in texts]
print("icalendar:", starts[0].utcoffset(), "then", starts[1].utcoffset())
starts = [vobject.readOne(text).vevent.dtstart.value for text in texts]
print("vobject:", starts[0].utcoffset(), "then", starts[1].utcoffset())
PYTHON
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
icalendar: 2:00:00 then 2:00:00
vobject: 2:00:00 then 2:00:00
EXPECTED
