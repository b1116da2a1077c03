"""The buttons of a sign-in to the dashboard (`X3`)."""

from backend.i18n import N_, Voice
from bot.callbacks import SignInCallback
from bot.keyboards.buttons import make_callback_button
from bot.rendering import Rows


def make_sign_in_rows(key: str, voice: Voice) -> Rows:
    """Yes or no; neither is the default, and nothing happens without a tap."""
    return [
        [make_callback_button(voice.gettext(N_("Yes, sign me in")), SignInCallback(yes=True, key=key))],
        [make_callback_button(voice.gettext(N_("It wasn’t me")), SignInCallback(yes=False, key=key))],
    ]
