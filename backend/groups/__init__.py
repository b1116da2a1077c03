"""A *group* is a Telegram chat that is linked to an account; it may have forum *topics*."""
