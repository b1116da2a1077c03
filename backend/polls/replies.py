"""The replies of polls: each outcome and refusal as a whole sentence, as `B9` asks of bookings (`P2`)."""

from datetime import datetime

from backend.errors import Invalid, Refusal
from backend.i18n import N_, Words


class PollClosed(Refusal):
    """The poll was closed by hand, or its deadline has passed (`P2`)."""

    outcome = "closed"
    message = N_("This poll closed %(closed)s. Votes can no longer be changed.")


class OptionFull(Refusal):
    """The option has reached its limit (`P2`); the earlier choice stands."""

    outcome = "full"
    message = N_("“%(option)s” is full. Please choose another.")


class AlreadyReminded(Refusal):
    """The non-voters were reminded less than a day ago (`P5`)."""

    outcome = "too-soon"
    message = N_("They were reminded %(before)s. You can remind them again %(again)s.")


def unknown_option() -> Invalid:
    return Invalid(N_("Choose from the list."), field="option")


def answer_needs_dates() -> Invalid:
    return Invalid(
        N_("“If need be” and “no” only work in date polls. Here, just choose an option."), field="option"
    )


def too_many_choices(most: int) -> Invalid:
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


# The reply to a tap on a date, by the answer it gave.
DATE_ANSWERED = {
    "yes": N_("%(option)s: yes. Tap again for “if need be”."),
    "if-need-be": N_("%(option)s: if need be. Tap again for no."),
    "no": N_("%(option)s: no. Tap again to take it back."),
    None: N_("%(option)s: your answer is taken back."),
}


def date_answered(option: str | datetime, answer: str | None, zone: str, *, none_left: bool) -> Words:
    """The reply to a tap on a date. `none_left`: the date takes no more yes answers, so the tap skipped
    yes."""
    message = DATE_ANSWERED[answer]
    if none_left:
        message = N_("%(option)s is full, so your answer is “if need be”. Tap again for no.")
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


def nothing_changed(*, has_voted: bool) -> Words:
    if has_voted:
        return Words(N_("That is already your vote. Nothing has changed."))
    return Words(N_("You haven’t voted, so there is nothing to take back."))


def not_about_dates() -> Invalid:
    return Invalid(N_("Only a date poll can set a date."), field="option")


def no_winning_date() -> Invalid:
    return Invalid(N_("No one said yes to any upcoming date. Choose one by hand."), field="option")


def past_date() -> Invalid:
    return Invalid(N_("That date is in the past. Choose a future one."), field="option")


def closed() -> Words:
    return Words(N_("The poll is closed. Everyone can see the result."))


def already_closed() -> Words:
    return Words(N_("This poll is closed already. Nothing has changed."))


def event_created(starts_at: datetime, claim_until: datetime | None, zone: str) -> Words:
    values: dict[str, object] = {"date": starts_at}
    if claim_until is None:
        sentence = N_("The date is set: %(date)s. Everyone who said yes will be told.")
        return Words(sentence, values, zone=zone)
    values["until"] = claim_until
    return Words(
        N_("The date is set: %(date)s. The seats are reserved until %(until)s for those who said yes."),
        values,
        zone=zone,
    )


def event_already_created(starts_at: datetime, zone: str) -> Words:
    return Words(N_("The date of this poll is already set: %(date)s."), {"date": starts_at}, zone=zone)


def everybody_voted() -> Words:
    return Words(N_("Everybody has answered. There is nobody to remind."))


def nobody_reachable(n: int) -> Words:
    return Words(
        N_("%(n)s person has not answered, but I can’t write to them."),
        {},
        N_("%(n)s people have not answered, but I can’t write to any of them."),
        n,
    )


def reminded(n: int, unreachable: int) -> Words:
    if unreachable:
        return Words(
            N_("%(n)s person will be reminded. I can’t write to %(others)s more."),
            {"others": unreachable},
            N_("%(n)s people will be reminded. I can’t write to %(others)s more."),
            n,
        )
    return Words(N_("%(n)s person will be reminded."), {}, N_("%(n)s people will be reminded."), n)
