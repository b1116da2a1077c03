"""Pushes updates to the bot's webhook, until it says 2xx.

Updates of one queue (a chat's messages, a person's presses) go one at a time and in order;
different queues go side by side, up to `max_connections`. What failed is tried again after 1, 2,
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
_MAX_RETRY_SECONDS = 60.0
_REQUEST_TIMEOUT_SECONDS = 60.0
_MAX_RETRY_AFTER_SECONDS = 3600.0


class WebhookPusher:
    """Runs beside the server; does nothing while no webhook is set."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._busy: dict[str, asyncio.Task[None]] = {}
        self.pushed = 0

    async def run(self) -> None:
        """Push until cancelled."""
        async with aiohttp.ClientSession() as http:
            try:
                while not self._telegram.changes.closing:
                    self._start(http)
                    await self._telegram.changes.next()
            finally:
                for task in self._busy.values():
                    task.cancel()
                await asyncio.gather(*self._busy.values(), return_exceptions=True)

    def _start(self, http: aiohttp.ClientSession) -> None:
        world = self._telegram.world
        if not world.webhook.url:
            return
        for update in world.pending:
            if len(self._busy) >= world.webhook.max_connections:
                return
            if update.queue not in self._busy:
                task = asyncio.create_task(self._empty(http, update.queue))
                self._busy[update.queue] = task

    async def _empty(self, http: aiohttp.ClientSession, queue: str) -> None:
        pause = 1.0
        try:
            while (update := self._head(queue)) is not None:
                hook = self._telegram.world.webhook
                if not hook.url:
                    return
                wait = await self._push(http, hook, update)
                if wait is None:
                    pause = 1.0
                    pending = self._telegram.world.pending
                    if update in pending:
                        pending.remove(update)
                    self._telegram.touch()
                    continue
                clock = self._telegram.clock
                await clock.sleep_until(clock.now() + (wait or pause))
                pause = min(pause * 2, _MAX_RETRY_SECONDS)
        finally:
            del self._busy[queue]
            self._telegram.changes.bump()

    def _head(self, queue: str) -> PendingUpdate | None:
        drop_expired_updates(self._telegram)
        return next((u for u in self._telegram.world.pending if u.queue == queue), None)

    async def _push(self, http: aiohttp.ClientSession, hook: Webhook, update: PendingUpdate) -> float | None:
        """None when it was taken; else how long the receiver asked to wait (0: our own pace)."""
        body = json.dumps({"update_id": update.update_id, update.kind: update.body})
        headers = {"Content-Type": "application/json"}
        if hook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = hook.secret
        timeout = aiohttp.ClientTimeout(total=_REQUEST_TIMEOUT_SECONDS)
        try:
            async with http.post(
                hook.url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                said = await answer.read()
                if 200 <= answer.status < 300:
                    self.pushed += 1
                    await self._answered(said)
                    return None
                self._failed(hook, f"Wrong response from the webhook: {answer.status} {answer.reason}")
                return _parse_retry_after(answer.headers.get("Retry-After", ""))
        except (aiohttp.ClientError, TimeoutError) as broken:
            self._failed(hook, str(broken) or "Read timeout expired")
            return 0.0

    def _failed(self, hook: Webhook, why: str) -> None:
        hook.last_error_date = int(self._telegram.clock.now())
        hook.last_error_message = why
        self._telegram.touch()

    async def _answered(self, said: bytes) -> None:
        """A webhook's answer may carry one call; its own result goes nowhere, as at Telegram."""
        try:
            call: Any = json.loads(said) if said.strip() else None
        except ValueError:
            return
        if not isinstance(call, dict) or not isinstance(call.get("method"), str):
            return
        method = call.pop("method")
        if method.lower().startswith("get") or method.lower() == "setwebhook":
            return
        try:
            await dispatch(self._telegram, method, call)
        except (BotApiError, AnswerDropped) as refused:
            log.info("The call in the webhook's answer was refused: %s", refused)


def _parse_retry_after(header: str) -> float:
    return min(float(header), _MAX_RETRY_AFTER_SECONDS) if header.strip().isdigit() else 0.0
