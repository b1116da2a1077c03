"""What a poll says: every outcome and refusal of a vote as a whole sentence (`B9` in spirit, `P2`)."""

from datetime import datetime

from backend.errors import Invalid, Refusal
from backend.i18n import N_, Words


class PollClosed(Refusal):
    """The poll was closed by hand, or its deadline has passed (`P2`)."""

    outcome = "closed"
    message = N_("This poll closed %(closed)s. Votes can no longer be changed.")


class OptionFull(Refusal):
    """The option has as many votes as it takes (`P2`); what was chosen before stands."""

    outcome = "full"
    message = N_("“%(option)s” has all the votes it takes. Choose another one.")


def not_listed() -> Invalid:
    return Invalid(N_("Choose from what is listed."), field="option")


def only_of_dates() -> Invalid:
    return Invalid(
        N_("“If need be” and no are answers to dates. Here, choose or don’t."), field="option"
    )


def too_many(most: int) -> Invalid:
    return Invalid(
        N_("You can choose %(n)s at most. Take one back first."),
        plural=N_("You can choose %(n)s at most. Take one back first."),
        n=most,
        field="option",
    )


def voted(texts: list[str]) -> Words:
    if len(texts) == 1:
        return Words(
            N_("Your vote: %(option)s. You can change it until the poll closes."),
            {"option": texts[0]},
        )
    return Words(
        N_("Your vote counts for %(n)s option. You can change it until the poll closes."),
        {},
        N_("Your vote counts for %(n)s options. You can change it until the poll closes."),
        len(texts),
    )


# What is said when a date was tapped, by the answer it now has.
ANSWERED = {
    "yes": N_("%(option)s: yes. Tap again for “if need be”."),
    "if-need-be": N_("%(option)s: if need be. Tap again for no."),
    "no": N_("%(option)s: no. Tap again to take it back."),
    None: N_("%(option)s: your answer is taken back."),
}


def answered(option: str | datetime, answer: str | None, zone: str, *, none_left: bool) -> Words:
    """`none_left`: no yes was left to be had."""
    message = ANSWERED[answer]
    if none_left:
        message = N_("%(option)s: if need be, for it has every yes it takes. Tap again for no.")
    return Words(message, {"option": option}, zone=zone)


def dates_answered(n: int) -> Words:
    return Words(
        N_("You’ve answered for %(n)s date. You can change it until the poll closes."),
        {},
        N_("You’ve answered for %(n)s dates. You can change it until the poll closes."),
        n,
    )


def withdrawn() -> Words:
    return Words(N_("Your vote is taken back. You can vote again until the poll closes."))


def already(*, has_voted: bool) -> Words:
    if has_voted:
        return Words(N_("You’ve voted so already. Nothing has changed."))
    return Words(N_("You haven’t voted, so there is nothing to take back."))
