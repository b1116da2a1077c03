"""What a club's past dates add up to: figures, charts with their tables, and each as a file (`N1`)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from backend.accounts.rules import Permission
from backend.errors import NotFound
from backend.events.queries import series_names
from backend.i18n import N_, Voice
from backend.reports.numbers import PERIODS, Numbers, Part, numbers
from backend.rule_sentences import weekday_names
from backend.zones import wall_clock
from webapp.computing import compute
from webapp.dashboard import findings
from webapp.dashboard.people_lists import read_id
from webapp.dashboard.responses import CSV, file_response, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.spreadsheets import Cell, Sheet, to_csv
from webapp.forms import read_query
from webapp.respond import AnyRequest

USUAL_PERIOD = 12  # weeks


@dataclass(frozen=True, slots=True)
class NumbersQuery:
    """The period in weeks, and the id of a series; "" is every series."""

    weeks: str = ""
    series: str = ""

    @property
    def period(self) -> int:
        """A period that there is; the usual one for anything else."""
        return next((weeks for weeks in PERIODS if self.weeks == str(weeks)), USUAL_PERIOD)

    @property
    def series_id(self) -> int | None:
        return read_id(self.series)


@get("/numbers")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """All of it, for a period and a series that the address names."""
    visit = await visit.authorize(Permission.MANAGE_BOOKINGS)
    query, voice = read_query(request, NumbersQuery), visit.voice
    found = await _load(visit, query)
    came, expected = sum(w.came for w in found.attendance), sum(w.expected for w in found.attendance)
    came_before = findings.share(sum(w.came for w in found.before), sum(w.expected for w in found.before))
    waited = sum(w.parties for w in found.waits)
    medians = [w.median for w in found.waits if w.median is not None]
    return render_page(
        request,
        visit,
        "numbers/index.html",
        query=query,
        periods=PERIODS,
        series_choices=await series_names(visit.account.id),
        found=found,
        findings=findings,
        weekdays=weekday_names(voice, "abbreviated"),
        came=findings.share(came, expected),
        came_before=came_before,
        filled=findings.share(sum(s.taken for s in found.fill), sum(s.seats for s in found.fill)),
        seated=findings.share(sum(w.seated for w in found.waits), waited),
        longest=max(medians, default=0.0),
    )


@get("/numbers.csv")
async def show(
    request: AnyRequest, visit: NamedDependency[Visit], table: FromQuery[str] = "attendance"
) -> Response[bytes]:
    """One of the tables as CSV. Raises `NotFound` for any other."""
    visit = await visit.authorize(Permission.MANAGE_BOOKINGS)
    if table not in SHEETS:
        raise NotFound()
    part, query = Part(table), read_query(request, NumbersQuery)
    sheet = SHEETS[part](await _load(visit, query, part), visit.voice, visit.account.zone)
    content = await compute(to_csv, sheet, visit.person.language)
    return file_response(content, CSV, f"emerald-{table}.csv")


async def _load(visit: Visit, query: NumbersQuery, *parts: Part) -> Numbers:
    """These parts, or all."""
    return await numbers(
        *(visit.person, visit.account.id),
        weeks=query.period,
        series_id=query.series_id,
        parts=parts or tuple(Part),
    )


def _attendance(found: Numbers, voice: Voice, zone: str) -> Sheet:
    head = [N_("Week from"), N_("Dates"), N_("Came"), N_("Left late"), N_("Did not come")]
    return _sheet(voice, head, [(w.week, w.dates, w.came, w.late, w.missed) for w in found.attendance])


def _fill(found: Numbers, voice: Voice, zone: str) -> Sheet:
    head = [N_("Weekday"), N_("Hour"), N_("Dates"), N_("Seats taken"), N_("Seats"), N_("Filled, %")]
    days = weekday_names(voice)
    rows = [(days[s.weekday - 1], s.hour, s.dates, s.taken, s.seats, s.share) for s in found.fill]
    return _sheet(voice, head, rows)


def _waits(found: Numbers, voice: Voice, zone: str) -> Sheet:
    head = [N_("Event"), N_("Dates"), N_("Waited"), N_("Got a seat"), N_("Half waited less than, hours")]
    rows = [
        (w.title, w.dates, w.parties, w.seated, None if w.median is None else w.median / 3600)
        for w in found.waits
    ]
    return _sheet(voice, head, rows)


def _loyal(found: Numbers, voice: Voice, zone: str) -> Sheet:
    return _members(found, voice, zone, lost=False)


def _lost(found: Numbers, voice: Voice, zone: str) -> Sheet:
    return _members(found, voice, zone, lost=True)


def _members(found: Numbers, voice: Voice, zone: str, *, lost: bool) -> Sheet:
    head = [N_("Name"), N_("Times"), N_("Last time")]
    members = found.lost if lost else found.loyal
    return _sheet(voice, head, [(m.name, m.times, wall_clock(m.last_at, zone)) for m in members])


def _answers(found: Numbers, voice: Voice, zone: str) -> Sheet:
    head = [N_("Week from"), N_("Before the deadline"), N_("After it")]
    return _sheet(voice, head, [(w.week, w.early, w.late) for w in found.answers])


def _sheet(voice: Voice, head: list[str], rows: Sequence[Sequence[Cell]]) -> Sheet:
    return Sheet("", [voice.gettext(title) for title in head], rows)


SHEETS: dict[str, Callable[[Numbers, Voice, str], Sheet]] = {
    Part.ATTENDANCE: _attendance,
    Part.FILL: _fill,
    Part.WAITS: _waits,
    Part.LOYAL: _loyal,
    Part.LOST: _lost,
    Part.ANSWERS: _answers,
}
