"""Short texts that several screens share: days, attendees, the reader's local time, links."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Generic, Protocol, TypeVar
from urllib.parse import quote

from backend.bookings.queries.people import Attendee, People
from backend.i18n import N_, Voice
from backend.known_zones import reading_zone
from backend.people.queries import Person
from backend.settings import settings
from backend.typed_text import isolate

NAMED_MAX = 3  # people named in a summary; the others are counted


class Dated(Protocol):
    """What starts at an instant, on a day of a zone: an instance, or its row in a list."""

    @property
    def starts_at(self) -> datetime: ...

    @property
    def zone(self) -> str: ...


Entry = TypeVar("Entry", bound=Dated)


@dataclass(frozen=True, slots=True)
class DateGroup(Generic[Entry]):
    """Instances under one heading: `Tomorrow` and `Tuesday 24 November`, or `Wednesday` and `25 November`."""

    key: str
    head: str
    rest: str
    entries: tuple[Entry, ...]


def local_day(view: Dated, zone: str) -> str:
    """The day an instance starts on in the zone, as 2026-11-24."""
    return view.starts_at.astimezone(reading_zone(zone)).date().isoformat()


def group_by_day(views: Sequence[Entry], voice: Voice) -> list[DateGroup[Entry]]:
    """Instances under the reader's days, by the instant they start at; of a reader whose zone is unknown,
    under the days of the first one's zone."""
    found = []
    zone = voice.zone or (views[0].zone if views else "UTC")
    clocks = reading_zone(zone)
    in_order = sorted(views, key=lambda view: view.starts_at)
    for day, together in groupby(in_order, lambda view: view.starts_at.astimezone(clocks).date()):
        of_day = tuple(together)
        name = voice.day_name(of_day[0].starts_at, zone)
        full = voice.full_date(of_day[0].starts_at, zone)
        head, _, rest = (name, "", full) if name != full else full.partition(" ")
        head = head.rstrip(",")
        found.append(DateGroup(day.isoformat(), head[:1].upper() + head[1:], rest, of_day))
    return found


def group_by_month(views: Sequence[Entry], voice: Voice) -> list[DateGroup[Entry]]:
    """Instances under the reader's months, in the order given; of a reader whose zone is unknown, as
    `group_by_day` does."""
    found = []
    zone = voice.zone or (views[0].zone if views else "UTC")
    for key, together in groupby(views, lambda view: local_day(view, zone)[:7]):
        of_month = tuple(together)
        name = voice.month(of_month[0].starts_at, zone)
        found.append(DateGroup(key, name[:1].upper() + name[1:], "", of_month))
    return found


def attendee_summary(people: People, person: Person) -> tuple[str, int]:
    """`You, Mikko +1, Светлана`, and how many more: first names, guests only as a number."""
    first = people.comers[:NAMED_MAX]
    named = ", ".join(_attendee_label(comer, person) for comer in first)
    return named, max(0, people.seats - sum(comer.seats for comer in first))


def _attendee_label(comer: Attendee, person: Person) -> str:
    name = person.voice.gettext(N_("You")) if comer.user_id == person.id else isolate(comer.short_name)
    return f"{name} +{comer.seats - 1}" if comer.seats > 1 else name


def waitlist_excerpt(waitlist: Sequence[Attendee], person: Person) -> list[Attendee | None]:
    """The waitlist as shown, of its first five, the reader and the next one: all of a short one, else its first two, a gap
    (None), the reader and the next one."""
    mine = next((i for i, spot in enumerate(waitlist) if spot.user_id == person.id), 0)
    if mine <= 3:
        return list(waitlist[: max(4, mine + 2)])
    return [*waitlist[:2], None, *waitlist[mine : mine + 2]]


def reader_local_time(at: datetime, zone: str, voice: Voice) -> str:
    """The hour where the reader is, with the day if that is another too; "" when their clock shows the
    event's (`S3`)."""
    if voice.zone is None or not voice.is_elsewhere(at, zone):
        return ""
    local, event_time = at.astimezone(reading_zone(voice.zone)), at.astimezone(reading_zone(zone))
    if local.date() != event_time.date():
        return voice.moment(at, voice.zone)
    return voice.hour(at, voice.zone)


def app_link(start_param: str) -> str:
    """The direct link that opens the Mini App on one event or poll, from any chat."""
    return f"https://t.me/{settings.telegram_bot_name}/{settings.telegram_app_name}?startapp={start_param}"


def public_link(code: str) -> str:
    """The public page of an instance of a series with visibility `link` (`A5`)."""
    return f"{settings.public_url}/e/{code}"


def share_link(address: str, text: str) -> str:
    """Telegram's own page for sharing a link."""
    return f"https://t.me/share/url?url={quote(address, safe='')}&text={quote(text)}"
