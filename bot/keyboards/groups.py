"""Rows of buttons about groups: linking one to a club (`A6`), posting a lost card again (`C6`)."""

from collections.abc import Sequence

from backend.accounts.queries import Club
from backend.i18n import N_, Voice
from bot.callbacks import CreateClubCallback, LinkGroupCallback, RepostCardCallback
from bot.keyboards.buttons import MAX_BUTTONS, MAX_LABEL_LENGTH, make_callback_button
from bot.rendering import Rows, shorten


def make_link_rows(clubs: Sequence[Club], voice: Voice) -> Rows:
    """Link the group to one of the clubs, or without any to a new one."""
    if not clubs:
        return [[make_callback_button(voice.gettext(N_("Make a club of this group")), CreateClubCallback())]]
    return [
        [
            make_callback_button(
                voice.gettext(N_("Link to %(club)s"), club=shorten(club.name, MAX_LABEL_LENGTH)),
                LinkGroupCallback(account_id=club.id),
            )
        ]
        for club in clubs[:MAX_BUTTONS]
    ]


def make_repost_rows(card_id: int, voice: Voice) -> Rows:
    """Post a lost card again (`C6`)."""
    return [[make_callback_button(voice.gettext(N_("Post it again")), RepostCardCallback(card_id=card_id))]]
