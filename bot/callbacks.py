"""What the buttons carry: at most 64 bytes each (`C4`)."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData


class Do(StrEnum):
    """What a button does with a seat."""

    JOIN = "join"  # or wait for a seat
    MORE = "more"  # +1
    LEAVE = "leave"
    STOP = "stop"  # waiting for more than they have
    CANT = "cant"  # "I can't come"; of a regular, "not this week"
    MAYBE = "maybe"
    TAKE = "take"  # what is offered, or what the first tap has
    TAKE_FREE = "free"  # what is free now, and wait for the rest
    HAND_ON = "pass"  # an offer on to the next in line
    REPLACE = "find"  # a replacement
    KEEP = "keep"  # the seat after all


class Seat(CallbackData, prefix="s"):
    """A button about the presser's own seat on a date."""

    do: Do
    code: str


class Show(CallbackData, prefix="e"):
    """Show a date of a list."""

    code: str


class ShowPoll(CallbackData, prefix="p"):
    """Show a poll of a list."""

    code: str


class Pick(CallbackData, prefix="v"):
    """A button of one option of a poll."""

    code: str
    option: int


class Run(StrEnum):
    """What an organiser's button does with a poll."""

    CLOSE = "close"  # asks first
    CLOSE_NOW = "now"
    MAKE = "make"  # asks for how many seats
    REMIND = "remind"
    BACK = "back"


class RunPoll(CallbackData, prefix="pr"):
    """A button of an organiser's under a poll in the private chat."""

    do: Run
    code: str


class MakeDate(CallbackData, prefix="pm"):
    """Close the poll and make this option's date, with so many seats; 0 is the best option, and no limit."""

    code: str
    option: int
    seats: int


class Stay(CallbackData, prefix="k"):
    """ "Still coming", under the news that a date has moved (`S6`)."""

    code: str


class Decide(CallbackData, prefix="d"):
    """An organiser's word on a date to which too few come (`S7`)."""

    code: str
    run: bool


class SignIn(CallbackData, prefix="i"):
    """The answer to "Is it you who signs in?": the link's own key, since a number could be guessed."""

    yes: bool
    key: str


class LinkGroup(CallbackData, prefix="g"):
    """Link the chat this button stands in to that club."""

    account_id: int


class Tell(StrEnum):
    """What a button does with an announcement."""

    GROUPS = "groups"
    MEMBERS = "members"
    CLUB = "club"
    SEND = "send"
    CANCEL = "cancel"
    STOP = "stop"


class Announce(CallbackData, prefix="a"):
    """A button about an announcement; `account_id` is another club that is to make it."""

    do: Tell
    id: int
    account_id: int = 0


class Choose(CallbackData, prefix="o"):
    """A button of the presser's own settings: a page to show, or what is chosen there."""

    what: str  # of bot/handlers/preferences.py
    value: str = ""


class FoundClub(CallbackData, prefix="c"):
    """Make a club named after the chat this button stands in, and link it."""


class PostAgain(CallbackData, prefix="r"):
    """Post this lost card again, and what was lost together with it."""

    card_id: int


class ShowRegular(CallbackData, prefix="rs"):
    """Show a standing seat of a list."""

    series_id: int


class EndRegular(CallbackData, prefix="rx"):
    """Give one's standing seat on a series back."""

    series_id: int
