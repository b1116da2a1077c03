"""One call of Telegram's Bot API, in so few lines that a process without the bot can make it."""

import asyncio
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import cache
from typing import Any

from backend.settings import settings

TELEGRAM = "https://api.telegram.org"
PATIENCE = 5.0  # seconds


async def call(method: str, parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """The answer and its status: 200 with a `result`, what Telegram refuses with its `description`, 0 when it is away."""
    return await asyncio.to_thread(_call, method, parameters)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _call(method: str, parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    base = settings.telegram_api_url or TELEGRAM
    request = urllib.request.Request(  # noqa: S310 - the address is a setting
        f"{base}/bot{settings.telegram_bot_token}/{method}",
        json.dumps(parameters).encode(),
        {"Content-Type": "application/json"},
    )
    tls = _tls() if base.startswith("https") else None
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE, context=tls) as answer:  # noqa: S310
            return 200, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            try:
                return refusal.code, json.load(refusal)
            except ValueError:
                return refusal.code, {}
    except (OSError, ValueError) as error:
        return 0, {"description": type(error).__name__}
