"""How votes are counted: pure functions over what the ballot box has read (`P1`, `P2`).

`decide` answers one ballot and changes the `Box` it is given. Nothing here reads a clock, a table or a setting.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID, uuid4

from backend.errors import NotFound
from backend.i18n import Words
from backend.polls import replies


class Answer(StrEnum):
    """What a vote says of its option. Only about dates can one say more than yes (`P1`)."""

    YES = "yes"
    IF_NEED_BE = "if-need-be"
    NO = "no"


Choice = Mapping[int, Answer]  # by option; never changed in place

# What a tap on a date makes of the answer that stands.
NEXT_ANSWER = {
    None: Answer.YES,
    Answer.YES: Answer.IF_NEED_BE,
    Answer.IF_NEED_BE: Answer.NO,
    Answer.NO: None,
}


class NotAVoter(NotFound):
    """The person is not a member of the poll's club; `vote` may let them in and ask again (`A4`)."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a person asks of a poll: their whole choice; with `tap`, the one option they tapped."""

    user_id: int
    choice: Choice
    tap: bool = False
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class VoteOutcome:
    """The answer to a ballot, from inside the transaction. `kind`: voted, already, withdrawn."""

    kind: str
    words: Words


@dataclass(slots=True)
class Option:
    """An option at the box with its counts. `votes` are those that say yes, and only they are limited: to `votes_max`,
    None is no limit. `starts_at` is the moment of a date."""

    id: int
    text: str
    votes: int
    votes_max: int | None
    if_need_be: int = 0
    against: int = 0
    starts_at: datetime | None = None

    @property
    def full(self) -> bool:
        return self.votes_max is not None and self.votes >= self.votes_max

    @property
    def name(self) -> str | datetime:
        """What it is called in a sentence."""
        return self.starts_at or self.text

    def count(self, answer: Answer | None, by: int) -> None:
        match answer:
            case Answer.YES:
                self.votes += by
            case Answer.IF_NEED_BE:
                self.if_need_be += by
            case Answer.NO:
                self.against += by


@dataclass(slots=True)
class Voter:
    """A member at the box: what they had chosen when it was opened, and what they choose now."""

    membership_id: int
    live: bool  # still a member of the club
    before: Choice
    choice: Choice


@dataclass(slots=True)
class BallotState:
    """A poll's ballot box while its tally is locked. Options in their order; voters by person."""

    now: datetime
    zone: str
    kind: str
    choices_max: int
    closes_at: datetime | None
    closed_at: datetime | None
    options: dict[int, Option]
    voters: dict[int, Voter]

    @property
    def changed(self) -> list[Voter]:
        return [voter for voter in self.voters.values() if voter.choice != voter.before]


class CountedDate(Protocol):
    """A date with its counts, at the box or on a screen."""

    @property
    def votes(self) -> int: ...
    @property
    def against(self) -> int: ...
    @property
    def starts_at(self) -> datetime | None: ...


Date = TypeVar("Date", bound=CountedDate)


def ended_at(closes_at: datetime | None, closed_at: datetime | None, now: datetime) -> datetime | None:
    """When the poll closed; None while it is open. A passed deadline closes it whatever the sweeper's pace (`P2`)."""
    if closed_at is not None:
        return closed_at
    return closes_at if closes_at is not None and closes_at <= now else None


def are_results_visible(results: str, *, is_open: bool, voted: bool) -> bool:
    """Whether a reader sees the counts now (`P1`): the same for organisers as for everybody."""
    return not is_open or results == "live" or (results == "voted" and voted)


def best_date(options: Iterable[Date], now: datetime) -> Date | None:
    """The date to come that most said yes to; of equals the one fewest said no to, then the earliest (`P4`).

    None when nobody said yes to any of them.
    """
    wanted = [o for o in options if o.votes and o.starts_at is not None and o.starts_at > now]
    return min(wanted, key=lambda o: (-o.votes, o.against, o.starts_at), default=None)


def resolve_choice(box: BallotState, ballot: Ballot) -> Choice:
    """The whole choice a ballot stands for. Raises `NotHere`.

    A tap on a date says the next answer: yes, if need be, no, nothing; when no yes is left to be had, it is left out.
    In a single-choice poll a tap chooses the option, or takes one's own back; in one of several it toggles it.
    """
    choice = _voter(box, ballot).choice
    if not ballot.tap:
        return ballot.choice
    [tapped] = ballot.choice
    answer: Answer | None
    if box.kind == "dates":
        answer = NEXT_ANSWER[choice.get(tapped)]
        if answer is Answer.YES and tapped in box.options and box.options[tapped].full:
            answer = Answer.IF_NEED_BE
    else:
        answer = None if tapped in choice else Answer.YES
    others = {} if box.kind == "single" else {o: a for o, a in choice.items() if o != tapped}
    return others if answer is None else {**others, tapped: answer}


def decide(box: BallotState, ballot: Ballot) -> VoteOutcome:
    """Answer one ballot. Raises a `Refusal`, and then nothing has changed."""
    voter = _voter(box, ballot)
    ended = ended_at(box.closes_at, box.closed_at, box.now)
    if ended is not None:
        raise replies.PollClosed(closed=ended, zone=box.zone)
    wanted = resolve_choice(box, ballot)
    _check_choice(box, wanted)
    had = voter.choice
    if wanted == had:
        return VoteOutcome("already", replies.nothing_changed(has_voted=bool(wanted)))
    if len(wanted) > box.choices_max:
        raise replies.too_many_choices(box.choices_max)
    for option in box.options.values():
        new = wanted.get(option.id) is Answer.YES and had.get(option.id) is not Answer.YES
        if new and option.full:
            raise replies.OptionFull(option=option.name, zone=box.zone)
    for option in box.options.values():
        option.count(had.get(option.id), -1)
        option.count(wanted.get(option.id), +1)
    voter.choice = wanted
    return _outcome(box, ballot, had, wanted)


def _check_choice(box: BallotState, wanted: Choice) -> None:
    """Raises `Invalid` for what is not listed, or cannot be said of it."""
    if not wanted.keys() <= box.options.keys():
        raise replies.unknown_option()
    if box.kind != "dates" and any(answer is not Answer.YES for answer in wanted.values()):
        raise replies.answer_needs_dates()


def _outcome(box: BallotState, ballot: Ballot, had: Choice, wanted: Choice) -> VoteOutcome:
    kind = "voted" if wanted else "withdrawn"
    if box.kind == "dates" and ballot.tap:
        [tapped] = ballot.choice
        answer = wanted.get(tapped)
        none_left = answer is Answer.IF_NEED_BE and tapped not in had
        name = box.options[tapped].name
        return VoteOutcome(kind, replies.date_answered(name, answer, box.zone, none_left=none_left))
    if not wanted:
        return VoteOutcome(kind, replies.withdrawn())
    if box.kind == "dates":
        return VoteOutcome(kind, replies.dates_answered(len(wanted)))
    texts = [option.text for option in box.options.values() if option.id in wanted]
    return VoteOutcome(kind, replies.voted(texts))


def _voter(box: BallotState, ballot: Ballot) -> Voter:
    voter = box.voters.get(ballot.user_id)
    if voter is None or not voter.live:
        raise NotAVoter()
    return voter
