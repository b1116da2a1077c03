"""Logs for people or for machines, one line for each event, and never a secret in them (`X6`, `X1`).

One formatter writes our lines and those of the libraries. It searches each finished line for secrets, because
a secret can arrive in a traceback, in a URL or in a library's message, where no key announces it.
"""

import logging
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from backend import causes, zone_data
from backend.settings import Settings, settings
from emerald.version import VERSION

HIDDEN = "[hidden]"
FILE_SIZE_MAX = 5_000_000  # bytes of a log file; one older file is kept beside it
SECRET_KEYS = re.compile(
    r"(?i)authorization|x[-_]session|cookie|init_?data|password|secret|token|api_?key|database_url"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a kind of secret looks like. Its pattern is tried only in a text with one of its `marks`, which
    stand in nearly no line.

    The time it takes grows with the length of the text and no faster, whatever the text (`X8`): a match begins
    with a mark or a letter, and a run without an end is the last of the pattern or gives nothing back (`++`).
    """

    marks: tuple[str, ...]  # in small letters
    pattern: re.Pattern[str]
    instead: str


def _shape(marks: str, pattern: str, instead: str = rf"\1{HIDDEN}") -> Shape:
    return Shape(tuple(marks.split()), re.compile(pattern), instead)


# Of a value, or of the line in a traceback: in JSON to where that says the line or the string ends.
_TO_END_OF_LINE = r'(?:[^\n\\"]|\\[^n]|"(?!, "\w{1,40}": |\}\Z))+'

SHAPES: tuple[Shape, ...] = (
    _shape("tgwebappdata", r"((?i:tgWebAppData)(?:=|%3D))[^\s&\"']+"),
    _shape("hash= hash% signature= signature%", r"((?:hash|signature)(?:=|%3D))[^\s&\"']+"),
    _shape("bearer tma", r"\b((?i:bearer|tma)\s++)[^\s\"']+"),
    # A header in any notation: `X-Session: v`, `{'x-session': 'v'}`, `(b'x-session', b'v')`.
    _shape(
        "authorization x-session cookie x-csrf x-telegram",
        r"((?i:authorization|x-session|(?:set-)?cookie|x-csrf-?token|x-telegram-bot-api-secret-token)"
        r"(?:\W{1,3}[:=,]\W{0,2}b?\W{0,2}|[:=]\s*+))[^'\"\r\n]+",
    ),
    # A bot's token, wherever it stands: a number, a colon, and what nobody can guess.
    _shape(":", r"(:)(?<=[0-9]:)[A-Za-z0-9_-]{20,}"),
    _shape("%3a", r"(%3[Aa])(?<=[0-9]%3.)[A-Za-z0-9_-]{20,}"),
    _shape("sk_", r"(sk_)[0-9a-f]{8,}"),
    # A URL that opens private data: a calendar, an export.
    _shape("/calendar/ /export/", r"(/(?:calendar(?:/dates)?|export)/)[\w.~-]{16,}"),
    # A link that signs somebody in: Telegram quotes it when it refuses the message.
    _shape("pass=", r"([?&]pass=)[^\s&\"']+"),
    # What PostgreSQL says of a row that it refuses, to the end of that line, also within JSON.
    _shape("failing row contains", rf"((?i:failing row contains) ){_TO_END_OF_LINE}"),
    _shape(")=(", rf"(\)=\(){_TO_END_OF_LINE}"),
    _shape("@", r"(://[^\s:/@]{0,1000}:)[^\s@/]{1,1000}@", rf"\1{HIDDEN}@"),
)
# The data a Mini App is opened with, in one word: without the signature alone, the person's name would remain.
OPENED_WITH = "auth_date"
_SPACES = re.compile(r"(\s+)")
# These log the URL of each call, and Telegram's URLs hold the token.
QUIET = ("httpx", "httpcore")
# Libraries whose own handlers would bypass ours. Not uvicorn.access: the server turns it off, and nginx
# writes that log.
LIBRARIES = ("uvicorn", "uvicorn.error", "aiogram", "litestar", "asyncio")
# Libraries whose messages are of use in a log file, and of little use to a person at a terminal.
CHATTY = ("uvicorn.error", "aiogram", "aiogram.dispatcher")


def redactor(known: Settings = settings) -> Callable[[str], str]:
    """A function that hides secrets in a text: those of the settings, and all that look like one."""
    values = {
        known.telegram_bot_token,
        known.secret_key,
        known.webhook_secret,
        known.webhook_secret_before,
        *(known.database.password, known.migrate_database.password),
        *(quote(one.password, safe="") for one in (known.database, known.migrate_database)),
    }
    # A password of three letters is part of too many words; its place in a URL is hidden anyway.
    exact = sorted((value for value in values if len(value) >= 6), key=len, reverse=True)

    def redact(text: str) -> str:
        for value in exact:
            text = text.replace(value, HIDDEN)
        if OPENED_WITH in text:
            words = _SPACES.split(text)
            text = "".join(HIDDEN if _is_opened_with(word) else word for word in words)
        lowered = text.lower()
        for shape in SHAPES:
            if any(mark in lowered for mark in shape.marks):
                text = shape.pattern.sub(shape.instead, text)
        return text

    return redact


def _is_opened_with(word: str) -> bool:
    return f"{OPENED_WITH}=" in word or f"{OPENED_WITH}%" in word


def name_cause(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Say which request, update or run of a job a line belongs to."""
    if cause := causes.current():
        event["cause"] = cause
    return event


def hide_by_name(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Hide values whose key says that they are secret."""
    for key in event:
        if SECRET_KEYS.search(key):
            event[key] = HIDDEN
    return event


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def __init__(self, redact: Callable[[str], str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self.redact(super().format(record))


_directory: Path | None = None  # of the log files of this process and those forked from it


def keep_in_files(directory: Path) -> None:
    """From the next `configure` on, keep all logs in a file for each process in this directory, which is made;
    standard error shows only warnings and errors. Raises `OSError`."""
    global _directory
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _directory = directory


def configure(process: str, *, known: Settings = settings, to: TextIO | None = None) -> None:
    """Send all logs of this process to standard error, or to `to`, and to its file where one is kept. Each line
    names `process`.

    Standard output is for the answers of commands.
    """

    def name_process(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        name_process,
        name_cause,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        hide_by_name,
    ]
    stream = to or sys.stderr

    def formatter(*, colors: bool) -> logging.Formatter:
        return _Formatter(
            redactor(known),
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(known, colors=colors),
            ],
        )

    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handlers: list[logging.Handler] = [logging.StreamHandler(stream)]
    handlers[0].setFormatter(formatter(colors=stream.isatty()))
    if _directory is not None:
        handlers[0].setLevel("WARNING")
        file = RotatingFileHandler(
            _directory / f"{process}.log", maxBytes=FILE_SIZE_MAX, backupCount=1, encoding="utf-8", delay=True
        )
        file.setFormatter(formatter(colors=False))
        handlers.append(file)
    root = logging.getLogger()
    root.handlers[:] = handlers
    root.setLevel(known.log_level)
    for name in LIBRARIES:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel("NOTSET")
    quiet = known.log_format == "console" and known.log_level != "DEBUG"
    for name in CHATTY:
        logging.getLogger(name).setLevel("WARNING" if quiet else "NOTSET")
    for name in QUIET:
        logging.getLogger(name).setLevel("WARNING")
    # aiogram writes one line for each update, which is for debugging only.
    logging.getLogger("aiogram.event").setLevel("DEBUG" if known.log_level == "DEBUG" else "WARNING")


def _rendering(known: Settings, *, colors: bool) -> list[Processor]:
    if known.log_format == "json":
        # Tracebacks as text: structured ones hold local variables, and those can hold secrets.
        return [
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(ensure_ascii=False, default=repr),
        ]
    return [
        structlog.dev.ConsoleRenderer(
            colors=colors,
            exception_formatter=structlog.dev.plain_traceback,
            pad_event_to=0,
        )
    ]


def log_start() -> None:
    """The first line of a process that goes on running: its version, and the zone data it goes by (`S10`)."""
    structlog.get_logger().info("starting", version=VERSION, zone_data=str(zone_data.current()))
