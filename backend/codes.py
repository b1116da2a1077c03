"""Random words: public codes of events and polls, one-use keys, and how a secret is kept."""

import hashlib
import secrets

# No 0/o, 1/l/i: people read codes aloud and type them.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_code(length: int = 10) -> str:
    """A code for a URL; 31^10 of them, so a found one says nothing about another."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_secret() -> str:
    """A one-use or session secret of 192 bits, safe in URLs and start parameters."""
    return secrets.token_urlsafe(24)


def digest(secret: str) -> str:
    """How a secret is stored: SHA-256, in hex. Secrets here are long and random, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
