"""A stand-in for Telegram on your own machine.

One state with three interfaces: the Bot API over HTTP, a control API for tests, and a page with a
chat to click in and a phone that opens the Mini App. It knows nothing of Emerald and imports none
of it.
"""
