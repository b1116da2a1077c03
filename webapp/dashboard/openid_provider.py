"""Calls of Telegram's OpenID provider (`X3`, docs/decisions/0047). Loaded where sign-in through Telegram is set up: what
verifies signatures holds 10 MB.

The identity token is believed once its signature, issuer, audience, times and nonce are verified. Telegram names the
person by the claim `id`; `sub` is another, opaque number.
"""

import asyncio
from typing import Any, Self

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from backend import clock, failpoints
from backend.people.telegram_logins import TelegramClaims, TelegramLogin
from backend.settings import settings
from webapp.dashboard.openid import LoginNotVerified, LoginUnavailable

ALGORITHMS = ("RS256", "ES256")  # of those one can choose at BotFather; never "none", never a shared secret
TIMEOUT = 5.0  # seconds for a call
EXCHANGE_TIMEOUT = 8.0  # seconds for both together
CLOCK_SKEW = 60  # seconds that Telegram's clock and ours may differ
TOKEN_AGE_MAX = 300  # seconds: somebody was asked now, and not an hour ago (`X3`)

log = structlog.get_logger()


class OpenIdProvider:
    """The provider, for as long as the process serves: `async with OpenIdProvider() as provider`. Its keys are
    kept, and fetched again once for a token that names a key we do not know."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(
            base_url=settings.telegram_login_issuer, timeout=TIMEOUT, transport=transport
        )
        self._keys: KeySet | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def redeem(self, code: str, login: TelegramLogin) -> TelegramClaims:
        """Whom the code is about. Called outside of any transaction. Raises `LoginUnavailable`,
        `LoginNotVerified`."""
        try:
            async with asyncio.timeout(EXCHANGE_TIMEOUT):
                token = await self._exchange(code, login)
                return claims_from(await self._verify(token), login.nonce)
        except (httpx.HTTPError, TimeoutError) as error:
            log.warning("telegram login unavailable", error=type(error).__name__)
            raise LoginUnavailable() from None
        except (JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("telegram login not verified", error=type(error).__name__)
            raise LoginNotVerified() from None

    async def _exchange(self, code: str, login: TelegramLogin) -> str:
        """The identity token for the code."""
        answer = await self._client.post(
            "/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": settings.telegram_login_redirect,
                "client_id": settings.telegram_login_client_id,
                "code_verifier": login.code_verifier,
            },
            auth=(settings.telegram_login_client_id, settings.telegram_login_client_secret),
        )
        if answer.status_code >= 500 or answer.status_code == 429:
            answer.raise_for_status()
        body = answer.json()
        if answer.status_code != 200:
            raise ValueError("the code was refused")
        token = body["id_token"]
        if not isinstance(token, str):
            raise TypeError("no identity token")
        return token

    async def _verify(self, token: str) -> dict[str, Any]:
        """The claims of a token that is signed by one of the provider's keys."""
        if self._keys is None:
            self._keys = await self._fetch_keys()
        try:
            return _decode(token, self._keys)
        except InvalidKeyIdError:
            self._keys = await self._fetch_keys()
            return _decode(token, self._keys)

    async def _fetch_keys(self) -> KeySet:
        answer = await self._client.get("/.well-known/jwks.json")
        answer.raise_for_status()
        return KeySet.import_key_set(answer.json())


def _decode(token: str, keys: KeySet) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
    return claims


def claims_from(claims: dict[str, Any], nonce: str) -> TelegramClaims:
    """Whom these claims of a genuine token are about. Raises `JoseError` or `ValueError` for a token that is not meant
    for us, for this sign-in or for now."""
    now = int(clock.now().timestamp())
    registry = jwt.JWTClaimsRegistry(
        now=now,
        leeway=CLOCK_SKEW,
        iss={"essential": True, "value": settings.telegram_login_issuer},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
        id={"essential": True},
    )
    if not failpoints.on("telegram-logins.unchecked-claims"):
        registry.validate(claims)
        # For us alone: a token for several parties could have come here from another one of them.
        if claims.get("aud") not in (settings.telegram_login_client_id, [settings.telegram_login_client_id]):
            raise ValueError("for another audience")
        if claims["iat"] < now - TOKEN_AGE_MAX:
            raise ValueError("issued too long ago")
    telegram_id = claims["id"]
    if isinstance(telegram_id, str) and telegram_id.isascii() and telegram_id.isdecimal():
        telegram_id = int(telegram_id)
    if type(telegram_id) is not int or not 0 < telegram_id < 2**52:  # as large as Telegram's ids get
        raise ValueError("no person")
    return TelegramClaims(
        telegram_id, str(claims.get("name") or ""), str(claims.get("preferred_username") or "")
    )
