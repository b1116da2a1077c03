"""A *card* is a message in a chat that shows an instance or a poll and its buttons, and is edited as things
change."""
