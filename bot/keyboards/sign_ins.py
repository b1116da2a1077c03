"""The buttons of a sign-in to the dashboard (`X3`)."""

from collections.abc import Sequence

from backend.i18n import N_, Voice
from bot.callbacks import SignInCallback, SignInNumberCallback
from bot.keyboards.buttons import make_callback_button
from bot.rendering import Rows


def make_sign_in_rows(key: str, numbers: Sequence[int], voice: Voice) -> Rows:
    """The numbers, one of which the browser shows, and no; nothing happens without a tap."""
    return [
        [
            make_callback_button(str(number), SignInNumberCallback(number=number, key=key))
            for number in numbers
        ],
        [make_callback_button(voice.gettext(N_("It wasn’t me")), SignInCallback(yes=False, key=key))],
    ]
