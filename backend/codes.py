"""Random codes and secrets: public codes of events and polls, one-use keys, and the digests that are stored
of secrets."""

import hashlib
import secrets

# No 0/o, 1/l/i: people read codes aloud and type them.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_code(length: int = 10) -> str:
    """A code for a URL. There are 31^10, so nobody finds one by guessing."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_secret() -> str:
    """A one-use or session secret of 192 bits, safe in URLs and start parameters."""
    return secrets.token_urlsafe(24)


def digest(secret: str) -> str:
    """What is stored of a secret: its SHA-256 in hex. The secrets are long and random, so they need no
    salt."""
    return hashlib.sha256(secret.encode()).hexdigest()
