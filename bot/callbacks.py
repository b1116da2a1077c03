"""The callback data of buttons: at most 64 bytes each (`C4`).

Messages keep their buttons for years, so what a release has sent stays as it is: prefixes, the order of
fields, and the values of enums. A form that is no longer handled goes into `bot/retired_callbacks.py`.
"""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData


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


class ShowEventCallback(CallbackData, prefix="e"):
    """Show an instance of a list."""

    code: str


class ShowPollCallback(CallbackData, prefix="p"):
    """Show a poll of a list."""

    code: str


class VoteCallback(CallbackData, prefix="v"):
    """Choose an option of a poll, or take the choice back."""

    code: str
    option: int


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
    option: int
    seats: int


class StayCallback(CallbackData, prefix="k"):
    """ "Still coming", under the message that the instance was rescheduled (`S6`)."""

    code: str


class MinimumCallback(CallbackData, prefix="d"):
    """An organiser's decision about an instance with too few people (`S7`)."""

    code: str
    run: bool


class SignInCallback(CallbackData, prefix="i"):
    """The answer to "Is it you who signs in?", with the link's key, which cannot be guessed."""

    yes: bool
    key: str


class LinkGroupCallback(CallbackData, prefix="g"):
    """Link the chat of this message to that club."""

    account_id: int


class AnnouncementAction(StrEnum):
    """What a button does with an announcement."""

    TOGGLE_GROUPS = "groups"
    TOGGLE_MEMBERS = "members"
    CHANGE_CLUB = "club"
    SEND = "send"
    CANCEL = "cancel"
    STOP = "stop"


class AnnouncementCallback(CallbackData, prefix="a"):
    """Act on an announcement; `account_id` is the other club of `CHANGE_CLUB`."""

    action: AnnouncementAction
    id: int
    account_id: int = 0


class PreferenceCallback(CallbackData, prefix="o"):
    """Show a page of the reader's own settings, or choose something there."""

    what: str  # see `save_choice` in bot/handlers/preferences.py
    value: str = ""


class CreateClubCallback(CallbackData, prefix="c"):
    """Create a club named after the chat of this message, and link the chat to it."""


class RepostCardCallback(CallbackData, prefix="r"):
    """Post this lost card again, and the cards lost together with it."""

    card_id: int


class ShowStandingSeatCallback(CallbackData, prefix="rs"):
    """Show a standing seat of a list."""

    series_id: int


class EndStandingSeatCallback(CallbackData, prefix="rx"):
    """Give one's standing seat in a series back."""

    series_id: int
