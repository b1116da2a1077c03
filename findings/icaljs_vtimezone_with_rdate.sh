#!/usr/bin/env bash
# ical.js drops the onset of a VTIMEZONE's observance as soon as that also has an RDATE.
#
# An observance begins at its DTSTART and again at each RDATE (RFC 5545 §3.6.5). With an RDATE ical.js knows only that, so
# the change at DTSTART is missing: the first events of the calendar are read as UTC, up to five hours off.
#
# Seen with ical.js 2.2.1 (as in Thunderbird and Nextcloud) under Node 18 or newer; a wall clock of 18:00 three times:
#   2026-12-15 18:00Z
#   2027-06-01 18:00Z
#   2027-12-15 23:00Z
# By the VTIMEZONE they are 23:00Z (-05), 22:00Z (-04) and 23:00Z (-05).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" ical.js@2.2.1 >/dev/null

seen=$(cd "$folder" && TZ=UTC node - <<'NODE'
const ICAL = require('ical.js');
const { Component, Event, Timezone, TimezoneService, parse } = ICAL.default ?? ICAL;
const event = (uid, start) => `BEGIN:VEVENT
UID:${uid}@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=Clubhouse:${start}
END:VEVENT
`;
const text = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VTIMEZONE
TZID:Clubhouse
BEGIN:STANDARD
DTSTART:20261101T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
RDATE:20271107T020000
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20270314T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
RDATE:20280312T020000
END:DAYLIGHT
END:VTIMEZONE
${event(1, '20261215T180000')}${event(2, '20270601T180000')}${event(3, '20271215T180000')}END:VCALENDAR`;
const calendar = new Component(parse(text.replaceAll('\n', '\r\n')));
TimezoneService.register(new Timezone(calendar.getFirstSubcomponent('vtimezone')));
for (const found of calendar.getAllSubcomponents('vevent')) {
  console.log(new Event(found).startDate.toJSDate().toISOString().slice(0, 16).replace('T', ' ') + 'Z');
}
NODE
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
2026-12-15 18:00Z
2027-06-01 18:00Z
2027-12-15 23:00Z
EXPECTED
