"""*Linking* binds a Telegram chat to an account; this slice keeps cards, series and polls true when a link
changes."""
