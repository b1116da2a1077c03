"""Answers to pressed buttons."""

from aiogram.methods import AnswerCallbackQuery

from sandbox.errors import bad_request
from sandbox.telegram import Telegram

_MAX_TEXT_LENGTH = 200
_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


def answer_callback_query(telegram: Telegram, call: AnswerCallbackQuery) -> bool:
    """Answer a pressed button: once, in time, and with at most 200 characters."""
    press = telegram.presses.get(call.callback_query_id)
    is_late = press is None or telegram.clock.now() - press.at > telegram.config.callback_ttl
    if press is None or is_late or press.is_answered:
        raise bad_request(_TOO_OLD)
    if call.text and len(call.text) > _MAX_TEXT_LENGTH:
        raise bad_request("MESSAGE_TOO_LONG")
    if call.url and not call.url.lower().startswith(_bot_link_prefixes(telegram)):
        raise bad_request("URL_INVALID")
    press.is_answered = True
    press.answer = {"text": call.text or "", "show_alert": bool(call.show_alert)}
    if call.url:
        press.answer["url"] = call.url
    telegram.mark_changed()
    return True


def _bot_link_prefixes(telegram: Telegram) -> tuple[str, str]:
    name = telegram.config.bot_name.lower()
    return (f"t.me/{name}?", f"https://t.me/{name}?")
