"""The Mini App: what members see inside Telegram."""
