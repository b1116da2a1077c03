"""What the result of a call to Telegram means for messages, cards, people and groups."""
