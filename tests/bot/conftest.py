"""The sandbox and the bot behind it, and snapshots of what the bot writes."""

from tests.snapshots import snapshot
from tests.telegram import connected, sandbox_url, telegram

__all__ = ["connected", "sandbox_url", "snapshot", "telegram"]
