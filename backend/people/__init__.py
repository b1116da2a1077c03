"""A *person* is a Telegram user: how they are registered and signed in, and what they prefer."""
