"""Rows of buttons about groups: linking one to a club (`A6`), posting a lost card again (`C6`)."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton

from backend.accounts.queries import Club
from backend.i18n import N_, Voice
from bot.callbacks import CreateClubCallback, LinkGroupCallback, RepostCardCallback
from bot.keyboards.buttons import MAX_LABEL_LENGTH
from bot.rendering import Rows, shorten


def make_link_rows(clubs: Sequence[Club], voice: Voice) -> Rows:
    """Which club a group is to belong to; or, for who organises none, a new one."""
    if not clubs:
        label = voice.say(N_("Make a club of this group"))
        return [[InlineKeyboardButton(text=label, callback_data=CreateClubCallback().pack())]]
    return [
        [
            InlineKeyboardButton(
                text=voice.say(N_("Link to %(club)s"), club=shorten(club.name, MAX_LABEL_LENGTH)),
                callback_data=LinkGroupCallback(account_id=club.id).pack(),
            )
        ]
        for club in clubs
    ]


def make_repost_rows(card_id: int, voice: Voice) -> Rows:
    """Posts a lost card again (`C6`)."""
    data = RepostCardCallback(card_id=card_id).pack()
    return [[InlineKeyboardButton(text=voice.say(N_("Post it again")), callback_data=data)]]
