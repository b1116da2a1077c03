"""Buttons of earlier releases that no handler understands any more, and how a tap on one is answered.

Messages keep their buttons for years. A change that stops handling a released form of callback data (a
prefix, or a prefix with its first field, such as "s:join") adds that form here, with the sentence that tells
people what to do instead. `tests/bot/test_released_callbacks.py` lists all released forms, and checks that
each is handled or is here.
"""

from backend.i18n import N_

RETIRED: dict[str, str] = {
    # A sign-in was confirmed by a yes; now by the number that the browser shows (X3).
    "i:1": N_("Ask for a new link in the browser, and tap the number that it shows."),
}


def find_retired_sentence(data: str) -> str | None:
    """The sentence that answers a tap with this callback data; None unless its form is retired."""
    prefix, _, fields = data.partition(":")
    first_field = fields.partition(":")[0]
    return RETIRED.get(f"{prefix}:{first_field}") or RETIRED.get(prefix)
