"""The sandbox and the bot behind it."""

from tests.telegram import connected, sandbox_url, telegram

__all__ = ["connected", "sandbox_url", "telegram"]
