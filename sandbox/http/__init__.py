"""The HTTP interfaces: the Bot API, the control API for tests, and the page."""
