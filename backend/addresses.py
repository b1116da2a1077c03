"""The row that a public code names. It never changes, so it is cached, and a tap needs no query to find
it."""

from dataclasses import dataclass

from backend import db
from backend.errors import NotFound

CACHED_MAX = 20_000  # codes of one kind


@dataclass(frozen=True, slots=True)
class Address:
    """The id of the row that a code names, and its account."""

    id: int
    account_id: int


class Addresses:
    """A cache of the codes of one kind. `query` returns id and account_id for a code."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._cached: dict[str, Address] = {}

    async def find(self, code: str) -> Address:
        """The row with this code. Raises `NotFound`."""
        cached = self._cached.get(code)
        if cached is not None:
            return cached
        row = await db.row(self._query, code)
        if row is None:
            raise NotFound()
        if len(self._cached) >= CACHED_MAX:
            self._cached.clear()
        found = self._cached[code] = Address(row["id"], row["account_id"])
        return found

    def clear(self) -> None:
        """Empty the cache; for a database that was emptied."""
        self._cached.clear()
