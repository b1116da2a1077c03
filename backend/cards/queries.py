"""Cards as organisers see them, and as the sender works through them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from backend import clock, db
from backend.cards.rules import CardState, CardTrouble
from backend.groups.rules import GroupHealth


@dataclass(frozen=True, slots=True)
class CardView:
    """A card as an organiser sees it (`C6`). `link` opens the message in Telegram, "" when nothing can;
    `trouble` is why the card is lost, "" when it is not; `error` is what Telegram last answered. Times are
    aware instants."""

    id: int
    account_id: int
    instance_id: int | None
    poll_id: int | None
    group_id: int
    group_title: str
    group_health: GroupHealth
    topic_id: int | None
    state: CardState
    error: str
    created_at: datetime
    posted_at: datetime | None
    link: str
    title: str
    trouble: CardTrouble | Literal[""]
    lost_at: datetime | None


@dataclass(frozen=True, slots=True)
class CardJob:
    """A card to post or edit: what it shows, where, and the `version` of its instance or poll that it is to
    show."""

    card_id: int
    instance_id: int | None
    poll_id: int | None
    chat_id: int
    topic_id: int | None
    message_id: int | None
    digest: str
    version: int
    attempts: int
    is_unlinked: bool = False  # its buttons are to go


VIEW = """
SELECT c.*, g.title AS group_title, g.health AS group_health, g.chat_id, coalesce(r.title, p.question) AS title
FROM cards c JOIN groups g ON g.id = c.group_id
LEFT JOIN event_instances i ON i.id = c.instance_id
LEFT JOIN event_series r ON r.id = i.series_id
LEFT JOIN polls p ON p.id = c.poll_id
"""

# A card needs no reposting when its instance or poll is over, or when it was reposted to the same place.
NEEDS_REPOST = """
c.state = 'lost' AND coalesce(i.ends_at > $2, p.closed_at IS NULL) AND NOT EXISTS (SELECT 1 FROM cards n
    WHERE n.id > c.id AND (n.instance_id = c.instance_id OR n.poll_id = c.poll_id) AND n.group_id = c.group_id
    AND (n.topic_id IS NOT DISTINCT FROM c.topic_id OR c.trouble = 'topic-gone'))
"""

JOB = """
SELECT c.id, c.instance_id, c.poll_id, c.topic_id, c.message_id, c.digest, c.attempts, c.state,
    coalesce(g.chat_id, c.chat_id) AS chat_id, coalesce(s.version, t.version) AS version
FROM cards c
LEFT JOIN groups g ON g.id = c.group_id
LEFT JOIN instance_seats s ON s.instance_id = c.instance_id
LEFT JOIN poll_tallies t ON t.poll_id = c.poll_id
"""


def job_from(row: db.Row) -> CardJob:
    """A row of `JOB`."""
    return CardJob(
        card_id=row["id"],
        instance_id=row["instance_id"],
        poll_id=row["poll_id"],
        chat_id=row["chat_id"],
        topic_id=row["topic_id"],
        message_id=row["message_id"],
        digest=row["digest"],
        version=row["version"],
        attempts=row["attempts"],
        is_unlinked=row["state"] == CardState.UNLINKED,
    )


def _view(row: db.Row) -> CardView:
    link = ""
    # Only messages of a supergroup have links; the link has the chat's id without its prefix -100.
    if row["message_id"] is not None and str(row["chat_id"]).startswith("-100"):
        link = f"https://t.me/c/{str(row['chat_id'])[4:]}/{row['message_id']}"
    return CardView(
        id=row["id"],
        account_id=row["account_id"],
        instance_id=row["instance_id"],
        poll_id=row["poll_id"],
        group_id=row["group_id"],
        group_title=row["group_title"],
        group_health=GroupHealth(row["group_health"]),
        topic_id=row["topic_id"],
        state=CardState(row["state"]),
        error=row["error"],
        created_at=row["created_at"],
        posted_at=row["posted_at"],
        link=link,
        title=row["title"],
        trouble=CardTrouble(row["trouble"]) if row["trouble"] else "",
        lost_at=row["lost_at"],
    )


async def cards_of(*, instance_id: int | None = None, poll_id: int | None = None) -> list[CardView]:
    """The cards of an instance or of a poll, newest first."""
    rows = await db.rows(
        f"{VIEW} WHERE c.instance_id = $1 OR c.poll_id = $2 ORDER BY c.id DESC",
        instance_id,
        poll_id,
    )
    return [_view(row) for row in rows]


async def card(card_id: int) -> CardView | None:
    """The card with this id."""
    found = await db.row(f"{VIEW} WHERE c.id = $1", card_id)
    return _view(found) if found else None


async def cards_of_account(account_id: int) -> list[CardView]:
    """The account's cards whose instance or poll is not over, newest first."""
    rows = await db.rows(
        f"{VIEW} WHERE c.account_id = $1 AND coalesce(i.ends_at > $2, p.closed_at IS NULL) ORDER BY c.id DESC",
        account_id,
        clock.now(),
    )
    return [_view(row) for row in rows]


async def lost_cards(account_id: int) -> list[CardView]:
    """The account's lost cards that need reposting, newest first (`C6`)."""
    rows = await db.rows(
        f"{VIEW} WHERE c.account_id = $1 AND {NEEDS_REPOST} ORDER BY c.id DESC", account_id, clock.now()
    )
    return [_view(row) for row in rows]


async def is_card(chat_id: int, message_id: int, code: str) -> bool:
    """Whether this message is a card of the instance or poll with this public code: whoever can tap it
    may know whose account it is."""
    return bool(
        await db.value(
            "SELECT true FROM cards c JOIN groups g ON g.id = c.group_id"
            " LEFT JOIN event_instances i ON i.id = c.instance_id LEFT JOIN polls p ON p.id = c.poll_id"
            " WHERE g.chat_id = $1 AND c.message_id = $2 AND coalesce(i.code, p.code) = $3",
            chat_id,
            message_id,
            code,
        )
    )


# Both at the moment $1.
STALE = f"""{JOB} WHERE c.state = 'live' AND c.next_try_at < '9000-01-01 00:00:00+00' AND g.health = 'well'
    AND (coalesce(s.version, t.version) > c.shown_version OR c.next_try_at <= $1)"""
UNLINKED = f"{JOB} WHERE c.state = 'unlinked' AND c.next_try_at <= $1"


async def stale_cards(
    *, limit: int, except_ids: Collection[int] = (), busy: Collection[int] = ()
) -> list[CardJob]:
    """Live cards that show an old version, or are to be checked now; none in these `busy` chats, and none of
    these ids.

    The card that was rendered longest ago comes first, so that under load each has its turn (`C2`). Bookings
    and votes set no flag: a card is stale when the version of its instance or poll is higher than the one it
    shows.
    """
    rows = await db.rows(
        f"{STALE} AND NOT (c.id = ANY($2::bigint[])) AND NOT (g.chat_id = ANY($3::bigint[]))"
        " ORDER BY c.drawn_at NULLS FIRST, c.id LIMIT $4",
        clock.now(),
        list(except_ids),
        list(busy),
        limit,
    )
    return [job_from(row) for row in rows]


async def unlinked_cards(
    *, limit: int, except_ids: Collection[int] = (), busy: Collection[int] = ()
) -> list[CardJob]:
    """Unlinked cards that still have their buttons, or are to be redrawn without; none in these
    `busy` chats, and none of these ids."""
    rows = await db.rows(
        f"{UNLINKED} AND NOT (c.id = ANY($2::bigint[]))"
        " AND NOT (c.chat_id = ANY($3::bigint[])) ORDER BY c.next_try_at, c.id LIMIT $4",
        clock.now(),
        list(except_ids),
        list(busy),
        limit,
    )
    return [job_from(row) for row in rows]
