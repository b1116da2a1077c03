"""What a message was, and why Telegram did not take it, in words (`M2`)."""

from backend.i18n import N_
from backend.outbox.kinds import Kind

KINDS: dict[str, str] = {
    Kind.ANNOUNCEMENT: N_("Announcement"),
    Kind.REMINDER: N_("Reminder"),
    Kind.UNANSWERED: N_("Question who is coming"),
    Kind.POLL_UNANSWERED: N_("Reminder of a poll"),
    Kind.OFFER: N_("Offer of a seat"),
    Kind.FIRST_TAP: N_("Offer of a seat"),
    Kind.PART_FREE: N_("Offer of a seat"),
    Kind.CANCELLED: N_("Cancellation"),
    Kind.MOVED: N_("New time"),
    Kind.CALENDAR: N_("Calendar file"),
    Kind.PROMOTED: N_("Seat from the line"),
    Kind.SEATED: N_("Seat from an organiser"),
}
# The first that occurs in Telegram's words decides.
REASONS = (
    ("bot was kicked", N_("The bot was removed from the group. Add it again, then try again.")),
    ("bot is not a member", N_("The bot is not in the group. Add it, then try again.")),
    (
        "not enough rights",
        N_("The bot isn’t allowed to write there. Allow it to send messages, then try again."),
    ),
    (
        "have no rights",
        N_("The bot isn’t allowed to write there. Allow it to send messages, then try again."),
    ),
    ("topic_closed", N_("The topic is closed. Open it, or choose another topic.")),
    ("topic_deleted", N_("The topic was deleted. Choose another topic.")),
    ("thread not found", N_("The topic was deleted. Choose another topic.")),
    ("group chat was upgraded", N_("The group got a new number in Telegram. Try again.")),
    ("chat not found", N_("Telegram does not know this chat any more.")),
    (
        "blocked by the user",
        N_("This person blocked the bot. They will get messages again when they unblock it."),
    ),
    ("user is deactivated", N_("This person deleted their Telegram account.")),
    ("can't parse entities", N_("Telegram could not read the text. Please report this.")),
    ("message is too long", N_("The text is too long for Telegram.")),
    ("too many requests", N_("Telegram was too busy for a long time. Try again.")),
)
UNKNOWN = N_("Telegram refused it, or could not be reached for a long time.")


def kind_words(kind: str) -> str:
    """What a message of this kind is; of the others it is enough that it is a message."""
    return KINDS.get(kind, N_("Message"))


def reason_words(error: str) -> str:
    """Why it was not sent, and what helps."""
    found = error.lower().replace("’", "'")
    return next((words for part, words in REASONS if part in found), UNKNOWN)
