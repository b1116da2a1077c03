"""The buttons of a sign-in to the dashboard (`X3`)."""

from aiogram.types import InlineKeyboardButton

from backend.i18n import N_, Voice
from bot.callbacks import SignInCallback
from bot.rendering import Rows


def make_sign_in_rows(key: str, voice: Voice) -> Rows:
    """Yes or no; neither is the default, and nothing happens by itself."""
    yes = InlineKeyboardButton(
        text=voice.say(N_("Yes, sign me in")), callback_data=SignInCallback(yes=True, key=key).pack()
    )
    no = InlineKeyboardButton(
        text=voice.say(N_("It wasn’t me")), callback_data=SignInCallback(yes=False, key=key).pack()
    )
    return [[yes], [no]]
