"""What may stand in no log (`X1`): who people are, what they write, and what lets somebody in."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

from sandbox.client import Sandbox, SandboxChat

SECRET_LENGTH = 16  # letters of a word that nobody would write by chance
LINK = re.compile(r"https?://[^\s\"<>]+")
PLAIN = re.compile(r"[\d:T+.-]+|/.*")  # a number, a time or a path of ours
KEY = re.compile(r"\bsk_\w+")


def of_sandbox(sandbox: Sandbox) -> set[str]:
    """Names of people and groups, what people wrote in chats, and what the bot's links to them hold."""
    found: set[str] = set()
    for person in sandbox.get("people"):
        found |= {person["username"], *person["name"].split()}
        found |= _written(sandbox, person["id"])
    for chat in sandbox.get("chats"):
        if chat["type"] != "private":
            found |= {chat["title"], *_written(sandbox, chat["id"])}
    return {word for word in found if word}


def _written(sandbox: Sandbox, chat_id: int) -> set[str]:
    found: set[str] = set()
    for message in SandboxChat(sandbox, chat_id).messages(deleted=True):
        texts = {version["text"] for version in message["history"]} | {message["text"]}
        links = LINK.findall(json.dumps(message["buttons"])) + LINK.findall(message["text"])
        for link in links:
            found |= of_fields(parse_qsl(urlsplit(link).query))
        for text in texts:
            found |= set(KEY.findall(text))
            if not message["from"]["is_bot"] and " " in text.strip():
                found.add(text.strip())
    return found


def of_fields(fields: Iterable[tuple[str, str]]) -> set[str]:
    """Values of a form or a query that were typed, or that nobody could guess."""
    values = {value.strip() for _, value in fields}
    return {
        value
        for value in values
        if " " in value or (len(value) >= SECRET_LENGTH and not PLAIN.fullmatch(value))
    }


def of_request(headers: Mapping[str, str], body: str) -> set[str]:
    """What a browser sent to be recognised by, and what was typed into its form."""
    found = of_fields(parse_qsl(body))
    given = headers.get("authorization", "").partition(" ")[2]
    if given:
        found |= {given, *of_fields(parse_qsl(given))}
    for name in ("cookie", "x-session", "x-csrftoken"):
        values = re.split(r"[=;]\s*", headers.get(name, ""))
        found |= {value for value in values if len(value) >= SECRET_LENGTH}
    return found


def lines_of(logs: Path) -> list[str]:
    """All lines of a log, or of all logs in a directory."""
    files = sorted(logs.iterdir()) if logs.is_dir() else [logs]
    return [line for file in files for line in file.read_text(errors="replace").splitlines()]


def found_in(lines: Iterable[str], private: Iterable[str]) -> dict[str, str]:
    """Which of these stand in a log, however they are spelled there, each with one line. A short one counts as a whole word."""
    spelled = {spelling.lower(): word for word in private for spelling in _spellings(word)}
    whole = sorted((re.escape(one) for one in spelled), key=len, reverse=True)
    any_of_them = re.compile(rf"(?<!\w)(?:{'|'.join(whole)})(?!\w)") if whole else re.compile(r"(?!)")
    long = [one for one in spelled if len(one) >= SECRET_LENGTH]
    found: dict[str, str] = {}
    for line in lines:
        lowered = line.lower()
        for one in {*any_of_them.findall(lowered), *(one for one in long if one in lowered)}:
            found.setdefault(spelled[one], line)
    return found


def _spellings(word: str) -> set[str]:
    return {
        word,
        quote(word),
        quote(word, safe=""),
        quote_plus(word),
        json.dumps(word)[1:-1],
        repr(word)[1:-1],
    }
