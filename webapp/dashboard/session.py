"""Who is signed in, to which of their clubs, and that a change was sent by a page of the dashboard (`X3`,
`X4`)."""

import hmac
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

from backend.accounts.queries import AccountView, authorize, joined_accounts
from backend.accounts.rules import Permission
from backend.errors import NotFound
from backend.i18n import Voice
from backend.people.browser_sessions import is_newly_confirmed
from backend.people.queries import Person, person_of_browser
from backend.people.sign_ins import SESSION_LIFE
from backend.settings import settings
from webapp.dashboard import cookies
from webapp.handler_options import SIGNS_IN
from webapp.refusals import check_address
from webapp.respond import PERSON, AnyRequest

CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
COOKIE_LIFE = SESSION_LIFE + timedelta(days=1)  # the database is what ends a session
TYPED_MAX = 100  # characters of a field that an address takes along to the confirmation
_BIGINT = 2**63
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class NotSignedIn(Exception):
    """Nobody is signed in with this browser."""


class ConfirmAgain(Exception):
    """The act needs a sign-in of the last minutes; `return_to` is the page that it can be repeated on."""

    def __init__(self, return_to: str) -> None:
        self.return_to = return_to
        super().__init__("to be confirmed in Telegram")


class CsrfFailed(Exception):
    """A change that no page of this session sent: it is forged, or the page is older than the session."""


class FormOutdated(CsrfFailed):
    """A form of ours that is older than the session; sent again with the session's token it is good."""

    def __init__(self, person: Person, token: str) -> None:
        self.person, self.token = person, token
        super().__init__("an older form")


class NoAccount(Exception):
    """The person is signed in and helps to run no club."""

    def __init__(self, person: Person, token: str) -> None:
        self.person, self.token = person, token
        super().__init__("no club to organise")


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody signed in: who, by which session, and which of the clubs they help to run it is
    about."""

    person: Person
    token: str
    accounts: tuple[AccountView, ...]
    account: AccountView

    @property
    def voice(self) -> Voice:
        """The organiser's; while their zone is unknown they count as being in the club's."""
        return self.person.voice.or_zone(self.account.zone)

    @property
    def zone(self) -> str:
        """The zone of `voice`."""
        return self.person.zone or self.account.zone

    @property
    def csrf(self) -> str:
        return csrf_token(self.token)

    def has_permission(self, permission: str) -> bool:
        """Whether their role in this club has the permission; decides what a page offers. Actions check it
        again."""
        return self.account.has_permission(Permission(permission))

    def account_ids(self, permission: Permission) -> list[int]:
        """The accounts in which their role has the permission."""
        return [account.id for account in self.accounts if account.has_permission(permission)]

    def url(self, path: str, **query: str | int) -> str:
        """The address of a page of this club, whatever club other windows of the browser show; the path may have a
        query already."""
        if len(self.accounts) > 1:
            query["club"] = self.account.id
        joint = "&" if "?" in path else "?"
        return f"{path}{joint}{urlencode(query)}" if query else path

    async def require_confirmation(self, path: str, **typed: str) -> None:
        """Before an act that a stolen session must not be enough for (`X3`). Raises `ConfirmAgain`, which
        leads to `path` afterwards, with what was `typed` in its query."""
        if not await is_newly_confirmed(self.token):
            raise ConfirmAgain(self.url(path, **{name: text[:TYPED_MAX] for name, text in typed.items()}))

    async def authorize(self, permission: Permission, account_id: int | None = None) -> "Visit":
        """The same visit, to the club with this id, if their role there has the permission.

        Raises `NotFound` for a club they do not belong to (`A1`), `Forbidden` where their role does not
        reach.
        """
        account = await authorize(
            self.person, self.account.id if account_id is None else account_id, permission
        )
        return replace(self, account=account)


def session_token(request: AnyRequest) -> str:
    """The session's token in the cookie; "" without one."""
    token = cookies.read(request, cookies.SESSION, life=COOKIE_LIFE).get("token")
    return token if isinstance(token, str) else ""


async def load_visit(request: AnyRequest) -> Visit:
    """The visit of every request behind the sign-in. `?club=` names one of their clubs; without it, the
    first.

    Raises `NotSignedIn`, `NoClub`, and `NotFound` for a club that is not theirs (`A1`).
    """
    token = session_token(request)
    person = request.state.get(PERSON) or await _load_person(request, token)
    helped = tuple(c for c in await joined_accounts(person) if c.has_permission(Permission.SEE_PEOPLE))
    asked = request.query_params.get("club")
    if asked is None:
        if not helped:
            raise NoAccount(person, token)
        # A club they organise rather than one where they only help.
        account = next((c for c in helped if c.has_permission(Permission.MANAGE_EVENTS)), helped[0])
    else:
        found = next((c for c in helped if str(c.id) == asked), None)
        if found is None:
            raise NotFound()
        account = found
    return Visit(person, token, helped, account)


async def _load_person(request: AnyRequest, token: str) -> Person:
    person = await person_of_browser(token) if token else None
    if person is None:
        raise NotSignedIn()
    request.state[PERSON] = person
    return person


def csrf_token(token: str) -> str:
    """The token in every form: it belongs to the session and reveals nothing about it."""
    return hmac.new(settings.secret_key.encode(), f"csrf {token}".encode(), sha256).hexdigest()


async def guard_changes(request: AnyRequest) -> None:
    """Before every handler: an id that no row can have is not found, and a change must come from our own
    pages (`X3`), for somebody who is signed in.

    Raises `NotFound`, `NotSignedIn`, `CsrfFailed`, and what `check_address` raises.
    """
    await check_address(request)
    if any(isinstance(value, int) and not 0 < value < _BIGINT for value in request.path_params.values()):
        raise NotFound()
    if request.method in _SAFE_METHODS:
        return
    if not _is_same_origin(request):
        raise CsrfFailed()
    if request.route_handler.opt.get(SIGNS_IN):
        return
    token = session_token(request)
    person = await _load_person(request, token)
    given = request.headers.get(CSRF_HEADER) or (await request.form()).get(CSRF_FIELD)
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), csrf_token(token).encode()):
        raise FormOutdated(person, token)


def _is_same_origin(request: AnyRequest) -> bool:
    """Whether the browser says that a page of ours made the request. Old browsers say nothing; then the token
    decides."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
