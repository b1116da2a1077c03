"""What the screens and cards show of polls. Who has not to see results or names is not given them (`P1`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.accounts.rules import Permission, Role, is_permitted
from backend.errors import NotFound
from backend.i18n import Voice
from backend.people.queries import Person
from backend.people.sql import SHORT_NAME
from backend.polls.rules import Answer, are_results_visible, best_date, ended_at
from backend.zones import wall_clock

RELATED_MAX = 5  # polls on a date's screen
NAMES_MAX = 50  # of one option's voters; `votes` says how many there are


@dataclass(frozen=True, slots=True)
class OptionView:
    """An option as its reader sees it: while results are hidden its counts are 0 and no names are given; `full` is always
    true to the facts. Names are first names, in the order of their votes; never in an anonymous poll.

    A date has `starts_at` instead of `text`; its `votes`, `mine` and `voters` are those that say yes.
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
    made: str = ""  # the code of the date that was made of it (`P4`)

    def name(self, voice: Voice, zone: str) -> str:
        """What it is called: its text, or its moment in the zone, `Tue 24 Nov, 18:00`."""
        return self.text if self.starts_at is None else _moment(voice, self.starts_at, zone)

    def elsewhere(self, voice: Voice, zone: str) -> str:
        """A date's moment where its reader is, when their clock shows another than the zone's (`S3`); else empty."""
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
    """A poll as its reader sees it. Times are aware instants; `zone` is the club's. `closed_at` is the deadline once
    that has passed. `electors` are the members who could vote, `voters` those who did."""

    id: int
    code: str
    account_id: int
    club: str
    club_language: str
    zone: str
    question: str
    kind: str  # single, several, dates
    choices_max: int
    anonymous: bool
    results: str  # live, voted, closed
    closes_at: datetime | None
    closed_at: datetime | None
    group_id: int | None
    topic_id: int | None
    voters: int
    electors: int
    version: int  # changes whenever anything shown does
    options: tuple[OptionView, ...]
    role: Role | None
    voted: bool
    visible: bool  # results are shown to this reader now
    open: bool
    reminded_at: datetime | None = None  # when those who had not answered were last reminded (`P5`)

    @property
    def changes_at(self) -> list[datetime]:
        """When the clock alone may change how this stands; days, which end at midnight, are not among them."""
        moments = (self.closes_at, *(option.starts_at for option in self.options))
        return [moment for moment in moments if moment is not None]

    @property
    def made(self) -> OptionView | None:
        """The date of which an instance was made (`P4`)."""
        return next((option for option in self.options if option.made), None)

    @property
    def best(self) -> OptionView | None:
        """The date that closing would make, as far as this reader may know."""
        return best_date(self.options, clock.now())

    @property
    def to_make(self) -> bool:
        """Whether a date can be made of it, now or by closing it."""
        return (
            self.kind == "dates"
            and self.made is None
            and self.role is not None
            and (
                is_permitted(self.role, Permission.MANAGE_POLLS)
                and is_permitted(self.role, Permission.MANAGE_EVENTS)
            )
        )

    @property
    def managed(self) -> bool:
        """Whether its reader may close it and remind people."""
        return self.role is not None and is_permitted(self.role, Permission.MANAGE_POLLS)


VIEW = """
SELECT p.*, a.name AS club, a.language AS club_language, a.zone, t.voters, t.version, m.role,
    (SELECT count(*) FROM memberships e WHERE e.account_id = p.account_id AND e.left_at IS NULL AND e.user_id IS NOT NULL)
        AS electors
FROM polls p
JOIN accounts a ON a.id = p.account_id
JOIN poll_tallies t ON t.poll_id = p.id
LEFT JOIN memberships m ON m.account_id = p.account_id AND m.user_id = $1 AND m.left_at IS NULL
"""

OPTIONS = """
SELECT o.poll_id, o.id, o.position, o.text, o.starts_at, c.votes, c.votes_max, c.if_need_be, c.against, v.answer, i.code AS made
FROM poll_options o
JOIN poll_option_tallies c ON c.option_id = o.id
LEFT JOIN event_instances i ON i.id = o.made_instance_id
LEFT JOIN memberships m ON m.account_id = o.account_id AND m.user_id = $1 AND m.left_at IS NULL
LEFT JOIN poll_votes v ON v.option_id = o.id AND v.membership_id = m.id
WHERE o.poll_id = ANY($2::bigint[]) ORDER BY o.poll_id, o.position
"""

NAMES = f"""
SELECT option_id, answer, array_agg(name ORDER BY nth) AS names FROM (
    SELECT v.option_id, v.answer, {SHORT_NAME} AS name,
        row_number() OVER (PARTITION BY v.option_id, v.answer ORDER BY v.at, v.id) AS nth
    FROM poll_votes v JOIN memberships m ON m.id = v.membership_id LEFT JOIN telegram_users u ON u.id = m.user_id
    WHERE v.poll_id = $1
) named WHERE nth <= $2 GROUP BY option_id, answer
"""

Names = dict[tuple[int, str], tuple[str, ...]]  # by option and answer

SOONEST = "p.closes_at NULLS LAST, p.created_at DESC, p.id DESC"
NEWEST = "coalesce(p.closed_at, p.closes_at) DESC, p.created_at DESC, p.id DESC"
OPEN = "(p.closed_at IS NULL AND (p.closes_at IS NULL OR p.closes_at > $2))"


async def _views(person: Person | None, where: str, *args: object, names: bool = False) -> list[PollView]:
    """The polls of a WHERE clause whose own values begin at $2. With `names`, of one poll, who voted for what."""
    user_id = person.id if person else None
    found = await db.rows(f"{VIEW} {where}", user_id, *args)
    options: dict[int, list[db.Row]] = {row["id"]: [] for row in found}
    for row in await db.rows(OPTIONS, user_id, list(options)):
        options[row["poll_id"]].append(row)
    return [await _view(row, options[row["id"]], names=names) for row in found]


async def _view(row: db.Row, options: Sequence[db.Row], *, names: bool) -> PollView:
    ended = ended_at(row["closes_at"], row["closed_at"], clock.now())
    voted = any(option["answer"] for option in options)
    visible = are_results_visible(row["results"], is_open=ended is None, voted=voted)
    voters: Names = {}
    if names and visible and not row["anonymous"]:
        named = await db.rows(NAMES, row["id"], NAMES_MAX)
        voters = {(r["option_id"], r["answer"]): tuple(r["names"]) for r in named}
    return PollView(
        id=row["id"],
        code=row["code"],
        account_id=row["account_id"],
        club=row["club"],
        club_language=row["club_language"],
        zone=row["zone"],
        question=row["question"],
        kind=row["kind"],
        choices_max=row["choices_max"],
        anonymous=row["anonymous"],
        results=row["results"],
        closes_at=row["closes_at"],
        closed_at=ended,
        group_id=row["group_id"],
        topic_id=row["topic_id"],
        voters=row["voters"],
        electors=row["electors"],
        version=row["version"] + (ended is not None and row["closed_at"] is None),
        options=tuple(_option(option, visible, voters) for option in options),
        role=Role(row["role"]) if row["role"] else None,
        voted=voted,
        visible=visible,
        open=ended is None,
        reminded_at=row["reminded_at"],
    )


def _option(row: db.Row, visible: bool, voters: Names) -> OptionView:
    def named(answer: Answer) -> tuple[str, ...]:
        return voters.get((row["id"], answer), ())

    return OptionView(
        id=row["id"],
        position=row["position"],
        text=row["text"],
        votes=row["votes"] if visible else 0,
        votes_max=row["votes_max"],
        full=row["votes_max"] is not None and row["votes"] >= row["votes_max"],
        mine=row["answer"] == Answer.YES,
        voters=named(Answer.YES),
        starts_at=row["starts_at"],
        answer=Answer(row["answer"]) if row["answer"] else None,
        if_need_be=row["if_need_be"] if visible else 0,
        against=row["against"] if visible else 0,
        voters_if_need_be=named(Answer.IF_NEED_BE),
        voters_against=named(Answer.NO),
        made=row["made"] or "",
    )


async def poll(code: str, person: Person) -> PollView:
    """One poll, for the members of its club. Raises `NotFound` for everybody else (`A1`)."""
    found = await _views(person, "WHERE p.code = $2 AND m.id IS NOT NULL", code, names=True)
    if not found:
        raise NotFound()
    return found[0]


@dataclass(frozen=True, slots=True)
class Voter:
    """What somebody said of each date, by the option's id."""

    user_id: int | None
    name: str
    answers: dict[int, Answer]


async def answers_by_voter(view: PollView, person: Person) -> list[Voter]:
    """Who said what of which date, the reader first, then in the order of their first answers; nobody where its reader may not see it (`P1`)."""
    if view.kind != "dates" or view.anonymous or not view.visible:
        return []
    rows = await db.rows(
        f"SELECT m.user_id, {SHORT_NAME} AS name, array_agg(v.option_id) AS options,"
        " array_agg(v.answer) AS answers FROM poll_votes v JOIN memberships m ON m.id = v.membership_id"
        " LEFT JOIN telegram_users u ON u.id = m.user_id WHERE v.poll_id = $1"
        " GROUP BY m.id, u.first_name ORDER BY (m.user_id = $3) DESC NULLS LAST, min(v.at), m.id LIMIT $2",
        view.id,
        NAMES_MAX,
        person.id,
    )
    return [
        Voter(
            row["user_id"],
            row["name"],
            {option: Answer(said) for option, said in zip(row["options"], row["answers"], strict=True)},
        )
        for row in rows
    ]


async def polls_of(
    person: Person, *, account_id: int | None = None, closed: bool = False, limit: int = 60
) -> list[PollView]:
    """The polls of all the person's clubs (`A8`), without names: open ones by how soon they close, then newest first;
    or the closed ones, newest first."""
    return await _views(
        person,
        f"WHERE m.id IS NOT NULL AND {'NOT' if closed else ''} {OPEN} AND ($3::bigint IS NULL OR p.account_id = $3)"
        f" ORDER BY {NEWEST if closed else SOONEST} LIMIT $4",
        clock.now(),
        account_id,
        limit,
    )


@dataclass(frozen=True, slots=True)
class RelatedPoll:
    """A poll as a date's screen names it. `closes_at` is an aware instant, `zone` the club's; `made` is whether the date came
    of it."""

    code: str
    question: str
    zone: str
    closes_at: datetime | None
    open: bool
    voted: bool
    made: bool


RELATED = f"""
SELECT p.code, p.question, p.closes_at, a.zone, {OPEN} AS open, made.id IS NOT NULL AS made,
    EXISTS (SELECT 1 FROM poll_votes v WHERE v.poll_id = p.id AND v.membership_id = m.id) AS voted
FROM polls p
JOIN accounts a ON a.id = p.account_id
JOIN memberships m ON m.account_id = p.account_id AND m.user_id = $1 AND m.left_at IS NULL
LEFT JOIN poll_options made ON made.poll_id = p.id AND made.made_instance_id = $4
WHERE p.account_id = $3 AND (made.id IS NOT NULL OR p.group_id = $5 AND {OPEN} AND coalesce(p.topic_id = $6, true))
ORDER BY made.id, p.closes_at NULLS LAST, p.created_at DESC, p.id DESC LIMIT {RELATED_MAX}
"""


async def related_polls(
    account_id: int, instance_id: int, person: Person, *, group_id: int | None, topic_id: int | None
) -> list[RelatedPoll]:
    """The polls that somebody who looks at a date may be looking for: the one that made it (`P4`), then those that are open
    in its group (and topic, where both have one).

    A poll names no date: it is asked in a group, before a date is there or beside it. So what a date has to do with a poll is
    that it came of it, or that the same people are asked now. `group_id` None leaves the latter out.
    """
    rows = await db.rows(RELATED, person.id, clock.now(), account_id, instance_id, group_id, topic_id)
    return [RelatedPoll(**row) for row in rows]


async def club_polls(account_id: int, person: Person, *, limit: int = 200) -> list[PollView]:
    """A club's polls for its organisers, without names: open ones first, then newest first. Empty for strangers (`A1`)."""
    return await _views(
        person,
        f"WHERE m.id IS NOT NULL AND p.account_id = $3 ORDER BY {OPEN} DESC, p.created_at DESC, p.id DESC LIMIT $4",
        clock.now(),
        account_id,
        limit,
    )


async def poll_for_card(poll_id: int) -> PollView | None:
    """A poll as a card shows it, to nobody in particular: results hidden until one has voted stay hidden there."""
    found = await _views(None, "WHERE p.id = $2", poll_id, names=True)
    return found[0] if found else None


# What a row of the lists is made of, and whose votes move its numbers; see `backend.bookings.etags`.
VERSION = "hashtextextended(ROW(p.id, p.xmin, t.xmin, a.xmin, m.xmin)::text, 0)"


async def polls_etag(person: Person, *, limit: int, closed: int) -> str:
    """The versions of `limit` open polls and of `closed` closed ones, as `polls_of` gives them: a few index reads."""
    of = (
        f"SELECT {VERSION} AS version FROM polls p JOIN accounts a ON a.id = p.account_id JOIN poll_tallies t"
        " ON t.poll_id = p.id JOIN memberships m ON m.account_id = p.account_id AND m.user_id = $1 AND m.left_at IS NULL"
    )
    found = await db.value(
        f"SELECT ROW((SELECT sum(version) FROM ({of} WHERE {OPEN} ORDER BY {SOONEST} LIMIT $3) running),"
        f" (SELECT sum(version) FROM ({of} WHERE NOT {OPEN} ORDER BY {NEWEST} LIMIT $4) closed))::text",
        person.id,
        clock.now(),
        limit,
        closed,
    )
    return str(found)


async def poll_etag(code: str, person: Person) -> str:
    """The versions of one poll, of its dates that were made, and how many could vote; "" for who is no member."""
    found = await db.value(
        f"SELECT ROW({VERSION}, (SELECT count(*) FROM memberships e WHERE e.account_id = p.account_id AND e.left_at IS NULL"
        " AND e.user_id IS NOT NULL), (SELECT sum(hashtextextended(ROW(o.id, o.xmin)::text, 0)) FROM poll_options o"
        " WHERE o.poll_id = p.id))::text FROM polls p JOIN accounts a ON a.id = p.account_id JOIN poll_tallies t"
        " ON t.poll_id = p.id JOIN memberships m ON m.account_id = p.account_id AND m.user_id = $1 AND m.left_at IS NULL"
        " WHERE p.code = $2",
        person.id,
        code,
    )
    return found or ""


async def poll_versions(codes: Sequence[str]) -> dict[str, int]:
    """The present version of each of these polls: what a screen compares, cheaply, with what it shows.

    A deadline that passes is a change too, counted before it is written down.
    """
    rows = await db.rows(
        "SELECT p.code, t.version + (p.closed_at IS NULL AND coalesce(p.closes_at <= $2, false))::int AS version"
        " FROM polls p JOIN poll_tallies t ON t.poll_id = p.id WHERE p.code = ANY($1::text[])",
        list(codes),
        clock.now(),
    )
    return {row["code"]: row["version"] for row in rows}
