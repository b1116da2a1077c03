"""The pass in the bot's link to the sign-in page. Attempts with it are counted for its person and not for their address
(`X7`), so neighbours on the same network cannot use up a person's attempts. The pass alone signs nobody in: the bot
still asks."""

import hmac
import re
from datetime import timedelta

from backend import clock
from backend.people.queries import Person
from backend.settings import settings

PASS_LIFE = timedelta(days=7)
_PASS = re.compile(r"([0-9a-f]{16})\.([0-9]{1,12})\.([0-9a-f]{32})")


def make_pass(person: Person) -> str:
    """Who it is, in a form that nobody can read, and until when: nginx counts by the first part."""
    holder = _digest(f"sign-in pass of {person.id}")[:16]
    until = int((clock.now() + PASS_LIFE).timestamp())
    return f"{holder}.{until}.{_signature(holder, until)}"


def holder_of_pass(text: str) -> str:
    """Whom to count; "" for what is no pass, or too old."""
    match = _PASS.fullmatch(text)
    if match is None:
        return ""
    holder, until = match[1], int(match[2])
    genuine = hmac.compare_digest(match[3], _signature(holder, until))
    return holder if genuine and clock.now().timestamp() < until else ""


def _signature(holder: str, until: int) -> str:
    return _digest(f"sign-in pass {holder} {until}")[:32]


def _digest(text: str) -> str:
    return hmac.new(settings.secret_key.encode(), text.encode(), "sha256").hexdigest()
