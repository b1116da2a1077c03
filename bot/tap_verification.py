"""Whether a tap is on a button of ours: the one place that refuses forged ones, before any handler (`X9`).

Telegram vouches for who taps and for the message, its chat and the buttons that stand under it now; the data
is whatever the client sends. So data is bound to the place where its kind of button stands, and in a group,
where a handler could change what others read, to the message as well. Nothing is signed: buttons of earlier
releases stand in groups already, and would have to pass unsigned for ever.
"""

from collections import defaultdict
from contextlib import suppress

from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Chat, InlineKeyboardMarkup, Message

from backend import failpoints
from backend.cards.queries import is_card
from backend.cards.shared import is_shared_card
from backend.errors import Refusal
from backend.i18n import N_
from bot.callback_answers import TOO_OLD, UNKNOWN_BUTTON
from bot.callbacks import BUTTON_PLACES, GROUP_SEAT_ACTIONS, Place, SeatCallback, VoteCallback

DATA_MAX = 64  # bytes that Telegram lets a button have; what is not ASCII is refused below
ANSWERED_IN_PRIVATE = N_("I only answer that in our private chat.")

# Two kinds may share a prefix, and differ in the number of their fields.
_KINDS: dict[str, list[type[CallbackData]]] = defaultdict(list)
for _kind in CallbackData.__subclasses__():
    _KINDS[_kind.__prefix__].append(_kind)


async def verify_tap(query: CallbackQuery) -> None:
    """Raise `Refusal` unless a button of ours can have sent this tap. Data of a form that no handler knows
    passes: the fallback answers it, and does nothing else."""
    if failpoints.on("taps.unverified"):
        return
    callback = _unpack(query.data or "")
    if callback is None:
        return
    place = _place_of(query)
    if place not in BUTTON_PLACES.get(type(callback), ()):
        raise Refusal(UNKNOWN_BUTTON if place in (None, Place.PRIVATE) else ANSWERED_IN_PRIVATE)
    if (
        isinstance(callback, SeatCallback)
        and place is not Place.PRIVATE
        and callback.action not in GROUP_SEAT_ACTIONS
    ):
        raise Refusal(ANSWERED_IN_PRIVATE)
    if place is Place.GROUP:
        await _verify_in_group(query, callback)
    elif place is Place.SHARED:
        await _verify_on_shared_card(query, callback)


def _unpack(data: str) -> CallbackData | None:
    """The callback of this data; None for a form that no handler knows. Raises `Refusal` for another
    spelling of what we would have written."""
    kinds = _KINDS.get(data.partition(":")[0], [])
    if kinds and len(data) > DATA_MAX:
        raise Refusal(UNKNOWN_BUTTON)
    for kind in kinds:
        with suppress(TypeError, ValueError):
            unpacked = kind.unpack(data)
            if not (data.isascii() and data.isprintable()) or unpacked.pack() != data:
                raise Refusal(UNKNOWN_BUTTON)
            return unpacked
    return None


def _place_of(query: CallbackQuery) -> Place | None:
    """Where the message is; None in channels, and in a private chat that is not the reader's."""
    if query.message is None and query.inline_message_id:
        return Place.SHARED
    chat: Chat | None = query.message.chat if query.message is not None else None
    match chat.type if chat is not None else "":
        case "private":
            return Place.PRIVATE if chat is not None and chat.id == query.from_user.id else None
        case "group" | "supergroup":
            return Place.GROUP
    return None


async def _verify_in_group(query: CallbackQuery, callback: CallbackData) -> None:
    """Raise `Refusal` unless the button stands, or may have stood a moment ago, under this message."""
    present = _button_data(query)
    if query.data in present:
        return
    # The card may have been edited since the tap, and its buttons be others now.
    if isinstance(callback, SeatCallback | VoteCallback) and await _is_card_of(query, callback, present):
        return
    raise Refusal(TOO_OLD)


async def _verify_on_shared_card(query: CallbackQuery, callback: CallbackData) -> None:
    """Raise `Refusal` unless this very message was recorded as a card of what the tap is about: Telegram does not say which
    buttons stand under it."""
    assert isinstance(callback, SeatCallback | VoteCallback)
    if not await is_shared_card(query.inline_message_id or "", callback.code):
        raise Refusal(TOO_OLD)


async def _is_card_of(
    query: CallbackQuery, callback: SeatCallback | VoteCallback, present: frozenset[str]
) -> bool:
    """Whether the message is the card of what the tap is about: as its other buttons show, or as recorded."""
    about = f"{callback.__prefix__}:"
    if any(data.startswith(about) and callback.code in data.split(":") for data in present):
        return True
    assert query.message is not None
    return await is_card(query.message.chat.id, query.message.message_id, callback.code)


def _button_data(query: CallbackQuery) -> frozenset[str]:
    """The data of the buttons under the message, as Telegram shows it now."""
    keyboard: InlineKeyboardMarkup | None = (
        query.message.reply_markup if isinstance(query.message, Message) else None
    )
    rows = keyboard.inline_keyboard if keyboard is not None else []
    return frozenset(button.callback_data for row in rows for button in row if button.callback_data)
