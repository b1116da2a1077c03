"""Polls of the reader's clubs, one poll with its live counts, and the reader's vote."""

import re

from litestar import Response, get, put
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from backend.bookings import etags
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import needs_answer
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
from webapp.miniapp.responses import ScreenResponse, render_if_capacity, screen
from webapp.respond import AnyRequest, not_modified

HUES = 7
OPEN_MAX, CLOSED_MAX = 60, 20  # polls on a screen
DATE_FIELD = "answer-"  # followed by the id of an option
ANSWERS = frozenset(Answer)
ID = re.compile(r"[0-9]{1,18}")


@get("/polls")
async def index(person: NamedDependency[Person], seen: FromQuery[str] = "") -> ScreenResponse:
    """The polls of all the reader's clubs: open ones first, then closed ones (`A8`)."""
    version = await poll_etags.polls_etag(person, limit=OPEN_MAX, closed=CLOSED_MAX)
    etag = etag_of(version, await etags.accounts_etag(person), person)
    if is_fresh(seen, etag):
        return not_modified()

    async def render() -> Response[str]:
        running = await queries.polls_of(person, limit=OPEN_MAX)
        closed = await queries.polls_of(person, closed=True, limit=CLOSED_MAX)
        questions = await needs_answer(person)
        shown: list[PollView | InstanceView] = [*running, *questions]
        changes_at = (moment for one in shown for moment in one.changes_at)
        return screen(
            "polls/index.html",
            person,
            running=running,
            closed=closed,
            questions=questions,
            seen=seen_token(etag, person, changes_at, {one.zone for one in shown}),
        )

    return await render_if_capacity(seen, render())


@get("/polls/{code:str}")
async def show(
    code: FromPath[str], person: NamedDependency[Person], seen: FromQuery[str] = ""
) -> ScreenResponse:
    """One poll with its counts, as far as this reader may see them now (`P1`)."""
    etag = await screen_etag(code, person)
    if not etag:
        await actions.admit_to_poll(code, person)
        etag = await screen_etag(code, person)
    if is_fresh(seen, etag):
        return not_modified()

    async def render() -> Response[str]:
        return await poll_screen(await queries.poll(code, person), person, etag=etag)

    return await render_if_capacity(seen, render())


@put("/polls/{code:str}/vote")
async def update(request: AnyRequest, code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Vote: the repeated field `option` is the whole choice, or `answer-<id>` for each date; an empty choice
    takes the vote back (`P2`)."""
    outcome = await actions.vote(code, person, read_choice(await request.form()), via=Via.MINIAPP)
    etag = await screen_etag(code, person)
    view = await queries.poll(code, person)
    return await poll_screen(view, person, etag=etag, outcome=outcome.kind, message=outcome.words)


def read_choice(ballot: FormMultiDict) -> dict[int, Answer]:
    """The answers by option id. Raises `Invalid` for anything that is no id, or no answer."""
    fields = [(value, Answer.YES) for value in ballot.getall("option", [])]
    fields += [
        (name.removeprefix(DATE_FIELD), value)
        for name, value in ballot.multi_items()
        if name.startswith(DATE_FIELD)
    ]
    choice = {}
    for option, answer in fields:
        if option == "" or answer == "":
            continue
        is_valid = isinstance(option, str) and ID.fullmatch(option) and answer in ANSWERS
        if not is_valid:
            raise unknown_option()
        choice[int(option)] = Answer(answer)
    return choice


async def screen_etag(code: str, person: Person) -> str:
    """The etag of a poll's screen; "" for a person who is no member of its club."""
    version = await poll_etags.poll_etag(code, person)
    return version and etag_of(version, person)


async def poll_screen(
    view: PollView,
    person: Person,
    *,
    etag: str = "",
    outcome: str = "",
    message: Words | None = None,
) -> Response[str]:
    """The screen of one poll; after a vote with its outcome and message. `labels` are the button's, by number
    of choices.

    The `etag` must have been read before the view. Without one the screen is sent again when it first asks
    for changes.
    """
    voice, counts = person.voice, range(1, view.choices_max + 1)
    made = await event(view.event_option.made, person) if view.event_option else None
    return screen(
        "polls/show.html",
        person,
        outcome=outcome,
        message=message,
        view=view,
        hue=view.id % HUES,
        made=made,
        voters=await queries.answers_by_voter(view, person),
        chosen=[option for option in view.options if option.mine],
        labels=[
            voice.gettext(N_("Take my vote back")),
            *(
                voice.gettext(N_("Change my vote"))
                if view.voted
                else voice.ngettext(N_("Vote for %(n)s"), N_("Vote for %(n)s"), n)
                for n in counts
            ),
        ],
        share=share_link(app_link(f"p_{view.code}"), view.question),
        seen=seen_token(etag, person, view.changes_at, {view.zone}),
    )
