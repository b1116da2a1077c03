"""The club's polls: the list, a new one, its results, and closing it (`P1`, `P2`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.cards.queries import cards_of
from backend.errors import Invalid, InvalidForm
from backend.groups.queries import groups
from backend.i18n import N_, Words
from backend.polls.actions import close_poll, create_poll, find_poll
from backend.polls.drafts import OPTION_MAX, OPTIONS_MAX, QUESTION_MAX, OptionDraft, PollDraft
from backend.polls.event_creation import EventDetails
from backend.polls.non_voters import non_voters, remind_non_voters
from backend.polls.queries import club_polls, poll
from backend.zones import resolve_local
from webapp.dashboard import frame
from webapp.dashboard.frame import go, told, unless_seen
from webapp.dashboard.session import Visit
from webapp.forms import Faults, read
from webapp.respond import AnyRequest

HOME = "/dashboard/polls"
EMPTY_OPTIONS = 3  # lines a new form begins with; the last filled one brings another


@dataclass(frozen=True, slots=True)
class PollForm:
    """Every field as text. `option` and `limit` go together by their place; empty options are left out."""

    question: str = ""
    option: tuple[str, ...] = ("",) * EMPTY_OPTIONS
    limit: tuple[str, ...] = ("",) * EMPTY_OPTIONS
    kind: str = "single"
    choices_max: str = "2"
    anonymous: str = ""
    results: str = "live"
    closes: str = ""
    group: str = ""

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The options with their limits, as they are shown."""
        return list(zip_longest(self.option, self.limit, fillvalue=""))


@dataclass(frozen=True, slots=True)
class MakingForm:
    """What is made of a poll about dates, every field as text; `option` "" is the best date."""

    option: str = ""
    capacity: str = ""
    duration_minutes: str = "60"
    place: str = ""
    claim_hours: str = "24"


def path_of(code: str) -> str:
    return f"{HOME}/{code}"


async def of_poll(visit: Visit, code: str, act: Permission) -> Visit:
    """The visit to the club of this poll, if they may do this there. Raises `NotFound`, `Forbidden`."""
    return await visit.allowed(act, (await find_poll(code)).account_id)


@get("/polls")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """All polls of the club, open ones first."""
    visit = await visit.allowed(Permission.MANAGE_POLLS)
    found = await club_polls(visit.club.id, visit.person)
    return frame.show(request, visit, "polls/index.html", polls=found)


@get("/polls/new")
async def new(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """An empty form, for the club's only group."""
    visit = await visit.allowed(Permission.MANAGE_POLLS)
    linked = await groups(visit.club.id)
    return await _form(request, visit, PollForm(group=str(linked[0].id) if len(linked) == 1 else ""))


@post("/polls", status_code=303)
async def create(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """Make a poll; on to its page, where its card can be posted."""
    visit = await visit.allowed(Permission.MANAGE_POLLS)
    form = await read(request, PollForm)
    draft, faults = _draft(form, visit.club.zone)
    if not faults:
        try:
            code = await create_poll(visit.person, visit.club.id, draft)
        except InvalidForm as refused:
            faults = dict(refused.faults)
        else:
            words = Words(N_("It’s there. Post its card, and people can vote in the group."))
            return go(request, visit.to(path_of(code)), told(visit, words, "yes"))
    return await _form(request, visit, form, faults=faults, status=422)


@get("/polls/{code:str}")
async def show(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Response[str]:
    """One poll with its results, as far as they may be seen yet."""
    return await _show(request, await of_poll(visit, code, Permission.MANAGE_POLLS), code)


async def _show(
    request: AnyRequest,
    visit: Visit,
    code: str,
    *,
    making: MakingForm | None = None,
    faults: Mapping[str, Words] | None = None,
) -> Response[str]:
    view = await poll(code, visit.person)
    cards = await cards_of(poll_id=view.id)
    missing = await non_voters(code, visit.person) if view.open else []
    unchanged, mark = unless_seen(request, view, cards, missing, visit.club)
    if unchanged and not faults:
        return unchanged
    return frame.show(
        request,
        visit,
        "polls/show.html",
        status=422 if faults else 200,
        mark=mark,
        view=view,
        cards=cards,
        missing=missing,
        making=making or MakingForm(),
        faults=faults or {},
        app_link=f"https://t.me/{frame.BOT_APP}?startapp=p_{view.code}",
    )


@post("/polls/{code:str}/closure", status_code=303)
async def destroy(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Redirect:
    """Close it for good."""
    visit = await of_poll(visit, code, Permission.MANAGE_POLLS)
    closing = await close_poll(code, visit.person)
    return go(request, visit.to(path_of(code)), told(visit, closing.words))


@post("/polls/{code:str}/date", status_code=303)
async def create_date(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Response[str] | Redirect:
    """Close it, if it is open, and make the date that came of it (`P4`)."""
    visit = await of_poll(visit, code, Permission.MANAGE_POLLS)
    form = await read(request, MakingForm)
    faults = Faults()
    hours = faults.whole("claim_minutes", form.claim_hours, empty=0) or 0
    making = EventDetails(
        option_id=faults.whole("option", form.option),
        capacity=faults.whole("capacity", form.capacity),
        duration_minutes=faults.whole("duration_minutes", form.duration_minutes, empty=60) or 0,
        place=form.place,
        claim_minutes=hours * 60,
    )
    if not faults.of:
        try:
            closing = await close_poll(code, visit.person, make=making)
        except (Invalid, InvalidForm) as refused:
            faults.add(refused)
        else:
            return go(request, visit.to(path_of(code)), told(visit, closing.words, "yes"))
    return await _show(request, visit, code, making=form, faults=faults.of)


@post("/polls/{code:str}/reminder", status_code=303)
async def create_reminder(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Redirect:
    """Remind those whose answer is missing (`P5`)."""
    visit = await of_poll(visit, code, Permission.MANAGE_POLLS)
    reminding = await remind_non_voters(code, visit.person)
    return go(request, visit.to(path_of(code)), told(visit, reminding.words))


def _draft(form: PollForm, zone: str) -> tuple[PollDraft, dict[str, Words]]:
    """What the form means, and its faults. Faults of options are named by their line in the form."""
    faults = Faults()
    options, lines = [], []
    for number, (text, limit) in enumerate(form.lines):
        if text or limit:
            most = faults.whole(f"option-{number}", limit)
            if form.kind == "dates":
                at = _moment(text, zone, faults, f"option-{number}")
                options.append(OptionDraft("", most, at))
            else:
                options.append(OptionDraft(text, most))
            lines.append(number)
    group, _, topic = form.group.partition(":")
    draft = PollDraft(
        question=form.question,
        options=tuple(options),
        kind=form.kind,
        choices_max=faults.whole("choices_max", form.choices_max, empty=1) or 0,
        anonymous=bool(form.anonymous),
        results=form.results,
        closes_at=_moment(form.closes, zone, faults, "closes_at"),
        group_id=faults.whole("group", group),
        topic_id=faults.whole("group", topic),
    )
    try:
        draft.check()
    except InvalidForm as refused:
        for field, words in refused.faults.items():
            name, _, place = field.partition("-")
            line = f"option-{lines[int(place)]}" if name == "option" else field
            faults.of.setdefault(line, words)
    return draft, faults.of


def _moment(text: str, zone: str, faults: Faults, field: str) -> datetime | None:
    """A wall clock of the club as an instant."""
    if not text:
        return None
    try:
        return resolve_local(datetime.fromisoformat(text).replace(tzinfo=None), zone)
    except (ValueError, OverflowError):
        faults.add(Invalid(N_("Choose a day and a time."), field=field))
        return None


async def _form(
    request: AnyRequest,
    visit: Visit,
    form: PollForm,
    *,
    faults: Mapping[str, Words] | None = None,
    status: int = 200,
) -> Response[str]:
    return frame.show(
        request,
        visit,
        "polls/new.html",
        status=status,
        form=form,
        faults={("group" if f == "group_id" else f): w for f, w in (faults or {}).items()},
        groups=await groups(visit.club.id),
        question_max=QUESTION_MAX,
        option_max=OPTION_MAX,
        options_max=OPTIONS_MAX,
    )
