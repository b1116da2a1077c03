/* Reads iCalendar files from standard input, divided by form feeds, and prints [[start, end], …] in Unix seconds. */
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long instant(icalcomponent *calendar, icalcomponent *event, icalproperty_kind kind) {
  icalproperty *property = icalcomponent_get_first_property(event, kind);
  icaltimetype time = icalvalue_get_datetime(icalproperty_get_value(property));
  icalparameter *named = icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);
  icaltimezone *zone = icaltimezone_get_utc_timezone();
  if (named) zone = icalcomponent_get_timezone(calendar, icalparameter_get_tzid(named));
  return (long)icaltime_as_timet_with_zone(time, zone);
}

int main(void) {
  size_t size = 0, room = 1 << 20;
  char *text = malloc(room);
  for (int c; (c = getchar()) != EOF;) {
    if (size + 1 >= room) text = realloc(text, room *= 2);
    text[size++] = (char)c;
  }
  text[size] = 0;
  putchar('[');
  int first = 1;
  for (char *file = strtok(text, "\f"); file; file = strtok(NULL, "\f")) {
    icalcomponent *calendar = icalparser_parse_string(file);
    icalcomponent *event = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
    printf("%s[%ld,%ld]", first ? "" : ",", instant(calendar, event, ICAL_DTSTART_PROPERTY),
           instant(calendar, event, ICAL_DTEND_PROPERTY));
    first = 0;
    icalcomponent_free(calendar);
  }
  puts("]");
  return 0;
}
