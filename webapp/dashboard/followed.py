"""What follows a change of a whole series, and what each instance keeps of its own, in words (`S4`)."""

from dataclasses import dataclass

from babel.lists import format_list

from backend.bookings.queries.lists import drifted_instances
from backend.events.own_values import OwnValue, OwnValues, own_values
from backend.events.queries import SeriesView, series_by_id
from backend.i18n import N_, Voice
from webapp.dashboard.session import Visit
from webapp.notices import Notice

_NAMES = {
    OwnValue.TIME: N_("the time"),
    OwnValue.LENGTH: N_("the length"),
    OwnValue.CAPACITY: N_("the seats"),
    OwnValue.GUESTS: N_("the guests per booking"),
    OwnValue.TITLE: N_("the title"),
    OwnValue.EMOJI: N_("the emoji"),
    OwnValue.PLACE: N_("the place"),
    OwnValue.MAP: N_("the link to a map"),
    OwnValue.DESCRIPTION: N_("the description"),
}


@dataclass(frozen=True, slots=True)
class OwnRow:
    """An instance, and the names of what it has of its own as a list in words."""

    date: OwnValues
    names: str


async def own_rows(voice: Voice, view: SeriesView) -> list[OwnRow]:
    """The dates to come of a series that keep something of their own."""
    return [
        OwnRow(
            date, format_list([voice.gettext(_NAMES[value]) for value in date.values], locale=voice.locale)
        )
        for date in await own_values(view.account_id, view.id)
    ]


async def saved_notice(visit: Visit, series_id: int) -> Notice:
    """That the whole series was changed, and how many dates follow or do not."""
    view = await series_by_id(visit.account.id, series_id)
    lost = len(await drifted_instances(visit.account.id, series_id))
    own = len(await own_values(visit.account.id, series_id))
    followed = view.dates_ahead - lost - own if view else 0
    voice = visit.voice
    sentences = [voice.gettext(N_("Saved."))]
    if lost:
        sentences.append(
            voice.ngettext(
                N_("%(n)s date no longer fits the rule but stays: see below."),
                N_("%(n)s dates no longer fit the rule but stay: see below."),
                lost,
            )
        )
    if own:
        sentences.append(
            voice.ngettext(
                N_("%(n)s date keeps its own details: see below."),
                N_("%(n)s dates keep their own details: see below."),
                own,
            )
        )
    if followed > 0:
        sentences.append(
            voice.ngettext(N_("%(n)s date was updated."), N_("%(n)s dates were updated."), followed)
        )
    return Notice(" ".join(sentences), "wait" if lost else "plain")
