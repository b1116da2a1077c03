"""The map of the dashboard: every route, by its noun."""

from litestar import Router
from litestar.di import Provide

from webapp.dashboard.pages import (
    bookings,
    calendar,
    cancellations,
    cards,
    check_ins,
    closures,
    decisions,
    events,
    keys,
    members,
    numbers,
    parties,
    people_files,
    polls,
    regulars,
    renewals,
    seats,
    series,
    series_tasks,
    settings,
    sign_ins,
    telegram_logins,
    unanswered,
)
from webapp.dashboard.refusal_pages import HANDLERS
from webapp.dashboard.session import guard_changes, load_visit

dashboard = Router(
    "/dashboard",
    route_handlers=[
        *(sign_ins.new, sign_ins.state, sign_ins.destroy),
        *(telegram_logins.create, telegram_logins.show, renewals.show),
        calendar.index,
        *(series.index, series.new, series.create, series.edit, series.update, series.show, series.compare),
        *(series_tasks.new, series_tasks.create, series_tasks.update),
        *(regulars.index, regulars.create, regulars.destroy),
        *(events.show, events.keep),
        *(bookings.new, bookings.create, bookings.edit, bookings.update, bookings.destroy),
        *(parties.create, parties.show, parties.update, parties.create_move),
        *(unanswered.index, unanswered.create_reminder),
        seats.update,
        *(people_files.show_csv, people_files.show_xlsx, people_files.show_ics, people_files.show_print),
        *(check_ins.index, check_ins.update),
        *(closures.show, closures.create, closures.destroy),
        *(cancellations.new, cancellations.create, cancellations.destroy),
        decisions.create,
        *(cards.create, cards.create_for_poll),
        *(polls.index, polls.new, polls.create, polls.show, polls.destroy),
        *(polls.create_date, polls.create_reminder),
        *(members.index, members.update, members.destroy),
        *(numbers.index, numbers.show),
        *(keys.index, keys.create, keys.destroy),
        *(settings.index, settings.update, settings.update_language, settings.destroy_group),
        *(settings.destroy, settings.destroy_all),
    ],
    dependencies={"visit": Provide(load_visit)},
    before_request=guard_changes,
    exception_handlers=HANDLERS,
    include_in_schema=False,
)
