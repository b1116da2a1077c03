"""How votes are counted: pure functions over what the ballot box has read (`P1`, `P2`).

`decide` answers one ballot and changes the `Box` it is given. Nothing here reads a clock, a table or a setting.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from backend.errors import NotFound
from backend.i18n import Words
from backend.polls import words

Choice = frozenset[int]  # ids of options


class NotHere(NotFound):
    """The person is not a member of the poll's club; `vote` may let them in and ask again (`A4`)."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a person asks of a poll: `options` is their whole choice; with `tap`, the one option they tapped."""

    user_id: int
    options: Choice
    tap: bool = False
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class VoteOutcome:
    """The answer to a ballot, from inside the transaction. `kind`: voted, already, withdrawn."""

    kind: str
    words: Words


@dataclass(slots=True)
class Option:
    """An option at the box with its count; `votes_max` None is no limit."""

    id: int
    text: str
    votes: int
    votes_max: int | None

    @property
    def full(self) -> bool:
        return self.votes_max is not None and self.votes >= self.votes_max


@dataclass(slots=True)
class Voter:
    """A member at the box: what they had chosen when it was opened, and what they choose now."""

    membership_id: int
    live: bool  # still a member of the club
    before: Choice
    choice: Choice


@dataclass(slots=True)
class Box:
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


def ended_at(
    closes_at: datetime | None, closed_at: datetime | None, now: datetime
) -> datetime | None:
    """When the poll closed; None while it is open. A passed deadline closes it whatever the sweeper's pace (`P2`)."""
    if closed_at is not None:
        return closed_at
    return closes_at if closes_at is not None and closes_at <= now else None


def results_shown(results: str, *, is_open: bool, voted: bool) -> bool:
    """Whether a reader sees the counts now (`P1`): the same for organisers as for everybody."""
    return not is_open or results == "live" or (results == "voted" and voted)


def meant(box: Box, ballot: Ballot) -> Choice:
    """The whole choice a ballot stands for. Raises `NotHere`.

    A tap in a single-choice poll chooses the option, or takes one's own back; in the other kind it toggles it.
    """
    choice = _voter(box, ballot).choice
    if not ballot.tap:
        return ballot.options
    if box.kind == "single":
        return frozenset() if ballot.options == choice else ballot.options
    return choice ^ ballot.options


def decide(box: Box, ballot: Ballot) -> VoteOutcome:
    """Answer one ballot. Raises a `Refusal`, and then nothing has changed."""
    voter = _voter(box, ballot)
    ended = ended_at(box.closes_at, box.closed_at, box.now)
    if ended is not None:
        raise words.PollClosed(closed=ended, zone=box.zone)
    wanted = meant(box, ballot)
    if not wanted <= box.options.keys():
        raise words.not_listed()
    if wanted == voter.choice:
        return VoteOutcome("already", words.already(has_voted=bool(wanted)))
    if len(wanted) > box.choices_max:
        raise words.too_many(box.choices_max)
    for option in box.options.values():
        if option.id in wanted - voter.choice and option.full:
            raise words.OptionFull(option=option.text)
    for option in box.options.values():
        option.votes += (option.id in wanted) - (option.id in voter.choice)
    voter.choice = wanted
    if not wanted:
        return VoteOutcome("withdrawn", words.withdrawn())
    texts = [option.text for option in box.options.values() if option.id in wanted]
    return VoteOutcome("voted", words.voted(texts))


def _voter(box: Box, ballot: Ballot) -> Voter:
    voter = box.voters.get(ballot.user_id)
    if voter is None or not voter.live:
        raise NotHere()
    return voter
