"""What a person allowed on the page of Log In With Telegram, until the product asks for it."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class LoginRequest:
    """What the product asks the sign-in page for."""

    redirect_uri: str
    state: str
    nonce: str
    code_challenge: str
    scopes: tuple[str, ...]


@dataclasses.dataclass(slots=True)
class Grant:
    """A code that was given out, and whom it is about."""

    person_id: int
    request: LoginRequest
    at: float
    is_used: bool = False
