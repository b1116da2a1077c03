"""Sending messages: claiming what is due, and recording what became of it, of cards and of their groups."""
