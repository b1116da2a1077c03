"""Reading the updates of Telegram, those of a newer Bot API than ours too: none stops the others, and as much as can be
understood of each is handled."""

from collections.abc import Mapping
from typing import Any

import structlog
from aiogram import Bot
from aiogram.types import Message, TelegramObject, Update
from pydantic import ValidationError

from backend.instruments import UPDATES_FAILED

log = structlog.get_logger()

_LEFT_OUT_MAX = 8  # tries to read an update without what is not understood of it
_LOGGED_MAX = 200
_logged: set[tuple[str, ...]] = set()  # what was logged already, by this process


def read_update(raw: Mapping[str, Any], bot: Bot) -> Update | None:
    """The update; without those parts of its message, tap or change that are of no form we know. None for one of an unknown
    kind, and one of which a part is not understood that we need. What is not understood is logged once."""
    body = {name: dict(part) if isinstance(part, Mapping) else part for name, part in raw.items()}
    for _ in range(_LEFT_OUT_MAX):
        try:
            update = Update.model_validate(body, context={"bot": bot})
        except ValidationError as error:
            _report(error, raw)
            if not _leave_out(body, error):
                break
        else:
            if _is_known_kind(update):
                return update
            _log_once(("kind", *sorted(raw)), raw, "unknown kind")
            break
    UPDATES_FAILED.labels("not understood").inc()
    return None


def is_addressed(event: TelegramObject) -> bool:
    """Whether a person expects an answer to an update: to a tap, a command, what they type in inline mode, or anything in a
    private chat."""
    assert isinstance(event, Update)
    if event.callback_query is not None or event.inline_query is not None:
        return True
    message = event.message
    if message is None:
        return False
    return message.chat.type == "private" or (message.text or "").startswith("/")


def speaks_as_chat(event: TelegramObject) -> bool:
    """Whether a channel or an anonymous administrator sent an update, whoever Telegram names as its sender (`A11`). (A tap is
    always a person's.)"""
    return (
        isinstance(event, Update) and isinstance(event.event, Message) and event.event.sender_chat is not None
    )


def addressed_by(raw: Mapping[str, Any]) -> int | None:
    """Telegram's id of the person who expects an answer to an update as it came, as `is_addressed` says of one that was read;
    None where nobody does, or where that cannot be seen so easily."""
    part = raw.get("callback_query") or raw.get("inline_query")
    if part is None:
        part = raw.get("message")
        if not isinstance(part, Mapping) or part.get("sender_chat") is not None:
            return None
        chat, text = part.get("chat"), part.get("text")
        is_private = isinstance(chat, Mapping) and chat.get("type") == "private"
        if not is_private and not (isinstance(text, str) and text.startswith("/")):
            return None
    sender = part.get("from") if isinstance(part, Mapping) else None
    number = sender.get("id") if isinstance(sender, Mapping) else None
    return number if isinstance(number, int) else None


def is_tap(raw: Mapping[str, Any]) -> bool:
    """Whether an update as it came is a tap on a button."""
    return raw.get("callback_query") is not None


def _is_known_kind(update: Update) -> bool:
    return any(getattr(update, name) is not None for name in type(update).model_fields if name != "update_id")


def _leave_out(body: dict[str, Any], error: ValidationError) -> bool:
    """Remove the parts in which the errors are; whether there was any to remove."""
    is_changed = False
    for fault in error.errors(include_url=False, include_input=False):
        where = [step for step in fault["loc"] if isinstance(step, str)]
        part = body.get(where[0]) if where else None
        if isinstance(part, dict) and len(where) > 1 and where[1] in part:
            del part[where[1]]
            is_changed = True
    return is_changed


def _report(error: ValidationError, raw: Mapping[str, Any]) -> None:
    for fault in error.errors(include_url=False, include_input=False):
        where = tuple(str(step) for step in fault["loc"] if isinstance(step, str))
        _log_once((fault["type"], *where), raw, f"{'.'.join(where)}: {fault['msg']}")


def _log_once(what: tuple[str, ...], raw: Mapping[str, Any], why: str) -> None:
    if what in _logged or len(_logged) >= _LOGGED_MAX:
        return
    _logged.add(what)
    log.warning("update not understood", update=raw.get("update_id"), error=why[:500])
