"""The Telegram door: what people write and tap, the cards, and what the bot tells."""

from bot import light as light  # before anything here asks for aiogram
