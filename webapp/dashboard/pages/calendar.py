"""The club's instances with their seats and waitlists, by week or month or as a list; above them what needs an
organiser."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from backend import clock
from backend.bookings.organiser_etags import calendar_etag
from backend.bookings.queries.lists import account_instances, account_past
from backend.bookings.views import InstanceView
from backend.events.queries import all_series, series_names
from backend.groups.queries import LinkedGroup, groups
from backend.known_zones import reading_zone
from backend.people.browser_sessions import record_session_use
from backend.rule_sentences import weekday_names
from backend.seats.state import InstanceState
from webapp.dashboard.people_lists import read_id
from webapp.dashboard.responses import etag_for, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.todo import load_todo
from webapp.dashboard.weeks import Week, days, local_date, local_days, month_named, week_named, week_of
from webapp.freshness import is_fresh, seen_token
from webapp.respond import AnyRequest, not_modified

LIST_PAGE = 50
PAST_PAGE = 25
MONTH_MAX = 500  # dates of a month


@dataclass(frozen=True, slots=True)
class Filters:
    """Of which series or group the dates are; they stand in the address of every view."""

    series: int | None = None
    group: int | None = None

    @property
    def query(self) -> dict[str, int]:
        """The same as parameters of an address."""
        named = {"series": self.series, "group": self.group}
        return {name: id for name, id in named.items() if id is not None}


def _filters(request: AnyRequest) -> Filters:
    """What the address asks for; anything that is no id asks for everything."""
    return Filters(*(read_id(request.query_params.get(name, "")) for name in ("series", "group")))


@get("/")
async def index(
    request: AnyRequest, visit: NamedDependency[Visit], seen: FromQuery[str] = ""
) -> Response[str] | Response[None]:
    """`?week=2026-W48` names a week, `?view=month&month=2026-11` a month, `?view=list` the list, whose next page begins
    `?after=` an instant, and whose past goes back from `?before=` one; `?series=` and `?group=` leave out all others."""
    filters = _filters(request)
    view = request.query_params.get("view")
    if view == "list" and "before" in request.query_params:
        return await _past(request, visit, filters)
    if view == "list":
        return await _list(request, visit, seen, filters)
    if view == "month":
        return await _month(request, visit, seen, filters)
    zone = visit.zone
    week = week_named(request.query_params.get("week", ""), zone)
    since, until = week.reach
    etag = etag_for(visit, await calendar_etag(visit.account.id, since, until, running=True))
    if is_fresh(seen, etag):
        return not_modified()
    await record_session_use(visit.token)
    near = await account_instances(
        *(visit.account.id, visit.person),
        since=since,
        until=until,
        running=True,
        series_id=filters.series,
        group_id=filters.group,
    )
    views = [
        view for view in near if any(week.monday <= day <= week.sunday for day in local_days(view, zone))
    ]
    return render_page(
        request,
        visit,
        "calendar/week.html",
        seen=seen_token(etag, visit.person, [], {zone}),
        week=week,
        this_week=week_named("", zone),
        days=days(
            visit.voice,
            [week.monday + timedelta(days=n) for n in range(7)],
            views,
            zone,
        ),
        booked=sum(view.booked for view in views if view.state != InstanceState.CANCELLED),
        events=sum(view.state != InstanceState.CANCELLED for view in views),
        **await _beside(visit, filters),
        **await _next_step(visit, week, views, filters),
    )


async def _beside(visit: Visit, filters: Filters) -> dict[str, Any]:
    """What stands beside the dates of every view that looks ahead: what needs a hand, and the choices."""
    linked = await groups(visit.account.id)
    return {"todo": await load_todo(visit, linked), **await _choices(visit, filters, linked)}


async def _choices(visit: Visit, filters: Filters, linked: Sequence[LinkedGroup]) -> dict[str, Any]:
    """What can be chosen to see only some of the dates: the names of series and groups."""
    return {
        "filters": filters,
        "series_choices": await series_names(visit.account.id),
        "group_choices": [(group.id, group.title) for group in linked],
    }


async def _month(
    request: AnyRequest, visit: Visit, seen: str, filters: Filters
) -> Response[str] | Response[None]:
    zone = visit.zone
    month = month_named(request.query_params.get("month", ""), zone)
    since, until = month.reach
    etag = etag_for(visit, await calendar_etag(visit.account.id, since, until, limit=MONTH_MAX, running=True))
    if is_fresh(seen, etag):
        return not_modified()
    views = await account_instances(
        *(visit.account.id, visit.person),
        since=since,
        until=until,
        limit=MONTH_MAX,
        running=True,
        series_id=filters.series,
        group_id=filters.group,
    )
    return render_page(
        request,
        visit,
        "calendar/month.html",
        seen=seen_token(etag, visit.person, [], {zone}),
        month=month,
        this_month=month_named("", zone),
        days=days(visit.voice, month.days, views, zone),
        weekdays=weekday_names(visit.voice, "abbreviated"),
        **await _beside(visit, filters),
    )


async def _next_step(visit: Visit, week: Week, views: list[InstanceView], filters: Filters) -> dict[str, Any]:
    """For an empty week: the next instance there is, or whether there is any series at all."""
    if views:
        return {"next_date": None, "no_series": False}
    zone = visit.zone
    later = await account_instances(
        *(visit.account.id, visit.person),
        since=week.reach[1],
        limit=1,
        series_id=filters.series,
        group_id=filters.group,
    )
    return {
        "next_date": later[0] if later else None,
        "next_week": week_of(later[0], zone) if later else None,
        "no_series": not later and not await all_series(visit.account.id),
    }


async def _list(
    request: AnyRequest, visit: Visit, seen: str, filters: Filters
) -> Response[str] | Response[None]:
    zone = visit.zone
    after = _instant(request.query_params.get("after", ""))
    is_first = after is None
    since = after or clock.now()
    found_etag = await calendar_etag(visit.account.id, since, limit=LIST_PAGE + 1, running=is_first)
    etag = etag_for(visit, found_etag)
    if is_fresh(seen, etag):
        return not_modified()
    found = await account_instances(
        *(visit.account.id, visit.person),
        since=since,
        limit=LIST_PAGE + 1,
        running=is_first,
        series_id=filters.series,
        group_id=filters.group,
    )
    more = found[LIST_PAGE].starts_at if len(found) > LIST_PAGE else None
    views = [view for view in found[:LIST_PAGE] if view.ends_at > clock.now()]
    return render_page(
        request,
        visit,
        "calendar/list.html",
        seen=seen_token(etag, visit.person, [view.ends_at for view in views], {zone}),
        days=days(visit.voice, _days_to_come(views, zone), views, zone),
        more=more.isoformat() if more else "",
        no_series=not views and not await all_series(visit.account.id),
        **await _beside(visit, filters),
    )


async def _past(request: AnyRequest, visit: Visit, filters: Filters) -> Response[str]:
    """The dates that are over, the newest first; what is over changes no more, so the page does not follow."""
    zone = visit.zone
    at = _instant(request.query_params.get("before", "")) or clock.now()
    found = await account_past(
        *(visit.account.id, visit.person),
        before=(at, read_id(request.query_params.get("id", "")) or 0),
        limit=PAST_PAGE + 1,
        series_id=filters.series,
        group_id=filters.group,
    )
    views = found[:PAST_PAGE]
    on = sorted({local_date(view, zone) for view in views}, reverse=True)
    return render_page(
        request,
        visit,
        "calendar/past.html",
        days=days(visit.voice, on, views[::-1], zone),
        more=views[-1] if len(found) > PAST_PAGE else None,
        **await _choices(visit, filters, await groups(visit.account.id)),
    )


def _days_to_come(views: list[InstanceView], zone: str) -> list[date]:
    """The days of the zone on which these instances take place, in order; those that are over are left out."""
    today = clock.now().astimezone(reading_zone(zone)).date()
    return sorted(
        {
            day
            for view in views
            for day in local_days(view, zone)
            if day >= today or day == local_days(view, zone)[-1]
        }
    )


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None and 2000 <= at.year < 2200 else None
