"""All that is held about a person, for them to take away (`A7`)."""

import json
from datetime import datetime

from backend import clock, db
from backend.people.queries import Person
from backend.personal.inventory import INVENTORY


async def export(person: Person) -> dict[str, object]:
    """Everything, part by part, as JSON knows it; instants are ISO 8601 in UTC. Nobody else is named in it."""
    held: dict[str, object] = {"exported_at": clock.now().isoformat()}
    for one in INVENTORY:
        rows = [_plain(row) for row in await db.rows(one.sql, person.id)]
        held[one.part] = rows[0] if one.part == "you" and rows else rows
    return held


def _plain(row: db.Row) -> dict[str, object]:
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if name == "detail" and isinstance(value, str):
        return json.loads(value)
    return value
