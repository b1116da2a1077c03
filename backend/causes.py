"""What caused the present work: a request, an update or a run of a job, by an id of eight hexadecimal digits.

One id finds everything: it stands in the lines of the log (`cause`), in the server's name for the transaction
(`application_name`), in the messages that the work wrote (`messages.cause`), which the worker's lines name
again, and it begins the id of each change of a seat (`event_participation_log.request_id`). After it that id has
the moment at which a person asked, so that of two changes the one they asked for last is known.
"""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from uuid import UUID

from backend import clock

DIGITS = 8
_BITS = 48  # of the moment in an id, in milliseconds since 1970, and of the random rest
NAMED_MAX = 5  # causes of one transaction; application_name has room for no more

_cause: ContextVar[str] = ContextVar("cause", default="")
_asked_at: ContextVar[datetime | None] = ContextVar("asked_at", default=None)


def current() -> str:
    """The cause of the present work; several, with commas between, of a batch; "" when it has none."""
    return _cause.get()


@contextmanager
def caused_by(cause: str, *, asked_at: datetime | None = None) -> Iterator[None]:
    """What happens inside has this cause. `asked_at` is when a person's request came, if it is one."""
    token, since = _cause.set(cause), _asked_at.set(asked_at or _asked_at.get())
    try:
        yield
    finally:
        _cause.reset(token)
        _asked_at.reset(since)


def new_cause() -> str:
    """The id of something that has just arrived."""
    return secrets.token_hex(DIGITS // 2)


def new_request_id() -> UUID:
    """The id of one change: its cause, and when it was asked for."""
    cause = current()
    first = int(cause, 16) if len(cause) == DIGITS else secrets.randbits(DIGITS * 4)
    moment = int((_asked_at.get() or clock.now()).timestamp() * 1000)
    return UUID(int=(first << _BITS | moment) << _BITS | secrets.randbits(_BITS))


def asked_at(id: UUID) -> float:
    """When the change with this id was asked for, as a Unix time in whole milliseconds."""
    return (id.int >> _BITS & (1 << _BITS) - 1) / 1000


def of_requests(ids: Iterable[UUID]) -> str:
    """The causes of a batch of changes."""
    return ",".join(list(dict.fromkeys(id.hex[:DIGITS] for id in ids))[:NAMED_MAX])


def naming(process: str) -> str:
    """The statement that names a transaction of this process after what caused it, for the server's own log and
    views; "" where nothing is known. It travels with BEGIN."""
    cause = current()
    return f"SET LOCAL application_name = '{process} {cause}';" if cause and process else ""
