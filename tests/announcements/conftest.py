"""The sandbox, the bot, and a sender that runs when a test says so."""

from tests.bot.delivery.conftest import run, sender
from tests.telegram import connected, sandbox_url, telegram

__all__ = ["connected", "run", "sandbox_url", "sender", "telegram"]
