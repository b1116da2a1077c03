"""Series follow what happens to their group; called inside the transaction that changes the group."""

from backend import db


async def detach_series(account_id: int, group_id: int) -> None:
    """Take the account's series out of this group."""
    await db.execute(
        "UPDATE event_series SET group_id = NULL, topic_id = NULL WHERE group_id = $1 AND account_id = $2",
        group_id,
        account_id,
    )


async def move_series(old_group_id: int, new_group_id: int) -> None:
    """Give the series of one group to the group that replaces it (`A6`)."""
    await db.execute("UPDATE event_series SET group_id = $2 WHERE group_id = $1", old_group_id, new_group_id)
