"""Logs say what happened and never a secret (`X6`, `X1`)."""

import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.settings import Settings
from emerald import log
from emerald.log import configure, redactor

parser: Any = import_module("re._parser")

TOKEN = "123456789:ABCdefGHIjklMNOpqrsTUVwxyz"
KEY = "sk_" + "0123456789ab" * 4
INIT_DATA = (
    "query_id=AAH&user=%7B%22id%22%3A1002%2C%22first_name%22%3A%22Alice%22%7D"
    "&auth_date=1700000000&signature=abc-DEF_123&hash=" + "c0ffee" * 10 + "beef"
)
SETTINGS = {
    "ENV": "test",
    "TELEGRAM_BOT_TOKEN": TOKEN,
    "TELEGRAM_BOT_NAME": "my_event_bot",
    "SECRET_KEY": "correct-horse-battery-staple-0123456789",
    "DATABASE_URL": "postgresql://admin:str0ng%2Fpass@db/emerald",
}
SECRETS = (
    TOKEN,
    TOKEN.partition(":")[2],
    KEY,
    SETTINGS["SECRET_KEY"],
    "str0ng",
    "c0ffee",
    "abc-DEF_123",
    "Alice",
    "signed.session.value",
    "follow-my_dates",
    "Zebulon",
)


@pytest.fixture
def root_logger() -> Iterator[None]:
    """Give the logging of the test run back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def logged(**more: str) -> io.StringIO:
    """Configure logging into memory."""
    stream = io.StringIO()
    configure("web", known=Settings.from_environ({**SETTINGS, **more}), to=stream)
    return stream


def fail_with(text: str) -> None:
    raise ValueError(text)


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_secret_reaches_a_log_by_any_way(form: str, root_logger: None) -> None:
    stream = logged(LOG_FORMAT=form)
    log = structlog.get_logger("emerald")
    for text in (
        f"POST https://api.telegram.org/bot{TOKEN}/sendMessage",
        f"token {TOKEN.replace(':', '%3A')}",
        f"/start {KEY}",
        f"signing with {SETTINGS['SECRET_KEY']}",
        "cannot connect to postgresql://admin:str0ng%2Fpass@db/emerald",
        "cannot connect to postgresql://someone:str0ng@elsewhere/x",
        f"GET /app/#tgWebAppData={INIT_DATA}&x=1",
        INIT_DATA,
        INIT_DATA.replace("=", "%3D").replace("&", "%26"),
        f"Authorization: tma {INIT_DATA}",
        "Authorization: Bearer signed.session.value",
        "X-Session: signed.session.value",
        "{'x-session': 'signed.session.value'}",
        "[(b'host', b'x'), (b'x-session', b'signed.session.value')]",
        "Cookie: session=signed.session.value; other=signed.session.value",
        "headers={'cookie': 'signed.session.value', 'host': 'x'}",
        "hash=" + "c0ffee" * 10 + "beef is not right",
        "opened with #tgWebAppData=Alice&tgWebAppVersion=9.1",
        "a bearer signed.session.value came",
        "GET https://e.example/calendar/follow-my_dates-0123456789.ics",
        "Bad Request: inline keyboard button URL 'https://e.example/dashboard/sign-in?pass=signed.session.value' is invalid",
        'new row is refused\nDETAIL:  Failing row contains (7, Zebulon "Zeb", "Zebulon", \\\\, Zebulon).\nHINT: kept',
        "duplicate key\nDETAIL:  Key (account_id, name)=(7, Zebulon (the, Zebulon)) already exists.",
        "no answer to /calendar/dates/WyJ4Il0.follow-my_dates.ics?x or /export/follow-my_dates.json",
    ):
        log.warning("happened", about=text)
        log.warning(text)
        logging.getLogger("aiogram").warning("%s", text)
        logging.getLogger("uvicorn.error").warning(text)
        try:
            fail_with(text)
        except ValueError:
            log.exception("failed")
            logging.getLogger("asyncio").exception("failed")
    log.warning("by name", authorization="signed.session.value", password="str0ng", token=KEY)
    output = stream.getvalue()
    assert output.count("happened") == 24
    for secret in SECRETS:
        assert secret not in output, secret


def test_what_is_not_secret_stays(root_logger: None) -> None:
    stream = logged(LOG_FORMAT="json")
    text = "Bob (id 1003) booked 2 seats at 2026-11-23T18:00:00+00:00 in club 7; see /app/events/x7Kq"
    structlog.get_logger("emerald").info(text, person=1003, route="/app/events/{code}/booking")
    line = json.loads(stream.getvalue())
    assert line["message"] == text
    assert (line["person"], line["route"]) == (1003, "/app/events/{code}/booking")
    assert (line["level"], line["process"], line["logger"]) == ("info", "web", "emerald")
    assert line["timestamp"].endswith("Z")


def test_libraries_speak_through_the_same_formatter(root_logger: None) -> None:
    stream = logged(LOG_FORMAT="json")
    logging.getLogger("uvicorn.error").info("Started %s", "server")
    logging.getLogger("aiogram.event").info("Update id=7 is handled.")
    logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/…/getChatMember")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["Started server"]


def test_the_level_is_kept(root_logger: None) -> None:
    logging.getLogger("uvicorn").setLevel("INFO")  # as uvicorn itself does when it may
    stream = logged(LOG_LEVEL="warn", LOG_FORMAT="json")
    structlog.get_logger("emerald").info("quiet")
    logging.getLogger("uvicorn").info("quiet")
    structlog.get_logger("emerald").warning("loud")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["loud"]


def test_a_short_password_does_not_blot_out_words() -> None:
    known = Settings.from_environ({**SETTINGS, "DATABASE_URL": "postgresql://u:cat@db/emerald"})
    redact = redactor(known)
    assert redact("a cat and a category") == "a cat and a category"
    assert "cat@" not in redact("postgresql://u:cat@db/emerald")


# As they were until 0.3.0: in time that grew with the square of the length, and nine searches for each line.
FORMER_SHAPES = [
    (r"\S*auth_date(?:=|%3D)\S*", "[hidden]"),
    (r"(?i)(tgWebAppData(?:=|%3D))[^\s&\"']+", r"\1[hidden]"),
    (r"((?:hash|signature)(?:=|%3D))[^\s&\"']+", r"\1[hidden]"),
    (r"(?i)\b(bearer|tma)\s+[^\s\"']+", r"\1 [hidden]"),
    (
        r"(?i)(authorization|x-session|(?:set-)?cookie|x-csrftoken|x-telegram-bot-api-secret-token)"
        r"(\W{1,3}[:=,]\W{0,2}b?\W{0,2}|[:=]\s*)[^'\"\r\n]+",
        r"\1\2[hidden]",
    ),
    (r"(?<!\d)(\d+(?::|%3A))[A-Za-z0-9_-]{20,}", r"\1[hidden]"),
    (r"sk_[0-9a-f]{8,}", "sk_[hidden]"),
    (r"(/(?:calendar(?:/dates)?|export)/)[\w.~-]{16,}", r"\1[hidden]"),
    (r"(://[^\s:/@]*:)[^\s@/]+@", r"\1[hidden]@"),
]
PIECES = [
    "auth_date=1", "auth_date%3D1", "tgWebAppData=", "TGWEBAPPDATA%3D", "hash=", "signature%3D", "Bearer ", "tma  ",
    "Authorization: ", "x-session", "'x-session': '", "(b'cookie', b'", "Set-Cookie=", "X-CSRFToken:", TOKEN, KEY,
    TOKEN.replace(":", "%3A"), "https://me:", "pass@word", "@host/", "/calendar/dates/", "/export/", "x" * 20, "7:",
    "&", '"', "'", " ", "\n", "=", ":", ",", "b", "9", "é", "\\",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12))
@settings(max_examples=2_000)
def test_nothing_is_shown_that_was_hidden_before(pieces: list[str]) -> None:
    shown = redactor(Settings.from_environ(SETTINGS))("".join(pieces))
    for shape, instead in FORMER_SHAPES:
        again = re.sub(shape, instead, shown)
        assert letters_of(again) == letters_of(shown), shape


def letters_of(text: str) -> str:
    return re.sub(r"\W", "", text.replace("[hidden]", ""))


def is_linear(pattern: str) -> bool:
    """Whether the search takes time in proportion to the text: no attempt reads a run that another has read.

    What is repeated without end is the last of the pattern, and then a part of a match; or it is space, gives
    nothing back, and comes after something else.
    """
    nodes = list(_consuming(parser.parse(pattern)))
    endless = [at for at, (kind, _) in enumerate(nodes) if kind is not None]
    return all(
        at > 0 and (at == len(nodes) - 1 or (kind is parser.POSSESSIVE_REPEAT and is_space))
        for at, (kind, is_space) in ((at, nodes[at]) for at in endless)
    )


def _consuming(tree: Any) -> Iterator[tuple[Any, bool]]:
    """Each part of a pattern in its order; for one that is repeated without end how it is, and whether it is
    space."""
    for kind, value in tree:
        if kind is parser.SUBPATTERN:
            yield from _consuming(value[-1])
        elif kind is parser.BRANCH:
            for branch in value[1]:
                yield from _consuming(branch)
        elif kind in (parser.MAX_REPEAT, parser.MIN_REPEAT, parser.POSSESSIVE_REPEAT):
            _, most, repeated = value
            if most is not parser.MAXREPEAT:
                yield from _consuming(repeated)
            elif any(inner is not None for inner, _ in _consuming(repeated)):
                yield from ((parser.MAX_REPEAT, False), (None, False))  # in one another: never linear
            else:
                yield kind, "CATEGORY_SPACE" in str(repeated)
        elif kind not in (parser.AT, parser.ASSERT, parser.ASSERT_NOT):
            yield None, False


def test_the_search_takes_time_in_proportion_to_the_text() -> None:
    """X8: whatever the text. The control: of the former shapes some did not."""
    assert [shape.pattern.pattern for shape in log.SHAPES if not is_linear(shape.pattern.pattern)] == []
    former = [shape for shape, _ in FORMER_SHAPES if not is_linear(shape)]
    assert FORMER_SHAPES[0][0] in former and FORMER_SHAPES[-1][0] in former
    assert not any(map(is_linear, [r"a(b+)+c", r"a(b+)+", r"ab*c", r"\s+a", r"a(?:b*)*"]))


class Counted:
    """A pattern that counts how often it is searched for."""

    searches = 0

    def sub(self, instead: str, text: str) -> str:
        Counted.searches += 1
        return text


@pytest.mark.parametrize(
    "line",
    [
        '{"method": "GET", "path": "/app/events/{code}", "status": 200, "ms": 4.0, "process": "web", "timestamp": "Z"}',
        "request path=/app/events/x7Kq9w status=200 ms=4.0 process=web timestamp=2026-11-30T07:24:59.389570Z",
        'Traceback (most recent call last):\n  File "/srv/emerald/webapp/routes.py", line 7, in create',
    ],
)
def test_an_ordinary_line_costs_one_search(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = tuple(replace(shape, pattern=cast("Any", Counted())) for shape in log.SHAPES)
    monkeypatch.setattr(log, "SHAPES", shapes)
    Counted.searches = 0
    assert redactor(Settings.from_environ(SETTINGS))(line) == line
    assert Counted.searches <= 1


def test_logs_are_kept_in_files_and_warnings_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root_logger: None
) -> None:
    """`X6`: a file for each process, with no secret in it."""
    monkeypatch.setattr(log, "_directory", None)
    log.keep_in_files(tmp_path / "logs")
    shown = logged(LOG_FORMAT="console")
    structlog.get_logger().info("request", path="/app/")
    structlog.get_logger().warning("odd", token_seen=TOKEN)
    assert "odd" in shown.getvalue() and "request" not in shown.getvalue()
    kept = (tmp_path / "logs" / "web.log").read_text()
    assert "path=/app/" in kept and "odd" in kept and TOKEN not in kept and "\x1b" not in kept
    assert oct((tmp_path / "logs").stat().st_mode)[-3:] == "700"
