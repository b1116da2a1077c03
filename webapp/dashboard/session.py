"""Who is signed in, to which of their clubs, and that a change was meant by them (`X3`, `X4`)."""

import hmac
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

from backend.accounts.queries import Club, authorize, clubs
from backend.accounts.rules import Permission
from backend.errors import NotFound
from backend.i18n import Voice
from backend.people.actions import SESSION_LIFE
from backend.people.queries import Person, person_of_browser
from backend.settings import settings
from webapp.dashboard import cookies
from webapp.respond import PERSON, AnyRequest

CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
SIGNED_IN_LIFE = SESSION_LIFE + timedelta(days=1)  # the database is what ends a session
_BIGINT = 2**63
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class NotSignedIn(Exception):
    """Nobody is signed in with this browser."""


class NotOurs(Exception):
    """A change that did not come from a page of ours: forged, or the page is older than the session."""


class NoClub(Exception):
    """The person is signed in and organises nothing."""

    def __init__(self, person: Person, token: str) -> None:
        self.person, self.token = person, token
        super().__init__("no club to organise")


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody signed in: who, by which session, to which of the clubs they help to run."""

    person: Person
    token: str
    clubs: tuple[Club, ...]
    club: Club

    @property
    def voice(self) -> Voice:
        return self.person.voice

    @property
    def csrf(self) -> str:
        return csrf_token(self.token)

    def may(self, act: str) -> bool:
        """Whether their role in this club reaches the act; for what a page offers. Actions ask for themselves."""
        return self.club.has_permission(Permission(act))

    def to(self, path: str, **query: str | int) -> str:
        """An address on the dashboard that stays with this club, wherever other windows of the browser have gone."""
        if len(self.clubs) > 1:
            query["club"] = self.club.id
        return f"{path}?{urlencode(query)}" if query else path

    async def allowed(self, act: Permission, account_id: int | None = None) -> "Visit":
        """The same visit, to the club of what is looked at, if they may do this there.

        Raises `NotFound` for a club they do not belong to (`A1`), `Forbidden` where their role does not reach.
        """
        club = await authorize(self.person, self.club.id if account_id is None else account_id, act)
        return replace(self, club=club)


def token_of(request: AnyRequest) -> str:
    """The session's token as the cookie carries it; "" without one."""
    told = cookies.read(request, cookies.SESSION, life=SIGNED_IN_LIFE).get("token")
    return told if isinstance(told, str) else ""


async def visit(request: AnyRequest) -> Visit:
    """The fact of every request behind the sign-in. `?club=` names one of one's clubs; without it, the first.

    Raises `NotSignedIn`, `NoClub`, and `NotFound` for a club that is not theirs (`A1`).
    """
    token = token_of(request)
    person = await person_of_browser(token) if token else None
    if person is None:
        raise NotSignedIn()
    request.state[PERSON] = person
    helped = tuple(c for c in await clubs(person) if c.has_permission(Permission.SEE_PEOPLE))
    asked = request.query_params.get("club")
    if asked is None:
        if not helped:
            raise NoClub(person, token)
        # Where one organises, rather than where one only helps.
        club = next((c for c in helped if c.has_permission(Permission.MANAGE_EVENTS)), helped[0])
    else:
        found = next((c for c in helped if str(c.id) == asked), None)
        if found is None:
            raise NotFound()
        club = found
    return Visit(person, token, helped, club)


def csrf_token(token: str) -> str:
    """What every form carries: it belongs to the session and says nothing about it."""
    return hmac.new(settings.secret_key.encode(), f"csrf {token}".encode(), sha256).hexdigest()


async def guard_changes(request: AnyRequest) -> None:
    """Before every handler: ids that no row can have are not found, and changes come from our own pages (`X3`).

    Raises `NotFound`, `NotSignedIn`, `NotOurs`.
    """
    if any(isinstance(value, int) and not 0 < value < _BIGINT for value in request.path_params.values()):
        raise NotFound()
    if request.method in _READS:
        return
    if not _from_here(request):
        raise NotOurs()
    token = token_of(request)
    if not token:
        raise NotSignedIn()
    given = request.headers.get(CSRF_HEADER) or (await request.form()).get(CSRF_FIELD)
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), csrf_token(token).encode()):
        raise NotOurs()


def _from_here(request: AnyRequest) -> bool:
    """What the browser says of where the request was made. Old browsers say nothing; then the token alone decides."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
