"""The commands that Telegram offers, each with what it does."""

from collections.abc import Collection, Sequence

from aiogram.types import BotCommand

from backend.i18n import N_, Voice
from backend.people.queries import Person

COMMANDS = {
    "events": N_("Upcoming events"),
    "event": N_("One event"),
    "book": N_("Take a seat"),
    "guests": N_("Your guests"),
    "leave": N_("Give up your seat"),
    "maybe": N_("Say that you may come"),
    "take": N_("Take the seat that is held for you"),
    "pass": N_("Pass the seat to the next in line"),
    "mybookings": N_("Your bookings"),
    "queue": N_("Your places in line"),
    "calendar": N_("Add a date to your calendar"),
    "regulars": N_("Your standing seats"),
    "polls": N_("Open polls"),
    "vote": N_("Vote"),
    "app": N_("Open the app"),
    "settings": N_("Notifications and settings"),
    "myclubs": N_("Your clubs"),
    "privacy": N_("Your data"),
    "cancel": N_("Stop what you are telling me"),
    "help": N_("Commands"),
    "id": N_("Telegram IDs of this chat and of you"),
}
# Of use to organisers only, and named in their /help; Telegram offers everybody the others.
ORGANISERS_OWN = {
    "create": N_("Create an event"),
    "list": N_("The dates of your clubs"),
    "people": N_("People of a date"),
    "seat": N_("Seat somebody who waits"),
    "add": N_("Add somebody to a date"),
    "remove": N_("Take somebody off a date"),
    "close": N_("Close an attendance list"),
    "reopen": N_("Open an attendance list again"),
    "poll": N_("Ask the members"),
    "announce": N_("Write to groups and members"),
    "invite": N_("A link for new members"),
    "key": N_("A key for an organiser or helper"),
    "groups": N_("Your groups and lost cards"),
    "audit": N_("Audit log"),
    "here": N_("Post cards in this topic"),
    "unlink": N_("Unlink this group"),
}
ORGANISER_COMMANDS = tuple(ORGANISERS_OWN)
IN_GROUPS_ONLY = ("here", "unlink")
ORGANISER_LIST = (*COMMANDS, *(name for name in ORGANISERS_OWN if name not in IN_GROUPS_ONLY))
# Of the commands with personal answers those are offered in groups that one message answers.
GROUP_COMMANDS = (
    *("events", "event", "book", "guests", "leave", "maybe"),
    *("mybookings", "queue", "polls", "vote", "app", "help"),
)
GROUP_ADMINISTRATOR_COMMANDS = (*GROUP_COMMANDS, "create", "poll", "here", "unlink")
# In a group neither these nor their answers are of use to anybody else: only the sender and the bot see them (decision 0062).
# None of their answers has a button that is tapped.
EPHEMERAL_COMMANDS = ("mybookings", "queue", "app", "help", "create", "poll")


def commands_for(person: Person, *, organises: bool) -> list[BotCommand]:
    """The list of the person's private chat; none for whoever has that of everybody."""
    return describe(ORGANISER_LIST, person.voice) if organises else []


def describe(names: Sequence[str], voice: Voice, ephemeral: Collection[str] = ()) -> list[BotCommand]:
    """These commands with what they do, in a language; those among `ephemeral` are marked."""
    descriptions = COMMANDS | ORGANISERS_OWN
    return [
        BotCommand(
            command=each,
            description=voice.gettext(descriptions[each]),
            is_ephemeral=True if each in ephemeral else None,
        )
        for each in names
    ]
