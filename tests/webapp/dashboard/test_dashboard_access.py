"""Permissions: another club's objects are not found (`A1`), and each role has its limits (`A2`, `X4`)."""

from typing import Any

import pytest

from tests.webapp.dashboard.conftest import confirm_sign_in, park

# What each role below ADMIN may open or do, by route and method; everything else is theirs to be refused.
FOR_HELPERS = {
    ("GET", "/dashboard"),
    ("GET", "/dashboard/events/{code}"),
    ("GET", "/dashboard/events/{code}/check-ins"),
    ("POST", "/dashboard/events/{code}/check-ins/{membership_id}"),
    ("GET", "/dashboard/settings"),
    ("POST", "/dashboard/settings/language"),
    ("POST", "/dashboard/settings/browsers/{browser_id}/removal"),
    ("POST", "/dashboard/settings/browsers/removal"),
}
FOR_OWNERS = {("POST", "/dashboard/settings/club")}


def routes(site: Any) -> list[tuple[str, str]]:
    """Every route behind the sign-in, as (method, path with its parameters)."""
    found = []
    for route in site.routes:
        if not route.path.startswith("/dashboard") or "/sign-" in route.path:
            continue
        found += [(m, route.path_format) for m in route.methods if m in ("GET", "POST")]
    return sorted(found)


@pytest.fixture
async def objects(account: Any, olga: Any, alice: Any, instance: Any) -> dict[str, str]:
    """An object of Olga's club for every parameter of a path."""
    from backend import db
    from backend.accounts.keys import create_key
    from backend.accounts.rules import Role
    from backend.announcements.actions import create_announcement
    from backend.announcements.drafts import AnnouncementDraft
    from backend.bookings.actions import book
    from backend.people.sign_ins import begin_sign_in, finish_sign_in
    from backend.polls.actions import create_poll
    from backend.polls.drafts import OptionDraft, PollDraft
    from backend.seats.requests import Via

    code = await instance(rule="FREQ=WEEKLY")
    await book(code, alice, via=Via.CARD)
    draft = PollDraft(
        question="Tea?", options=(OptionDraft("Yes"), OptionDraft("No")), group_id=account.group_id
    )
    asked = await begin_sign_in("Firefox on Linux")
    await confirm_sign_in(asked.key, olga)
    await finish_sign_in(asked.browser_key)
    await create_key(olga, account.id, label="Somebody", role=Role.HELPER)
    return {
        "event": code,
        "poll": await create_poll(olga, account.id, draft),
        "series_id": str(await db.value("SELECT max(id) FROM event_series")),
        "membership_id": str(await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)),
        "key_id": str(await db.value("SELECT max(id) FROM api_keys")),
        "group_id": str(account.group_id),
        "announcement_id": str(
            await create_announcement(
                olga, account.id, AnnouncementDraft(text="The hall is closed", to_members=True)
            )
        ),
        "message_id": str(await park(account, alice.id, "Bad Request")),
        "browser_id": str(await db.value("SELECT max(id) FROM web_sessions")),
    }


def filled(path: str, objects: dict[str, str]) -> str:
    path = path.replace("{code}", objects["poll" if "/polls/" in path else "event"])
    for name, value in objects.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path
    return path


@pytest.fixture
async def other_owner(charlie: Any, account: Any) -> Any:
    """Charlie, who owns a club of his own."""
    from backend.accounts.actions import create_own_account

    await create_own_account(charlie, "Charlie’s Chess")
    return charlie


async def everything() -> dict[str, Any]:
    """Everything a change could change, to be compared."""
    from backend import db

    tables = (
        "accounts",
        "memberships",
        "api_keys",
        "groups",
        "event_series",
        "event_instances",
        "instance_seats",
        "bookings",
        "event_participation_log",
        "polls",
        "poll_tallies",
        "cards",
        "messages",
    )
    return {t: [dict(row) for row in await db.rows(f"SELECT * FROM {t} ORDER BY 1")] for t in tables}


async def test_another_clubs_objects_are_not_found(
    site: Any, objects: dict[str, str], sign_in: Any, other_owner: Any, account: Any
) -> None:
    """A1, over the whole table of routes: by the object's id, and by the club's."""
    mine = await sign_in(other_owner)
    await mine.get("/dashboard")
    before = await everything()
    for method, path in routes(site):
        address = filled(path, objects)
        own = "/browsers/" in path or path.endswith("/language")
        tries = [] if own else [f"{address}?club={account.id}"]
        if "{" in path:
            tries.append(address)
        for tried in tries:
            if method == "GET":
                answer = await mine.client.get(tried)
            else:
                answer = await mine.post(tried, follow=False)
            assert answer.status_code == 404, (method, tried)
            assert "Kallio" not in answer.text and "Alice" not in answer.text, tried
    assert await everything() == before


async def test_ids_out_of_range_are_not_found(site: Any, objects: dict[str, str], dashboard: Any) -> None:
    for method, path in routes(site):
        if "_id}" not in path:
            continue
        for odd in ("0", "9223372036854775808", "99999999999999999999999", "-1"):
            address = filled(path, {**objects, **dict.fromkeys(objects, odd), "event": objects["event"]})
            answer = await (
                dashboard.client.get(address) if method == "GET" else dashboard.post(address, follow=False)
            )
            assert answer.status_code == 404, address


async def test_a_helper_checks_people_in_and_can_change_nothing_else(
    site: Any, objects: dict[str, str], sign_in: Any, olga: Any, bob: Any, account: Any
) -> None:
    from backend import db
    from backend.accounts.memberships import change_role
    from backend.accounts.rules import Role

    membership = await db.value("SELECT id FROM memberships WHERE user_id = $1", bob.id)
    await change_role(olga, account.id, membership, Role.HELPER)
    mine = await sign_in(bob)
    await mine.get("/dashboard")
    before = await everything()
    for method, path in routes(site):
        address = filled(path, objects)
        if (method, path) in FOR_HELPERS:
            if method == "GET":
                assert (await mine.client.get(address)).status_code == 200, path
            continue
        answer = await (mine.client.get(address) if method == "GET" else mine.post(address, follow=False))
        assert answer.status_code == 403, (method, path)
        assert "helper" in mine.text(answer), (method, path)
    assert await everything() == before
    shown = mine.text(await mine.get(f"/dashboard/events/{objects['event']}"))
    assert "Alice" in shown and "Add a person" not in shown and "Cancel this date" not in shown


async def test_a_member_finds_no_club_to_organise(
    site: Any, objects: dict[str, str], sign_in: Any, alice: Any
) -> None:
    mine = await sign_in(alice)
    await mine.get("/dashboard")
    before = await everything()
    for method, path in routes(site):
        address = filled(path, objects)
        answer = await (mine.client.get(address) if method == "GET" else mine.post(address, follow=False))
        assert answer.status_code == 403, (method, path)
    assert await everything() == before


async def test_an_organiser_is_no_owner(
    site: Any, objects: dict[str, str], sign_in: Any, olga: Any, bob: Any, account: Any
) -> None:
    from backend import db
    from backend.accounts.memberships import change_role
    from backend.accounts.rules import Role

    membership = await db.value("SELECT id FROM memberships WHERE user_id = $1", bob.id)
    await change_role(olga, account.id, membership, Role.ADMIN)
    mine = await sign_in(bob)
    for method, path in sorted(FOR_OWNERS):
        assert method == "POST"
        answer = await mine.post(filled(path, objects), follow=False, name="Mine now")
        assert answer.status_code == 403
    owners = await db.value("SELECT id FROM memberships WHERE user_id = $1", olga.id)
    refused = await mine.post(f"/dashboard/members/{owners}/role", role="MEMBER")
    assert refused.status_code == 403 and "Only an owner" in mine.text(refused)
    refused = await mine.post("/dashboard/keys", label="Mine", role="OWNER", uses="1")
    assert refused.status_code == 403


async def test_with_two_clubs_each_window_stays_with_its_club(
    sign_in: Any, olga: Any, account: Any, instance: Any
) -> None:
    """Looking at another club in a second window never makes a form of the first one go to the wrong club."""
    from backend import db
    from backend.accounts.actions import create_own_account

    second = await create_own_account(olga, "Aurora Chess")
    mine = await sign_in(olga)
    form = await mine.get(f"/dashboard/series/new?club={account.id}")
    assert f'action="/dashboard/series?club={account.id}"' in form.text
    await mine.get(f"/dashboard?club={second}")
    code = await instance()
    assert "Kallio Yoga" in mine.text(await mine.get(f"/dashboard/events/{code}"))
    series_id = await db.value("SELECT id FROM event_series")
    assert "Evening flow yoga" in mine.text(await mine.get(f"/dashboard/series/{series_id}"))


GARBAGE = [
    ("application/x-www-form-urlencoded", b"%ff%00=%c3%28&&&=&membership=%00&guests=%F0%9F&title=%ED%A0%80"),
    ("application/x-www-form-urlencoded", b"a=" + b"x" * 50_000 + b"&name=" + b"y" * 50_000),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="title"; filename="a"\r\n\r\nhm\r\n--x--\r\n',
    ),
    ("multipart/form-data", b"--x\r\nnothing"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: nonsense\r\n\r\n"),
    ("application/json", b'{"title": 1}'),
    ("text/plain", b"\x00\xff"),
    ("", b""),
]


async def test_garbage_is_refused_and_breaks_nothing(
    site: Any, objects: dict[str, str], dashboard: Any
) -> None:
    await dashboard.get("/dashboard")
    for method, path in routes(site):
        if method != "POST" or "/removal" in path or "/revocation" in path:
            continue
        for media_type, body in GARBAGE:
            headers = {"X-CSRF-Token": dashboard.csrf, "Content-Type": media_type}
            answer = await dashboard.client.post(filled(path, objects), content=body, headers=headers)
            assert answer.status_code < 500, (path, media_type, body[:60])
    # The same without the header: the token is looked for in what cannot be read.
    for media_type, body in GARBAGE:
        refused = await dashboard.client.post(
            "/dashboard/keys", content=body, headers={"Content-Type": media_type}
        )
        assert refused.status_code in (400, 403, 413), (media_type, body[:60])
