"""The club's dates with their seats and lines, by week or as a list; over them what needs an organiser."""

from datetime import datetime, timedelta
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from backend import clock
from backend.bookings.queries.lists import club_instances
from backend.bookings.views import InstanceView
from backend.events.queries import all_series
from backend.people.browser_sessions import record_session_use
from backend.seats.state import InstanceState
from webapp.dashboard.responses import render_page, unless_seen
from webapp.dashboard.session import Visit
from webapp.dashboard.todo import load_todo
from webapp.dashboard.weeks import Week, days, local_date, week_named
from webapp.respond import AnyRequest

LIST_PAGE = 50


@get("/")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """`?week=2026-W48` names a week, `?view=list` the list, whose next page begins `?after=` an instant."""
    if request.query_params.get("view") == "list":
        return await _list(request, visit)
    week = week_named(request.query_params.get("week", ""), visit.club.zone)
    since, until = week.reach
    near = await club_instances(visit.club.id, visit.person, since=since, until=until)
    views = [view for view in near if week.monday <= local_date(view) <= week.sunday]
    needs = await load_todo(visit)
    unchanged, mark = unless_seen(request, views, needs, visit.club, clock.now().date())
    if unchanged:
        return unchanged
    await record_session_use(visit.token)
    return render_page(
        request,
        visit,
        "calendar/week.html",
        mark=mark,
        week=week,
        this_week=week_named("", visit.club.zone),
        days=days(
            visit.voice,
            [week.monday + timedelta(days=n) for n in range(7)],
            views,
            visit.club.zone,
        ),
        booked=sum(view.booked for view in views if view.state != InstanceState.CANCELLED),
        events=sum(view.state != InstanceState.CANCELLED for view in views),
        todo=needs,
        **await _way_on(visit, week, views),
    )


async def _way_on(visit: Visit, week: Week, views: list[InstanceView]) -> dict[str, Any]:
    """For a week without dates: the next date there is, or whether there is any series at all."""
    if views:
        return {"next_date": None, "no_series": False}
    later = await club_instances(visit.club.id, visit.person, since=week.reach[1], limit=1)
    return {
        "next_date": later[0] if later else None,
        "next_week": week_named_of(later[0]) if later else None,
        "no_series": not later and not await all_series(visit.club.id),
    }


def week_named_of(view: InstanceView) -> Week:
    """The week a date is in."""
    day = local_date(view)
    return Week(day - timedelta(days=day.weekday()))


async def _list(request: AnyRequest, visit: Visit) -> Response[str]:
    since = _instant(request.query_params.get("after", "")) or clock.now() - timedelta(hours=12)
    views = await club_instances(visit.club.id, visit.person, since=since, limit=LIST_PAGE + 1)
    more = views[LIST_PAGE].starts_at if len(views) > LIST_PAGE else None
    views = [view for view in views[:LIST_PAGE] if view.ends_at > clock.now()]
    needs = await load_todo(visit)
    unchanged, mark = unless_seen(request, views, needs, visit.club, clock.now().date())
    if unchanged:
        return unchanged
    on = sorted({local_date(view) for view in views})
    return render_page(
        request,
        visit,
        "calendar/list.html",
        mark=mark,
        days=days(visit.voice, on, views, visit.club.zone),
        more=more.isoformat() if more else "",
        todo=needs,
        no_series=not views and not await all_series(visit.club.id),
    )


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None and 2000 <= at.year < 2200 else None
