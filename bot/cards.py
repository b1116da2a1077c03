"""Renders cards, for groups and for private chats (`C3`, `C4`)."""

from dataclasses import dataclass, replace
from datetime import datetime

from backend import clock
from backend.bookings.queries.event import instance_for_card
from backend.bookings.queries.people import People, attendees
from backend.bookings.views import InstanceView
from backend.cards.rules import NEVER, NEXT_INSTANCE_REFRESH, next_check, shows_next_instance
from backend.i18n import Voice
from backend.polls.queries import poll_for_card
from backend.polls.rules import PollKind
from backend.polls.views import OptionView, PollView
from backend.sharing.rules import for_any_reader
from bot.keyboards.buttons import MAX_LABEL_LENGTH
from bot.keyboards.events import make_event_rows
from bot.keyboards.links import make_event_link
from bot.keyboards.polls import has_numbered_options, make_poll_rows
from bot.rendering import RenderedMessage, render, shorten

NOBODY = People([], 0)
MAX_PARTIES = 8  # named on a card; of more parties one fewer is named, then the number of further people
_BAR_CELLS = 8  # of an option's bar


@dataclass(frozen=True, slots=True)
class RenderedCard:
    """A card as it looks now, and the time at which it changes though nobody acts."""

    message: RenderedMessage
    check_at: datetime


async def render_card(*, instance_id: int | None, poll_id: int | None) -> RenderedCard | None:
    """The card of an instance or of a poll, in its club's language; None when it does not exist any more."""
    if instance_id is not None:
        views = await instance_for_card(instance_id)
        if views is None:
            return None
        view, following = views
        message = render_event_card(
            view,
            following,
            People(await attendees(instance_id, limit=MAX_PARTIES), view.booked),
            Voice(view.account_language, view.account_zone),
            private=False,
        )
        return RenderedCard(message, _next_check_at(view))
    poll = await poll_for_card(poll_id or 0)
    if poll is None:
        return None
    message = render_poll_card(poll, Voice(poll.account_language, poll.zone), private=False)
    # After a poll about dates has closed, its instance may still be created (P4).
    is_final = not poll.open and (poll.kind != PollKind.DATES or poll.event_option is not None)
    return RenderedCard(message, NEVER if is_final else next_check([poll.closes_at], clock.now()))


async def render_shared_card(*, instance_id: int | None, poll_id: int | None) -> RenderedCard | None:
    """The card for a chat of which nothing is known (`C9`), in its club's language; None when what it shows is gone."""
    if instance_id is None:
        return await render_card(instance_id=None, poll_id=poll_id)  # it names nobody anyhow
    views = await instance_for_card(instance_id)
    if views is None:
        return None
    view, following = views
    voice = Voice(view.account_language, view.account_zone)
    message = render_event_card(for_any_reader(view), following, NOBODY, voice, private=False)
    return RenderedCard(message, _next_check_at(view))


def render_event_card(
    view: InstanceView,
    following: InstanceView | None,
    people: People,
    voice: Voice,
    *,
    private: bool,
    regular: bool = False,
) -> RenderedMessage:
    """An instance: title, time and place, seats, attendees, length of the waitlist, and state.

    `following` is the next instance of its series; `regular` says that the reader has a standing seat.
    """
    if not shows_next_instance(view.ends_at, clock.now()):
        following = None
    shown = people.comers[: MAX_PARTIES - 1] if people.more else people.comers
    seated = sum(comer.seats for comer in shown)
    return render(
        "event_card.html",
        voice,
        make_event_rows(view, following, voice, private=private, regular=regular),
        view=view,
        following=following,
        names=[_party_name(c.short_name, c.seats) for c in shown],
        more=view.booked - seated,
        link=make_event_link(view.code),
        private=private,
        was=_previous_time(view, voice),
    )


def _previous_time(view: InstanceView, voice: Voice) -> str:
    """The start before the reschedule (`S6`), without the day if that is the same, or ""."""
    before = view.moved_from
    if before is None or before == view.starts_at:
        return ""
    date, hour = voice.date(before, view.zone), voice.bare_hour(before, view.zone)
    return hour if date == voice.date(view.starts_at, view.zone) else f"{date}, {hour}"


def render_poll_card(view: PollView, voice: Voice, *, private: bool) -> RenderedMessage:
    """A poll: question, rules, options with bars when results are visible, and the number of voters.

    Many options are numbered and have no bars, so that all of them fit (`C4`).
    """
    unzoned = replace(voice, zone=None)  # one sentence names the zone of all dates
    texts = {option.id: option.name(unzoned, view.zone) for option in view.options}
    if has_numbered_options(view):
        texts = {option: shorten(text, MAX_LABEL_LENGTH) for option, text in texts.items()}
    return render(
        "poll_card.html",
        voice,
        make_poll_rows(view, voice, private=private),
        view=view,
        texts=texts,
        many=has_numbered_options(view),
        city=voice.city(view.zone),
        elsewhere={o.id: o.elsewhere(voice, view.zone) for o in view.options} if private else {},
        bars={option.id: _vote_bar(option, view.voters) for option in view.options},
    )


def _party_name(name: str, seats: int) -> str:
    return f"{name} +{seats - 1}" if seats > 1 else name


def _vote_bar(option: OptionView, voters: int) -> str:
    """The share of the voters that chose it, in cells; a single vote always fills one."""
    full = (
        min(_BAR_CELLS, max(1, round(_BAR_CELLS * option.votes / voters))) if option.votes and voters else 0
    )
    return "▰" * full + "▱" * (_BAR_CELLS - full)


def _next_check_at(view: InstanceView) -> datetime:
    """The next time at which the card's text or buttons change without anyone acting."""
    now = clock.now()
    windows = view.windows
    if view.phase in ("ended", "cancelled"):
        return now + NEXT_INSTANCE_REFRESH if shows_next_instance(view.ends_at, now) else NEVER
    moments = [windows.opens_at, windows.closes_at, windows.cancel_until, view.ends_at]
    if view.promotion is not None:
        moments += [view.promotion.offers_from, view.promotion.first_tap_from]
    return next_check([*moments, view.claim_until, view.decides_at], now)
