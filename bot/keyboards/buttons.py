"""Buttons that the bot itself answers, and their arrangement in rows."""

from collections.abc import Sequence

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton

from bot.rendering import Rows

MAX_BUTTONS = 100  # under one message
MAX_LABEL_LENGTH = 48  # UTF-16 code units of a name on a button; clients cut longer ones anyway


def make_callback_button(label: str, data: CallbackData, *, style: str | None = None) -> InlineKeyboardButton:
    """A button whose tap the bot answers."""
    return InlineKeyboardButton(text=label, callback_data=data.pack(), style=style)


def make_numbered_rows(data: Sequence[CallbackData], *, first: int = 1) -> Rows:
    """Buttons 1, 2, 3… for the items of a numbered list, or from another `first` number."""
    return arrange_in_rows([make_callback_button(str(n), item) for n, item in enumerate(data, first)])


def arrange_in_rows(buttons: list[InlineKeyboardButton]) -> Rows:
    """Five buttons in each row."""
    return [buttons[at : at + 5] for at in range(0, len(buttons), 5)]
