"""The people of an instance as files, and to print (`B14`)."""

from urllib.parse import urlsplit

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.accounts.rules import Permission
from backend.bookings.calendar_entries import calendar_entry
from backend.bookings.queries.event import event
from backend.bookings.roster import roster_counts
from backend.bookings.views import InstanceView
from backend.i18n import N_, Voice
from backend.ical import render_calendar
from backend.reports.people import PartyRow, party_rows
from backend.settings import settings
from backend.zones import wall_clock
from webapp.computing import compute
from webapp.dashboard.access import authorize_event
from webapp.dashboard.responses import APP_LINK, CSV, XLSX, file_response, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.spreadsheets import Cell, Sheet, to_csv, to_xlsx
from webapp.respond import AnyRequest

HEAD = (
    N_("Name"),
    N_("Username"),
    N_("Answer"),
    N_("Seats"),
    N_("Waiting for"),
    N_("Guests"),
    N_("Here"),
    N_("Answered"),
    N_("Note"),
)


@get("/events/{code:str}/people.csv")
async def show_csv(code: FromPath[str], visit: NamedDependency[Visit]) -> Response[bytes]:
    """Everybody who answered, as CSV."""
    view, sheet = await _sheet(visit, code)
    content = await compute(to_csv, sheet, visit.person.language)
    return file_response(content, CSV, f"{_name(view)}.csv")


@get("/events/{code:str}/people.xlsx")
async def show_xlsx(code: FromPath[str], visit: NamedDependency[Visit]) -> Response[bytes]:
    """The same as XLSX."""
    view, sheet = await _sheet(visit, code)
    return file_response(await compute(to_xlsx, sheet), XLSX, f"{_name(view)}.xlsx")


@get("/events/{code:str}/people.ics")
async def show_ics(code: FromPath[str], visit: NamedDependency[Visit]) -> Response[bytes]:
    """The date for a calendar."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    view = await event(code, visit.person)
    entry = await calendar_entry(code, visit.person, url=f"{APP_LINK}?startapp=e_{code}")
    return file_response(
        render_calendar([entry], host=urlsplit(settings.public_url).hostname or "emerald"),
        "text/calendar",
        f"{_name(view)}.ics",
    )


@get("/events/{code:str}/people/print")
async def show_print(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Response[str]:
    """Those with a seat, by name, with a box to tick: for a door without a phone."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    view = await event(code, visit.person)
    return render_page(
        request,
        visit,
        "people_files/print.html",
        view=view,
        counts=await roster_counts(view.id),
        parties=await party_rows(code, visit.person, seated=True),
    )


async def _sheet(visit: Visit, code: str) -> tuple[InstanceView, Sheet]:
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    view = await event(code, visit.person)
    voice = visit.voice
    rows = [_row(party, voice, view.zone) for party in await party_rows(code, visit.person)]
    return view, Sheet(view.title, [voice.gettext(title) for title in HEAD], rows)


def _row(party: PartyRow, voice: Voice, zone: str) -> list[Cell]:
    return [
        party.name,
        f"@{party.username}" if party.username else "",
        voice.gettext(_answer(party)),
        party.seats or None,
        party.waiting + party.offered or None,
        ", ".join(party.guest_names),
        party.came,
        wall_clock(party.answered_at, zone),
        party.note,
    ]


def _answer(party: PartyRow) -> str:
    if party.seats:
        return N_("Coming")
    if party.offered:
        return N_("Offered")
    if party.waiting:
        return N_("In line")
    return {"maybe": N_("Maybe"), "declined": N_("Can’t")}.get(party.answer, N_("Left"))


def _name(view: InstanceView) -> str:
    """The name of a file, which every system takes: the day and the code of the date."""
    return f"{wall_clock(view.starts_at, view.zone):%Y-%m-%d}-{view.code}"
