"""What inline mode offers: `@bot yoga` in any chat, answered for one person with what they may see (`C9`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiogram.types import (
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
)

from backend.bookings.queries.lists import upcoming
from backend.bookings.views import InstanceView
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.polls.queries import polls_of
from backend.polls.views import PollView
from backend.search import search_words
from backend.sharing.rules import for_any_reader
from bot.free_text import all_words_like, telling_words
from bot.keyboards.events import make_event_button
from bot.keyboards.polls import make_poll_button
from bot.rendering import RenderedMessage, render, shorten

PAGE = 20  # results in an answer; Telegram takes fifty
EVENTS_MAX = 200  # in all pages
POLLS_MAX = 60
OPTIONS_SHOWN = 12  # of a poll, before the message is a card
EVENT_PREFIX, POLL_PREFIX = "e_", "p_"  # of results' ids, before the code
TITLE_MAX, ABOUT_MAX = 100, 200
# For how long Telegram may answer the same query of the same person by itself, in seconds. A result has no counts that
# could be outdated.
CACHED, CACHED_FOR_STRANGERS = 20, 2


@dataclass(frozen=True, slots=True)
class Offered:
    """A page of results; `next_offset` is "" on the last."""

    results: list[InlineQueryResultArticle]
    next_offset: str


async def find_offered(person: Person, voice: Voice, text: str, offset: str) -> Offered:
    """The page of dates to come, then of open polls, that these words are about; all of them without words. Of the dates,
    those that are about them by the name of their club alone come last."""
    first = int(offset) if offset.isascii() and offset.isdecimal() and len(offset) < 4 else 0
    last = first + PAGE
    dates = await upcoming(person, words=text, limit=min(last + 1, EVENTS_MAX), best_first=True)
    found: list[InstanceView | PollView] = [
        view for view in dates if view.phase not in ("cancelled", "ended")
    ]
    if len(dates) <= last:
        found += _about(text, await polls_of(person, limit=POLLS_MAX))
    results = [_offer(view, voice) for view in found[first:last]]
    return Offered(results, str(last) if len(found) > last else "")


def _about(text: str, polls: Sequence[PollView]) -> list[PollView]:
    words = telling_words(search_words(text))
    return [view for view in polls if all_words_like(words, view.question)]


def _offer(view: InstanceView | PollView, voice: Voice) -> InlineQueryResultArticle:
    """A result: its title and line are for the person who chooses, its message for whoever will read the chat."""
    if isinstance(view, InstanceView):
        start, title = f"{EVENT_PREFIX}{view.code}", f"{view.emoji} {view.title}".strip()
        reading = voice.or_zone(view.account_zone)
        about = f"{reading.span(view.starts_at, view.ends_at, view.zone)} · {view.account_name}"
        message = render_sent_event(view)
    else:
        start, title = f"{POLL_PREFIX}{view.code}", f"📊 {view.question}"
        about, message = view.account_name, render_sent_poll(view)
    return InlineQueryResultArticle(
        id=start,
        title=shorten(title, TITLE_MAX),
        description=shorten(about, ABOUT_MAX),
        input_message_content=InputTextMessageContent(message_text=message.text),
        reply_markup=InlineKeyboardMarkup(inline_keyboard=message.rows),
    )


def render_sent_event(view: InstanceView) -> RenderedMessage:
    """What is sent when a date is chosen: without numbers and without a button that acts, because it stays like this where
    Telegram does not say that it was sent. Once it does, the message is edited to a card."""
    voice = Voice(view.account_language, view.account_zone)
    rows = [[make_event_button(view, voice, private=False)]]
    return render("sent_event.html", voice, rows, view=for_any_reader(view))


def render_sent_poll(view: PollView) -> RenderedMessage:
    """The same for a poll: its question and its options."""
    voice = Voice(view.account_language, view.zone)
    rows = [[make_poll_button(view, voice, private=False)]]
    texts = [option.name(voice, view.zone) for option in view.options[:OPTIONS_SHOWN]]
    return render("sent_poll.html", voice, rows, view=view, texts=texts)


def make_start_button(voice: Voice, *, is_known: bool) -> InlineQueryResultsButton:
    """Leads to the private chat, where there is nothing to offer: to all events of whoever is known, else to Start."""
    if is_known:
        label = voice.gettext(N_("Nothing found. See all events"))
        return InlineQueryResultsButton(text=label, start_parameter="events")
    label = voice.gettext(N_("Start the bot to share events"))
    return InlineQueryResultsButton(text=label, start_parameter="inline")
