"""Closing a club: asked for by an owner, for good after a week (`A12`)."""
