"""Notes the statements that this process sends to PostgreSQL: each is a round trip."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from asyncpg.connection import Connection

# What sends a statement as it is, a prepared one, and one for many rows.
SENDING = ("execute", "_execute", "_executemany")


@contextmanager
def noted_statements() -> Iterator[list[str]]:
    """The statements of all connections of this process inside the block, in the order in which they were sent."""
    sent: list[str] = []

    def noting(name: str) -> Any:
        send = getattr(Connection, name)

        async def note(self: Any, query: str, *args: Any, **kwargs: Any) -> Any:
            if name != "execute" or not args:  # with parameters it is sent as a prepared one
                sent.append(query)
            return await send(self, query, *args, **kwargs)

        return note

    with mock.patch.multiple(Connection, **{name: noting(name) for name in SENDING}):
        yield sent
