"""Answers to inline queries, with Telegram's limits."""

import re
from typing import Any

from aiogram.methods import AnswerInlineQuery
from aiogram.types import InlineQueryResultArticle, InputTextMessageContent

from sandbox.api.messages import parse_text
from sandbox.errors import bad_request
from sandbox.keyboards import read_keyboard
from sandbox.telegram import CachedAnswer, Telegram
from sandbox.world import Json

_ANSWER_WITHIN_SECONDS = 15.0
_RESULTS_MAX = 50
_CACHE_SECONDS = 300  # where a call names no time
_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


def answer_inline_query(telegram: Telegram, call: AnswerInlineQuery) -> bool:
    """Offer articles with text, once and in time; other results are not modelled."""
    ask = telegram.inline_asks.get(call.inline_query_id)
    if ask is None or ask.answer is not None or telegram.clock.now() - ask.at > _ANSWER_WITHIN_SECONDS:
        raise bad_request(_TOO_OLD)
    if len(call.results) > _RESULTS_MAX:
        raise bad_request("RESULTS_TOO_MUCH")
    if len((call.next_offset or "").encode()) > 64:
        raise bad_request("NEXT_OFFSET_INVALID")
    results = [_read_result(telegram, result) for result in call.results]
    if len({result["id"] for result in results}) < len(results):
        raise bad_request("RESULT_ID_DUPLICATE")
    ask.answer = {
        "id": ask.id,
        "results": results,
        "next_offset": call.next_offset or "",
        "button": _read_button(call),
    }
    seconds = _CACHE_SECONDS if call.cache_time is None else call.cache_time
    owner = ask.user_id if call.is_personal else 0
    telegram.inline_cache[owner, ask.query, ask.offset] = CachedAnswer(
        telegram.clock.now() + seconds, ask.answer
    )
    telegram.mark_changed()
    return True


def _read_result(telegram: Telegram, result: Any) -> Json:
    content = getattr(result, "input_message_content", None)
    if not isinstance(result, InlineQueryResultArticle) or not isinstance(content, InputTextMessageContent):
        raise bad_request("only articles with text are modelled by the sandbox")
    if not 1 <= len(result.id.encode()) <= 64:
        raise bad_request("RESULT_ID_INVALID")
    if not result.title.strip():
        raise bad_request("ARTICLE_TITLE_EMPTY")
    text, entities = parse_text(telegram, content.message_text, content.parse_mode, content.entities)
    return {
        "id": result.id,
        "title": result.title,
        "description": result.description or "",
        "text": text,
        "entities": entities,
        "keyboard": read_keyboard(telegram.config, result.reply_markup, private=False),
    }


def _read_button(call: AnswerInlineQuery) -> Json | None:
    button = call.button
    if button is None:
        return None
    if not button.text.strip():
        raise bad_request("BUTTON_TEXT_INVALID")
    if button.web_app is not None or button.start_parameter is None:
        raise bad_request("only buttons that lead to the private chat are modelled by the sandbox")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", button.start_parameter):
        raise bad_request("START_PARAM_INVALID")
    return {"text": button.text, "start_parameter": button.start_parameter}
