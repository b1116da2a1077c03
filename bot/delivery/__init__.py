"""Delivery: the one process that writes to people and groups of its own accord, at Telegram's pace (`M1`–`M3`)."""
