"""The bot: commands and taps of people, the cards, and the delivery of messages."""

from bot import lazy_models as lazy_models  # must run before any module here imports aiogram
