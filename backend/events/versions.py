"""What identifies an instance as an organiser's form shows it (`backend.editing`, `X5`)."""

from backend import db
from backend.editing import require_version, version_of

# Texts and guests are the series' where the instance has none of its own.
_OF_SERIES = ("title", "emoji", "description", "place", "map_url", "guests_max")
_SHOWN = (*_OF_SERIES, "capacity", "starts_at", "ends_at")
_SELECT = f"""
SELECT {", ".join(f"coalesce(i.{name}, r.{name}) AS {name}" for name in _OF_SERIES)}, s.capacity, i.starts_at, i.ends_at
FROM event_instances i JOIN event_series r ON r.id = i.series_id JOIN instance_seats s ON s.instance_id = i.id
WHERE i.id = $1
"""


def instance_version(shown: object) -> str:
    """The version of an instance with these attributes, as a view has them."""
    return version_of(*(getattr(shown, name) for name in _SHOWN))


async def require_instance_version(seen: str, instance_id: int) -> None:
    """Called inside the transaction that holds the seats row. Raises `ChangedMeanwhile`."""
    if seen:
        row = await db.row(_SELECT, instance_id)
        require_version(seen, version_of(*row.values()) if row else "")
