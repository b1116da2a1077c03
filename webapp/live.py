"""How screens follow what others do: each asks every few seconds whether what it shows is still so.

A screen carries a mark of all it was made from, what the clock alone changes too: an offer that expires, a window that opens. It is sent back as `seen`; when nothing differs the answer is 204 and
costs a few reads; else the whole screen comes again and is morphed into place, so that focus and what is typed stay.
"""

import hashlib


def mark_of(*made_from: object) -> str:
    """A short text that changes whenever any of these does: frozen records, texts, numbers, instants."""
    return hashlib.blake2b(repr(made_from).encode(), digest_size=9).hexdigest()
