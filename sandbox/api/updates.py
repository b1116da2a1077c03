"""Fetching updates, and where they are pushed to instead."""

import re
from urllib.parse import urlsplit

from aiogram.methods import DeleteWebhook, GetUpdates, GetWebhookInfo, SetWebhook

from sandbox.errors import BotApiError, bad_request
from sandbox.telegram import Telegram
from sandbox.world import Json, Webhook

_UPDATE_LIFETIME_SECONDS = 24 * 3600
_CALLBACK_QUERY_LIFETIME_SECONDS = 150.0  # an undelivered press is of no use to anyone after that


async def get_updates(telegram: Telegram, call: GetUpdates) -> list[Json]:
    """Long polling. 409 while a webhook is set, or when another poller comes and takes over."""
    world = telegram.world
    if world.webhook.url:
        raise BotApiError(
            409,
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
        )
    if call.allowed_updates is not None:
        world.allowed_updates = list(call.allowed_updates)
    me = telegram.poller = object()
    telegram.changes.bump()
    _confirm_updates(telegram, call.offset or 0)
    limit = min(max(call.limit or 100, 1), 100)
    timeout = float(min(max(call.timeout or 0, 0), 50))

    def over() -> bool:
        moved = telegram.poller is not me or telegram.world is not world
        return bool(world.pending) or moved or bool(world.webhook.url)

    await telegram.changes.wait_for(over, timeout)
    if telegram.world is not world:
        return []
    if telegram.poller is not me:
        raise BotApiError(
            409,
            "Conflict: terminated by other getUpdates request; "
            "make sure that only one bot instance is running",
        )
    if world.webhook.url:
        raise BotApiError(409, "Conflict: terminated by setWebhook request")
    drop_expired_updates(telegram)
    return [{"update_id": u.update_id, u.kind: u.body} for u in world.pending[:limit]]


def _confirm_updates(telegram: Telegram, offset: int) -> None:
    """Everything before `offset` was taken; a negative one keeps only that many of the last."""
    pending = telegram.world.pending
    if offset < 0:
        telegram.world.pending = pending[offset:]
    elif offset:
        telegram.world.pending = [u for u in pending if u.update_id >= offset]


def drop_expired_updates(telegram: Telegram) -> None:
    """Updates live a day, presses 150 s."""
    now = telegram.clock.now()

    def alive(kind: str, at: float) -> bool:
        return now - at < (
            _CALLBACK_QUERY_LIFETIME_SECONDS if kind == "callback_query" else _UPDATE_LIFETIME_SECONDS
        )

    telegram.world.pending = [u for u in telegram.world.pending if alive(u.kind, u.at)]


def set_webhook(telegram: Telegram, call: SetWebhook) -> bool:
    if not call.url:
        return _remove_webhook(telegram, drop=bool(call.drop_pending_updates))
    parts = urlsplit(call.url)
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if not local and (parts.port or 443) not in {443, 80, 88, 8443}:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    secret = call.secret_token or ""
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    most = 40 if call.max_connections is None else call.max_connections
    if not 1 <= most <= 100:
        raise bad_request("max_connections must be between 1 and 100")
    world = telegram.world
    if call.allowed_updates is not None:
        world.allowed_updates = list(call.allowed_updates)
    if call.drop_pending_updates:
        world.pending = []
    world.webhook = Webhook(call.url, secret, most)
    telegram.touch()
    return True


def delete_webhook(telegram: Telegram, call: DeleteWebhook) -> bool:
    return _remove_webhook(telegram, drop=bool(call.drop_pending_updates))


def _remove_webhook(telegram: Telegram, *, drop: bool) -> bool:
    telegram.world.webhook = Webhook()
    if drop:
        telegram.world.pending = []
    telegram.touch()
    return True


def get_webhook_info(telegram: Telegram, call: GetWebhookInfo) -> Json:
    world = telegram.world
    hook = world.webhook
    info: Json = {
        "url": hook.url,
        "has_custom_certificate": False,
        "pending_update_count": len(world.pending),
    }
    if world.allowed_updates:
        info["allowed_updates"] = world.allowed_updates
    if hook.url:
        info["max_connections"] = hook.max_connections
    if hook.last_error_date is not None:
        info["last_error_date"] = hook.last_error_date
        info["last_error_message"] = hook.last_error_message
    return info
