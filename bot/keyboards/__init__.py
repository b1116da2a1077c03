"""The buttons under messages, by the noun they are about."""
