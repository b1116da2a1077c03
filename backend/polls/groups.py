"""What becomes of polls when their group does; called inside the transaction that changes the group."""

from backend import db


async def detach_polls(account_id: int, group_id: int) -> None:
    """The account's polls for this group are for no group any more."""
    await db.execute(
        "UPDATE polls SET group_id = NULL, topic_id = NULL WHERE group_id = $1 AND account_id = $2",
        group_id,
        account_id,
    )


async def move_polls(old_group_id: int, new_group_id: int) -> None:
    """The old group's polls are the new one's."""
    await db.execute("UPDATE polls SET group_id = $2 WHERE group_id = $1", old_group_id, new_group_id)
