"""The Telegram door: what people write and tap, the cards, and what the bot tells."""

from bot import lazy_models as lazy_models  # before anything here asks for aiogram
