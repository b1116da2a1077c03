"""Exporting all that is stored about a person (`A7`)."""

import json
from datetime import datetime

from backend import clock, db, replica
from backend.archive import of_archive
from backend.people.queries import Person
from backend.personal.inventory import INVENTORY


async def export(person: Person) -> dict[str, object]:
    """Everything stored about the person, by part, in types that JSON has; instants are ISO 8601 in UTC. It
    names nobody else."""
    parts: dict[str, object] = {"exported_at": clock.now().isoformat()}
    async with replica.snapshot():
        for item in INVENTORY:
            found = await db.rows(item.sql, person.id)
            archived = of_archive(item.sql)
            older = await db.rows(archived, person.id) if archived != item.sql else []
            rows = [_plain(row) for row in (*older, *found)]
            parts[item.part] = rows[0] if item.part == "you" and rows else rows
    return parts


def _plain(row: db.Row) -> dict[str, object]:
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if name == "detail" and isinstance(value, str):
        return json.loads(value)
    return value
