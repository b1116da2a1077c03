"""A month of the reader's instances: dots on its days, and the list of one day."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from babel.dates import format_date
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from backend import clock
from backend.accounts.queries import joined_accounts
from backend.bookings import etags
from backend.bookings.queries import lists as lists_queries
from backend.bookings.views import InstanceView
from backend.known_zones import reading_zone
from backend.people.queries import Person
from backend.rule_sentences import weekday_names
from backend.seats.state import InstanceState
from webapp.freshness import etag_of, is_fresh
from webapp.miniapp.event_screens import seen_of_instances
from webapp.miniapp.labels import local_day
from webapp.miniapp.paging import AccountQuery, url_with_query
from webapp.miniapp.responses import ScreenResponse, render_if_capacity, screen
from webapp.reader_status import ReaderStatus, reader_status
from webapp.respond import not_modified

DOTS = 3
MONTH = re.compile(r"(2[01]\d\d)-(0[1-9]|1[0-2])")
DAY = re.compile(r"2[01]\d\d-[01]\d-[0-3]\d")
BOOKED = frozenset({ReaderStatus.BOOKED, ReaderStatus.PART})
WAITING = frozenset(
    {
        ReaderStatus.OFFER,
        ReaderStatus.OFFER_EXPIRED,
        ReaderStatus.CALLED,
        ReaderStatus.WAITING,
        ReaderStatus.MOVED,
        ReaderStatus.REPLACING,
    }
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the calendar. `dots`: `y` for a booked instance, `w` for one that waits or needs an answer, ""
    for others."""

    key: str
    number: int
    inside: bool
    today: bool
    dots: tuple[str, ...]
    many: int


@get("/month")
async def show(
    person: NamedDependency[Person],
    month: FromQuery[str] = "",
    day: FromQuery[str] = "",
    account_id: AccountQuery = None,
    seen: FromQuery[str] = "",
) -> ScreenResponse:
    """The calendar of a month such as `2026-11`, from Monday to Sunday; below it the instances of `day`, by
    default today or the first day that has any."""
    zone = person.zone or await _zone_of_accounts(person)
    today = clock.now().astimezone(reading_zone(zone)).date()
    first = _first_of_month(month or day[:7], today)
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    since = datetime.combine(weeks[0][0], time(), UTC) - timedelta(days=1)
    until = datetime.combine(weeks[-1][-1], time(), UTC) + timedelta(days=2)
    etag = etag_of(await etags.between_etag(person, since, until, account_id=account_id), today, person)
    if is_fresh(seen, etag):
        return not_modified()

    async def render() -> Response[str]:
        views = await lists_queries.between(person, since, until, account_id=account_id)
        by_day: dict[str, list[InstanceView]] = {}
        for view in views:
            by_day.setdefault(local_day(view, zone), []).append(view)
        chosen = _selected_day(day, first, today, by_day)
        questions = await lists_queries.needs_answer(person)

        def month_url(of: date) -> str:
            return url_with_query("/app/month", month=of.isoformat()[:7], club=account_id)

        return screen(
            "months/show.html",
            person,
            questions=questions,
            account_id=account_id,
            title=format_date(first, "LLLL yyyy", locale=person.voice.locale).capitalize(),
            weekdays=weekday_names(person.voice, "short"),
            weeks=[[_cell(on, first, today, by_day) for on in week] for week in weeks],
            chosen=chosen,
            of_day=by_day.get(chosen, []),
            day_title=format_date(date.fromisoformat(chosen), "full", locale=person.voice.locale)
            if chosen
            else "",
            before=month_url(first - timedelta(days=1)),
            after=month_url(first + timedelta(days=31)),
            address=url_with_query(
                "/app/month", month=first.isoformat()[:7], day=chosen or None, club=account_id
            ),
            seen=seen_of_instances(etag, person, [*views, *questions]),
        )

    return await render_if_capacity(seen, render())


async def _zone_of_accounts(person: Person) -> str:
    my_accounts = await joined_accounts(person)
    return my_accounts[0].zone if my_accounts else "UTC"


def _first_of_month(named: str, today: date) -> date:
    match = MONTH.fullmatch(named)
    return date(int(match[1]), int(match[2]), 1) if match else today.replace(day=1)


def _selected_day(day: str, first: date, today: date, by_day: dict[str, list[InstanceView]]) -> str:
    month = first.isoformat()[:7]
    if DAY.fullmatch(day) and day in by_day:
        return day
    if today.isoformat() in by_day and today.isoformat()[:7] == month:
        return today.isoformat()
    ahead = sorted(on for on in by_day if on[:7] == month)
    to_come = [on for on in ahead if on >= today.isoformat()]
    return (to_come or ahead or [""])[0]


def _cell(on: date, first: date, today: date, by_day: dict[str, list[InstanceView]]) -> Cell:
    of_day = by_day.get(on.isoformat(), [])
    all_dots = [_dot(view) for view in of_day if view.state != InstanceState.CANCELLED]
    dots = sorted(all_dots, key=["y", "w", ""].index)[:DOTS]
    return Cell(on.isoformat(), on.day, on.month == first.month, on == today, tuple(dots), len(of_day))


def _dot(view: InstanceView) -> str:
    status = reader_status(view)
    if status in BOOKED or (status is ReaderStatus.ENDED and view.mine and view.mine.seats):
        return "y"
    return "w" if status in WAITING else ""
