"""Telegram's OpenID provider, as a relying party sees it: where a browser is sent, and what the code that it comes
back with is exchanged for (`X3`, docs/decisions/0047). `openid_provider.py` calls it.
"""

import base64
import hashlib
from typing import Protocol
from urllib.parse import urlencode

from backend.errors import Refusal
from backend.i18n import N_
from backend.people.telegram_logins import TelegramClaims, TelegramLogin
from backend.settings import settings


class LoginUnavailable(Refusal):
    """Telegram's sign-in page does not answer, or answers nonsense."""

    outcome = "telegram-away"
    message = N_(
        "Telegram didn’t answer. Nobody was signed in. Try again in a moment, or sign in through the bot."
    )


class LoginNotVerified(Refusal):
    """What came back is forged, expired or meant for somebody else."""

    outcome = "not-verified"
    message = N_("Telegram’s answer couldn’t be verified, so nobody was signed in. Please begin again.")


class Provider(Protocol):
    """What is asked of the provider."""

    async def redeem(self, code: str, login: TelegramLogin) -> TelegramClaims:
        """Whom the code is about. Raises `LoginUnavailable`, `LoginNotVerified`."""
        ...


def authorization_url(login: TelegramLogin) -> str:
    """Where this browser is sent to sign in (RFC 6749 §4.1.1, with PKCE S256)."""
    challenge = hashlib.sha256(login.code_verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": settings.telegram_login_client_id,
        "redirect_uri": settings.telegram_login_redirect,
        "scope": "openid profile",
        "state": login.state,
        "nonce": login.nonce,
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return f"{settings.telegram_login_issuer}/auth?{urlencode(query)}"


_provider: Provider | None = None


def set_openid_provider(provider: Provider | None) -> None:
    """Let the process ask this provider."""
    global _provider
    _provider = provider


def openid_provider() -> Provider:
    """The provider that the process asks. Raises `LoginUnavailable` without one."""
    if _provider is None:
        raise LoginUnavailable()
    return _provider
