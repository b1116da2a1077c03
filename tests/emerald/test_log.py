"""Logs say what happened and never a secret (`X6`, `X1`)."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from backend.settings import Settings
from emerald import log
from emerald.log import configure, redactor

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
)


@pytest.fixture
def root_logger() -> Iterator[None]:
    """Give the logging of the test run back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
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
    assert output.count("happened") == 21
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
