"""How votes are counted: pure functions over what the ballot processor has loaded (`P1`, `P2`).

`decide` answers one ballot and changes the `BallotState` it is given. Nothing here reads a clock, a table or
a setting.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from backend.errors import NotFound
from backend.i18n import Words
from backend.polls import replies


class PollKind(StrEnum):
    """What a poll asks (`P1`), as `polls.kind` holds it."""

    SINGLE = "single"  # one choice
    SEVERAL = "several"  # several choices, up to a maximum
    DATES = "dates"  # yes, if need be, or no to each date


class ResultVisibility(StrEnum):
    """When members see the counts (`P1`), as `polls.results` holds it."""

    LIVE = "live"
    VOTED = "voted"  # once they have voted
    CLOSED = "closed"  # once the poll is closed


class Answer(StrEnum):
    """A vote's answer to its option, as `poll_votes.answer` holds it. Only dates are answered with more than
    yes (`P1`)."""

    YES = "yes"
    IF_NEED_BE = "if-need-be"
    NO = "no"


class VoteResult(StrEnum):
    """What a ballot changed."""

    VOTED = "voted"
    ALREADY = "already"  # nothing: the voter had chosen so before
    WITHDRAWN = "withdrawn"


Choice = Mapping[int, Answer]  # by the option's id; never changed in place

# The answer that a tap on a date gives, by the answer that stands.
NEXT_ANSWER = {
    None: Answer.YES,
    Answer.YES: Answer.IF_NEED_BE,
    Answer.IF_NEED_BE: Answer.NO,
    Answer.NO: None,
}


class NotAVoter(NotFound):
    """The person is not a member of the poll's account; casting a ballot may admit them and try again
    (`A4`)."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a person submits: their whole choice, or with `tap` the one option they tapped."""

    user_id: int
    choice: Choice
    tap: bool = False


@dataclass(frozen=True, slots=True)
class VoteOutcome:
    """The answer to a ballot, made inside the transaction that counts it."""

    kind: VoteResult
    words: Words


@dataclass(slots=True)
class Option:
    """An option with its counts. `votes` counts the answers that are yes; they are limited to `votes_max`,
    where None is no limit. The option of a date has `starts_at`, an aware instant."""

    id: int
    text: str
    votes: int
    votes_max: int | None
    if_need_be: int = 0
    against: int = 0
    starts_at: datetime | None = None

    @property
    def is_full(self) -> bool:
        return self.votes_max is not None and self.votes >= self.votes_max

    @property
    def name(self) -> str | datetime:
        """Its name in a reply."""
        return self.starts_at or self.text

    def add(self, answer: Answer | None, n: int) -> None:
        """Count `n` more of this answer, fewer when `n` is negative."""
        match answer:
            case Answer.YES:
                self.votes += n
            case Answer.IF_NEED_BE:
                self.if_need_be += n
            case Answer.NO:
                self.against += n


@dataclass(slots=True)
class Voter:
    """A member who votes: their choice when the state was loaded (`before`), and their choice now."""

    membership_id: int
    is_member: bool  # they have not left the account
    before: Choice
    choice: Choice


@dataclass(slots=True)
class BallotState:
    """A poll while its tally is locked: its options in their order by id, and those who vote by user id."""

    now: datetime
    zone: str
    kind: PollKind
    choices_max: int
    closes_at: datetime | None
    closed_at: datetime | None
    options: dict[int, Option]
    voters: dict[int, Voter]

    @property
    def changed(self) -> list[Voter]:
        return [voter for voter in self.voters.values() if voter.choice != voter.before]


class CountedOption(Protocol):
    """The option of a date with its counts, wherever it was loaded."""

    @property
    def votes(self) -> int: ...
    @property
    def against(self) -> int: ...
    @property
    def starts_at(self) -> datetime | None: ...


OptionT = TypeVar("OptionT", bound=CountedOption)


def ended_at(closes_at: datetime | None, closed_at: datetime | None, now: datetime) -> datetime | None:
    """When the poll closed; None while it is open. A deadline that has passed closes it, written down or not
    (`P2`)."""
    if closed_at is not None:
        return closed_at
    return closes_at if closes_at is not None and closes_at <= now else None


def are_results_visible(results: str, *, is_open: bool, voted: bool) -> bool:
    """Whether a reader sees the counts now (`P1`); organisers are treated like everybody."""
    return not is_open or results == ResultVisibility.LIVE or (results == ResultVisibility.VOTED and voted)


def winning_date(options: Iterable[OptionT], now: datetime) -> OptionT | None:
    """The date still to come with the most yes answers; among equals the one with the fewest no answers, then
    the earliest (`P4`). None when no date has a yes."""
    wanted = [o for o in options if o.votes and o.starts_at is not None and o.starts_at > now]
    return min(wanted, key=lambda o: (-o.votes, o.against, o.starts_at), default=None)


def resolve_choice(state: BallotState, ballot: Ballot) -> Choice:
    """The voter's whole choice after this ballot. Raises `NotAVoter`.

    A tap on a date gives the next answer: yes, if need be, no, none. Yes is skipped when the date takes no
    more of it. In a single-choice poll a tap chooses the option or withdraws it; with several choices it
    toggles the option.
    """
    choice = _voter(state, ballot).choice
    if not ballot.tap:
        return ballot.choice
    [tapped] = ballot.choice
    answer: Answer | None
    if state.kind is PollKind.DATES:
        answer = NEXT_ANSWER[choice.get(tapped)]
        if answer is Answer.YES and tapped in state.options and state.options[tapped].is_full:
            answer = Answer.IF_NEED_BE
    else:
        answer = None if tapped in choice else Answer.YES
    others = {} if state.kind is PollKind.SINGLE else {o: a for o, a in choice.items() if o != tapped}
    return others if answer is None else {**others, tapped: answer}


def decide(state: BallotState, ballot: Ballot) -> VoteOutcome:
    """Count one ballot. Raises a `Refusal`, and then nothing has changed."""
    voter = _voter(state, ballot)
    ended = ended_at(state.closes_at, state.closed_at, state.now)
    if ended is not None:
        raise replies.PollClosed(closed=ended, zone=state.zone)
    after = resolve_choice(state, ballot)
    _check_choice(state, after)
    before = voter.choice
    if after == before:
        return VoteOutcome(VoteResult.ALREADY, replies.nothing_changed(has_voted=bool(after)))
    if len(after) > state.choices_max:
        raise replies.too_many_choices(state.choices_max)
    for option in state.options.values():
        is_new = after.get(option.id) is Answer.YES and before.get(option.id) is not Answer.YES
        if is_new and option.is_full:
            raise replies.OptionFull(option=option.name, zone=state.zone)
    for option in state.options.values():
        option.add(before.get(option.id), -1)
        option.add(after.get(option.id), +1)
    voter.choice = after
    return _outcome(state, ballot, before, after)


def _check_choice(state: BallotState, choice: Choice) -> None:
    """Raises `Invalid` when an option is not the poll's, or cannot have this answer."""
    if not choice.keys() <= state.options.keys():
        raise replies.unknown_option()
    if state.kind is not PollKind.DATES and any(answer is not Answer.YES for answer in choice.values()):
        raise replies.answer_needs_dates()


def _outcome(state: BallotState, ballot: Ballot, before: Choice, after: Choice) -> VoteOutcome:
    result = VoteResult.VOTED if after else VoteResult.WITHDRAWN
    if state.kind is PollKind.DATES and ballot.tap:
        [tapped] = ballot.choice
        answer = after.get(tapped)
        none_left = answer is Answer.IF_NEED_BE and tapped not in before
        name = state.options[tapped].name
        return VoteOutcome(result, replies.date_answered(name, answer, state.zone, none_left=none_left))
    if not after:
        return VoteOutcome(result, replies.withdrawn())
    if state.kind is PollKind.DATES:
        return VoteOutcome(result, replies.dates_answered(len(after)))
    texts = [option.text for option in state.options.values() if option.id in after]
    return VoteOutcome(result, replies.voted(texts))


def _voter(state: BallotState, ballot: Ballot) -> Voter:
    voter = state.voters.get(ballot.user_id)
    if voter is None or not voter.is_member:
        raise NotAVoter()
    return voter
