"""What is coming over all the reader's clubs, one date with its seats, and who comes to it."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from backend import clock
from backend.accounts.queries import clubs
from backend.bookings import queries
from backend.bookings.queries import InstanceView
from backend.bookings.rules import Outcome
from backend.i18n import Words
from backend.people.queries import Person
from webapp.calendars import address_of
from webapp.live import mark_of
from webapp.miniapp.screens import screen, unchanged
from webapp.miniapp.wording import (
    app_link,
    city,
    days,
    hour_elsewhere,
    public_link,
    share_link,
    shown_line,
    who_comes,
)
from webapp.rule_words import rhythm_of
from webapp.standing import may_pass_on, stand

AT_ONCE = 60  # dates on a screen
EVERYBODY = 500  # people on a screen
LINE = 200  # of a line, read; a dozen are shown
BROUGHT = frozenset({"booked", "waiting"})  # outcomes that bring the screen after them

AnId = Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1)]
Sought = Annotated[str | None, QueryParameter(max_length=100)]
Answer = Response[str] | Response[None]


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


async def home(
    person: Person,
    *,
    club: int | None = None,
    group: int | None = None,
    q: str | None = None,
    after: int | None = None,
    seen: str = "",
    outcome: Outcome | None = None,
) -> Answer:
    """That screen; nothing when it is still as `seen`; after an answer given on it, with what the desk said."""
    since = datetime.fromtimestamp(after, UTC) if after and 0 < after < 2**33 else None
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
    shown = views[:AT_ONCE]
    here = days(shown, person.voice)
    asked = await queries.needs_answer(person)
    now_seen = mark_of(theirs, groups, here, asked, [mark_of_row(view, person) for view in shown])
    if seen == now_seen:
        return unchanged()
    kept = {"club": club, "group": group, "q": q}
    more = int(shown[-1].starts_at.timestamp()) if len(views) > AT_ONCE else None
    return screen(
        "events/index.html",
        person,
        outcome=outcome.kind if outcome else "",
        said=outcome.words if outcome else None,
        asked=asked,
        clubs=theirs,
        chosen=club,
        groups=groups,
        group=group,
        sought=q,
        days=here,
        more=address_with("/app/events", **kept, after=more) if more else "",
        address=address_with("/app/events", **kept, after=after),
        seen=now_seen,
    )


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
    view = await queries.event(code, person)
    if seen and seen == seen_of(view, person):
        return unchanged()
    return await event_screen(view, person, outcome=after if after in BROUGHT else "")


@get("/events/{code:str}/people")
async def people(code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Everybody who has a seat; first names only."""
    view = await queries.event(code, person)
    coming = await queries.comers(view.id, limit=EVERYBODY)
    return screen("events/people.html", person, view=view, people=coming)


def seen_of(view: InstanceView, person: Person) -> str:
    """The mark of an event's screen; it also changes as time opens and closes things, and at midnight."""
    decides = view.decides_at is not None and view.decides_at > clock.now()
    return mark_of(
        mark_of_row(view, person),
        view.stage,
        view.calling,
        view.may_leave,
        may_pass_on(view),
        decides,
        person,
    )


def mark_of_row(view: InstanceView, person: Person) -> str:
    """The same of one row in a list: what the clock alone changes is where the reader stands (`W3`), and how near it is."""
    return mark_of(view, stand(view), person.voice.near_day(view.starts_at, view.zone))


async def event_screen(
    view: InstanceView, person: Person, *, outcome: str = "", said: Words | None = None
) -> Response[str]:
    """The screen of one date; after a change with its outcome and what the desk said."""
    waits = view.mine is not None and view.mine.waiting and view.state == "SCHEDULED"
    dead_end = view.phase in ("cancelled", "ended", "closed")
    coming = await queries.comers(view.id)
    named, unnamed = who_comes(coming, person)
    return screen(
        "events/show.html",
        person,
        outcome=outcome,
        said=said,
        view=view,
        rhythm=rhythm_of(person.voice, view.rule, view.starts_local),
        people=coming,
        named=named,
        unnamed=unnamed,
        heir=await queries.after_me(view),
        queue=shown_line(await queries.line(view.id, limit=LINE), person) if waits else [],
        next=await queries.next_date(view, person) if dead_end else None,
        elsewhere=hour_elsewhere(view.starts_at, view.zone, person.voice),
        city=city(person.zone or ""),
        their_city=city(view.zone),
        calendar=address_of(view.code, person),
        share=share_link(_address_of(view), view.title),
        seen=seen_of(view, person),
    )


def _address_of(view: InstanceView) -> str:
    """What to hand on of a date: its page where anybody may see it (`A5`), else the way into the app."""
    return public_link(view.code) if view.visibility == "link" else app_link(f"e_{view.code}")


async def event_after(code: str, person: Person, outcome: Outcome) -> Response[str]:
    """The screen of a date after the desk has answered."""
    view = await queries.event(code, person)
    return await event_screen(view, person, outcome=outcome.kind, said=outcome.words)
