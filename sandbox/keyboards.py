"""Inline keyboards under messages, with Telegram's own limits and error texts."""

from typing import Any
from urllib.parse import urlsplit

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from sandbox.config import Config
from sandbox.errors import BotApiError, bad_request
from sandbox.params import to_json
from sandbox.world import Keyboard

_BUTTON_ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "copy_text",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "login_url",
    "callback_game",
    "pay",
)
_SUPPORTED_ACTIONS = frozenset({"url", "callback_data", "web_app", "copy_text"})
_BUTTON_STYLES = frozenset({"primary", "success", "danger"})


def read_keyboard(config: Config, markup: Any, *, private: bool) -> Keyboard | None:
    """The rows of an inline keyboard, or None. Raises 400 as Telegram words it."""
    if markup is None:
        return None
    if not isinstance(markup, InlineKeyboardMarkup):
        raise bad_request(f"{type(markup).__name__} is not modelled by the sandbox")
    rows = [row for row in markup.inline_keyboard if row]
    if sum(len(row) for row in rows) > 100:
        raise bad_request("too many inline keyboard buttons")
    for row in rows:
        if len(row) > 8:
            raise bad_request("BUTTONS_TOO_MUCH")
        for button in row:
            _check_button(config, button, private=private)
    return [[to_json(button) for button in row] for row in rows] or None


def _check_button(config: Config, button: InlineKeyboardButton, *, private: bool) -> None:
    if not button.text.strip():
        raise bad_request("can't parse inline keyboard button: text buttons are unallowed")
    actions = [action for action in _BUTTON_ACTIONS if getattr(button, action) is not None]
    if len(actions) != 1:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed")
    if actions[0] not in _SUPPORTED_ACTIONS:
        raise bad_request(f"button type {actions[0]} is not modelled by the sandbox")
    if button.style is not None and button.style not in _BUTTON_STYLES:
        raise bad_request("can't parse inline keyboard button: invalid button style specified")
    if button.callback_data is not None:
        size = len(button.callback_data.encode())
        if not 1 <= size <= 64:
            raise bad_request("BUTTON_DATA_INVALID")
    if button.copy_text is not None and not 1 <= len(button.copy_text.text) <= 256:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
    if button.url is not None:
        check_url(config, button.url, "inline keyboard button URL")
    if button.web_app is not None:
        if not private:
            raise bad_request("BUTTON_TYPE_INVALID")
        check_web_app(config, button.web_app.url)


def check_web_app(config: Config, url: str) -> None:
    """Raises 400 for a Mini App without HTTPS, unless it is the app under test."""
    if urlsplit(url).scheme != "https" and not _is_app_under_test(config, url):
        raise _invalid_url("inline keyboard button Web App URL", url, "Only HTTPS links are allowed")


def check_url(config: Config, url: str, subject: str) -> None:
    """Raises 400 for a link no person could follow: only the app under test may have a host without a dot.

    `subject` is what the error says is invalid.
    """
    parts = urlsplit(url)
    if parts.scheme == "tg" or _is_app_under_test(config, url):
        return
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or "." not in host or host.startswith("127."):
        raise _invalid_url(subject, url, "Wrong HTTP URL")


def _is_app_under_test(config: Config, url: str) -> bool:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" == config.app_origin


def _invalid_url(subject: str, url: str, reason: str) -> BotApiError:
    return bad_request(f"{subject} '{url}' is invalid: {reason}")
