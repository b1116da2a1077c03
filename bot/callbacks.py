"""The callback data of buttons: at most 64 bytes each (`C4`).

Messages keep their buttons for years, so what a release has sent stays as it is: prefixes, the order of
fields, and the values of enums. A form that is no longer handled goes into `bot/retired_callbacks.py`.

A changed client can send any data under any message of the bot that has buttons. `bot/tap_verification.py`
refuses what no button of ours has said (`X9`); `BUTTON_PLACES`, at the end, says where each kind stands.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from bot.callback_fields import Serial, Token
from bot.organiser_callbacks import (
    AddCallback,
    AuditCallback,
    ChangeDateCallback,
    ClosureCallback,
    CreateCallback,
    CreatePollCallback,
    KeyCallback,
    ManageCallback,
    PartyCallback,
)


class SeatAction(StrEnum):
    """What a button does with the reader's own seat."""

    JOIN = "join"  # or join the waitlist
    ADD_GUEST = "more"
    LEAVE = "leave"
    STOP_WAITING = "stop"  # for more seats than they have
    CANNOT_COME = "cant"  # "I can’t come"; to regulars, "Not this week"
    MAYBE = "maybe"
    TAKE = "take"  # an offer, or seats that go to the first tap
    TAKE_FREE = "free"  # what is free now, and wait for the rest
    DECLINE_OFFER = "pass"
    FIND_REPLACEMENT = "find"
    KEEP_SEAT = "keep"  # look for a replacement no longer


class SeatCallback(CallbackData, prefix="s"):
    """Act on one's own seat in an instance."""

    action: SeatAction
    code: str


class BookCallback(CallbackData, prefix="b"):
    """Book the event that was asked about, with this many guests, None to leave them as they are. `token` is that of the
    conversation which holds their names; 0 without names."""

    code: str
    guests: Annotated[int, Field(ge=0, lt=100)] | None = None
    token: Token = 0


class GuestsCallback(CallbackData, prefix="u"):
    """Come with this many guests; None asks how many."""

    code: str
    guests: Annotated[int, Field(ge=0, lt=100)] | None = None


class EventListCallback(CallbackData, prefix="l"):
    """Show a page of the reader's list of events, of all their clubs (0) or of one."""

    page: Annotated[int, Field(ge=0, lt=100)]
    account_id: Serial = 0


class ShowEventCallback(CallbackData, prefix="e"):
    """Show an instance of a list."""

    code: str


class ShowPollCallback(CallbackData, prefix="p"):
    """Show a poll of a list."""

    code: str


class VoteCallback(CallbackData, prefix="v"):
    """Choose an option of a poll, or take the choice back."""

    code: str
    option: Serial


class PollAction(StrEnum):
    """What an organiser's button does with a poll."""

    ASK_TO_CLOSE = "close"
    CLOSE = "now"
    CREATE_INSTANCE = "make"  # asks for the number of seats first
    REMIND = "remind"
    BACK = "back"


class PollActionCallback(CallbackData, prefix="pr"):
    """Act on a poll as its organiser, in the private chat."""

    action: PollAction
    code: str


class CreateInstanceCallback(CallbackData, prefix="pm"):
    """Close the poll and create the instance of an option; option 0 is the best one, 0 seats are no limit."""

    code: str
    option: Serial
    seats: Annotated[int, Field(ge=0, lt=2**31)]


class StayCallback(CallbackData, prefix="k"):
    """ "Still coming", under the message that the instance was rescheduled (`S6`)."""

    code: str


class MinimumCallback(CallbackData, prefix="d"):
    """An organiser's decision about an instance with too few people (`S7`)."""

    code: str
    run: bool


class SignInCallback(CallbackData, prefix="i"):
    """ "It wasn’t me", under the question who signs in, with the link's key, which cannot be guessed. A plain
    `yes` is of earlier releases, and retired."""

    yes: bool
    key: str


class SignInNumberCallback(CallbackData, prefix="n"):
    """The number that the browser shows which signs in, with the link's key."""

    number: Annotated[int, Field(ge=10, lt=100)]
    key: str


class LinkGroupCallback(CallbackData, prefix="g"):
    """Link the chat of this message to that club."""

    account_id: Serial


class AnnouncementAction(StrEnum):
    """What a button does with an announcement."""

    TOGGLE_GROUPS = "groups"
    TOGGLE_MEMBERS = "members"
    CHANGE_ACCOUNT = "club"
    SEND = "send"
    SEND_AT_NIGHT = "night"
    CANCEL = "cancel"
    STOP = "stop"


class AnnouncementCallback(CallbackData, prefix="a"):
    """Act on an announcement; `account_id` is the other club of `CHANGE_CLUB`."""

    action: AnnouncementAction
    id: Serial
    account_id: Serial = 0


class PreferenceCallback(CallbackData, prefix="o"):
    """Show a page of the reader's own settings, or choose something there."""

    what: str  # see `save_choice` in bot/handlers/preferences.py
    value: str = ""


class CreateAccountCallback(CallbackData, prefix="c"):
    """Create a club named after the chat of this message, and link the chat to it."""


class AccountZoneCallback(CallbackData, prefix="z"):
    """Choose a club's time zone. Club 0 is the one to be made of the chat of this message; an empty zone
    shows the nearest ones, and `*` all that are offered."""

    account_id: Serial
    zone: str = ""


class TakeBackGroupCallback(CallbackData, prefix="t"):
    """Unlink the chat of this message from its club, as the one who created it in Telegram."""


class RepostCardCallback(CallbackData, prefix="r"):
    """Post this lost card again, and the cards lost together with it."""

    card_id: Serial


class ShowStandingSeatCallback(CallbackData, prefix="rs"):
    """Show a standing seat of a list."""

    series_id: Serial


class EndStandingSeatCallback(CallbackData, prefix="rx"):
    """Give one's standing seat in a series back."""

    series_id: Serial


class LeaveAccountCallback(CallbackData, prefix="lc"):
    """Leave a club: asks first, until the answer is `yes`; `no` goes back to the list."""

    account_id: Serial
    answer: str = ""


class PrivacyAction(StrEnum):
    """What a button does with the reader's own data."""

    EXPORT = "export"
    ASK_TO_ERASE = "ask"
    ERASE = "erase"
    BACK = "back"


class PrivacyCallback(CallbackData, prefix="x"):
    """A copy of what is held about the reader, or their erasure."""

    action: PrivacyAction


class SetUpAction(StrEnum):
    """What a button of a group's set-up in private does."""

    LINK = "link"  # `value` is the club's id
    CREATE = "new"  # a club named after the group; `value` is its zone, "" asks for it, "*" shows all
    LOOK = "look"  # again, at rights and topics
    TOPIC = "topic"  # in which cards appear: `value` is its id, "" for General


class SetUpCallback(CallbackData, prefix="su"):
    """Set up a group in the private chat with who added the bot. Telegram is asked who administers that chat."""

    action: SetUpAction
    chat_id: Annotated[int, Field(ge=-(2**63), lt=0)]
    value: str = ""


class Place(StrEnum):
    """Where a message with buttons is: a kind of chat, or a card that somebody shared by inline mode in whatever chat."""

    PRIVATE = "private"
    GROUP = "group"
    SHARED = "shared"


# Where each kind of button has ever stood; one that is missing here works nowhere. What answers one person,
# or rewrites the message for them, stands in private only.
BUTTON_PLACES: Mapping[type[CallbackData], frozenset[Place]] = {
    SeatCallback: frozenset({Place.PRIVATE, Place.GROUP, Place.SHARED}),
    VoteCallback: frozenset({Place.PRIVATE, Place.GROUP, Place.SHARED}),
    LinkGroupCallback: frozenset({Place.GROUP}),
    CreateAccountCallback: frozenset({Place.GROUP}),
    AccountZoneCallback: frozenset({Place.GROUP}),
    TakeBackGroupCallback: frozenset({Place.GROUP}),
    LeaveAccountCallback: frozenset({Place.PRIVATE}),
    PrivacyCallback: frozenset({Place.PRIVATE}),
    SetUpCallback: frozenset({Place.PRIVATE}),
    CreateCallback: frozenset({Place.PRIVATE}),
    ManageCallback: frozenset({Place.PRIVATE}),
    ClosureCallback: frozenset({Place.PRIVATE}),
    PartyCallback: frozenset({Place.PRIVATE}),
    ChangeDateCallback: frozenset({Place.PRIVATE}),
    AddCallback: frozenset({Place.PRIVATE}),
    KeyCallback: frozenset({Place.PRIVATE}),
    AuditCallback: frozenset({Place.PRIVATE}),
    CreatePollCallback: frozenset({Place.PRIVATE}),
    BookCallback: frozenset({Place.PRIVATE}),
    GuestsCallback: frozenset({Place.PRIVATE}),
    EventListCallback: frozenset({Place.PRIVATE}),
    ShowEventCallback: frozenset({Place.PRIVATE}),
    ShowPollCallback: frozenset({Place.PRIVATE}),
    PollActionCallback: frozenset({Place.PRIVATE}),
    CreateInstanceCallback: frozenset({Place.PRIVATE}),
    StayCallback: frozenset({Place.PRIVATE}),
    MinimumCallback: frozenset({Place.PRIVATE}),
    SignInCallback: frozenset({Place.PRIVATE}),
    SignInNumberCallback: frozenset({Place.PRIVATE}),
    AnnouncementCallback: frozenset({Place.PRIVATE}),
    PreferenceCallback: frozenset({Place.PRIVATE}),
    RepostCardCallback: frozenset({Place.PRIVATE}),
    ShowStandingSeatCallback: frozenset({Place.PRIVATE}),
    EndStandingSeatCallback: frozenset({Place.PRIVATE}),
}
# The seat actions of cards in groups and of shared ones; all the others answer what the bot asked one person in private.
GROUP_SEAT_ACTIONS = frozenset({SeatAction.JOIN, SeatAction.ADD_GUEST, SeatAction.LEAVE, SeatAction.TAKE})
