"""What is coming over all the reader's clubs, one date with its seats, and who comes to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from backend.accounts.queries import clubs
from backend.accounts.rules import Permission
from backend.bookings import etags, queries
from backend.bookings.queries import InstanceView
from backend.i18n import Words
from backend.people.queries import Person
from backend.polls.queries import PollAbout, polls_about
from backend.seats.state import NAME_MAX, Outcome
from webapp.calendar_files import address_of
from webapp.freshness import etag_of, is_fresh, seen_of
from webapp.miniapp.labels import (
    app_link,
    city,
    days,
    hour_elsewhere,
    public_link,
    share_link,
    shown_line,
    who_comes,
)
from webapp.miniapp.screens import drawn, screen, unchanged
from webapp.rule_sentences import rhythm_of

AT_ONCE = 60  # dates on a screen
LISTED = 200  # parties on a screen
LINE = 200  # of a line, read; a dozen are shown
BROUGHT = frozenset({"booked", "waiting"})  # outcomes that bring the screen after them

AnId = Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1)]
TEXT = r"^[^\x00]*$"  # what a database takes
Letter = Annotated[str, QueryParameter(max_length=4, pattern=TEXT)]
Sought = Annotated[str | None, QueryParameter(max_length=100, pattern=TEXT)]
Answer = Response[str] | Response[None]
Show = Annotated[Literal["coming", "waiting", "past"], QueryParameter()]


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a list is on the reader's screen: what an answer given there must not change."""

    club: int | None
    group: int | None
    q: str | None
    after: int | None
    show: Show


def what_is_shown(
    club: AnId = None,
    group: AnId = None,
    q: Sought = None,
    after: FromQuery[int | None] = None,
    show: Show = "coming",
) -> Shown:
    """A fact of a request whose address goes on with what the list was asked for."""
    return Shown(club, group, q, after, show)


@get("/events")
async def index(
    person: NamedDependency[Person],
    club: AnId = None,
    group: AnId = None,
    q: Sought = None,
    after: FromQuery[int | None] = None,
    seen: FromQuery[str] = "",
) -> Answer:
    """The dates to come, soonest first (`A8`); `after` (Unix seconds) pages on, `club` and `group` keep to one, `q` are
    words to look for: empty, the field for them stands open."""
    return await home(person, club=club, group=group, q=q, after=after, seen=seen)


@dataclass(frozen=True, slots=True)
class Undo:
    """What takes back having left: the same party comes again."""

    code: str
    guests: int
    names: tuple[str, ...]


def undo_of(view: InstanceView, outcome: Outcome) -> Undo | None:
    """How to take back what was just done, as long as that could be kept: nobody has the seats, and nobody comes first."""
    others_first = (view.waiting and not view.fill_gaps) or (view.claiming and not view.claims)
    if not outcome.gave or view.phase != "open" or others_first:
        return None
    if view.free is not None and view.free < outcome.gave:
        return None
    return Undo(view.code, outcome.gave - 1, outcome.names)


async def home(
    person: Person,
    *,
    club: int | None = None,
    group: int | None = None,
    q: str | None = None,
    after: int | None = None,
    seen: str = "",
    outcome: Outcome | None = None,
    undo: Undo | None = None,
) -> Answer:
    """That screen; nothing when it is still as `seen`; after an answer given on it, with what the desk said."""
    since = moment_of(after)
    mark = etag_of(
        await etags.upcoming_etag(
            person,
            account_id=club,
            group_id=group,
            words=q or "",
            limit=AT_ONCE + 1,
            after=since,
        ),
        person,
    )
    if is_fresh(seen, mark):
        return unchanged()

    async def draw() -> Response[str]:
        theirs = await clubs(person)
        only = club or (theirs[0].id if len(theirs) == 1 else None)
        groups = await queries.groups_ahead(person, only) if only else []
        views = await queries.upcoming(
            person,
            account_id=club,
            group_id=group,
            words=q or "",
            limit=AT_ONCE + 1,
            after=since,
        )
        shown, more = page_of(views)
        here = days(shown, person.voice)
        asked = await queries.needs_answer(person)
        kept = {"club": club, "group": group, "q": q}
        return screen(
            "events/index.html",
            person,
            outcome=outcome.kind if outcome else "",
            said=outcome.words if outcome else None,
            undo=undo,
            asked=asked,
            clubs=theirs,
            chosen=club,
            organises=[one.id for one in theirs if one.allows(Permission.MANAGE_EVENTS)],
            groups=groups,
            group=group,
            sought=q,
            days=here,
            more=address_with("/app/events", **kept, after=more) if more else "",
            address=address_with("/app/events", **kept, after=after),
            here=address_with("", here="events", **kept, after=after),
            seen=seen_of_dates(mark, person, [*shown, *asked]),
        )

    return await drawn(seen, draw())


def moment_of(seconds: int | None) -> datetime | None:
    """The moment that a list is paged on from; None for none, and for what is no moment."""
    return datetime.fromtimestamp(seconds, UTC) if seconds and 0 < seconds < 2**33 else None


def page_of(views: Sequence[InstanceView]) -> tuple[Sequence[InstanceView], int | None]:
    """The first `AT_ONCE` of one more dates in order of their start, and from where to page on, if there are more. Those that
    start together stay together, or the next page would begin behind some of them."""
    if len(views) <= AT_ONCE:
        return views, None
    cut = views[AT_ONCE].starts_at
    shown = [view for view in views[:AT_ONCE] if view.starts_at != cut] or views[:AT_ONCE]
    return shown, int(shown[-1].starts_at.timestamp())


def address_with(path: str, **named: object) -> str:
    """An address with what is not None as its query."""
    query = urlencode({name: value for name, value in named.items() if value is not None})
    return f"{path}?{query}" if query else path


@get("/events/{code:str}")
async def show(
    code: FromPath[str],
    person: NamedDependency[Person],
    seen: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Answer:
    """One date: where the reader stands, its seats, who comes, what can be done (`B9`, `W5`).

    `after` is the outcome that brought the reader here, when it did.
    """
    mark = await mark_of_event(code, person)
    if is_fresh(seen, mark):
        return unchanged()

    async def draw() -> Response[str]:
        view = await queries.event(code, person)
        return await event_screen(view, person, mark=mark, outcome=after if after in BROUGHT else "")

    return await drawn(seen, draw())


@get("/events/{code:str}/people")
async def people(
    code: FromPath[str],
    person: NamedDependency[Person],
    q: Sought = None,
    letter: Letter = "",
) -> Response[str]:
    """Everybody who has a seat, by first name only; of many, those with `q` in their name, or those under a letter."""
    view = await queries.event(code, person)
    crowd = await queries.search_attendees(view.id, words=q or "", letter=letter, limit=LISTED)
    return screen("events/people.html", person, view=view, crowd=crowd, sought=q or "", letter=letter)


async def mark_of_event(code: str, person: Person) -> str:
    """The mark of an event's screen; "" for who is no member yet."""
    mark = await etags.event_etag(code, person)
    return mark and etag_of(mark, person)


def seen_of_dates(mark: str, person: Person, views: Sequence[InstanceView]) -> str:
    """What a screen of these dates sends back when it asks whether it is still so."""
    turns = (moment for view in views for moment in view.turns)
    return seen_of(mark, person, turns, {view.zone for view in views})


async def event_screen(
    view: InstanceView,
    person: Person,
    *,
    mark: str = "",
    outcome: str = "",
    said: Words | None = None,
    undo: Undo | None = None,
) -> Response[str]:
    """The screen of one date; after a change with its outcome and what the desk said. Without a `mark`, which must be
    older than the view, it is sent anew when it first asks."""
    waits = view.mine is not None and view.mine.waiting and view.state == "SCHEDULED"
    dead_end = view.phase in ("cancelled", "ended", "closed")
    coming = await queries.attendees(view.id)
    following = await queries.next_date(view, person) if dead_end else None
    named, unnamed = who_comes(coming, person)
    return screen(
        "events/show.html",
        person,
        outcome=outcome,
        said=said,
        undo=undo,
        view=view,
        rhythm=rhythm_of(person.voice, view.rule, view.starts_local),
        people=coming,
        named=named,
        unnamed=unnamed,
        name_max=NAME_MAX,
        heir=await queries.after_me(view),
        polls=await _polls_about(view, person),
        queue=shown_line(await queries.waitlist(view.id, limit=LINE), person) if waits else [],
        next=following,
        elsewhere=hour_elsewhere(view.starts_at, view.zone, person.voice),
        city=city(person.zone or ""),
        their_city=city(view.zone),
        calendar=address_of(view.code, person),
        share=share_link(_address_of(view), view.title),
        seen=seen_of_dates(mark, person, [view, following] if following else [view]),
    )


async def _polls_about(view: InstanceView, person: Person) -> list[PollAbout]:
    """The polls that are shown with a date; of one that is over or off, the poll it came of. They are as they were when the
    screen was made: a date does not follow every vote of its group."""
    group_id = view.group_id if view.phase in ("not-open", "open", "closed") else None
    return await polls_about(view.account_id, view.id, person, group_id=group_id, topic_id=view.topic_id)


def _address_of(view: InstanceView) -> str:
    """What to hand on of a date: its page where anybody may see it (`A5`), else the way into the app."""
    return public_link(view.code) if view.visibility == "link" else app_link(f"e_{view.code}")


async def event_after(code: str, person: Person, outcome: Outcome) -> Response[str]:
    """The screen of a date after the desk has answered."""
    mark = await mark_of_event(code, person)
    view = await queries.event(code, person)
    return await event_screen(
        view,
        person,
        mark=mark,
        outcome=outcome.kind,
        said=outcome.words,
        undo=undo_of(view, outcome),
    )
