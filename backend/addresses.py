"""Where public codes lead: remembered, since it never changes, so that a tap needs no query to find its way."""

from dataclasses import dataclass

from backend import db
from backend.errors import NotFound

REMEMBERED = 20_000  # codes of one kind


@dataclass(frozen=True, slots=True)
class Address:
    """What a code names: the row's id, and the account it belongs to."""

    id: int
    account_id: int


class Addresses:
    """The codes of one kind. `query` gives id and account_id for a code."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._known: dict[str, Address] = {}

    async def find(self, code: str) -> Address:
        """Where this code leads. Raises `NotFound`."""
        known = self._known.get(code)
        if known is not None:
            return known
        row = await db.row(self._query, code)
        if row is None:
            raise NotFound()
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        found = self._known[code] = Address(row["id"], row["account_id"])
        return found

    def forget(self) -> None:
        """Remember nothing any more; for a database that was emptied."""
        self._known.clear()
