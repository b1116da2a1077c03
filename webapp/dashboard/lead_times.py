"""Lead times before the start, in minutes: the choices of a form and their labels (`S1`)."""

from collections.abc import Sequence

from backend.i18n import N_, Voice

HOUR, DAY, WEEK = 60, 24 * 60, 7 * 24 * 60
OPENS = (DAY, 2 * DAY, 3 * DAY, WEEK, 2 * WEEK, 4 * WEEK)
CLOSES = (15, 30, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY)
LEAVE = (HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY)
OFFERS = (2 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, WEEK)
DECIDE = (2 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, WEEK)
REMIND = (30, HOUR, 2 * HOUR, 6 * HOUR, DAY, 2 * DAY, WEEK)
ANNOUNCE = (HOUR, 6 * HOUR, DAY, 2 * DAY, 3 * DAY, WEEK, 2 * WEEK)


def label_before(voice: Voice, minutes: int) -> str:
    """`6 hours before`, in the largest unit that divides it."""
    if minutes and minutes % WEEK == 0:
        return voice.ngettext(N_("%(n)s week before"), N_("%(n)s weeks before"), minutes // WEEK)
    if minutes and minutes % DAY == 0:
        return voice.ngettext(N_("%(n)s day before"), N_("%(n)s days before"), minutes // DAY)
    if minutes and minutes % HOUR == 0:
        return voice.ngettext(N_("%(n)s hour before"), N_("%(n)s hours before"), minutes // HOUR)
    return voice.ngettext(N_("%(n)s minute before"), N_("%(n)s minutes before"), minutes)


def lead_time_choices(voice: Voice, offered: Sequence[int], chosen: str) -> list[tuple[str, str]]:
    """Values and labels of a select. A chosen value is among them even if it is not offered."""
    minutes = set(offered)
    if chosen.isascii() and chosen.isdigit() and int(chosen) and len(chosen) < 7:
        minutes.add(int(chosen))
    return [(str(n), label_before(voice, n)) for n in sorted(minutes)]
