"""The callback data of organisers' buttons; what `bot/callbacks.py` says holds for them too."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData

from bot.callback_fields import Serial, Token


class ManageAction(StrEnum):
    """What a button does with a date of an organiser's list."""

    SHOW = "show"
    PEOPLE = "people"
    POST = "post"
    BACK = "back"


class ManageCallback(CallbackData, prefix="m"):
    """Act on a date as an organiser of its club, or as a helper."""

    action: ManageAction
    code: str


class ChangeDateAction(StrEnum):
    """What a button does with a date that is to be changed."""

    ASK_TO_CANCEL = "askc"
    REASON = "why"  # the value says which
    CANCEL = "cancel"
    RESTORE = "undo"
    ASK_TO_MOVE = "askm"
    LATER = "by"  # the value is by how many minutes
    MOVE = "move"
    ASK_FOR_TITLE = "askt"
    ASK_FOR_SEATS = "asks"
    SEATS = "seats"  # the value is how many, 0 for no limit
    ASK_FOR_PLACE = "askp"
    NO_PLACE = "nopl"
    SCOPE = "for"  # the value says which dates the change reaches
    SAVE = "save"


class DateStep(StrEnum):
    """A step in which a date is changed: what is asked for, then whether to do it."""

    REASON = "reason"  # of its cancellation
    STARTS = "starts"
    SEATS = "seats"
    TITLE = "title"
    PLACE = "place"
    CONFIRM = "confirm"


class ChangeDateCallback(CallbackData, prefix="cd"):
    """Change a date as an organiser of its club; what does it carries the conversation's token as its value."""

    action: ChangeDateAction
    code: str
    value: int = 0


class ClosureAction(StrEnum):
    """What a button does with the attendance list of a date."""

    SHOW = "show"
    CLOSE = "close"
    REOPEN = "reopen"


class ClosureCallback(CallbackData, prefix="k"):
    """Close the attendance list of a date, or open it again, as an organiser of its club."""

    action: ClosureAction
    code: str


class PartyAction(StrEnum):
    """What a button does with the parties of a date."""

    WAITING = "line"  # shows who waits, to be seated
    ASK_TO_SEAT = "asks"
    SEAT = "seat"
    SEAT_OVER = "over"  # although that is more than there are seats
    LISTED = "list"  # shows everybody, to be removed
    ASK_TO_REMOVE = "askr"
    REMOVE = "remove"


class PartyCallback(CallbackData, prefix="y"):
    """Act on a party of a date as an organiser of its club; the membership is 0 where a list is shown."""

    action: PartyAction
    code: str
    membership_id: Serial = 0


class CreateCallback(CallbackData, prefix="ce"):
    """A button of the conversation that makes an event: a step with its answer, or `edit`, `cancel`; `confirm` carries the
    conversation's token."""

    what: str
    value: str = ""


class AddAction(StrEnum):
    """What a button does with somebody who is to be added to a date."""

    WHO = "who"  # shows who is meant, or whom one can add
    ASK = "ask"
    SEAT = "seat"
    SEAT_OVER = "over"  # although that is more than there are seats
    WAIT = "wait"  # in line


class AddCallback(CallbackData, prefix="ad"):
    """Add a member to a date, or with the membership 0 somebody without Telegram, whose name the conversation of this token
    holds. It holds the number of guests too."""

    action: AddAction
    code: str
    membership_id: Serial = 0
    token: Token = 0


class KeyStep(StrEnum):
    """A button of the conversation that makes a key. What is answered is kept under the same name."""

    ACCOUNT = "club"
    ROLE = "role"
    USES = "uses"
    MAKE = "make"
    CANCEL = "cancel"


class KeyCallback(CallbackData, prefix="ky"):
    """A button of the conversation that makes a key: a question with its answer, or `make` with the conversation's token."""

    what: KeyStep
    value: str = ""


class AuditCallback(CallbackData, prefix="au"):
    """Show the acts of a club's organisers that come after this entry; 0 is the newest."""

    account_id: Serial
    after: Serial = 0


class CreatePollCallback(CallbackData, prefix="pc"):
    """A button of the conversation that makes a poll: a step with its answer, or `cancel`; `confirm` carries the
    conversation's token."""

    what: str
    value: str = ""
