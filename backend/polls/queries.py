"""Loading polls for screens and cards."""

from collections.abc import Sequence
from datetime import datetime

from backend import clock, db
from backend.accounts.rules import Role
from backend.alphabets import fold, fold_sql
from backend.errors import NotFound
from backend.known_zones import first_known
from backend.people.names import tell_apart
from backend.people.queries import Person
from backend.people.sql import SHORT_NAME
from backend.polls.rules import Answer, PollKind, ResultVisibility, are_results_visible, ended_at
from backend.polls.views import OptionView, PollView, RelatedPoll, Voter
from backend.search import search_words, word_patterns

RELATED_MAX = 5  # polls on an instance's screen
NAMES_MAX = 50  # of one option's voters; `votes` says how many there are


# Electors are the members who can vote, and those who voted and have left since: their votes stand until the
# poll closes, and whoever counts votes counts their voters.
ELECTORS = """((SELECT count(*) FROM memberships e WHERE e.account_id = p.account_id AND e.user_id IS NOT NULL
        AND e.left_at IS NULL AND e.visitor_since IS NULL)
    + (SELECT count(*) FROM memberships e WHERE e.account_id = p.account_id AND e.user_id IS NOT NULL
        AND (e.left_at IS NOT NULL OR e.visitor_since IS NOT NULL)
        AND EXISTS (SELECT 1 FROM poll_votes v WHERE v.poll_id = p.id AND v.membership_id = e.id OFFSET 0)))"""
VIEW = f"""
SELECT p.*, a.name AS account_name, a.language AS account_language, a.zone, t.voters, t.version, m.role,
    {ELECTORS} AS electors
FROM polls p
JOIN accounts a ON a.id = p.account_id
JOIN poll_tallies t ON t.poll_id = p.id
LEFT JOIN memberships m ON m.account_id = p.account_id AND m.user_id = $1 AND m.left_at IS NULL AND m.visitor_since IS NULL
"""

OPTIONS = """
SELECT o.poll_id, o.id, o.position, o.text, o.starts_at, c.votes, c.votes_max, c.if_need_be, c.against, v.answer,
    i.code AS made
FROM poll_options o
JOIN poll_option_tallies c ON c.option_id = o.id
LEFT JOIN event_instances i ON i.id = o.made_instance_id
LEFT JOIN memberships m ON m.account_id = o.account_id AND m.user_id = $1 AND m.left_at IS NULL AND m.visitor_since IS NULL
LEFT JOIN poll_votes v ON v.option_id = o.id AND v.membership_id = m.id
WHERE o.poll_id = ANY($2::bigint[]) ORDER BY o.poll_id, o.position
"""

# The votes of a poll whose voters are named: the first of each option and answer, which an index gives. Each voter is looked
# up: a join may read all members of all accounts.
NAMED_VOTES = """
(SELECT o.id, a.answer FROM poll_options o, unnest(ARRAY['yes', 'if-need-be', 'no']) AS a (answer) WHERE o.poll_id = {poll}) n
CROSS JOIN LATERAL (SELECT id, option_id, answer, membership_id, at FROM poll_votes
    WHERE option_id = n.id AND answer = n.answer ORDER BY at, id LIMIT {most}) v
CROSS JOIN LATERAL (SELECT * FROM memberships WHERE id = v.membership_id LIMIT 1) m
LEFT JOIN LATERAL (SELECT * FROM telegram_users WHERE id = m.user_id LIMIT 1) u ON true
"""
NAMES = f"""
SELECT v.option_id, v.answer, v.membership_id, {SHORT_NAME} AS name, coalesce(u.last_name, '') AS last_name
FROM {NAMED_VOTES.format(poll="$1", most="$2")} ORDER BY v.option_id, v.answer, v.at, v.id
"""

Names = dict[tuple[int, str], tuple[str, ...]]  # by option and answer

SOONEST = "p.closes_at NULLS LAST, p.created_at DESC, p.id DESC"
NEWEST = "coalesce(p.closed_at, p.closes_at) DESC, p.created_at DESC, p.id DESC"
OPEN = "(p.closed_at IS NULL AND (p.closes_at IS NULL OR p.closes_at > $2))"


async def _views(person: Person | None, where: str, *args: object, names: bool = False) -> list[PollView]:
    """The polls of a WHERE clause whose own values begin at $2, with the names of their voters when `names`
    is set."""
    user_id, now = person.id if person else None, clock.now()
    found = await db.rows(f"{VIEW} {where}", user_id, *args)
    options: dict[int, list[db.Row]] = {row["id"]: [] for row in found}
    for row in await db.rows(OPTIONS, user_id, list(options)):
        options[row["poll_id"]].append(row)
    return [await _view(row, options[row["id"]], now, names=names) for row in found]


async def _view(row: db.Row, options: Sequence[db.Row], now: datetime, *, names: bool) -> PollView:
    ended = ended_at(row["closes_at"], row["closed_at"], now)
    voted = any(option["answer"] for option in options)
    visible = are_results_visible(row["results"], is_open=ended is None, voted=voted)
    voters: Names = {}
    if names and visible and not row["anonymous"]:
        named = await db.rows(NAMES, row["id"], NAMES_MAX)
        shown = tell_apart({r["membership_id"]: (r["name"], r["last_name"]) for r in named})
        for r in named:
            of_answer = (r["option_id"], r["answer"])
            voters[of_answer] = (*voters.get(of_answer, ()), shown[r["membership_id"]])
    return PollView(
        now=now,
        id=row["id"],
        code=row["code"],
        account_id=row["account_id"],
        account_name=row["account_name"],
        account_language=row["account_language"],
        zone=first_known(row["zone"]),
        question=row["question"],
        kind=PollKind(row["kind"]),
        choices_max=row["choices_max"],
        anonymous=row["anonymous"],
        results=ResultVisibility(row["results"]),
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
    """One poll, for the members of its account. Raises `NotFound` for everybody else (`A1`)."""
    found = await _views(person, "WHERE p.code = $2 AND m.id IS NOT NULL", code, names=True)
    if not found:
        raise NotFound()
    return found[0]


async def answers_by_voter(view: PollView, person: Person) -> list[Voter]:
    """The answers to each date: the reader's first, then in the order of first answers. Empty where the
    reader may not see names (`P1`)."""
    if view.kind is not PollKind.DATES or view.anonymous or not view.visible:
        return []
    rows = await db.rows(
        f"SELECT m.id, m.user_id, {SHORT_NAME} AS name, coalesce(u.last_name, '') AS last_name,"
        " array_agg(v.option_id) AS options,"
        " array_agg(v.answer) AS answers FROM poll_votes v JOIN memberships m ON m.id = v.membership_id"
        " LEFT JOIN telegram_users u ON u.id = m.user_id WHERE v.poll_id = $1"
        " GROUP BY m.id, u.first_name, u.last_name ORDER BY (m.user_id = $3) DESC NULLS LAST, min(v.at), m.id LIMIT $2",
        view.id,
        NAMES_MAX,
        person.id,
    )
    names = tell_apart({row["id"]: (row["name"], row["last_name"]) for row in rows})
    return [
        Voter(
            row["user_id"],
            names[row["id"]],
            {option: Answer(answer) for option, answer in zip(row["options"], row["answers"], strict=True)},
        )
        for row in rows
    ]


async def polls_of(
    person: Person, *, account_id: int | None = None, closed: bool = False, limit: int = 60
) -> list[PollView]:
    """The polls of all the person's accounts (`A8`), or of one, without names: the open ones, first those
    that close soonest, then newest first; or the closed ones, newest first."""
    return await _views(
        person,
        f"WHERE m.id IS NOT NULL AND {'NOT' if closed else ''} {OPEN} AND ($3::bigint IS NULL OR p.account_id = $3)"
        f" ORDER BY {NEWEST if closed else SOONEST} LIMIT $4",
        clock.now(),
        account_id,
        limit,
    )


async def open_polls_of_account(account_id: int, *, limit: int) -> list[PollView]:
    """The open polls of an account in the order of `polls_of`, as they are for nobody in particular (`M7`)."""
    where = f"WHERE p.account_id = $3 AND {OPEN} ORDER BY {SOONEST} LIMIT $4"
    return await _views(None, where, clock.now(), account_id, limit)


RELATED = f"""
SELECT p.code, p.question, a.zone, p.closes_at, {OPEN} AS open,
    EXISTS (SELECT 1 FROM poll_votes v WHERE v.poll_id = p.id AND v.membership_id = m.id) AS voted,
    made.id IS NOT NULL AS made
FROM polls p
JOIN accounts a ON a.id = p.account_id
JOIN memberships m ON m.account_id = p.account_id AND m.user_id = $1 AND m.left_at IS NULL AND m.visitor_since IS NULL
LEFT JOIN poll_options made ON made.poll_id = p.id AND made.made_instance_id = $4
WHERE p.account_id = $3 AND (made.id IS NOT NULL OR p.group_id = $5 AND {OPEN} AND coalesce(p.topic_id = $6, true))
ORDER BY made.id, p.closes_at NULLS LAST, p.created_at DESC, p.id DESC LIMIT {RELATED_MAX}
"""


async def related_polls(
    account_id: int, instance_id: int, person: Person, *, group_id: int | None, topic_id: int | None
) -> list[RelatedPoll]:
    """The polls that the readers of an instance may look for: the one it was made of (`P4`), then those that
    are open in its group (and topic, where both have one). `group_id` None leaves the latter out.

    A poll names no instance: it is asked in a group, before there is an instance or beside it.
    """
    rows = await db.rows(RELATED, person.id, clock.now(), account_id, instance_id, group_id, topic_id)
    return [RelatedPoll(**row) for row in rows]


async def account_polls(
    account_id: int, person: Person, *, words: str = "", after: int | None = None, limit: int = 50
) -> list[PollView]:
    """The account's polls whose question has these words, without names: open ones first, then newest first; `after` is
    the poll that the page before ended with. Empty for somebody who is no member (`A1`)."""
    return await _views(
        person,
        f"""WHERE m.id IS NOT NULL AND p.account_id = $3
        AND ($5::bigint IS NULL OR ({OPEN}, p.created_at, p.id) < (
            SELECT {OPEN}, p.created_at, p.id FROM polls p WHERE p.id = $5))
        AND (SELECT bool_and({fold_sql("p.question")} ~ pattern) FROM unnest($6::text[]) AS pattern) IS NOT FALSE
        ORDER BY {OPEN} DESC, p.created_at DESC, p.id DESC LIMIT $4""",
        clock.now(),
        account_id,
        limit,
        after,
        word_patterns([fold(word) for word in search_words(words)]),
    )


async def poll_for_card(poll_id: int) -> PollView | None:
    """A poll as a card shows it, which has no one reader: results that are hidden until one has voted stay
    hidden."""
    found = await _views(None, "WHERE p.id = $2", poll_id, names=True)
    return found[0] if found else None
