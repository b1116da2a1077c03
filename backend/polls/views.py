"""Polls as their readers see them. A reader who may not see results or names is not given them (`P1`)."""

from dataclasses import dataclass
from datetime import datetime

from backend.accounts.rules import Permission, Role, is_permitted
from backend.i18n import Voice
from backend.polls.rules import Answer, PollKind, ResultVisibility, winning_date
from backend.zones import wall_clock


@dataclass(frozen=True, slots=True)
class OptionView:
    """An option as its reader sees it. While results are hidden, counts are 0 and there are no names; `full`
    is always true. Names are first names in the order of the votes, never given for an anonymous poll.

    A date has `starts_at` instead of `text`; `votes`, `mine` and `voters` then mean the answer yes.
    """

    id: int
    position: int
    text: str
    votes: int
    votes_max: int | None
    full: bool
    mine: bool
    voters: tuple[str, ...] = ()
    starts_at: datetime | None = None
    answer: Answer | None = None  # the reader's
    if_need_be: int = 0
    against: int = 0
    voters_if_need_be: tuple[str, ...] = ()
    voters_against: tuple[str, ...] = ()
    made: str = ""  # the code of the instance that was made of this date (`P4`)

    def name(self, voice: Voice, zone: str) -> str:
        """Its text, or its moment in the zone, as in `Tue 24 Nov, 18:00`."""
        return self.text if self.starts_at is None else _moment(voice, self.starts_at, zone)

    def elsewhere(self, voice: Voice, zone: str) -> str:
        """A date's moment in the reader's zone, where their clock shows another time than the poll's zone
        (`S3`); else ""."""
        if self.starts_at is None or voice.zone is None:
            return ""
        theirs = wall_clock(self.starts_at, voice.zone)
        here = wall_clock(self.starts_at, zone)
        if theirs == here:
            return ""
        if theirs.date() == here.date():
            return voice.hour(self.starts_at, voice.zone)
        return _moment(voice, self.starts_at, voice.zone)


def _moment(voice: Voice, at: datetime, zone: str) -> str:
    return f"{voice.date(at, zone)}, {voice.hour(at, zone)}"


@dataclass(frozen=True, slots=True)
class PollView:
    """A poll as its reader sees it at `now`. Times are aware instants, `zone` is the account's. `closed_at`
    is the deadline once that has passed. `electors` counts the members who could vote, `voters` those who
    did."""

    now: datetime
    id: int
    code: str
    account_id: int
    account_name: str
    account_language: str
    zone: str
    question: str
    kind: PollKind
    choices_max: int
    anonymous: bool
    results: ResultVisibility
    closes_at: datetime | None
    closed_at: datetime | None
    group_id: int | None
    topic_id: int | None
    voters: int
    electors: int
    version: int  # changes whenever anything shown does
    options: tuple[OptionView, ...]
    role: Role | None  # the reader's; None for a card, which has no one reader
    voted: bool
    visible: bool  # the reader sees the results now
    open: bool
    reminded_at: datetime | None = None  # when non-voters were last reminded (`P5`)

    @property
    def changes_at(self) -> list[datetime]:
        """The moments at which the clock alone may change what is shown, midnights aside."""
        moments = (self.closes_at, *(option.starts_at for option in self.options))
        return [moment for moment in moments if moment is not None]

    @property
    def event_option(self) -> OptionView | None:
        """The date of which an instance was made (`P4`)."""
        return next((option for option in self.options if option.made), None)

    @property
    def best(self) -> OptionView | None:
        """The date that would win if the poll closed now, by the counts that this reader may see."""
        return winning_date(self.options, self.now)

    @property
    def can_create_event(self) -> bool:
        """Whether the reader may make an instance of one of its dates, now or by closing it."""
        return (
            self.kind is PollKind.DATES
            and self.event_option is None
            and self.can_manage
            and self.role is not None
            and is_permitted(self.role, Permission.MANAGE_EVENTS)
        )

    @property
    def can_manage(self) -> bool:
        """Whether the reader may close it and remind people."""
        return self.role is not None and is_permitted(self.role, Permission.MANAGE_POLLS)


@dataclass(frozen=True, slots=True)
class Voter:
    """A member's answers to the dates of a poll, by the option's id."""

    user_id: int | None
    name: str
    answers: dict[int, Answer]


@dataclass(frozen=True, slots=True)
class RelatedPoll:
    """A poll as an instance's screen names it. `closes_at` is an aware instant, `zone` the account's; `made`
    is whether the instance was made of it."""

    code: str
    question: str
    zone: str
    closes_at: datetime | None
    open: bool
    voted: bool
    made: bool
