"""The two calls of Telegram's Bot API that a process without aiogram makes: who is in a chat, and a message
to share."""

import time
from collections.abc import Mapping
from typing import Any, Self

import httpx
import structlog

from backend.instruments import TELEGRAM_CALLS, TELEGRAM_SECONDS
from backend.outbox.states import SendResult
from backend.settings import settings

log = structlog.get_logger()

TELEGRAM = "https://api.telegram.org"
TIMEOUT = 5.0  # seconds to connect, to send, for each read, and for a free connection
CONNECTIONS_MAX, CONNECTIONS_KEPT = 20, 5

MEMBER_STATUSES = ("creator", "administrator", "member")
# How Telegram describes people who were never in the chat, or whom it does not know.
NOT_IN_CHAT = ("user not found", "participant_id_invalid", "member not found")

# What a status means, for the metrics.
_RESULTS = {
    200: SendResult.DONE,
    401: SendResult.MISCONFIGURED,
    403: SendResult.GONE,
    429: SendResult.RATE_LIMITED,
}


class TelegramHttp:
    """A client of the Bot API, for as long as its process serves: `async with TelegramHttp() as telegram`."""

    def __init__(self, url: str = "") -> None:
        base = url or settings.telegram_api_url or TELEGRAM
        self._client = httpx.AsyncClient(
            base_url=f"{base}/bot{settings.telegram_bot_token}/",
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_KEPT),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def call(self, method: str, parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the answer: 200 with a `result`, a refusal with its `description`, 0 when Telegram
        is away."""
        started = time.perf_counter()
        try:
            response = await self._client.post(method, json=parameters)
        except httpx.HTTPError as error:
            TELEGRAM_CALLS.labels(method, SendResult.UNKNOWN).inc()
            return 0, {"description": type(error).__name__}
        TELEGRAM_CALLS.labels(method, _RESULTS.get(response.status_code, SendResult.REFUSED)).inc()
        TELEGRAM_SECONDS.labels(method).observe(time.perf_counter() - started)
        try:
            return response.status_code, response.json()
        except ValueError as error:
            status = 0 if response.is_success else response.status_code
            return status, {"description": type(error).__name__}

    async def is_in_chat(self, chat_id: int, telegram_id: int) -> bool | None:
        """Whether the person is in the chat now (`A5`, getChatMember); None when Telegram cannot tell."""
        status, answer = await self.call("getChatMember", {"chat_id": chat_id, "user_id": telegram_id})
        if status == 200:
            member = answer["result"]
            return member["status"] in MEMBER_STATUSES or bool(member.get("is_member"))
        description = str(answer.get("description", ""))
        if status == 400 and any(words in description.lower() for words in NOT_IN_CHAT):
            return False
        log.warning("membership unknown", status=status, description=description)
        return None

    async def prepare_message(self, telegram_id: int, article: dict[str, Any]) -> str:
        """The id by which this person's client finds the message for some minutes
        (savePreparedInlineMessage); "" when Telegram refuses or is away. `article` is an
        InlineQueryResultArticle."""
        status, answer = await self.call(
            "savePreparedInlineMessage",
            {
                "user_id": telegram_id,
                "result": article,
                "allow_user_chats": True,
                "allow_group_chats": True,
                "allow_channel_chats": True,
            },
        )
        if status == 200:
            return str(answer["result"]["id"])
        log.warning("message not prepared", status=status, description=str(answer.get("description", "")))
        return ""
