"""A *person* is a Telegram user whom Emerald has met; how they are signed in; what they prefer."""
