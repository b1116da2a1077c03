"""Making a simple event on a phone: one date, its seats, and the group that its card goes to (`S1`)."""

from dataclasses import replace
from datetime import datetime, timedelta

from litestar import Response, get, post
from litestar.di import NamedDependency

from backend import clock
from backend.accounts.queries import Club, clubs
from backend.accounts.rules import Permission
from backend.bookings.queries.event import event
from backend.cards.actions import post_card
from backend.errors import Forbidden, InvalidForm
from backend.events.create import create_series
from backend.events.drafts import SeriesDraft, Visibility
from backend.groups.queries import LinkedGroup, groups
from backend.people.queries import Person
from backend.zones import resolve_local
from webapp.forms import Faults, read_form, read_query
from webapp.miniapp.event_screens import event_screen
from webapp.miniapp.paging import OptionalId
from webapp.miniapp.responses import screen
from webapp.respond import AnyRequest
from webapp.series_form import DEFAULT_DRAFT, SeriesForm, draft_from_form
from webapp.series_preview import clock_change_note

EMOJI = ("🧘", "🏃", "🏊", "⚽", "🏸", "🎲", "🎤", "🍽", "📚", "🎉")
LENGTHS = (30, 45, 60, 75, 90, 120, 180)
_FORM_FIELDS = {"group_id": "group"}  # the core's names of fields, where the form has others
POST_NOW = "now"  # of when the card is posted


@get("/series/new")
async def new(
    request: AnyRequest, organiser: NamedDependency[Person], club: OptionalId = None
) -> Response[str]:
    """The form, with what would be made as it is being filled in; nothing is kept."""
    return await _screen(request, organiser, read_query(request, SeriesForm), club)


@post("/series", status_code=200)
async def create(
    request: AnyRequest, organiser: NamedDependency[Person], club: OptionalId = None
) -> Response[str]:
    """Make it: on to the event, and its card on the way to the group at once when that is wanted."""
    chosen, _ = await _choose_club(organiser, club)
    form = await read_form(request, SeriesForm)
    at_once = form.announce_before_minutes == POST_NOW
    draft, faults = _draft(form, chosen, await groups(chosen.id))
    if not faults.of:
        try:
            made = await create_series(organiser, chosen.id, draft)
        except InvalidForm as refused:
            faults.add(refused)
        else:
            if at_once and draft.group_id is not None:
                await post_card(organiser, made.first_code)
            return await _created_screen(organiser, made.first_code)
    return await _screen(request, organiser, form, chosen.id, faults=faults)


async def _created_screen(organiser: Person, code: str) -> Response[str]:
    """The event's own screen, in place of the form: going back leads past it."""
    answer = await event_screen(await event(code, organiser), organiser, outcome="done")
    answer.headers["HX-Replace-Url"] = f"/app/events/{code}"
    return answer


async def _choose_club(organiser: Person, club_id: int | None) -> tuple[Club, list[Club]]:
    """The club it is for, and all it could be for. Raises `Forbidden` for who organises nowhere, or not there."""
    theirs = [one for one in await clubs(organiser) if one.has_permission(Permission.MANAGE_EVENTS)]
    chosen = next((one for one in theirs if club_id in (None, one.id)), None)
    if chosen is None:
        raise Forbidden()
    return chosen, theirs


def _draft(form: SeriesForm, club: Club, linked: list[LinkedGroup]) -> tuple[SeriesDraft, Faults]:
    """What the form means: what it does not ask is as the dashboard's form begins."""
    lead = form.announce_before_minutes
    if not lead.isdecimal():
        lead = str(DEFAULT_DRAFT.announce_before_minutes)
    whole = SeriesForm(
        title=form.title,
        emoji=form.emoji,
        place=form.place,
        description=form.description,
        zone=club.zone,
        starts_on=form.starts_on,
        starts_time=form.starts_time,
        duration_minutes=form.duration_minutes,
        capacity=form.capacity,
        guests_max=form.guests_max,
        group=form.group,
        announce_before_minutes=lead,
        visibility=Visibility.GROUP if linked else Visibility.LINK,
    )
    draft, faults = draft_from_form(whole)
    return draft, faults


async def _screen(
    request: AnyRequest,
    organiser: Person,
    form: SeriesForm,
    club_id: int | None,
    *,
    faults: Faults | None = None,
) -> Response[str]:
    club, theirs = await _choose_club(organiser, club_id)
    linked = await groups(club.id)
    if faults is None and "group" not in request.query_params:
        form = _preselect_group(form, linked)
    draft, found = _draft(form, club, linked)
    starts_at = _start(form, draft, found)
    announced_at = None
    if starts_at is not None and draft.group_id is not None:
        lead = timedelta(minutes=draft.announce_before_minutes)
        announced_at = max(starts_at - lead, clock.now())
    group = next((one for one in linked if one.id == draft.group_id), None)
    return screen(
        "series/new.html",
        organiser,
        outcome="invalid" if faults else "",
        status=422 if faults else 200,
        faults={_FORM_FIELDS.get(field, field): words for field, words in faults.of.items()}
        if faults
        else {},
        club=club,
        clubs=theirs,
        groups=linked,
        form=form,
        emoji=EMOJI,
        lengths=_lengths(form),
        draft=draft,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=draft.duration_minutes) if starts_at else None,
        clocks=clock_change_note(organiser.voice, draft.starts_local, club.zone) if starts_at else "",
        past=bool(starts_at and starts_at <= clock.now()),
        group=group,
        at_once=form.announce_before_minutes == POST_NOW,
        announced_at=announced_at,
        today=clock.now().date().isoformat(),
    )


def _preselect_group(form: SeriesForm, linked: list[LinkedGroup]) -> SeriesForm:
    """Nothing is typed yet: the club's only group is chosen."""
    return replace(form, group=str(linked[0].id) if len(linked) == 1 else "")


def _start(form: SeriesForm, draft: SeriesDraft, faults: Faults) -> datetime | None:
    """The instant at which it would begin, once that can be said."""
    if not form.starts_on or not form.starts_time or "starts_local" in faults.of:
        return None
    return resolve_local(draft.starts_local, draft.zone)


def _lengths(form: SeriesForm) -> list[str]:
    usual = [str(n) for n in LENGTHS]
    return usual if form.duration_minutes in usual else [*usual, form.duration_minutes]
