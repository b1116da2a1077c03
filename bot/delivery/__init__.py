"""Delivery: the one process that writes to people and groups of its own accord, and the only client of
Telegram (`M1`–`M3`)."""
