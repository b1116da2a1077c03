"""Polls of the reader's clubs, one poll with its live counts, and the reader's vote."""

import re

from litestar import Response, get, put
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from backend.bookings import etags
from backend.bookings.queries import lists as lists_queries
from backend.bookings.queries.event import event
from backend.bookings.views import InstanceView
from backend.i18n import N_, Words
from backend.people.queries import Person
from backend.polls import actions, queries
from backend.polls import etags as poll_etags
from backend.polls.replies import unknown_option
from backend.polls.rules import Answer
from backend.polls.views import PollView
from backend.seats.requests import Via
from webapp.freshness import etag_of, is_fresh, seen_token
from webapp.miniapp.labels import app_link, share_link
from webapp.miniapp.responses import render_if_capacity, screen
from webapp.respond import AnyRequest, not_modified

HUES = 7
OPEN_MAX, CLOSED_MAX = 60, 20  # polls on a screen
DATE_FIELD = "answer-"  # and the id of a date
ANSWERS = frozenset(Answer)
ID = re.compile(r"[0-9]{1,18}")


@get("/polls")
async def index(person: NamedDependency[Person], seen: FromQuery[str] = "") -> Response[str] | Response[None]:
    """The polls of all the reader's clubs: open ones first, then closed ones (`A8`)."""
    made_from = await poll_etags.polls_etag(person, limit=OPEN_MAX, closed=CLOSED_MAX)
    mark = etag_of(made_from, await etags.clubs_etag(person), person)
    if is_fresh(seen, mark):
        return not_modified()

    async def draw() -> Response[str]:
        running = await queries.polls_of(person, limit=OPEN_MAX)
        closed = await queries.polls_of(person, closed=True, limit=CLOSED_MAX)
        asked = await lists_queries.needs_answer(person)
        shown: list[PollView | InstanceView] = [*running, *asked]
        turns = (moment for one in shown for moment in one.changes_at)
        return screen(
            "polls/index.html",
            person,
            running=running,
            closed=closed,
            asked=asked,
            seen=seen_token(mark, person, turns, {one.zone for one in shown}),
        )

    return await render_if_capacity(seen, draw())


@get("/polls/{code:str}")
async def show(
    code: FromPath[str], person: NamedDependency[Person], seen: FromQuery[str] = ""
) -> Response[str] | Response[None]:
    """One poll with its counts, as far as this reader may see them now (`P1`)."""
    mark = await screen_etag(code, person)
    if not mark:
        await actions.admit_to_poll(code, person)
        mark = await screen_etag(code, person)
    if is_fresh(seen, mark):
        return not_modified()

    async def draw() -> Response[str]:
        return await poll_screen(await queries.poll(code, person), person, mark=mark)

    return await render_if_capacity(seen, draw())


@put("/polls/{code:str}/vote")
async def update(request: AnyRequest, code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Vote: the field `option`, repeated, is the whole choice, or of dates each `answer-<id>`; none of it takes the vote
    back (`P2`)."""
    outcome = await actions.vote(code, person, read_choice(await request.form()), via=Via.MINIAPP)
    mark = await screen_etag(code, person)
    view = await queries.poll(code, person)
    return await poll_screen(view, person, mark=mark, outcome=outcome.kind, said=outcome.words)


def read_choice(ballot: FormMultiDict) -> dict[int, Answer]:
    """What is said of which option. Raises `Invalid` for what is no id, or no answer."""
    told = [(value, Answer.YES) for value in ballot.getall("option", [])]
    told += [
        (name.removeprefix(DATE_FIELD), value)
        for name, value in ballot.multi_items()
        if name.startswith(DATE_FIELD)
    ]
    choice = {}
    for option, answer in told:
        if option == "" or answer == "":
            continue
        known = isinstance(option, str) and ID.fullmatch(option) and answer in ANSWERS
        if not known:
            raise unknown_option()
        choice[int(option)] = Answer(answer)
    return choice


async def screen_etag(code: str, person: Person) -> str:
    """The etag of a poll's screen; "" while the reader is no member."""
    mark = await poll_etags.poll_etag(code, person)
    return mark and etag_of(mark, person)


async def poll_screen(
    view: PollView,
    person: Person,
    *,
    mark: str = "",
    outcome: str = "",
    said: Words | None = None,
) -> Response[str]:
    """The screen of one poll; after a vote with its outcome and what was said. `labels` are the button's, by choices.
    Without a `mark`, which must be older than the view, it is sent anew when it first asks."""
    voice, counts = person.voice, range(1, view.choices_max + 1)
    made = await event(view.event_option.made, person) if view.event_option else None
    return screen(
        "polls/show.html",
        person,
        outcome=outcome,
        said=said,
        view=view,
        hue=view.id % HUES,
        made=made,
        voters=await queries.answers_by_voter(view, person),
        chosen=[option for option in view.options if option.mine],
        labels=[
            voice.say(N_("Take my vote back")),
            *(
                voice.say(N_("Change my vote"))
                if view.voted
                else voice.count(N_("Vote for %(n)s"), N_("Vote for %(n)s"), n)
                for n in counts
            ),
        ],
        share=share_link(app_link(f"p_{view.code}"), view.question),
        seen=seen_token(mark, person, view.changes_at, {view.zone}),
    )
