"""What the tests of bookings read from the database."""

from backend import db
from backend.people.queries import Person


async def membership_of(person: Person) -> int:
    """The id of the person's only membership."""
    return int(await db.value("SELECT id FROM memberships WHERE user_id = $1", person.id))


async def messages_to(person: Person) -> list[str]:
    """The kinds of the messages to the person, in their order."""
    rows = await db.rows("SELECT kind FROM messages WHERE user_id = $1 ORDER BY id", person.id)
    return [row["kind"] for row in rows]
