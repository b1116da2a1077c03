"""Buttons that the bot itself answers, and how they are arranged."""

from collections.abc import Sequence

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton

from bot.rendering import Rows

MAX_LABEL_LENGTH = 48  # characters of an option on its button; clients cut longer ones anyway


def make_callback_button(label: str, data: CallbackData, *, style: str | None = None) -> InlineKeyboardButton:
    """A button that is answered by the bot itself."""
    return InlineKeyboardButton(text=label, callback_data=data.pack(), style=style)


def make_numbered_rows(data: Sequence[CallbackData]) -> Rows:
    """Buttons 1, 2, 3…, five in a row, for the things of a numbered list."""
    buttons = [InlineKeyboardButton(text=str(n), callback_data=each.pack()) for n, each in enumerate(data, 1)]
    return arrange_in_rows(buttons)


def arrange_in_rows(buttons: list[InlineKeyboardButton]) -> Rows:
    return [buttons[at : at + 5] for at in range(0, len(buttons), 5)]
