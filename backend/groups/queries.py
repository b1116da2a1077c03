"""Linked groups and their topics (`A6`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import db
from backend.groups.rules import GENERAL_TOPIC, GroupHealth


@dataclass(frozen=True, slots=True)
class Topic:
    """A forum topic; the General topic has the id None (`C4`), or `GENERAL_TOPIC` where None stands for what the group chose."""

    topic_id: int | None
    name: str
    closed: bool


GENERAL = Topic(GENERAL_TOPIC, "General", closed=False)  # as Telegram calls it in all languages


@dataclass(frozen=True, slots=True)
class LinkedGroup:
    """A group as organisers see it. `linked_at` is an aware instant; only `groups` reads the topics. Cards whose series or poll
    has no topic of its own go to `card_topic_id`, None for the General topic."""

    id: int
    account_id: int
    chat_id: int
    title: str
    forum: bool
    health: GroupHealth
    linked_at: datetime
    card_topic_id: int | None = None
    topics: tuple[Topic, ...] = ()

    @property
    def own_topics(self) -> tuple[Topic, ...]:
        """The topics that a series or poll can have of its own: General too, where others go to another one."""
        known = tuple(topic for topic in self.topics if topic.topic_id)
        return (GENERAL, *known) if self.card_topic_id is not None else known


def group_from(row: db.Row, topics: tuple[Topic, ...] = ()) -> LinkedGroup:
    """A row of groups as a `LinkedGroup`."""
    return LinkedGroup(
        id=row["id"],
        account_id=row["account_id"],
        chat_id=row["chat_id"],
        title=row["title"],
        forum=row["forum"],
        health=GroupHealth(row["health"]),
        linked_at=row["linked_at"],
        card_topic_id=row["card_topic_id"],
        topics=topics,
    )


async def groups(account_id: int) -> list[LinkedGroup]:
    """The account's groups by title, each with the topics the bot has seen in it."""
    topics: dict[int, list[Topic]] = {}
    for row in await db.rows(
        "SELECT * FROM group_topics WHERE account_id = $1 ORDER BY lower(name), topic_id",
        account_id,
    ):
        topics.setdefault(row["group_id"], []).append(Topic(row["topic_id"], row["name"], row["closed"]))
    rows = await db.rows("SELECT * FROM groups WHERE account_id = $1 ORDER BY lower(title), id", account_id)
    return [group_from(row, tuple(topics.get(row["id"], ()))) for row in rows]


async def group(group_id: int) -> LinkedGroup | None:
    """The group with this id (Emerald's, not Telegram's)."""
    found = await db.row("SELECT * FROM groups WHERE id = $1", group_id)
    return group_from(found) if found else None


async def group_of_chat(chat_id: int) -> LinkedGroup | None:
    """The group of this Telegram chat; None when it is not linked."""
    found = await db.row("SELECT * FROM groups WHERE chat_id = $1", chat_id)
    return group_from(found) if found else None
