"""The numbered lists that the bot showed last, to a person or in a group: what a number in a command means is what was read
there, whatever has changed since."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from backend import clock, db
from backend.groups.queries import LinkedGroup
from backend.people.queries import Person

SHOWN_FOR = timedelta(days=1)  # after that a number means the list as it is


class NumberedList(StrEnum):
    """The lists whose numbers commands take, by the name that the database stores."""

    EVENTS = "events"
    ORGANISED = "organised"  # by the reader: of /list
    BOOKINGS = "bookings"
    TAKEABLE = "takeable"
    OFFERS = "offers"
    POLLS = "polls"


async def remember_list(
    name: NumberedList, codes: Sequence[str], person: Person, group: LinkedGroup | None = None
) -> None:
    """Record the codes of a list in its order, as it is being shown to the person, or to all in a group."""
    await db.execute_single(
        "INSERT INTO shown_lists (user_id, group_id, name, codes, shown_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT ON CONSTRAINT shown_lists_user_id_group_id_name_key DO UPDATE SET codes = $4, shown_at = $5",
        None if group is not None else person.id,
        group.id if group is not None else None,
        name,
        list(codes),
        clock.now(),
    )


async def last_list(name: NumberedList, person: Person, group: LinkedGroup | None = None) -> list[str] | None:
    """The codes of the list that was shown last in this group, or else to this person; None when there was none lately."""
    found: list[str] | None = await db.value(
        "SELECT codes FROM shown_lists WHERE name = $1 AND (group_id = $2 OR user_id = $3) AND shown_at > $4"
        " ORDER BY group_id NULLS LAST LIMIT 1",
        name,
        group.id if group is not None else None,
        person.id,
        clock.now() - SHOWN_FOR,
    )
    return found
