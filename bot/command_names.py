"""The commands that Telegram offers, each with what it does."""

from backend.i18n import N_

COMMANDS = {
    "events": N_("What is coming"),
    "book": N_("Take a seat"),
    "leave": N_("Give your seat back"),
    "take": N_("Take the seat that is held for you"),
    "pass": N_("Let it go to the next in line"),
    "mybookings": N_("What you are in"),
    "calendar": N_("A date for your own calendar"),
    "regulars": N_("Your standing seats"),
    "polls": N_("What can be voted on"),
    "vote": N_("Vote"),
    "app": N_("Open the app"),
    "settings": N_("What we tell you, and when"),
    "help": N_("What you can send"),
    "id": N_("The numbers of this chat and of you"),
}
# Commands with personal answers are not offered in groups.
GROUP_COMMANDS = ("events", "book", "leave", "polls", "vote", "app", "help")
