"""The rows of groups and topics.

What linking, unlinking or losing a group means for cards, series and polls is decided above, in
`backend.linking`, which calls these functions inside its transactions. Titles and names are cleaned (`X10`); a
group or topic whose name cannot be seen has a stand-in.
"""

from backend import clock, db
from backend.groups.queries import LinkedGroup, group_of_chat
from backend.groups.rules import GroupHealth
from backend.typed_text import clean_line


async def upsert_group(
    account_id: int, user_id: int, *, chat_id: int, title: str, forum: bool
) -> LinkedGroup | None:
    """Link a chat to the account, or bring its row up to date; None when another account has it."""
    owner = await db.value(
        "INSERT INTO groups AS g (account_id, chat_id, title, forum, health, linked_by, linked_at)"
        " VALUES ($1, $2, $3, $4, $7, $5, $6) ON CONFLICT ON CONSTRAINT groups_chat_id_key DO UPDATE SET"
        " title = $3, forum = $4, health = $7 WHERE g.account_id = $1 RETURNING account_id",
        account_id,
        chat_id,
        _clean_title(title),
        forum,
        user_id,
        clock.now(),
        GroupHealth.WELL,
    )
    return await group_of_chat(chat_id) if owner is not None else None


async def delete_group(account_id: int, group_id: int) -> str | None:
    """Delete the account's group, its topics and what is known of its members. Returns its title; None when there is no
    such group."""
    title: str | None = await db.value(
        "DELETE FROM groups WHERE id = $1 AND account_id = $2 RETURNING title", group_id, account_id
    )
    return title


async def rename_group(chat_id: int, title: str, *, forum: bool) -> None:
    """Record the chat's present title, and whether it has topics."""
    await db.execute_single(
        "UPDATE groups SET title = $2, forum = $3 WHERE chat_id = $1 AND (title, forum) <> ($2, $3)",
        chat_id,
        _clean_title(title),
        forum,
    )


def _clean_title(title: str) -> str:
    return clean_line(title) or "Group"


async def update_card_topic(account_id: int, group_id: int, topic_id: int | None) -> bool:
    """Let cards without a topic of their own go to this open topic of the account's group, None for General; False when there is
    no such."""
    updated = await db.execute(
        "UPDATE groups SET card_topic_id = $3 WHERE id = $1 AND account_id = $2 AND ($3::bigint IS NULL OR EXISTS"
        " (SELECT 1 FROM group_topics t WHERE t.group_id = $1 AND t.topic_id = $3 AND NOT t.closed))",
        group_id,
        account_id,
        topic_id,
    )
    return bool(updated)


async def clear_card_topic(group_id: int, topic_id: int) -> bool:
    """Let cards go to General that went to this topic; whether they did."""
    cleared = await db.execute(
        "UPDATE groups SET card_topic_id = NULL WHERE id = $1 AND card_topic_id = $2", group_id, topic_id
    )
    return bool(cleared)


async def delete_topic(group_id: int, topic_id: int) -> str:
    """Forget a topic that is gone; its name, "" when it was not known."""
    name = await db.value(
        "DELETE FROM group_topics WHERE group_id = $1 AND topic_id = $2 RETURNING name", group_id, topic_id
    )
    return str(name or "")


async def update_health(chat_id: int, health: GroupHealth) -> int | None:
    """Record whether the bot may write in the chat; the group's id when that has changed, else None."""
    changed: int | None = await db.value(
        "UPDATE groups SET health = $2 WHERE chat_id = $1 AND health <> $2 RETURNING id", chat_id, health
    )
    return changed


async def change_chat_id(group_id: int, chat_id: int) -> None:
    """Record the id that Telegram gave the chat when it became a supergroup (`A6`)."""
    await db.execute("UPDATE groups SET chat_id = $2 WHERE id = $1", group_id, chat_id)


async def merge_groups(old_id: int, new_id: int) -> None:
    """Delete the old group; the new one takes over what is known of its members."""
    await db.execute(
        "INSERT INTO group_members (account_id, group_id, user_id, present, checked_at)"
        " SELECT account_id, $2, user_id, present, checked_at FROM group_members WHERE group_id = $1"
        " ON CONFLICT ON CONSTRAINT group_members_pkey DO NOTHING",
        old_id,
        new_id,
    )
    await db.execute("DELETE FROM groups WHERE id = $1", old_id)


async def record_seen_topic(group_id: int, topic_id: int, name: str) -> None:
    """Record a forum topic that somebody writes in. `name` is the one it was made with, or "": a name that is
    known already stands, for it may have been changed since."""
    name = clean_line(name)
    # Every message in a topic comes here, and nearly all find it known: those cost a look-up and no write.
    if await db.value(
        "SELECT true FROM group_topics WHERE group_id = $1 AND topic_id = $2"
        " AND ($3 = '' OR name <> 'Topic ' || topic_id)",
        group_id,
        topic_id,
        name,
    ):
        return
    await db.execute_single(
        "INSERT INTO group_topics AS t (account_id, group_id, topic_id, name, closed)"
        " SELECT account_id, id, $2::bigint, coalesce(nullif($3, ''), 'Topic ' || $2::bigint), false"
        " FROM groups WHERE id = $1"
        " ON CONFLICT ON CONSTRAINT group_topics_pkey DO UPDATE SET name = $3"
        " WHERE $3 <> '' AND t.name = 'Topic ' || t.topic_id",
        group_id,
        topic_id,
        name,
    )


async def upsert_topic(chat_id: int, topic_id: int, *, name: str | None, closed: bool | None) -> None:
    """Record a forum topic. None leaves the name, or whether it is closed, as it is known."""
    await db.execute(
        "INSERT INTO group_topics AS t (account_id, group_id, topic_id, name, closed)"
        " SELECT account_id, id, $2::bigint, coalesce($3, 'Topic ' || $2::bigint), coalesce($4, false)"
        " FROM groups WHERE chat_id = $1"
        " ON CONFLICT ON CONSTRAINT group_topics_pkey DO UPDATE SET name = coalesce($3, t.name),"
        " closed = coalesce($4, t.closed)",
        chat_id,
        topic_id,
        clean_line(name or "") or None,
        closed,
    )
