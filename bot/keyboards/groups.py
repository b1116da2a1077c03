"""Rows of buttons about groups: linking one to a club (`A6`), posting a lost card again (`C6`)."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton

from backend import clock
from backend.accounts.queries import AccountView
from backend.i18n import N_, Voice
from bot.callbacks import (
    AccountZoneCallback,
    CreateAccountCallback,
    LinkGroupCallback,
    RepostCardCallback,
    SetUpAction,
    SetUpCallback,
)
from bot.keyboards.buttons import MAX_BUTTONS, MAX_LABEL_LENGTH, make_callback_button
from bot.rendering import Rows, shorten
from bot.zone_choices import OFFERED_ZONES, nearest_zones


def make_link_rows(accounts: Sequence[AccountView], voice: Voice) -> Rows:
    """Link the group to one of the clubs, or without any to a new one."""
    if not accounts:
        return [
            [make_callback_button(voice.gettext(N_("Make a club of this group")), CreateAccountCallback())]
        ]
    return [
        [
            make_callback_button(
                voice.gettext(N_("Link to %(club)s"), club=shorten(account.name, MAX_LABEL_LENGTH)),
                LinkGroupCallback(account_id=account.id),
            )
        ]
        for account in accounts[:MAX_BUTTONS]
    ]


def make_set_up_rows(chat_id: int, accounts: Sequence[AccountView], voice: Voice) -> Rows:
    """The same in the private chat, for the group with this id of Telegram's."""
    if not accounts:
        label = voice.gettext(N_("Make a club of this group"))
        return [[make_callback_button(label, SetUpCallback(action=SetUpAction.CREATE, chat_id=chat_id))]]
    return [
        [
            make_callback_button(
                voice.gettext(N_("Link to %(club)s"), club=shorten(account.name, MAX_LABEL_LENGTH)),
                SetUpCallback(action=SetUpAction.LINK, chat_id=chat_id, value=str(account.id)),
            )
        ]
        for account in accounts[:MAX_BUTTONS]
    ]


def make_set_up_zone_rows(chat_id: int, guess: str, voice: Voice, *, all_zones: bool) -> Rows:
    """The zones for the club that is to be made of that group."""

    def make_button(label: str, zone: str) -> InlineKeyboardButton:
        callback = SetUpCallback(action=SetUpAction.CREATE, chat_id=chat_id, value=zone)
        return make_callback_button(label, callback)

    zones = OFFERED_ZONES if all_zones else nearest_zones(guess)
    buttons = [
        make_button(f"{voice.city(zone)} · {voice.bare_hour(clock.now(), zone)}", zone) for zone in zones
    ]
    rows = [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
    if not all_zones:
        rows.append([make_button(voice.gettext(N_("Other time zones")), ALL_ZONES)])
    return rows


ALL_ZONES = "*"


def make_zone_rows(account_id: int, guess: str, voice: Voice, *, all_zones: bool = False) -> Rows:
    """The zones for a club, each with its hour now: those nearest to the guess, or all that are offered."""
    zones = OFFERED_ZONES if all_zones else nearest_zones(guess)
    buttons = [
        make_callback_button(
            f"{voice.city(zone)} · {voice.bare_hour(clock.now(), zone)}",
            AccountZoneCallback(account_id=account_id, zone=zone),
        )
        for zone in zones
    ]
    rows = [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
    if not all_zones:
        others = AccountZoneCallback(account_id=account_id, zone=ALL_ZONES)
        rows.append([make_callback_button(voice.gettext(N_("Other time zones")), others)])
    return rows


def make_other_zone_button(account_id: int, voice: Voice) -> InlineKeyboardButton:
    """Choose another zone for a club that has one."""
    return make_callback_button(
        voice.gettext(N_("Another time zone")), AccountZoneCallback(account_id=account_id)
    )


def make_repost_rows(card_id: int, voice: Voice) -> Rows:
    """Post a lost card again (`C6`)."""
    return [[make_callback_button(voice.gettext(N_("Post it again")), RepostCardCallback(card_id=card_id))]]
