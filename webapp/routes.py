"""Every route, by the site it belongs to."""

from litestar import Router, get
from litestar.di import Provide
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from backend.errors import Refusal
from webapp import assets, export_files, ical_feeds, ical_files
from webapp.dashboard.routes import dashboard
from webapp.miniapp.authentication import load_organiser, load_person
from webapp.miniapp.pages import (
    accounts,
    attendance,
    bookings,
    cancellations,
    check_ins,
    closures,
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
    sign_ins,
)
from webapp.miniapp.pages import calendar_feeds as my_calendar
from webapp.miniapp.pages import calendars as calendars_by_chat
from webapp.miniapp.pages import exports as my_data
from webapp.miniapp.paging import list_filters
from webapp.miniapp.responses import refusal_screen
from webapp.public.pages import events as public_events


@get("/", include_in_schema=False)
async def index() -> Redirect:
    """Redirect to the dashboard: mostly organisers open the bare address in a browser."""
    return Redirect("/dashboard", status_code=303)


def miniapp() -> Router:
    """The Mini App. A browser that loads any of its addresses as a document gets the public shell."""
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
            shares.create_for_event,
            shares.create_for_poll,
            polls.index,
            polls.show,
            polls.update,
            me.show,
            me.update,
            me.update_reminders,
            me.update_message_kinds,
            me.allow_writing,
            me.sign_out_everywhere,
            accounts.index,
            accounts.show,
            accounts.destroy,
            calendars_by_chat.create,
            my_calendar.show,
            my_calendar.create,
            my_calendar.update,
            my_calendar.destroy,
            my_data.show,
            erasures.show,
            erasures.create,
            # For organisers and helpers: these handlers take `organiser` instead of `person`.
            organising.show,
            organising.update,
            organising.announce,
            organising.keep,
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
            sign_ins.create,
        ],
        dependencies={
            "person": Provide(load_person),
            "organiser": Provide(load_organiser),
            "filters": Provide(list_filters, sync_to_thread=False),
        },
        before_request=sessions.shell_for_documents,
        exception_handlers={Refusal: refusal_screen},
    )


def routes() -> list[ControllerRouterHandler]:
    """Every handler of the web app; `emerald.web` adds the bot's webhook."""
    return [
        index,
        assets.show,
        ical_files.show,
        ical_feeds.show,
        export_files.show,
        public_events.show,
        miniapp(),
        dashboard,
    ]
