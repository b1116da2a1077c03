"""Creating a simple event on a phone: one date, its seats, and the group its card goes to (`S1`)."""

from dataclasses import replace
from datetime import datetime, timedelta

from litestar import Response, get, post
from litestar.di import NamedDependency

from backend import clock
from backend.accounts.queries import AccountView, accounts_with, authorize
from backend.accounts.rules import Permission
from backend.cards.actions import post_card
from backend.errors import Forbidden, InvalidForm
from backend.events.create import create_series
from backend.events.drafts import SeriesDraft, Visibility, too_far_ahead
from backend.groups.queries import LinkedGroup, groups
from backend.known_zones import known_or_none
from backend.people.queries import Person
from backend.series_defaults.queries import blank_draft
from backend.zones import resolve_local
from webapp.forms import Faults, read_form, read_query, read_query_onto
from webapp.miniapp.event_screens import event_screen_for
from webapp.miniapp.labels import reader_local_time
from webapp.miniapp.paging import AccountQuery
from webapp.miniapp.responses import ScreenResponse, screen
from webapp.new_event import empty_form, zone_of_new_event
from webapp.respond import AnyRequest
from webapp.series_form import SeriesForm, draft_from_form
from webapp.series_preview import clock_change_note

EMOJI = ("🧘", "🏃", "🏊", "⚽", "🏸", "🎲", "🎤", "🍽", "📚", "🎉")
LENGTHS = (30, 45, 60, 75, 90, 120, 180)
_FORM_FIELDS = {"group_id": "group"}  # names of the draft's fields that differ in the form
POST_NOW = "now"  # a value of `announce_before_minutes`: post the card at once


@get("/series/new")
async def new(
    request: AnyRequest, organiser: NamedDependency[Person], account_id: AccountQuery = None
) -> Response[str]:
    """The form, with a preview while it is being filled in; nothing is saved."""
    return await _screen(request, organiser, read_query(request, SeriesForm), account_id)


@post("/series", status_code=200)
async def create(
    request: AnyRequest, organiser: NamedDependency[Person], account_id: AccountQuery = None
) -> ScreenResponse:
    """Create it, post its card at once if wanted, and go on to the event."""
    chosen, _ = await _choose_account(organiser, account_id)
    form = await read_form(request, SeriesForm)
    post_now = form.announce_before_minutes == POST_NOW
    draft, faults = _draft(form, chosen, await groups(chosen.id), await blank_draft(chosen.id))
    if not faults.by_field:
        try:
            made = await create_series(organiser, chosen.id, draft)
        except InvalidForm as refused:
            faults.add(refused)
        else:
            if post_now and draft.group_id is not None:
                await post_card(organiser, made.first_code)
            return await _created_screen(organiser, made.first_code)
    return await _screen(request, organiser, form, chosen.id, faults=faults)


async def _created_screen(organiser: Person, code: str) -> ScreenResponse:
    """The event's own screen in place of the form, which is no longer in the history."""
    response = await event_screen_for(code, organiser, outcome="done")
    response.headers["HX-Replace-Url"] = f"/app/events/{code}"
    return response


async def _choose_account(organiser: Person, account_id: int | None) -> tuple[AccountView, list[AccountView]]:
    """The club to create it in, and all clubs the person organises. Raises `NotFound` for a club they do not
    belong to (`A1`), `Forbidden` where their role does not reach."""
    organised = await accounts_with(organiser, Permission.MANAGE_EVENTS)
    if account_id is not None:
        return await authorize(organiser, account_id, Permission.MANAGE_EVENTS), organised
    if not organised:
        raise Forbidden()
    return organised[0], organised


def _draft(
    form: SeriesForm, account: AccountView, linked: list[LinkedGroup], blank: SeriesDraft
) -> tuple[SeriesDraft, Faults]:
    """The draft; fields that this form does not have are as in `blank`."""
    lead = form.announce_before_minutes
    if not lead.isdecimal():
        lead = str(blank.announce_before_minutes)
    full_form = replace(
        empty_form(blank),
        title=form.title,
        emoji=form.emoji,
        place=form.place,
        description=form.description,
        zone=form.zone or account.zone,
        starts_on=form.starts_on,
        starts_time=form.starts_time,
        duration_minutes=form.duration_minutes,
        capacity=form.capacity,
        guests_max=form.guests_max,
        group=form.group,
        announce_before_minutes=lead,
        visibility=Visibility.GROUP if linked else Visibility.LINK,
    )
    return draft_from_form(full_form, blank=blank)


async def _screen(
    request: AnyRequest,
    organiser: Person,
    form: SeriesForm,
    account_id: int | None,
    *,
    faults: Faults | None = None,
) -> Response[str]:
    account, organised = await _choose_account(organiser, account_id)
    linked, blank = await groups(account.id), await blank_draft(account.id)
    if faults is None and "group" not in request.query_params:
        form = replace(_first_form(request, linked, blank), zone=zone_of_new_event(account, organiser))
    draft, draft_faults = _draft(form, account, linked, blank)
    starts_at = _start(form, draft, draft_faults)
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
        faults={_FORM_FIELDS.get(field, field): words for field, words in faults.by_field.items()}
        if faults
        else {},
        account=account,
        accounts=organised,
        groups=linked,
        form=form,
        emoji=EMOJI,
        lengths=_lengths(form),
        draft=draft,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=draft.duration_minutes) if starts_at else None,
        clocks=clock_change_note(organiser.voice, draft.starts_local, draft.zone) if starts_at else "",
        zones=_zones(form, account, organiser),
        city=organiser.voice.city(draft.zone),
        reader_time=reader_local_time(starts_at, draft.zone, organiser.voice) if starts_at else "",
        past=bool(starts_at and starts_at <= clock.now()),
        too_far=too_far_ahead(starts_at, clock.now()) if starts_at else None,
        group=group,
        at_once=form.announce_before_minutes == POST_NOW,
        announced_at=announced_at,
        today=clock.now().date().isoformat(),
    )


def _first_form(request: AnyRequest, linked: list[LinkedGroup], blank: SeriesDraft) -> SeriesForm:
    """The form as it is opened: with what its address says, the club's only group, and what its series begin with."""
    only_group = str(linked[0].id) if len(linked) == 1 else ""
    return replace(read_query_onto(request, empty_form(blank)), group=only_group)


def _start(form: SeriesForm, draft: SeriesDraft, faults: Faults) -> datetime | None:
    """The instant it would start at, once the form has a valid one."""
    if not form.starts_on or not form.starts_time or faults.by_field.keys() & {"starts_local", "zone"}:
        return None
    return resolve_local(draft.starts_local, draft.zone)


def _zones(form: SeriesForm, account: AccountView, organiser: Person) -> list[str]:
    """The zones to choose from: the club's, and the organiser's own."""
    named = map(known_or_none, (account.zone, organiser.zone, form.zone))
    return list(dict.fromkeys(zone for zone in named if zone))


def _lengths(form: SeriesForm) -> list[str]:
    usual = [str(n) for n in LENGTHS]
    return usual if form.duration_minutes in usual else [*usual, form.duration_minutes]
