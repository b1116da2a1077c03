"""Log In With Telegram: the OpenID provider, as strict as Telegram's (RFC 6749, RFC 7636, OpenID Connect Core)."""

import base64
import hashlib
import hmac
import re
import secrets
from functools import cache
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey

from sandbox.grants import Grant, LoginRequest
from sandbox.telegram import Telegram
from sandbox.world import Json, Person

CODE_LIFE = 60.0  # seconds
TOKEN_LIFE = 3600  # seconds
KEY_ID = "oidc-1"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class LoginError(Exception):
    """The product asked wrongly: `error` is the code of RFC 6749, `reason` says what is wrong, for a person."""

    def __init__(self, error: str, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.error, self.reason, self.status = error, reason, status


@cache
def signing_key() -> RSAKey:
    """The key of this run; a restart has another one, as when a provider changes its keys."""
    return RSAKey.generate_key(2048, {"kid": KEY_ID, "use": "sig", "alg": "RS256"})


def discovery(issuer: str) -> Json:
    """The provider's own description."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/auth",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["pairwise"],
        "scopes_supported": ["openid", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def read_request(telegram: Telegram, query: dict[str, str]) -> LoginRequest:
    """The request of a browser that was sent here. Raises `LoginError`: such a browser is sent nowhere."""
    config = telegram.config
    if not config.login_secret:
        raise LoginError("invalid_request", "Log In With Telegram is not set up for this bot.", 404)
    if query.get("client_id") != str(config.bot_id):
        raise LoginError("invalid_client", "There is no bot with this client_id.")
    if query.get("redirect_uri") != config.login_redirect:
        raise LoginError("invalid_request", "This redirect_uri is not one of the bot's Allowed URLs.")
    if query.get("response_type") != "code":
        raise LoginError("unsupported_response_type", "The response_type must be code.")
    scopes = tuple(query.get("scope", "").split())
    if "openid" not in scopes:
        raise LoginError("invalid_scope", "The scope must name openid.")
    if query.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(
        query.get("code_challenge", "")
    ):
        raise LoginError("invalid_request", "There must be a code_challenge by S256 (PKCE).")
    if not query.get("state"):
        raise LoginError("invalid_request", "There must be a state.")
    return LoginRequest(
        query["redirect_uri"], query["state"], query.get("nonce", ""), query["code_challenge"], scopes
    )


def allow(telegram: Telegram, request: LoginRequest, person: Person) -> str:
    """The person confirms; where their browser goes now."""
    code = secrets.token_urlsafe(24)
    telegram.grants[code] = Grant(person.id, request, telegram.clock.now())
    return f"{request.redirect_uri}?{urlencode({'code': code, 'state': request.state})}"


def decline(request: LoginRequest) -> str:
    """The person declines; where their browser goes now."""
    return f"{request.redirect_uri}?{urlencode({'error': 'access_denied', 'state': request.state})}"


def redeem(telegram: Telegram, issuer: str, authorization: str, form: dict[str, str]) -> Json:
    """The answer of the token endpoint. Raises `LoginError`."""
    _authenticate(telegram, authorization)
    if form.get("grant_type") != "authorization_code":
        raise LoginError("unsupported_grant_type", "The grant_type must be authorization_code.")
    grant = telegram.grants.get(form.get("code", ""))
    if grant is None or grant.is_used or telegram.clock.now() > grant.at + CODE_LIFE:
        raise LoginError("invalid_grant", "The code is unknown, used or too old.")
    grant.is_used = True  # whatever comes of it
    if form.get("redirect_uri") != grant.request.redirect_uri:
        raise LoginError("invalid_grant", "The redirect_uri is another one than the code was made for.")
    verifier = form.get("code_verifier", "")
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if not _VERIFIER.fullmatch(verifier) or not hmac.compare_digest(digest, grant.request.code_challenge):
        raise LoginError("invalid_grant", "The code_verifier does not fit the code_challenge.")
    token = _identity_token(telegram, issuer, telegram.person(grant.person_id), grant.request)
    return {
        "access_token": secrets.token_urlsafe(24),
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFE,
        "id_token": token,
    }


def _authenticate(telegram: Telegram, authorization: str) -> None:
    """Client authentication by HTTP Basic."""
    expected = f"{telegram.config.bot_id}:{telegram.config.login_secret}".encode()
    scheme, _, given = authorization.partition(" ")
    good = f"Basic {base64.b64encode(expected).decode()}"
    if not telegram.config.login_secret or not hmac.compare_digest(
        f"{scheme} {given}".encode(), good.encode()
    ):
        raise LoginError("invalid_client", "The client id or its secret is wrong.", 401)


def _identity_token(telegram: Telegram, issuer: str, person: Person, request: LoginRequest) -> str:
    now = int(telegram.clock.now())
    bot_id = str(telegram.config.bot_id)
    claims: Json = {
        "iss": issuer,
        "aud": bot_id,
        # Opaque, and another one for every bot: it is not the person's Telegram id.
        "sub": hashlib.sha256(f"{bot_id} {person.id}".encode()).hexdigest()[:32],
        "iat": now,
        "exp": now + TOKEN_LIFE,
    }
    if request.nonce:
        claims["nonce"] = request.nonce
    if "profile" in request.scopes:
        claims |= {"id": person.id, "name": f"{person.first_name} {person.last_name}".strip()}
        if person.username:
            claims["preferred_username"] = person.username
    return jwt.encode({"alg": "RS256", "kid": KEY_ID, "typ": "JWT"}, claims, signing_key())
