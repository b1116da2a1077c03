"""What the command line says of an error: a plain sentence and an exit code. A traceback is for our own
faults only.

The classes of expected errors are looked up, not imported: what was never loaded was never raised, and
`emerald --help` starts quickly.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

REFUSED, MISCONFIGURED, INTERRUPTED = 1, 2, 130


class Interrupted(Exception):
    """SIGINT or SIGTERM ended a command before it had a result."""


class CommandFailed(Exception):
    """A command cannot do what it was asked to. The text is a sentence that says why and what to do."""


class PortTaken(Exception):
    """This process cannot listen on the port."""

    def __init__(self, variable: str, port: int, reason: str) -> None:
        free = port + 1 if port < 65535 else port - 1
        super().__init__(
            f"Port {port} cannot be used ({reason}): stop what uses it, "
            f"or choose another, like {variable}={free} bin/run."
        )


def exit_code_of(command: Callable[[], int | None]) -> int:
    """Run a command and return its exit code. An expected error becomes a sentence on standard error; any
    other error is raised."""
    try:
        return command() or 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (Exception, KeyboardInterrupt) as error:
        explained = explain(error)
        if explained is None:
            raise
        sentence, code = explained
        if sentence:
            print(sentence, file=sys.stderr, flush=True)
        return code


def explain(error: BaseException) -> tuple[str, int] | None:
    """The sentence and the exit code of an expected error; None for a fault of ours. Never a secret
    (`X6`)."""
    if isinstance(error, (KeyboardInterrupt, click.Abort, Interrupted)):
        return "", INTERRUPTED
    if isinstance(error, CommandFailed):
        return str(error), REFUSED
    if (
        isinstance(error, PortTaken)
        or _is_a(error, "backend.variables", "SettingsError")
        or _is_a(error, "backend.embedded_files", "EmbeddedError")
    ):
        return str(error), MISCONFIGURED
    if _is_a(error, "emerald.backups.errors", "BackupError"):
        return str(error), REFUSED
    for cause in _causes(error):
        sentence = _explain_database_error(cause)
        if sentence:
            return sentence, MISCONFIGURED
    if _is_a(error, "backend.errors", "Refusal"):
        return _explain_refusal(error), REFUSED
    if _is_a(error, "backend.errors", "Unavailable"):
        return f"The database at {_where()} cannot be used right now: {error}.", REFUSED
    return None


def _is_a(error: BaseException, module: str, name: str) -> bool:
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, getattr(loaded, name))


def _explain_refusal(refusal: Any) -> str:
    """In English: what a script reads must not depend on the language of its user."""
    voice = sys.modules["backend.i18n"].Voice()
    if _is_a(refusal, "backend.errors", "InvalidForm"):
        return "\n".join(f"{field}: {voice.translate(words)}" for field, words in refusal.faults.items())
    sentence: str = voice.translate(refusal.words)
    return f"{refusal.field}: {sentence}" if refusal.field else sentence


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []  # an error can be among its own causes
    while error is not None and error not in seen:
        yield error
        seen.append(error)
        error = error.__cause__


def _explain_database_error(error: BaseException) -> str | None:
    if _is_a(error, "asyncpg", "InvalidAuthorizationSpecificationError"):
        return (
            f"The database at {_where()} refused user {_address().user}: "
            f"check the user and the password in {_variable()}."
        )
    if _is_from_pgbouncer(error):
        return (
            f"At {_where()} is PgBouncer, which shares its sessions: add ?pgbouncer=true to {_variable()}"
            " (docs/OPERATIONS.md, PgBouncer)."
        )
    if _is_a(error, "asyncpg", "InvalidCatalogNameError"):
        return (
            f"The server at {_where()} has no database {_address().database}: "
            f"create it, or change {_variable()}."
        )
    if _is_a(error, "asyncpg", "UndefinedTableError"):
        return f"The database at {_where()} is missing tables: run `emerald migrate`."
    if _is_a(error, "asyncpg", "InsufficientPrivilegeError"):
        return f"User {_address().user} is not allowed to do this in the database at {_where()}: {error}."
    if _is_a(error, "socket", "gaierror"):
        return f"Unknown database host {_address().host}: check {_variable()}."
    if isinstance(error, (ConnectionError, FileNotFoundError, TimeoutError)) and _is_from_asyncpg(error):
        reason = getattr(error, "strerror", None) or str(error) or "no answer in time"
        return (
            f"The database at {_where()} cannot be reached ({reason.lower()}): "
            f"check {_variable()}, and that its server runs."
        )
    return None


def _is_from_pgbouncer(error: BaseException) -> bool:
    """Whether PgBouncer refused a setting of the session, or sent a prepared statement to another one."""
    return (
        (_is_a(error, "asyncpg", "ProtocolViolationError") and "startup parameter" in str(error))
        or _is_a(error, "asyncpg", "DuplicatePreparedStatementError")
        or _is_a(error, "asyncpg", "InvalidSQLStatementNameError")
    )


def _is_from_asyncpg(error: BaseException) -> bool:
    """Whether asyncpg raised a general network error, and not, say, a call of Telegram."""
    step = error.__traceback__
    while step is not None:
        if "asyncpg" in step.tb_frame.f_code.co_filename:
            return True
        step = step.tb_next
    return False


def _address() -> Any:
    """The `DatabaseAddress` in use. The engine is loaded: no module talks to the database without it."""
    engine = sys.modules["backend.engine"].DB
    return engine.failed_at or engine.address


def _variable() -> str:
    return "DATABASE_URL" if _address() == _settings().database else "MIGRATE_DATABASE_URL"


def _settings() -> Any:
    return sys.modules["backend.settings"].settings


def _where() -> str:
    return str(_address().place)
