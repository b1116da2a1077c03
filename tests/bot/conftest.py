"""The sandbox and the bot behind it, a sender, and snapshots of what the bot writes."""

from tests.bot.delivery.conftest import posted, run, sender
from tests.snapshots import snapshot
from tests.telegram import connected, sandbox_url, telegram

__all__ = ["connected", "posted", "run", "sandbox_url", "sender", "snapshot", "telegram"]
