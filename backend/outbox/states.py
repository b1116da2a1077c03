"""What becomes of a message, and what a call to Telegram can come to."""

from dataclasses import dataclass
from enum import StrEnum


class MessageState(StrEnum):
    """`messages.state`; its check constraint lists the same."""

    DUE = "due"
    SENDING = "sending"  # on its way to Telegram; whether it arrived is not known yet
    SENT = "sent"
    PERHAPS = "perhaps"  # it may have arrived, and is of a kind that is not repeated
    PARKED = "parked"  # given up, for an organiser to see (`M2`)
    BLOCKED = "blocked"  # the bot may not write to the person (`M3`)
    DROPPED = "dropped"  # not true any more, not wanted, or stopped


class SendResult(StrEnum):
    """What became of a call that sends or edits something."""

    DONE = "done"
    RATE_LIMITED = "rate-limited"  # not done; `retry_after` says when again
    GONE = "gone"  # the person blocked the bot or is no more; the bot is out of the group
    MUTED = "muted"  # the bot is in the group but may not write
    MIGRATED = "migrated"  # the group has a new id, `new_chat_id`
    NOT_FOUND = "not-found"  # the message to be edited, or the topic, is not there any more
    TOPIC_CLOSED = "topic-closed"  # it takes no messages for now; those in it can be edited all the same
    UNSENT = "unsent"  # it never reached Telegram
    UNKNOWN = "unknown"  # it may have been done
    REFUSED = "refused"  # not like this, ever
    MISCONFIGURED = "misconfigured"  # the token is not (or no longer) the bot's


@dataclass(frozen=True, slots=True)
class CallResult:
    """How a call ended. `reason` has Telegram's words, `message_id` what was posted, `retry_after` is in
    seconds."""

    result: SendResult
    reason: str = ""
    message_id: int = 0
    retry_after: float = 0
    new_chat_id: int = 0
