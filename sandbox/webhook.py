"""Pushes updates to the bot's webhook until it answers 2xx.

Updates of one queue (a chat's messages, a person's button presses) go one at a time and in order;
different queues go concurrently, up to `max_connections`. A failed push is repeated after 1, 2,
4 … seconds (at most 60), or after the answer's `Retry-After`.
"""

import asyncio
import json
import logging
from typing import Any

import aiohttp

from sandbox.api.dispatch import dispatch
from sandbox.api.updates import drop_expired_updates
from sandbox.errors import AnswerDropped, BotApiError
from sandbox.telegram import Telegram
from sandbox.world import PendingUpdate, Webhook

log = logging.getLogger("sandbox.webhook")
_MAX_BACKOFF_SECONDS = 60.0
_REQUEST_TIMEOUT_SECONDS = 60.0
_MAX_RETRY_AFTER_SECONDS = 3600.0


class WebhookPusher:
    """Runs beside the server; does nothing while no webhook is set."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._tasks: dict[str, asyncio.Task[None]] = {}  # by queue

    async def run(self) -> None:
        """Push until cancelled."""
        async with aiohttp.ClientSession() as http:
            try:
                while not self._telegram.changes.is_closing:
                    self._start_tasks(http)
                    await self._telegram.changes.wait_for_next()
            finally:
                for task in self._tasks.values():
                    task.cancel()
                await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _start_tasks(self, http: aiohttp.ClientSession) -> None:
        world = self._telegram.world
        if not world.webhook.url:
            return
        for update in world.pending:
            if len(self._tasks) >= world.webhook.max_connections:
                return
            if update.queue not in self._tasks:
                task = asyncio.create_task(self._push_queue(http, update.queue))
                self._tasks[update.queue] = task

    async def _push_queue(self, http: aiohttp.ClientSession, queue: str) -> None:
        backoff = 1.0
        try:
            while (update := self._first_update(queue)) is not None:
                webhook = self._telegram.world.webhook
                if not webhook.url:
                    return
                retry_after = await self._push(http, webhook, update)
                if retry_after is None:
                    backoff = 1.0
                    pending = self._telegram.world.pending
                    if update in pending:
                        pending.remove(update)
                    self._telegram.mark_changed()
                    continue
                clock = self._telegram.clock
                await clock.sleep_until(clock.now() + (retry_after or backoff))
                backoff = min(backoff * 2, _MAX_BACKOFF_SECONDS)
        finally:
            del self._tasks[queue]
            self._telegram.changes.publish()

    def _first_update(self, queue: str) -> PendingUpdate | None:
        drop_expired_updates(self._telegram)
        return next((u for u in self._telegram.world.pending if u.queue == queue), None)

    async def _push(
        self, http: aiohttp.ClientSession, webhook: Webhook, update: PendingUpdate
    ) -> float | None:
        """None when it was accepted, else the receiver's `Retry-After` in seconds (0 without one)."""
        body = json.dumps({"update_id": update.update_id, update.kind: update.body})
        headers = {"Content-Type": "application/json"}
        if webhook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret
        timeout = aiohttp.ClientTimeout(total=_REQUEST_TIMEOUT_SECONDS)
        try:
            async with http.post(
                webhook.url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                answer = await response.read()
                if 200 <= response.status < 300:
                    await self._apply_call_in_answer(answer)
                    return None
                reason = f"Wrong response from the webhook: {response.status} {response.reason}"
                self._record_failure(webhook, reason)
                return _parse_retry_after(response.headers.get("Retry-After", ""))
        except (aiohttp.ClientError, TimeoutError) as error:
            self._record_failure(webhook, str(error) or "Read timeout expired")
            return 0.0

    def _record_failure(self, webhook: Webhook, reason: str) -> None:
        webhook.last_error_date = int(self._telegram.clock.now())
        webhook.last_error_message = reason
        self._telegram.mark_changed()

    async def _apply_call_in_answer(self, answer: bytes) -> None:
        """Execute the call that a webhook's answer may contain; nobody gets its result, as at Telegram."""
        try:
            call: Any = json.loads(answer) if answer.strip() else None
        except ValueError:
            return
        if not isinstance(call, dict) or not isinstance(call.get("method"), str):
            return
        method = call.pop("method")
        if method.lower().startswith("get") or method.lower() == "setwebhook":
            return
        try:
            await dispatch(self._telegram, method, call)
        except (BotApiError, AnswerDropped) as error:
            log.info("The call in the webhook's answer failed: %s", error)


def _parse_retry_after(header: str) -> float:
    return min(float(header), _MAX_RETRY_AFTER_SECONDS) if header.strip().isdigit() else 0.0
