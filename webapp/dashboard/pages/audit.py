"""Who did what in the club, newest first, by person, act and period."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency

from backend.accounts.rules import Permission
from backend.reports.acts import ACTS
from backend.reports.audit import AuditFilter, acting_people, audit_lines
from backend.zones import resolve_local
from webapp.dashboard.people_lists import read_id
from webapp.dashboard.responses import render_page
from webapp.dashboard.session import Visit
from webapp.forms import read_query
from webapp.respond import AnyRequest

ENTRIES = 30  # on a page


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """The id of a person, a verb, and the first and last day; "" is all."""

    who: str = ""
    act: str = ""
    since: str = ""
    until: str = ""

    @property
    def address(self) -> str:
        """The query of the page's address without its page; "" for all."""
        named = {"who": self.who, "act": self.act, "since": self.since, "until": self.until}
        return urlencode({name: value for name, value in named.items() if value})


@get("/audit")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """A page of entries; what the address names wrongly counts as not said."""
    visit = await visit.authorize(Permission.MANAGE_MEMBERS)
    query, zone = read_query(request, AuditQuery), visit.account.zone
    last_day = _day(query.until, zone)
    wanted = AuditFilter(
        read_id(query.who),
        query.act if query.act in ACTS else "",
        _day(query.since, zone),
        last_day + timedelta(days=1) if last_day else None,
    )
    after = read_id(request.query_params.get("after", ""))
    lines, following = await audit_lines(visit.person, visit.account.id, wanted, after=after, limit=ENTRIES)
    return render_page(
        request,
        visit,
        "audit/index.html",
        query=query,
        lines=lines,
        following=following,
        after=after,
        acts=sorted((visit.voice.gettext(words), verb) for verb, words in ACTS.items()),
        act_of={verb: visit.voice.gettext(words) for verb, words in ACTS.items()},
        people=await acting_people(visit.account.id),
    )


def _day(text: str, zone: str) -> datetime | None:
    """The beginning of a day like 2026-12-01."""
    try:
        return resolve_local(datetime.strptime(text, "%Y-%m-%d"), zone) if text else None  # noqa: DTZ007 — a wall clock
    except (ValueError, OverflowError):
        return None
