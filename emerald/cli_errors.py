"""What went wrong, as one plain sentence for whoever typed the command; a traceback is for our own
faults only.
"""

import socket
import sys
from collections.abc import Iterator

from backend.database_address import DatabaseAddress
from backend.embedded_files import EmbeddedError
from backend.variables import SettingsError

REFUSED, MISCONFIGURED, INTERRUPTED = 1, 2, 130


class PortTaken(Exception):
    """Somebody else listens where we would."""

    def __init__(self, variable: str, port: int, reason: str) -> None:
        free = port + 1 if port < 65535 else port - 1
        super().__init__(
            f"Port {port} cannot be used ({reason}): stop what uses it, "
            f"or choose another, like {variable}={free} bin/run."
        )


def explain(error: BaseException) -> tuple[str, int] | None:
    """The sentence and the exit code for an expected trouble; None for a fault of ours. Never a
    secret (`X6`).
    """
    if isinstance(error, KeyboardInterrupt):
        return "", INTERRUPTED
    if isinstance(error, SettingsError):
        return str(error), MISCONFIGURED
    if isinstance(error, (EmbeddedError, PortTaken)):
        return str(error), MISCONFIGURED
    for cause in _causes(error):
        told = _of_the_database(cause)
        if told:
            return told, MISCONFIGURED
    # Looked up, not imported: what was never loaded was never raised, and `emerald --help` stays
    # quick.
    errors = sys.modules.get("backend.errors")
    if errors is not None and isinstance(error, errors.Refusal):
        return _refusal(error), REFUSED
    if errors is not None and isinstance(error, errors.Unavailable):
        return f"The database at {_where()} cannot be used now: {error}.", REFUSED
    return None


def _refusal(error: BaseException) -> str:
    """In English, whoever types: what is said to scripts must not depend on who runs them."""
    from backend.errors import InvalidForm, Refusal
    from backend.i18n import Voice

    voice = Voice()
    if isinstance(error, InvalidForm):
        return "\n".join(f"{field}: {voice.tell(words)}" for field, words in error.faults.items())
    assert isinstance(error, Refusal)
    told = voice.tell(error.words)
    return f"{error.field}: {told}" if error.field else told


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _of_the_database(error: BaseException) -> str | None:
    asyncpg = sys.modules.get("asyncpg")
    if asyncpg is not None:
        if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
            return (
                f"The database at {_where()} does not let user {_address().user} in: "
                "check the user and the password in DATABASE_URL."
            )
        if isinstance(error, asyncpg.InvalidCatalogNameError):
            return (
                f"The server at {_where()} has no database {_address().database}: "
                "create it, or change DATABASE_URL."
            )
        if isinstance(error, asyncpg.UndefinedTableError):
            return f"The database at {_where()} has not all tables yet: run `emerald migrate`."
        if isinstance(error, asyncpg.InsufficientPrivilegeError):
            return f"User {_address().user} may not do this in the database at {_where()}: {error}."
    if isinstance(error, socket.gaierror):
        return f"The database's host {_address().host} is not known: check DATABASE_URL."
    if isinstance(error, (ConnectionError, FileNotFoundError, TimeoutError)) and _is_ours(error):
        reason = getattr(error, "strerror", None) or str(error) or "no answer in time"
        return (
            f"The database at {_where()} cannot be reached ({reason.lower()}): "
            "check DATABASE_URL, and that its server runs."
        )
    return None


def _is_ours(error: BaseException) -> bool:
    """Whether a general error of the network came out of asyncpg and not, say, from Telegram."""
    step = error.__traceback__
    while step is not None:
        if "asyncpg" in step.tb_frame.f_code.co_filename:
            return True
        step = step.tb_next
    return False


def _address() -> DatabaseAddress:
    from backend.settings import settings

    return settings.database


def _where() -> str:
    address = _address()
    return address.host if address.is_socket else f"{address.host}:{address.port}"
