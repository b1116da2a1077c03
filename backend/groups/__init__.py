"""A *group* is a Telegram chat linked to an account; it may have forum *topics*."""
