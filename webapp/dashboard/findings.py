"""What the numbers of a club say, in a sentence: the titles of their charts (`N1`)."""

from datetime import UTC, date, datetime, time

from babel.dates import format_skeleton

from backend.i18n import N_, Voice
from backend.reports.numbers import FillSlot, Numbers
from backend.rule_sentences import weekday_names

ABOUT_THE_SAME = 5  # percent: a smaller difference is none
DAY = 24 * 60 * 60


def share(part: float, whole: float) -> int | None:
    """Of a hundred; None of nothing."""
    return round(100 * part / whole) if whole else None


def week_name(voice: Voice, monday: date) -> str:
    """`Mon 23 Nov`."""
    return voice.date(datetime.combine(monday, time(12), UTC), "UTC")


def short_day(voice: Voice, monday: date) -> str:
    """`23/11`, in the order of the language."""
    return format_skeleton("Md", monday, locale=voice.locale)


def attendance_title(voice: Voice, found: Numbers) -> str:
    """Whether more or fewer people come than in the weeks before, and stay away."""
    came, came_before = (sum(w.came for w in weeks) for weeks in (found.attendance, found.before))
    missed, missed_before = (
        share(sum(w.missed + w.late for w in weeks), sum(w.expected for w in weeks))
        for weeks in (found.attendance, found.before)
    )
    if not came:
        return voice.gettext(N_("Nobody was checked in"))
    if missed_before is None or missed is None:
        return voice.ngettext(N_("%(n)s person came"), N_("%(n)s people came"), came)
    more = 100 * (came - came_before) / came_before if came_before else 100
    fewer_miss = missed < missed_before
    if more > ABOUT_THE_SAME:
        if fewer_miss:
            return voice.gettext(N_("More people come, and fewer stay away"))
        return voice.gettext(N_("More people come"))
    if more < -ABOUT_THE_SAME:
        if missed > missed_before:
            return voice.gettext(N_("Fewer people come, and more stay away"))
        return voice.gettext(N_("Fewer people come"))
    if fewer_miss:
        return voice.gettext(N_("As many people come, and fewer stay away"))
    return voice.gettext(N_("As many people come as before"))


def fill_title(voice: Voice, slots: list[FillSlot]) -> str:
    """The weekday and hour whose seats are taken most."""
    best = max(slots, key=lambda slot: (slot.share, slot.seats))
    return voice.gettext(
        N_("Fullest: %(day)s at %(hour)s:00, %(n)s %%"),
        day=weekday_names(voice)[best.weekday - 1],
        hour=best.hour,
        n=round(best.share),
    )


def wait_title(voice: Voice, found: Numbers) -> str:
    """Of those who waited, how many got a seat."""
    waited, seated = sum(w.parties for w in found.waits), sum(w.seated for w in found.waits)
    return voice.gettext(N_("Of %(all)s who waited, %(n)s got a seat"), all=waited, n=seated)


def answers_title(voice: Voice, found: Numbers) -> str:
    """How many answer in time."""
    early, late = sum(w.early for w in found.answers), sum(w.late for w in found.answers)
    return voice.gettext(N_("%(n)s %% answer before the deadline"), n=share(early, early + late) or 0)


def lost_title(voice: Voice, found: Numbers) -> str:
    """How many who came often have not been seen for six weeks."""
    return voice.ngettext(
        N_("%(n)s person has not been seen for 6 weeks"),
        N_("%(n)s people have not been seen for 6 weeks"),
        found.lost_total,
    )


def duration(voice: Voice, seconds: float | None) -> str:
    """`40 min`, `5 h`, `3 d`; "" of nothing."""
    if seconds is None:
        return ""
    if seconds < 3600:
        return voice.gettext(N_("%(n)s min"), n=round(seconds / 60))
    if seconds < 2 * DAY:
        return voice.gettext(N_("%(n)s h"), n=round(seconds / 3600))
    return voice.gettext(N_("%(n)s d"), n=round(seconds / DAY))
