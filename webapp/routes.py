"""The map of the site: every route, by the site it belongs to."""

from litestar import Router, get
from litestar.di import Provide
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from backend.errors import Refusal
from webapp import assets, calendar_feeds, calendar_files, exports
from webapp.dashboard.routes import dashboard
from webapp.miniapp.pages import (
    attendance,
    bookings,
    cancellations,
    check_ins,
    closures,
    clubs,
    erasures,
    events,
    me,
    months,
    moves,
    organising,
    polls,
    regulars,
    series,
    sessions,
    shares,
)
from webapp.miniapp.pages import calendar_feeds as my_calendar
from webapp.miniapp.pages import calendars as calendars_by_chat
from webapp.miniapp.pages import exports as my_data
from webapp.miniapp.paging import list_filters
from webapp.miniapp.screens import refused_here
from webapp.miniapp.session import organiser_of_session, person_of_session
from webapp.public.pages import events as public_events


@get("/", include_in_schema=False)
async def front() -> Redirect:
    """Who comes to the bare address is most likely an organiser in a browser."""
    return Redirect("/dashboard", status_code=303)


def miniapp() -> Router:
    """What members see inside Telegram. Every address is the public shell for a browser that loads it as a document."""
    return Router(
        "/app",
        route_handlers=[
            sessions.show,
            sessions.create,
            events.index,
            events.show,
            events.people,
            months.show,
            bookings.create,
            bookings.update,
            bookings.destroy,
            bookings.stop_waiting,
            bookings.undo_leave,
            bookings.answer,
            bookings.take_free,
            bookings.accept_offer,
            bookings.decline_offer,
            bookings.look_for_replacement,
            bookings.keep_seat,
            bookings.stay,
            bookings.index,
            check_ins.show,
            regulars.destroy,
            shares.of_event,
            shares.of_poll,
            polls.index,
            polls.show,
            polls.update,
            me.show,
            me.update,
            me.remind,
            me.choose_kinds,
            me.allow,
            clubs.index,
            clubs.show,
            clubs.destroy,
            calendars_by_chat.create,
            my_calendar.show,
            my_calendar.create,
            my_calendar.update,
            my_calendar.destroy,
            my_data.show,
            erasures.show,
            erasures.create,
            # What organisers and helpers do: with `organiser` in place of `person`.
            organising.show,
            organising.update,
            organising.announce,
            attendance.index,
            attendance.new,
            attendance.create,
            attendance.show,
            attendance.seat,
            attendance.update,
            attendance.destroy,
            check_ins.index,
            check_ins.create,
            check_ins.update,
            check_ins.destroy,
            closures.show,
            closures.create,
            closures.destroy,
            cancellations.show,
            cancellations.create,
            cancellations.destroy,
            moves.show,
            moves.create,
            series.new,
            series.create,
        ],
        dependencies={
            "person": Provide(person_of_session),
            "organiser": Provide(organiser_of_session),
            "filters": Provide(list_filters, sync_to_thread=False),
        },
        before_request=sessions.shell_for_documents,
        exception_handlers={Refusal: refused_here},
    )


def routes() -> list[ControllerRouterHandler]:
    """Every handler there is; `emerald.web` adds the bot's webhook."""
    return [
        front,
        assets.show,
        calendar_files.show,
        calendar_feeds.show,
        exports.show,
        public_events.show,
        miniapp(),
        dashboard,
    ]
