"""The handlers of commands, taps and other updates, by the noun they are about."""

from collections.abc import Callable

from aiogram import Router

from bot.handlers import (
    accounts,
    announcements,
    booking_commands,
    bookings,
    calendars,
    cards,
    closures,
    conversations,
    create_event,
    events,
    fallback,
    groups,
    guests,
    inline,
    memberships,
    organising,
    own_bookings,
    parties,
    people,
    polls,
    preferences,
    privacy,
    regulars,
    series,
    sign_ins,
    topics,
)

# What was sent by way of a bot is left alone. Then come keys, so that none is taken for anything else; cards in unlinked
# groups before the buttons on cards; what nothing else wants comes last. Routers are made anew for each dispatcher, since one
# can be part of one only.
ROUTERS: tuple[Callable[[], Router], ...] = (
    inline.router,
    accounts.router,
    groups.router,
    sign_ins.router,
    cards.router,
    people.router,
    events.router,
    bookings.router,
    booking_commands.router,
    guests.router,
    own_bookings.router,
    regulars.router,
    series.router,
    calendars.router,
    polls.router,
    announcements.router,
    preferences.router,
    memberships.router,
    conversations.router,
    create_event.router,
    organising.router,
    closures.router,
    parties.router,
    privacy.router,
    topics.router,
    fallback.router,
)
