"""The regulars of a series: who has a standing seat, who gets one, who has none any more (`B11`)."""

from contextlib import suppress
from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.queries import find_member, members
from backend.accounts.rules import Permission
from backend.bookings.standing_seats import end_regular, make_regular, standing_seats_of_series
from backend.errors import NotFound
from backend.i18n import N_, Words
from webapp.dashboard.access import find_series
from webapp.dashboard.people_lists import search_text
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import series_path
from webapp.dashboard.what_if import what_if
from webapp.forms import read_form
from webapp.notices import Undo
from webapp.respond import AnyRequest

FOUND_MAX = 20  # members that a search shows


@dataclass(frozen=True, slots=True)
class RegularForm:
    """The member."""

    membership: str = ""

    @property
    def membership_id(self) -> int:
        """0, which nobody has, for anything that is no id."""
        digits = self.membership[:18]
        return int(digits) if digits.isascii() and digits.isdigit() else 0


@get("/series/{series_id:int}/regulars")
async def index(
    request: AnyRequest, series_id: FromPath[int], visit: NamedDependency[Visit]
) -> Response[str]:
    """Who has a standing seat; with `?q=` the members by that name, with `?membership=` what it would do to make one of
    them a regular."""
    visit, view = await find_series(visit, series_id)
    visit = await visit.authorize(Permission.MANAGE_BOOKINGS, view.account_id)
    seats = await standing_seats_of_series(view.id)
    words = search_text(request, "q")
    asked = RegularForm(request.query_params.get("membership", "")).membership_id
    chosen = await find_member(visit.account, asked) if asked else None
    found = (
        (await members(visit.account, words=words, limit=FOUND_MAX, language=visit.person.language)).entries
        if words
        else []
    )
    shown = None
    if chosen:

        async def act() -> None:
            await make_regular(visit.person, view.account_id, view.id, asked)

        shown = await what_if(visit, act, view.id)
    return render_page(
        request,
        visit,
        "series/regulars.html",
        view=view,
        seats=seats,
        query=words,
        found=found,
        chosen=chosen,
        regular_ids={seat.membership_id for seat in seats},
        what_if=shown,
    )


@post("/series/{series_id:int}/regulars", status_code=303)
async def create(request: AnyRequest, series_id: FromPath[int], visit: NamedDependency[Visit]) -> Redirect:
    """Give a member a standing seat, and a seat or a place in line on each date to come."""
    visit, view = await find_series(visit, series_id)
    form = await read_form(request, RegularForm)
    path = f"{series_path(view.id)}/regulars"
    if not form.membership_id:
        return redirect(request, visit.url(path), notice_of(visit, Words(N_("Choose a member first.")), "no"))
    seated = await make_regular(visit.person, view.account_id, view.id, form.membership_id)
    words = Words(
        N_("A regular from now on, and on the list of %(n)s date."),
        {},
        N_("A regular from now on, and on the list of %(n)s dates."),
        seated,
    )
    undo = Undo(f"{path}/{form.membership_id}/removal", visit.voice.gettext(N_("End it again")))
    return redirect(request, visit.url(path), notice_of(visit, words, "yes", undo))


@post("/series/{series_id:int}/regulars/{membership_id:int}/removal", status_code=303)
async def destroy(
    request: AnyRequest, series_id: FromPath[int], membership_id: FromPath[int], visit: NamedDependency[Visit]
) -> Redirect:
    """Take the standing seat back; what is booked stays. Where somebody was faster, it is gone already."""
    visit, view = await find_series(visit, series_id)
    with suppress(NotFound):
        await end_regular(visit.person, view.account_id, view.id, membership_id)
    path = f"{series_path(view.id)}/regulars"
    words = Words(N_("No longer a regular. Seats that are booked already stay."))
    undo = Undo(path, visit.voice.gettext(N_("Undo")), {"membership": str(membership_id)})
    return redirect(request, visit.url(path), notice_of(visit, words, undo=undo))
