"""Every route of the application × everybody who could ask (`A1`, `A2`, `A5`, `A9`, `A10`, `X4`): who is let in follows
from one table, and a route that stands in no row of it fails."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

import httpx
import pytest

from backend import db, leases
from backend.accounts.actions import create_own_account
from backend.accounts.keys import create_key
from backend.accounts.memberships import change_role, join
from backend.accounts.rules import JoinedThrough, Role
from backend.announcements.actions import create_announcement
from backend.announcements.drafts import AnnouncementDraft
from backend.bookings.actions import book
from backend.bookings.standing_seats import make_regular
from backend.departures.former_members import remove_member
from backend.people.actions import TelegramIdentity, register_person
from backend.polls.actions import create_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.seats.requests import Via
from backend.settings import settings
from tests import prepared_rows
from tests.webapp.conftest import init_data, launch_of
from tests.webapp.dashboard.conftest import park
from tests.webapp.dashboard.test_dashboard_access import everything


class Need(IntEnum):
    """Who may ask: everybody from this rank on, within the club."""

    ANYBODY = 0
    SIGNED_IN = 1
    MEMBER = 2
    HELPER = 3
    ADMIN = 4
    OWNER = 5
    ITS_OWN = 6  # the person to whom it belongs: here the owner
    SECRET = 7  # whoever knows its address, or the webhook's secret, which nobody can guess


# The first row that fits decides. A row without methods is about all of them.
TABLE = [
    (Need.SECRET, "", r"/telegram/webhook|/(static|calendar|export|e)/.+"),
    (Need.ANYBODY, "GET", r"/|/health|/ready|/app"),
    (Need.SIGNED_IN, "POST", r"/app/session"),
    (Need.SIGNED_IN, "", r"/app/me(/.+)?"),
    (Need.SIGNED_IN, "GET", r"/app/(events|month|bookings|polls|clubs)"),
    (Need.ITS_OWN, "DELETE", r"/app/regulars/{series_id}"),
    (Need.MEMBER, "", r"/app/clubs/{account_id}(/membership)?"),
    (Need.HELPER, "POST", r"/app/clubs/{account_id}/sign-in"),
    (Need.MEMBER, "", r"/app/polls/{code}(/(vote|share))?"),
    (Need.HELPER, "GET", r"/app/events/{code}/attendance(/{membership_id})?"),
    (Need.HELPER, "", r"/app/events/{code}/check-ins(/{membership_id})?"),
    (Need.ADMIN, "", r"/app/events/{code}/(organising|seats|cards|keeping|attendance|closure|cancellation|move)(/.+)?"),
    (Need.ADMIN, "", r"/app/series(/new)?"),
    (Need.MEMBER, "GET", r"/app/events/{code}(/(people|code))?"),
    (Need.MEMBER, "", r"/app/events/{code}/(booking|waiting|return|answer|free-seats|offer|replacement|stay|share|calendar)"),
    (Need.ANYBODY, "GET", r"/dashboard/sign-in(/state)?"),
    (Need.ANYBODY, "GET", r"/dashboard/sign-in/telegram(/return)?"),
    (Need.ANYBODY, "", r"/dashboard/sign-in/app"),
    (Need.SIGNED_IN, "GET", r"/dashboard/sign-in/renewal"),
    (Need.SIGNED_IN, "POST", r"/dashboard/sign-out"),
    (Need.HELPER, "GET", r"/dashboard(/settings|/events/{code})?"),
    (Need.HELPER, "", r"/dashboard/events/{code}/check-ins(/{membership_id})?"),
    (Need.HELPER, "POST", r"/dashboard/settings/(language|browsers/removal)"),
    (Need.ITS_OWN, "POST", r"/dashboard/settings/browsers/{browser_id}/removal"),
    (Need.OWNER, "POST", r"/dashboard/settings/club"),
    (Need.OWNER, "", r"/dashboard/settings/(closing(/removal)?|export|history|ownership)"),
    (Need.ADMIN, "", r"/dashboard/(series|events|polls|members|keys|settings/(groups|events))(/.+)?"),
    (Need.ADMIN, "", r"/dashboard/(numbers(.csv)?|audit|groups|(announcements|messages)(/.+)?)"),
]  # fmt: skip

ELSEWHERE = "member who is not in the group"
# Everybody who could ask, and their rank in the club.
READERS = {
    "nobody": Need.ANYBODY,
    "stranger": Need.SIGNED_IN,
    "visitor": Need.SIGNED_IN,
    "removed": Need.SIGNED_IN,
    "owner of another club": Need.SIGNED_IN,
    ELSEWHERE: Need.MEMBER,
    "member": Need.MEMBER,
    "helper": Need.HELPER,
    "admin": Need.ADMIN,
    "owner": Need.OWNER,
}
# What every form gets: enough for those that ask for one of a few words.
FIELDS = {"answer": "maybe", "role": "MEMBER", "guests": "0", "language": "en"}
SIGNS_OUT = {"/dashboard/sign-out", "/dashboard/settings/browsers/removal"}  # and leads to the sign-in
REFUSALS = {401: "sign in", 403: "forbidden", 404: "not found"}


def need_of(method: str, path: str) -> Need:
    """Who may ask for this route. Raises `LookupError` where the table says nothing."""
    for need, methods, pattern in TABLE:
        if method in (methods or method) and re.fullmatch(pattern, path):
            return need
    raise LookupError(f"{method} {path} stands in no row of the table")


def routes(site: Any) -> Iterator[tuple[str, str]]:
    """Method and path of every route."""
    for route in site.routes:
        for method in sorted(set(route.methods) - {"OPTIONS", "HEAD"}):
            yield method, re.sub(r":\w+}", "}", route.path)


def by_the_table(method: str, path: str, reader: str) -> str:
    """The answer that the reader is to get from a club of which they are what their name says."""
    need, rank = need_of(method, path), READERS[reader]
    if need is Need.SECRET:
        return "not found"
    if reader == ELSEWHERE and need is Need.MEMBER and path.startswith("/app/events/{code}"):
        return "not found"  # it takes place in the group (A5)
    if rank >= need or (need is Need.ITS_OWN and reader == "owner"):
        return "served"
    if rank is Need.ANYBODY:
        return "sign in"
    # The dashboard knows those only who help to run the club; to all others it says nothing of it (A1).
    knows_them_from = Need.HELPER if path.startswith("/dashboard") else Need.MEMBER
    return "forbidden" if rank >= knows_them_from and need is not Need.ITS_OWN else "not found"


def given(answer: httpx.Response, *, signs_out: bool) -> str:
    """The answer that was given, in the same words. A form that is not valid was read, so it is served."""
    status, location = answer.status_code, answer.headers.get("location", "")
    if location.startswith("/dashboard/sign-in") and "again=yes" not in location and not signs_out:
        return "sign in"
    return "served" if status in (200, 204, 303, 422) else REFUSALS.get(status, str(status))


@dataclass(frozen=True)
class Readers:
    """The credentials of each reader on both sites, and an object of the club for every parameter of a path."""

    headers: dict[str, dict[str, dict[str, str]]]  # by reader, and by the beginning of a path
    objects: dict[str, str]
    other_account: int

    def address(self, path: str, reader: str) -> str:
        """The path about that club; in the dashboard, which asks for one's own club, about the one that is theirs."""
        account = self.objects["account_id"]
        if reader == "owner of another club" and "{" in path:
            account = str(self.other_account)
        filled = path.replace("{code}", self.objects["poll" if "/polls/" in path else "event"])
        for name, value in self.objects.items():
            filled = filled.replace(f"{{{name}}}", value)
        assert "{" not in filled
        return f"{filled}?club={account}" if path.startswith(("/dashboard", "/app/series")) else filled

    def headers_for(self, reader: str, path: str) -> dict[str, str]:
        sites = self.headers[reader]
        return next((sent for start, sent in sites.items() if path.startswith(start)), {})


@pytest.fixture
async def world_of_readers(
    noon: datetime, account: Any, people: dict[str, Any], series: Any, sign_in: Any
) -> Callable[[], Any]:
    """The world of all readers is there; this puts it back."""

    async def make() -> Readers:
        return await _make_readers(account, people, series, sign_in)

    await prepared_rows.made_once("readers", make)

    async def put_back() -> Readers:
        await prepared_rows.empty()
        return await prepared_rows.made_once("readers", make)

    return put_back


async def _make_readers(account: Any, people: dict[str, Any], series: Any, sign_in: Any) -> Readers:
    await leases.take("worker", "a worker", timedelta(days=1))  # for /ready
    olga, who = people["olga"], await _people_of(account, people)
    made = await series(rule="FREQ=WEEKLY")
    for reader in ("member", "helper", "admin"):
        await book(made.first_code, who[reader], via=Via.CARD)
    open_to_links = await series(visibility="link")
    await book(open_to_links.first_code, who["visitor"], via=Via.MINIAPP)
    draft = PollDraft(
        question="Tea?", options=(OptionDraft("Chai"), OptionDraft("Sencha")), group_id=account.group_id
    )
    poll = await create_poll(olga, account.id, draft)
    await create_key(olga, account.id, label="For helpers", role=Role.HELPER)
    other_account = await create_own_account(who["owner of another club"], "Aurora Chess")
    member = await _membership(who["member"])
    await make_regular(olga, account.id, made.series_id, await _membership(olga))
    announcement = await create_announcement(
        olga, account.id, AnnouncementDraft(text="The hall is closed", to_members=True)
    )
    refused = await park(account, olga.id, "chat not found")
    headers: dict[str, dict[str, dict[str, str]]] = {"nobody": {}}
    for reader, person in who.items():
        headers[reader] = await _credentials(person, sign_in)
    return Readers(
        headers,
        {
            "event": made.first_code,
            "link": open_to_links.first_code,
            "poll": poll,
            "series_id": str(made.series_id),
            "membership_id": str(member),
            "account_id": str(account.id),
            "group_id": str(account.group_id),
            "key_id": str(await db.value("SELECT max(id) FROM api_keys")),
            "browser_id": str(await db.value("SELECT max(id) FROM web_sessions WHERE user_id = $1", olga.id)),
            "name": "AAAAAAAAAAAA",
            "announcement_id": str(announcement),
            "message_id": str(refused),
            "digest": "0123456789ab",
        },
        other_account,
    )


async def _people_of(account: Any, people: dict[str, Any]) -> dict[str, Any]:
    """A person for each reader but nobody."""
    made = [
        await register_person(TelegramIdentity(2001 + n, name, language_code="en"))
        for n, name in enumerate(("Vera", "Robert", "Mikko", "Ella"))
    ]
    visitor, removed, other_owner, elsewhere = made
    olga = people["olga"]
    for person in (removed, elsewhere):
        await join(person, account.id, through=JoinedThrough.HAND)
    await remove_member(olga, account.id, await _membership(removed))
    await change_role(olga, account.id, await _membership(people["aino"]), Role.HELPER)
    await change_role(olga, account.id, await _membership(people["bob"]), Role.ADMIN)
    return {
        "stranger": people["charlie"],
        "visitor": visitor,
        "removed": removed,
        "owner of another club": other_owner,
        ELSEWHERE: elsewhere,
        "member": people["alice"],
        "helper": people["aino"],
        "admin": people["bob"],
        "owner": olga,
    }


async def _membership(person: Any) -> int:
    return int(await db.value("SELECT id FROM memberships WHERE user_id = $1 ORDER BY id LIMIT 1", person.id))


async def _credentials(person: Any, sign_in: Any) -> dict[str, dict[str, str]]:
    """What the person's clients send to each site, by the beginning of the path."""
    signed = f"tma {init_data(launch_of(person.telegram_id, person.first_name, language=person.language))}"
    browser = await sign_in(person)
    opened = await browser.client.post("/app/session", headers={"Authorization": signed})
    await browser.get("/dashboard/settings")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
    return {
        "/app/session": {"Authorization": signed},
        "/app": {"Authorization": f"Bearer {opened.headers['x-session']}", "HX-Request": "true"},
        "/dashboard": {"Cookie": cookies, "X-CSRF-Token": browser.csrf},
    }


@pytest.fixture(scope="module")
def with_webhook() -> Any:
    """The application with every route that it can have."""
    from emerald import web

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web, "settings", replace(settings, telegram_webhook=True, webhook_secret="s" * 40))
        return web.create_app(with_pool=False)


Expect = Callable[[str, str, str], str]  # the answer that a reader is to get, by method and path


async def wrong_answers(
    site: Any, web: Any, put_back: Callable[[], Any], reader: str, wanted_by: Expect, *, event: str = "event"
) -> list[str]:
    """Ask for every route as this reader: which answers are not those wanted, and what refusals changed. `event` is
    the date that stands in paths."""
    kept, found = await put_back(), []
    readers = replace(kept, objects={**kept.objects, "event": kept.objects[event]})
    before = await everything()
    for method, path in sorted(routes(site), key=lambda route: (route[1], route[0])):
        wanted = wanted_by(method, path, reader)
        if wanted == "anything":
            continue
        headers = readers.headers_for(reader, path)
        fields = FIELDS if method not in ("GET", "DELETE") else None
        web.cookies.clear()
        answer = await web.request(method, readers.address(path, reader), headers=headers, data=fields)
        got = given(answer, signs_out=path in SIGNS_OUT and reader != "nobody")
        if got != wanted:
            found.append(f"{method} {path}: {got}, not {wanted}")
        if wanted == "not found" and re.search(r"Kallio|Evening flow|Alice|Tea\?", answer.text):
            found.append(f"{method} {path}: says what is not theirs")
        if wanted == "served" and method != "GET" and answer.status_code != 422:
            await put_back()
    after = await everything()
    return found + [f"{table} has changed" for table in before if after[table] != before[table]]


def test_every_route_stands_in_the_table(with_webhook: Any) -> None:
    known = list(routes(with_webhook))
    assert len(known) > 115
    assert {need_of(*route) for route in known} == set(Need)
    for _, methods, pattern in TABLE:
        rows = [r for r in known if r[0] in (methods or r[0]) and re.fullmatch(pattern, r[1])]
        assert rows, f"a row for no route: {methods} {pattern}"


@pytest.mark.parametrize(
    "path", ["/app/secrets", "/dashboard/secrets", "/secrets", "/app/events/{code}/secrets"]
)
def test_a_route_in_no_row_is_noticed(path: str) -> None:
    with pytest.raises(LookupError, match="stands in no row"):
        need_of("GET", path)


@pytest.mark.parametrize("reader", READERS)
async def test_everybody_gets_what_is_theirs(
    with_webhook: Any, web: Any, world_of_readers: Any, reader: str
) -> None:
    found = await wrong_answers(with_webhook, web, world_of_readers, reader, by_the_table)
    assert found == [], "\n".join(["", *found])


def by_the_link(method: str, path: str, reader: str) -> str:
    """The same for a date that anyone with its link may read and take part in (`A10`)."""
    if not path.startswith("/app/events/{code}"):
        return "anything"
    names_people = path.endswith(("/people", "/code"))  # for those in it
    is_for_all = need_of(method, path) is Need.MEMBER
    return "served" if is_for_all and (reader == "visitor" or not names_people) else "not found"


@pytest.mark.parametrize("reader", ["stranger", "visitor", "owner of another club"])
async def test_a_link_opens_its_own_date(
    with_webhook: Any, web: Any, world_of_readers: Any, reader: str
) -> None:
    found = await wrong_answers(with_webhook, web, world_of_readers, reader, by_the_link, event="link")
    assert found == [], "\n".join(["", *found])


async def test_without_roles_members_would_be_served(
    with_webhook: Any, web: Any, world_of_readers: Any, switch_off: Any
) -> None:
    """The control: the table finds it when roles are not asked for."""
    switch_off("roles.unchecked")
    found = await wrong_answers(with_webhook, web, world_of_readers, "helper", by_the_table)
    assert "GET /app/events/{code}/organising: served, not forbidden" in found
    assert "POST /dashboard/series: served, not forbidden" in found
