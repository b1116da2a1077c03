"""Rows of buttons about groups: linking one to a club (`A6`), posting a lost card again (`C6`)."""

from collections.abc import Callable, Sequence

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton

from backend import clock
from backend.accounts.queries import AccountView
from backend.groups.queries import Topic
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
    return _make_link_rows(
        accounts, voice, lambda account_id: LinkGroupCallback(account_id=account_id), CreateAccountCallback()
    )


def make_set_up_rows(chat_id: int, accounts: Sequence[AccountView], voice: Voice) -> Rows:
    """The same in the private chat, for the group with this id of Telegram's."""

    def make_link(account_id: int) -> SetUpCallback:
        return SetUpCallback(action=SetUpAction.LINK, chat_id=chat_id, value=str(account_id))

    return _make_link_rows(
        accounts, voice, make_link, SetUpCallback(action=SetUpAction.CREATE, chat_id=chat_id)
    )


def make_state_rows(chat_id: int, topics: Sequence[Topic], chosen: int | None, voice: Voice) -> Rows:
    """The topics in which cards can appear, the `chosen` one marked; and a look at the group again."""

    def button(name: str, topic_id: int | None) -> InlineKeyboardButton:
        value = "" if topic_id is None else str(topic_id)
        label = f"✓ {name}" if topic_id == chosen else name
        data = SetUpCallback(action=SetUpAction.TOPIC, chat_id=chat_id, value=value)
        return make_callback_button(shorten(label, MAX_LABEL_LENGTH), data)

    buttons = [button(topic.name, topic.topic_id) for topic in topics]
    if buttons:
        buttons.insert(0, button(voice.gettext(N_("General topic")), None))
    rows = [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
    return [*rows, [make_set_up_button(chat_id, voice.gettext(N_("Check again")))]]


def make_set_up_button(chat_id: int, label: str) -> InlineKeyboardButton:
    """Shows the set-up of a group: what the bot may do there, and where cards appear."""
    return make_callback_button(label, SetUpCallback(action=SetUpAction.LOOK, chat_id=chat_id))


def _make_link_rows(
    accounts: Sequence[AccountView],
    voice: Voice,
    make_link: Callable[[int], CallbackData],
    create: CallbackData,
) -> Rows:
    if not accounts:
        return [[make_callback_button(voice.gettext(N_("Make a club of this group")), create)]]
    return [
        [
            make_callback_button(
                voice.gettext(N_("Link to %(club)s"), club=shorten(account.name, MAX_LABEL_LENGTH)),
                make_link(account.id),
            )
        ]
        for account in accounts[:MAX_BUTTONS]
    ]


ALL_ZONES = "*"


def make_zone_rows(account_id: int, guess: str, voice: Voice, *, all_zones: bool = False) -> Rows:
    """The zones for a club, each with its hour now: those nearest to the guess, or all that are offered."""

    def make_callback(zone: str) -> AccountZoneCallback:
        return AccountZoneCallback(account_id=account_id, zone=zone)

    return _make_zone_rows(make_callback, guess, voice, all_zones=all_zones)


def make_set_up_zone_rows(chat_id: int, guess: str, voice: Voice, *, all_zones: bool) -> Rows:
    """The same in the private chat, for the club that is to be made of the group with this id of Telegram's."""

    def make_callback(zone: str) -> SetUpCallback:
        return SetUpCallback(action=SetUpAction.CREATE, chat_id=chat_id, value=zone)

    return _make_zone_rows(make_callback, guess, voice, all_zones=all_zones)


def _make_zone_rows(
    make_callback: Callable[[str], CallbackData], guess: str, voice: Voice, *, all_zones: bool
) -> Rows:
    zones = OFFERED_ZONES if all_zones else nearest_zones(guess)
    now = clock.now()
    buttons = [
        make_callback_button(f"{voice.city(zone)} · {voice.bare_hour(now, zone)}", make_callback(zone))
        for zone in zones
    ]
    rows = [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
    if not all_zones:
        label = voice.gettext(N_("Other time zones"))
        rows.append([make_callback_button(label, make_callback(ALL_ZONES))])
    return rows


def make_other_zone_button(account_id: int, voice: Voice) -> InlineKeyboardButton:
    """Choose another zone for a club that has one."""
    return make_callback_button(
        voice.gettext(N_("Another time zone")), AccountZoneCallback(account_id=account_id)
    )


def make_repost_rows(card_id: int, voice: Voice) -> Rows:
    """Post a lost card again (`C6`)."""
    return [[make_callback_button(voice.gettext(N_("Post it again")), RepostCardCallback(card_id=card_id))]]
