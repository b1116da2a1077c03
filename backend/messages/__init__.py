"""Recording what became of messages and cards once Telegram was called, and what that says of people and groups."""
