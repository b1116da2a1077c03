"""What a poll says: every outcome and refusal of a vote as a whole sentence (`B9` in spirit, `P2`)."""

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


def withdrawn() -> Words:
    return Words(N_("Your vote is taken back. You can vote again until the poll closes."))


def already(*, has_voted: bool) -> Words:
    if has_voted:
        return Words(N_("You’ve voted so already. Nothing has changed."))
    return Words(N_("You haven’t voted, so there is nothing to take back."))
