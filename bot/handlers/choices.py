"""Which event a command is about, and the question when that is not clear."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiogram.filters.callback_data import CallbackData
from aiogram.types import Message

from backend.bookings.views import InstanceView
from backend.groups.queries import LinkedGroup
from backend.groups.shown_lists import NumberedList
from backend.i18n import Voice
from backend.people.queries import Person
from bot.delivery.client import reply, try_to_send
from bot.free_text import Found, Typed, find_meant, telling_words
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.buttons import MAX_LABEL_LENGTH, make_callback_button
from bot.keyboards.links import make_home_button
from bot.lists import MAX_ITEMS, is_selection, list_voice, select
from bot.rendering import RenderedMessage, render, shorten

MakeCallback = Callable[[InstanceView], CallbackData]


@dataclass(frozen=True, slots=True)
class Choice:
    """The code of the event that is meant, with the numbers behind its number in a list; or None, and the `candidates` that
    the words `typed` may mean: all, with `is_unknown`, where no word fits any."""

    code: str | None
    numbers: tuple[int, ...] = ()
    candidates: tuple[InstanceView, ...] = ()
    typed: str = ""
    is_unknown: bool = False


async def choose(
    name: NumberedList | None,
    typed: Typed,
    listed: Callable[[], Awaitable[Sequence[InstanceView]]],
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
    *,
    nearest: bool = False,
) -> Choice:
    """What was typed after a command means, by a number of the list of this `name` (None: of those `listed`), by a code, or
    by words about the events that are `listed`; for `nearest` see `find_meant`. Raises `Invalid`."""
    if is_selection(typed.words):
        selection = await select(name, " ".join(typed.words), listed, person, group)
        assert selection is not None
        return Choice(selection.code, selection.numbers)
    found = find_meant(typed.words, await listed(), voice, nearest=nearest)
    if found.meant is not None:
        return Choice(found.meant.code)
    return choice_among(found, typed)


def choice_among(found: Found, typed: Typed) -> Choice:
    """What is to be asked where the words name no one event."""
    words = " ".join(telling_words(typed.words))
    return Choice(None, candidates=found.candidates, typed=words, is_unknown=found.is_unknown)


async def choose_organised(
    name: NumberedList | None, typed: Typed, views: Sequence[InstanceView], person: Person, voice: Voice
) -> Choice:
    """The same of an organiser's dates, which are loaded already: words mean the nearest. Raises `Invalid`."""

    async def listed() -> Sequence[InstanceView]:
        return views

    return await choose(name, typed, listed, person, voice, None, nearest=True)


async def ask_which(
    message: Message,
    choice: Choice,
    make_callback: MakeCallback,
    person: Person,
    voice: Voice,
    *,
    payload: str,
) -> None:
    """Ask which event is meant, with a button for each candidate: in a group by a private message, where the answer is the
    person's alone (`M7`). `payload` is that of `/start`, for whom the bot cannot write to."""
    if message.chat.type == "private":
        await reply(message, render_which(choice, make_callback, voice))
        return
    if person.reachable and message.bot is not None:
        question = render_which(choice, make_callback, person.voice)
        await try_to_send(message.bot, person.telegram_id, question)
    await redirect_from_group(message, voice, payload)


def render_which(choice: Choice, make_callback: MakeCallback, voice: Voice) -> RenderedMessage:
    """The question which event is meant; with nothing to choose from, what to do about that."""
    views = choice.candidates[:MAX_ITEMS]
    voice = list_voice(voice, views)
    rows = [
        [make_callback_button(label_event(view, voice, MAX_LABEL_LENGTH), make_callback(view))]
        for view in views
    ]
    more = len(choice.candidates) - len(views)
    rows.append([make_home_button(voice)])
    return render("which_one.html", voice, rows, views=views, choice=choice, more=more)


def label_event(view: InstanceView, voice: Voice, limit: int) -> str:
    """`Tue 24 Nov, 18:00 · Yoga`, on a button."""
    when = f"{voice.date(view.starts_at, view.zone)}, {voice.hour(view.starts_at, view.zone)}"
    return shorten(f"{when} · {view.title}", limit)
