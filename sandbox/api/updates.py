"""Updates: fetched by long polling, or pushed to a webhook."""

import re
from urllib.parse import urlsplit

from aiogram.methods import DeleteWebhook, GetUpdates, GetWebhookInfo, SetWebhook

from sandbox.errors import BotApiError, bad_request
from sandbox.telegram import Telegram
from sandbox.world import Json, PendingUpdate, Webhook

_UPDATE_LIFETIME_SECONDS = 24 * 3600
_CALLBACK_QUERY_LIFETIME_SECONDS = 150.0  # after that nobody waits for the answer any more


async def get_updates(telegram: Telegram, call: GetUpdates) -> list[Json]:
    """Long polling. Raises 409 while a webhook is set, or when another poller takes over."""
    world = telegram.world
    if world.webhook.url:
        raise BotApiError(
            409,
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
        )
    if call.allowed_updates is not None:
        world.allowed_updates = list(call.allowed_updates)
    poller = telegram.poller = object()
    telegram.changes.publish()
    _confirm_updates(telegram, call.offset or 0)
    limit = min(max(call.limit or 100, 1), 100)
    timeout = float(min(max(call.timeout or 0, 0), 50))

    def can_return() -> bool:
        is_replaced = telegram.poller is not poller or telegram.world is not world
        return bool(world.pending) or is_replaced or bool(world.webhook.url)

    await telegram.changes.wait_until(can_return, timeout)
    if telegram.world is not world:
        return []
    if telegram.poller is not poller:
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
    """Drop the updates before `offset`; a negative one keeps only that many of the last."""
    pending = telegram.world.pending
    if offset < 0:
        telegram.world.pending = pending[offset:]
    elif offset:
        telegram.world.pending = [u for u in pending if u.update_id >= offset]


def drop_expired_updates(telegram: Telegram) -> None:
    """Drop callback queries after 150 seconds, other updates after a day."""
    now = telegram.clock.now()

    def is_alive(update: PendingUpdate) -> bool:
        is_query = update.kind == "callback_query"
        lifetime = _CALLBACK_QUERY_LIFETIME_SECONDS if is_query else _UPDATE_LIFETIME_SECONDS
        return now - update.at < lifetime

    telegram.world.pending = [update for update in telegram.world.pending if is_alive(update)]


def set_webhook(telegram: Telegram, call: SetWebhook) -> bool:
    if not call.url:
        return _remove_webhook(telegram, drop=bool(call.drop_pending_updates))
    parts = urlsplit(call.url)
    is_local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if not (parts.scheme == "https" or (parts.scheme == "http" and is_local)):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if not is_local and (parts.port or 443) not in {443, 80, 88, 8443}:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    secret = call.secret_token or ""
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    max_connections = 40 if call.max_connections is None else call.max_connections
    if not 1 <= max_connections <= 100:
        raise bad_request("max_connections must be between 1 and 100")
    world = telegram.world
    if call.allowed_updates is not None:
        world.allowed_updates = list(call.allowed_updates)
    if call.drop_pending_updates:
        world.pending = []
    world.webhook = Webhook(call.url, secret, max_connections)
    telegram.mark_changed()
    return True


def delete_webhook(telegram: Telegram, call: DeleteWebhook) -> bool:
    return _remove_webhook(telegram, drop=bool(call.drop_pending_updates))


def _remove_webhook(telegram: Telegram, *, drop: bool) -> bool:
    telegram.world.webhook = Webhook()
    if drop:
        telegram.world.pending = []
    telegram.mark_changed()
    return True


def get_webhook_info(telegram: Telegram, call: GetWebhookInfo) -> Json:
    world = telegram.world
    webhook = world.webhook
    info: Json = {
        "url": webhook.url,
        "has_custom_certificate": False,
        "pending_update_count": len(world.pending),
    }
    if world.allowed_updates:
        info["allowed_updates"] = world.allowed_updates
    if webhook.url:
        info["max_connections"] = webhook.max_connections
    if webhook.last_error_date is not None:
        info["last_error_date"] = webhook.last_error_date
        info["last_error_message"] = webhook.last_error_message
    return info
