"""What caused the present work: a request, an update or a run of a job, by an id of eight hexadecimal digits.

One id finds everything: it stands in the lines of the log (`cause`), in the server's name for the transaction
(`application_name`), in the messages that the work wrote (`messages.cause`), which the worker's lines name
again, and it begins the id of each change of a seat (`event_participation_log.request_id`).
"""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID, uuid4

DIGITS = 8
NAMED_MAX = 5  # causes of one transaction; application_name has room for no more

_cause: ContextVar[str] = ContextVar("cause", default="")


def current() -> str:
    """The cause of the present work; several, with commas between, of a batch; "" when it has none."""
    return _cause.get()


@contextmanager
def caused_by(cause: str) -> Iterator[None]:
    """What happens inside has this cause."""
    token = _cause.set(cause)
    try:
        yield
    finally:
        _cause.reset(token)


def new_cause() -> str:
    """The id of something that has just arrived."""
    return secrets.token_hex(DIGITS // 2)


def new_request_id() -> UUID:
    """The id of one change, which begins with its cause."""
    cause = current()
    return UUID(hex=cause + secrets.token_hex(16 - DIGITS // 2)) if len(cause) == DIGITS else uuid4()


def of_requests(ids: Iterable[UUID]) -> str:
    """The causes of a batch of changes."""
    return ",".join(list(dict.fromkeys(id.hex[:DIGITS] for id in ids))[:NAMED_MAX])


def naming(process: str) -> str:
    """The statement that names a transaction of this process after what caused it, for the server's own log and
    views; "" where nothing is known. It travels with BEGIN."""
    cause = current()
    return f"SET LOCAL application_name = '{process} {cause}';" if cause and process else ""
