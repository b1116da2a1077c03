"""An instance for its organisers, on a phone (`B10`, `B12`, `S5`, `S6`, `S1`)."""

import asyncio
import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend import clock, db
from backend.accounts.actions import create_own_account, edit_account
from backend.accounts.memberships import join
from backend.accounts.rules import JoinedThrough, Role
from backend.bookings import actions as seats
from backend.bookings.attendance import check_in, check_in_code
from backend.bookings.queries.event import event, next_instance
from backend.bookings.queries.lists import drifted_instances
from backend.events.edit import edit_series
from backend.events.queries import series_by_id
from backend.people.actions import choose_zone
from backend.seats.requests import Via
from tests.conftest import are_in_group
from tests.webapp.conftest import App, init_data, launch_of
from tests.webapp.test_app_bookings import root, text_of
from tests.webapp.test_app_check_ins import member_of
from tests.webapp.test_app_events import live_address

# The URLs for organisers, and the lowest role with permission.
ORGANISING = [
    ("GET", "/app/events/x7k2/organising", "admin"),
    ("PUT", "/app/events/x7k2/seats", "admin"),
    ("POST", "/app/events/x7k2/cards", "admin"),
    ("POST", "/app/events/x7k2/keeping", "admin"),
    ("GET", "/app/events/x7k2/attendance", "helper"),
    ("GET", "/app/events/x7k2/attendance/new", "admin"),
    ("POST", "/app/events/x7k2/attendance", "admin"),
    ("GET", "/app/events/x7k2/attendance/7", "helper"),
    ("PUT", "/app/events/x7k2/attendance/7", "admin"),
    ("PATCH", "/app/events/x7k2/attendance/7", "admin"),
    ("DELETE", "/app/events/x7k2/attendance/7", "admin"),
    ("GET", "/app/events/x7k2/check-ins", "helper"),
    ("POST", "/app/events/x7k2/check-ins", "helper"),
    ("PUT", "/app/events/x7k2/check-ins/7", "helper"),
    ("DELETE", "/app/events/x7k2/check-ins/7", "helper"),
    ("GET", "/app/events/x7k2/closure", "admin"),
    ("POST", "/app/events/x7k2/closure", "admin"),
    ("DELETE", "/app/events/x7k2/closure", "admin"),
    ("GET", "/app/events/x7k2/cancellation", "admin"),
    ("POST", "/app/events/x7k2/cancellation", "admin"),
    ("DELETE", "/app/events/x7k2/cancellation", "admin"),
    ("GET", "/app/events/x7k2/move", "admin"),
    ("POST", "/app/events/x7k2/move", "admin"),
    ("GET", "/app/series/new", "admin"),
    ("POST", "/app/series", "admin"),
]
TOO_FAR = "This is too far ahead. The first date can be at most 10 years from now."


async def role(person: Any, account: Any, to: Role) -> Any:
    await db.execute(
        "UPDATE memberships SET role = $3 WHERE user_id = $1 AND account_id = $2",
        person.id,
        account.id,
        to,
    )
    return person


@pytest.fixture
async def helper(bob: Any, account: Any) -> Any:
    """Bob is a helper: he checks people in."""
    return await role(bob, account, Role.HELPER)


async def ask(app: Any, method: str, path: str, code: str, member: int = 7) -> httpx.Response:
    """Request one of the URLs of `ORGANISING`, for this instance and member."""
    there = re.sub("/7(?=/|$)", f"/{member}", path).replace("x7k2", code)
    answer: httpx.Response = await app.ask(
        method, there, data={} if method not in ("GET", "DELETE") else None
    )
    return answer


# --- who may ---


@pytest.mark.parametrize(("method", "path", "least"), ORGANISING)
async def test_each_url_requires_its_permission(
    app_of: Any,
    alice: Any,
    helper: Any,
    charlie: Any,
    olga: Any,
    account: Any,
    instance: Any,
    web: Any,
    method: str,
    path: str,
    least: str,
) -> None:
    """`X4`, `A1`, `X1`: members get 403, helpers too beyond check-in, another club's organiser gets 404, and
    a signature older than an hour is refused."""
    code, of_a_date = await instance(), "x7k2" in path
    await seats.book(code, alice, via=Via.CARD)
    member = await member_of(alice, account)
    await create_own_account(charlie, "Board games", zone="Europe/Helsinki")
    refused = await ask(await app_of(alice), method, path, code, member)
    assert refused.status_code == 403
    assert "Only organisers can do this." in text_of(refused)
    if of_a_date:
        elsewhere = await ask(await app_of(charlie), method, path, code, member)
        assert elsewhere.status_code == 404
        assert "yoga" not in elsewhere.text.lower()
        unknown = await ask(await app_of(olga), method, path, "nowhere222", member)
        assert unknown.status_code == 404
    theirs = await ask(await app_of(helper), method, path, code, member)
    assert (theirs.status_code == 403) is (least == "admin")
    before = clock.now() - timedelta(minutes=61)
    launch = launch_of(olga.telegram_id, "Olga", auth_date=str(int(before.timestamp())))
    opened = await web.post("/app/session", headers={"Authorization": f"tma {init_data(launch)}"})
    app = App(web, opened.headers["x-session"])
    assert (await app.get("/app/events")).status_code == 200
    old = await ask(app, method, path, code, member)
    assert old.status_code == 403
    assert "Please open Emerald again." in text_of(old)
    assert root(old)["data-outcome"] == "open-again"


async def test_renewing_a_session_does_not_renew_telegrams_signature(
    app_of: Any, olga: Any, instance: Any, noon: Any
) -> None:
    """`X1`: a session stays alive while it is used, but the signature gets older."""
    code = await instance()
    app = await app_of(olga)
    for _ in range(2):
        clock.advance(timedelta(minutes=29))
        answer = await app.get(f"/app/events/{code}/organising")
        assert answer.status_code == 200
        app = App(app.web, answer.headers["x-session"])
    clock.advance(timedelta(minutes=3))
    assert (await app.get(f"/app/events/{code}")).status_code == 200
    old = await app.get(f"/app/events/{code}/organising")
    assert root(old)["data-outcome"] == "open-again"
    assert "data-close" in old.text
    assert (await (await app_of(olga)).get(f"/app/events/{code}/organising")).status_code == 200


async def test_the_event_links_to_what_the_reader_may_do(
    app_of: Any, alice: Any, helper: Any, olga: Any, instance: Any
) -> None:
    """Everything for organisers, check-in for helpers, nothing for members."""
    code = await instance()
    for person, shown in ((alice, None), (helper, "check-ins"), (olga, "organising")):
        page = (await (await app_of(person)).get(f"/app/events/{code}")).text
        assert re.findall(r'id="to-(check-ins|organising)"', page) == ([shown] if shown else [])


# --- people ---


async def test_the_parties_of_an_instance_are_listed_in_order(
    app_of: Any, alice: Any, bob: Any, aino: Any, olga: Any, instance: Any
) -> None:
    """`B10`, `W1`"""
    code = await instance(capacity=2)
    await seats.book(code, alice, guests=1, via=Via.CARD)
    await seats.book(code, aino, via=Via.CARD)
    await seats.answer(code, bob, maybe=True, via=Via.CARD)
    app = await app_of(olga)
    hub = text_of(await app.get(f"/app/events/{code}/organising"))
    assert "2 coming · Full · 1 in line · maybe: 1" in hub
    live = live_address((await app.get(f"/app/events/{code}/organising")).text)
    assert (await app.get(live)).status_code == 204
    path = f"/app/events/{code}/attendance"
    page = await app.get(path)
    assert "In 2 In line 1 Not in 1" in text_of(page)
    assert "Alice with 1 guest" in text_of(page)
    assert "Aino" not in page.text
    line = text_of(await app.get(f"{path}?show=line"))
    assert re.search(r"1 A Aino wants 1 seat", line)
    assert "Bob Maybe" in text_of(await app.get(f"{path}?show=others"))
    live = live_address(page.text)
    assert (await app.get(live)).status_code == 204
    await seats.leave(code, alice, via=Via.CARD)
    assert "Aino" in (await app.get(live)).text
    assert "1 coming · 1 free" in text_of(await app.get(f"/app/events/{code}/organising"))


async def test_organisers_see_the_names_of_guests(app_of: Any, alice: Any, olga: Any, instance: Any) -> None:
    """`B1`, `B12`: and nobody else does."""
    code = await instance(capacity=4, guests_max=2)
    await seats.book(code, alice, guests=2, names=("Mum", "Dad"), via=Via.MINIAPP)
    app = await app_of(olga)
    door = text_of(await app.get(f"/app/events/{code}/check-ins"))
    assert "Alice with 2 guests: Mum, Dad" in door
    member = await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)
    one = text_of(await app.get(f"/app/events/{code}/attendance/{member}"))
    assert "Guests: Mum, Dad" in one


async def test_a_large_club_is_paged_and_searched(
    app_of: Any, olga: Any, account: Any, crowd: Any, instance: Any
) -> None:
    """Never thousands of rows, and everybody is found."""
    people = await crowd(130)
    code = await instance(capacity=None)
    for person in people[:120]:
        await seats.book(code, person, via=Via.CARD)
    app = await app_of(olga)
    for path, least in (
        ("attendance", 120),
        ("check-ins", 120),
        ("attendance/new", 14),
    ):
        seen: list[str] = []
        url = f"/app/events/{code}/{path}"
        while url:
            page = (await app.get(url)).text
            rows = re.findall(
                r'<div class="txt"><(?:b|a class="whole" href="[^"]+")>(?:<bdi>)?([^<]+)<', page
            )
            assert 0 < len(rows) <= 60
            seen += rows
            more = re.search(r'class="btn quiet" href="([^"]+)"', page)
            url = html.unescape(more[1]) if more else ""
        assert len(seen) == len(set(seen)) >= least
    found = text_of(await app.get(f"/app/events/{code}/check-ins?q=member%20117"))
    assert "Member 117" in found
    assert "Member 11 " not in found
    assert "Member 117" in text_of(await app.get(f"/app/events/{code}/check-ins?q=117%20mebmer"))
    adding = text_of(await app.get(f"/app/events/{code}/attendance/new?q=128"))
    assert "Member 128" in adding
    assert "Member 127" not in adding


async def test_an_organiser_adds_a_member_and_undoes_it(
    app_of: Any, alice: Any, olga: Any, account: Any, instance: Any
) -> None:
    """`B10`, `B8`: logged as done in the Mini App, and by whom."""
    code = await instance()
    member = await member_of(alice, account)
    app = await app_of(olga)
    path = f"/app/events/{code}/attendance"
    added = await app.ask("PUT", f"{path}/{member}?here=new", data={"q": "ali"})
    assert root(added)["data-outcome"] == "booked"
    assert "Alice has 1 seat." in text_of(added)
    assert 'value="ali"' in added.text
    assert (await event(code, alice)).mine.seats == 1  # type: ignore[union-attr]
    log = await db.row("SELECT via, by_user_id FROM event_participation_log ORDER BY id DESC LIMIT 1")
    assert dict(log) == {"via": "miniapp", "by_user_id": olga.id}  # type: ignore[arg-type]
    gone = await app.ask("DELETE", f"{path}/{member}")
    assert "Alice is off the list." in text_of(gone)
    undo = re.search(r'id="do-undo" hx-put="([^"]+)"[^>]*hx-vals=\'([^\']+)\'', gone.text)
    assert undo is not None
    back = await app.ask("PUT", undo[1], data={"guests": "0"})
    assert "Alice has 1 seat." in text_of(back)
    again = await app.ask("PUT", f"{path}/{member}")
    assert root(again)["data-outcome"] == "already"
    assert "Alice is on the list already." in text_of(again)


async def test_a_person_without_telegram_is_added_by_name(app_of: Any, olga: Any, instance: Any) -> None:
    """`B10`, `X5`: typed text stays beside its fault; also after booking has closed."""
    code = await instance(closes_before_minutes=366 * 24 * 60 - 1)
    app = await app_of(olga)
    path = f"/app/events/{code}/attendance"
    bad = await app.ask("POST", path, data={"name": " ", "how": "seat"})
    assert bad.status_code == 422
    assert "Enter who is coming." in text_of(bad)
    long = "Ä" * 81
    bad = await app.ask("POST", path, data={"name": long, "how": "seat"})
    assert f'value="{long}"' in bad.text
    assert 'aria-describedby="fault-name' in bad.text
    good = await app.ask("POST", path, data={"name": "Grandma  Kerttu", "guests": "1"})
    assert "Grandma Kerttu has 2 seats." in text_of(good)
    closed = await app.ask("POST", path, data={"name": "Ville", "how": "line"})
    assert closed.status_code == 422
    assert "Booking closed" in text_of(closed)


async def test_a_waitlisted_party_is_seated_and_its_guests_change(
    app_of: Any, alice: Any, bob: Any, olga: Any, account: Any, instance: Any
) -> None:
    """`B10`, `B7`"""
    code = await instance(capacity=3)
    await seats.book(code, alice, guests=1, via=Via.CARD)
    await seats.book(code, bob, guests=1, via=Via.CARD)
    app = await app_of(olga)
    his, hers = [f"/app/events/{code}/attendance/{await member_of(one, account)}" for one in (bob, alice)]
    assert "1st in line" in text_of(await app.get(his))
    fewer = await app.ask("PATCH", hers, data={"guests": "0"})
    assert "Alice has 1 seat." in text_of(fewer)
    assert "In, with 1 guest" in text_of(await app.get(his))
    for wrong in ("", "x", "-1"):
        assert (await app.ask("PATCH", hers, data={"guests": wrong})).status_code == 422


async def test_organisers_may_act_outside_the_booking_windows(
    app_of: Any, alice: Any, olga: Any, account: Any, instance: Any
) -> None:
    """`B10`, `B7`: after booking has closed, and after the cancellation deadline."""
    long = 366 * 24 * 60 - 1
    code = await instance(closes_before_minutes=long, cancel_before_minutes=long)
    app = await app_of(olga)
    url = f"/app/events/{code}/attendance/{await member_of(alice, account)}"
    assert "Alice has 1 seat." in text_of(await app.ask("PUT", url))
    for guests, seats_then in (("2", "3 seats"), ("0", "1 seat")):
        text = text_of(await app.ask("PATCH", url, data={"guests": guests}))
        assert f"Alice has {seats_then}." in text
    assert 'id="do-line"' not in (await app.ask("DELETE", url)).text


async def test_only_an_owner_may_overbook_and_only_after_confirming(
    app_of: Any, alice: Any, bob: Any, aino: Any, olga: Any, account: Any, instance: Any
) -> None:
    """`B3`"""
    code = await instance(capacity=1)
    await seats.book(code, alice, via=Via.CARD)
    await role(bob, account, Role.ADMIN)
    url = f"/app/events/{code}/attendance/{await member_of(aino, account)}"
    refused = await (await app_of(bob)).ask("PUT", url)
    assert refused.status_code == 422
    assert "There are not enough seats for this party." in text_of(refused)
    forced = await (await app_of(bob)).ask("PUT", url, data={"over": "1"})
    assert forced.status_code == 403
    app = await app_of(olga)
    asked = await app.ask("PUT", url)
    assert "That is 1 seat over the limit" in text_of(asked)
    assert "Add over the limit" in asked.text
    assert "Aino has 1 seat." in text_of(await app.ask("PUT", url, data={"over": "1"}))
    assert (await event(code, olga)).over == 1


async def test_two_organisers_fill_the_last_seat_at_once(
    app_of: Any, alice: Any, bob: Any, aino: Any, olga: Any, account: Any, instance: Any
) -> None:
    """`B3`: one of them succeeds, the other reads why not."""
    code = await instance(capacity=1)
    await role(bob, account, Role.ADMIN)
    one, other = await app_of(bob), await app_of(bob)
    path = f"/app/events/{code}/attendance"
    answers = await asyncio.gather(
        one.ask("PUT", f"{path}/{await member_of(alice, account)}"),
        other.ask("PUT", f"{path}/{await member_of(aino, account)}"),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    assert (await event(code, olga)).booked == 1


async def test_the_capacity_changes_and_a_wrong_number_stays_beside_its_fault(
    app_of: Any, alice: Any, bob: Any, olga: Any, instance: Any
) -> None:
    """`W4`, `X5`"""
    code = await instance(capacity=1)
    await seats.book(code, alice, via=Via.CARD)
    await seats.book(code, bob, via=Via.CARD)
    app = await app_of(olga)
    url = f"/app/events/{code}/seats"
    for wrong, why in (("many", "A whole number, please."), ("0", "Between 1 and")):
        bad = await app.ask("PUT", url, data={"capacity": wrong})
        assert bad.status_code == 422
        assert f'value="{wrong}"' in bad.text
        assert why in text_of(bad)
    more = await app.ask("PUT", url, data={"capacity": "2"})
    assert "2 of 2 seats are taken." in text_of(more)
    assert (await event(code, bob)).mine.seats == 1  # type: ignore[union-attr]
    assert "There is room for everyone." in text_of(await app.ask("PUT", url, data={}))


async def test_the_card_is_posted_by_a_tap(app_of: Any, olga: Any, instance: Any) -> None:
    """`C1`"""
    code = await instance(announce_before_minutes=0)
    app = await app_of(olga)
    assert "Not posted yet." in text_of(await app.get(f"/app/events/{code}/organising"))
    text = text_of(await app.ask("POST", f"/app/events/{code}/cards"))
    assert "The card is on its way to the group." in text
    assert "On its way to “Kallio Yoga”." in text
    assert await db.value("SELECT count(*) FROM cards") == 1


# --- the door ---


async def test_people_are_checked_in_by_list(
    app_of: Any, alice: Any, helper: Any, aino: Any, account: Any, instance: Any
) -> None:
    """`B12`: by a helper, with the number who came; the same tap undoes it."""
    code = await instance()
    await seats.book(code, alice, guests=2, via=Via.CARD)
    await seats.book(code, aino, via=Via.CARD)
    app = await app_of(helper)
    door = f"/app/events/{code}/check-ins"
    assert "0 of 4 are here" in text_of(await app.get(door))
    url = f"{door}/{await member_of(alice, account)}"
    here = await app.ask("PUT", url)
    assert root(here)["data-outcome"] == "here"
    assert "3 of 4 are here" in text_of(here)
    assert re.search(r'aria-pressed="true"[^>]*>.*?Here<span class="hide"> Alice<', here.text, re.S)
    fewer = text_of(await app.ask("PUT", url, data={"came": "2"}))
    assert "2 of 4 are here" in fewer
    assert "2 of 3 are here" in fewer
    assert (await app.ask("PUT", url, data={"came": "9"})).status_code == 422
    missing = await app.get(f"{door}?show=missing")
    assert "Aino" in missing.text
    assert "Alice" not in missing.text
    undone = await app.ask("DELETE", url)
    assert "0 of 4 are here" in text_of(undone)
    live = live_address(undone.text)
    assert (await app.get(live)).status_code == 204
    await check_in(code, helper, await member_of(aino, account))
    assert "1 of 4 are here" in text_of(await app.get(live))


async def test_a_check_in_on_the_list_of_missing_people_can_be_undone(
    app_of: Any, alice: Any, olga: Any, account: Any, instance: Any
) -> None:
    code = await instance()
    await seats.book(code, alice, via=Via.CARD)
    app = await app_of(olga)
    url = f"/app/events/{code}/check-ins/{await member_of(alice, account)}?show=missing"
    response = await app.ask("PUT", url)
    assert "Alice is here." in text_of(response)
    assert "Everybody is here" in text_of(response)
    undo = re.search(r'id="do-undo" hx-delete="([^"]+)"', response.text)
    assert undo is not None
    assert 'Check in<span class="hide"> Alice<' in (await app.ask("DELETE", undo[1])).text


async def test_two_helpers_check_in_the_same_person(
    app_of: Any, alice: Any, helper: Any, olga: Any, account: Any, instance: Any
) -> None:
    """`B12`: it counts once."""
    code = await instance()
    await seats.book(code, alice, guests=1, via=Via.CARD)
    url = f"/app/events/{code}/check-ins/{await member_of(alice, account)}"
    apps = [await app_of(helper), await app_of(olga)]
    answers = await asyncio.gather(*(app.ask("PUT", url) for app in apps for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    assert all("2 of 2 are here" in text_of(answer) for answer in answers)
    log = "SELECT count(*) FROM bookings WHERE checked_in_at IS NOT NULL AND came = 2"
    assert await db.value(log) == 1


async def test_each_scanned_code_gets_its_own_answer(
    app_of: Any, alice: Any, bob: Any, aino: Any, helper: Any, account: Any, instance: Any
) -> None:
    """`B12`: checked in, checked in already, no code, a code of another instance, and of a person who has
    left."""
    code, other = await instance(), await instance(title="Padel")
    for person in (alice, aino):
        await seats.book(code, person, guests=1, via=Via.CARD)
    hers, theirs = await member_of(alice, account), await member_of(aino, account)
    app = await app_of(helper)

    async def scanned(text: str) -> tuple[int, str, str]:
        answer = await app.ask("POST", f"/app/events/{code}/check-ins", data={"scanned": text})
        notice = re.search(r'id="notice".*?<strong>(.*?)</strong>', answer.text, re.S)
        assert notice is not None
        return answer.status_code, root(answer)["data-outcome"], html.unescape(notice[1])

    assert await scanned(check_in_code(code, hers)) == (200, "here", "Alice is here: 2 of 2.")
    page = await app.ask("POST", f"/app/events/{code}/check-ins", data={"scanned": check_in_code(code, hers)})
    more = re.search(r'id="do-more" href="([^"]+)"', page.text)
    assert more is not None
    assert "2 of 2 are here" in text_of(await app.get(html.unescape(more[1])))
    known = "Alice was checked in already: 2 of 2."
    assert await scanned(check_in_code(code, hers)) == (200, "already", known)
    await seats.leave(code, aino, via=Via.CARD)
    left = "This member has no seat on this date."
    assert await scanned(check_in_code(code, theirs)) == (404, "not-found", left)
    foreign = "This code is for another date."
    assert await scanned(check_in_code(other, hers)) == (422, "invalid", foreign)
    none = "This is not a check-in code of Emerald."
    forged = check_in_code(code, hers)[:-1] + "x"
    for text in ("", "https://t.me/x", forged, "emerald:" + "2" * 200, "\0"):
        assert await scanned(text) == (422, "invalid", none)


async def test_closing_the_list_names_the_missing_and_can_be_undone(
    app_of: Any, alice: Any, aino: Any, olga: Any, helper: Any, account: Any, instance: Any, noon: Any
) -> None:
    """`B12`"""
    start = (noon + timedelta(hours=4)).replace(tzinfo=None)
    code = await instance(starts_local=start)
    for person in (alice, aino):
        await seats.book(code, person, via=Via.CARD)
    await check_in(code, olga, await member_of(alice, account))
    url = f"/app/events/{code}/closure"
    early = await (await app_of(olga)).get(url)
    assert "The list can be closed once the date is over" in text_of(early)
    assert (await (await app_of(olga)).ask("POST", url)).status_code == 422
    clock.advance(timedelta(hours=5))
    app = await app_of(olga)
    assert 'id="do-close"' in (await app.get(f"/app/events/{code}/check-ins")).text
    asked = text_of(await app.get(url))
    assert "1 counts as missed" in asked
    assert "Aino" in asked
    assert "Alice" not in asked
    closed = await app.ask("POST", url)
    assert "The list is closed." in text_of(closed)
    assert await db.value("SELECT count(*) FROM absences WHERE kind = 'no-show'") == 1
    door = await (await app_of(helper)).get(f"/app/events/{code}/check-ins")
    assert "aria-pressed" not in door.text
    assert "Missed" in door.text
    late = await (await app_of(helper)).ask(
        "PUT", f"/app/events/{code}/check-ins/{await member_of(aino, account)}"
    )
    assert late.status_code == 422
    assert "The list of this date is closed." in text_of(late)
    assert "open again" in text_of(await app.ask("DELETE", url))
    assert await db.value("SELECT count(*) FROM absences WHERE kind = 'no-show'") == 0


# --- cancel and move ---


async def test_an_instance_is_cancelled_after_a_preview_and_restored(
    app_of: Any, alice: Any, bob: Any, aino: Any, charlie: Any, olga: Any, account: Any, instance: Any
) -> None:
    """`S5`, `X5`"""
    code = await instance(capacity=3)
    await join(charlie, account.id, through=JoinedThrough.HAND)  # the bot may not write to Charlie
    await are_in_group(account.group_id, charlie)
    await seats.book(code, alice, guests=1, via=Via.CARD)
    await seats.book(code, charlie, via=Via.CARD)
    await seats.book(code, aino, via=Via.CARD)
    await seats.answer(code, bob, maybe=True, via=Via.CARD)
    app = await app_of(olga)
    url = f"/app/events/{code}/cancellation"
    asked = text_of(await app.get(url))
    assert "3 booked people will be told Alice +1, Charlie" in asked
    assert "1 in line will be told and 1 who said maybe" in asked
    assert "The bot can’t reach 1 of them Tell them yourself: Charlie" in asked
    assert "It can be undone until the start" in asked
    for wrong, why in (("  ", "Say why in a few words"), ("x" * 301, "At most 300 characters")):
        bad = await app.ask("POST", url, data={"reason": wrong})
        assert bad.status_code == 422
        assert why in text_of(bad)
        assert wrong.strip() in bad.text
    gone = await app.ask("POST", url, data={"reason": "A pipe burst"})
    assert root(gone)["data-outcome"] == "done"
    assert "Cancelled by Olga" in text_of(gone)
    assert (await event(code, olga)).cancel_reason == "A pipe burst"
    assert re.search(rf'id="do-undo" hx-delete="{url}"', gone.text)
    assert "undone until" not in text_of(await app.get(f"/app/events/{code}/organising"))
    back = await app.ask("DELETE", url)
    assert "It takes place after all." in text_of(back)
    assert (await event(code, alice)).mine.seats == 2  # type: ignore[union-attr]


async def test_cancelling_what_nobody_booked_says_that_nobody_is_told(
    app_of: Any, olga: Any, instance: Any, noon: Any
) -> None:
    """`S5`: before and after."""
    app = await app_of(olga)
    url = f"/app/events/{await instance()}/cancellation"
    assert "Nobody has to be told" in text_of(await app.get(url))
    gone = text_of(await app.ask("POST", url, data={"reason": "A pipe burst"}))
    assert "Cancelled. Nobody was booked, so nobody has to be told." in gone
    back = text_of(await app.ask("DELETE", url))
    assert "It takes place after all. Nobody was booked, so nobody has to be told." in back


async def test_an_instance_is_moved_after_a_preview(
    app_of: Any, alice: Any, aino: Any, olga: Any, instance: Any, noon: Any
) -> None:
    """`S6`, `S3`, `X5`"""
    code = await instance(capacity=2)
    await seats.book(code, alice, guests=1, via=Via.CARD)
    await seats.book(code, aino, via=Via.CARD)
    app = await app_of(olga)
    url = f"/app/events/{code}/move"
    page = await app.get(url)
    assert 'value="2026-11-26"' in page.text
    assert 'value="18:00"' in page.text
    assert "It stays as it is" in text_of(page)
    seen = text_of(await app.get(f"{url}?starts_on=2026-11-27&starts_time=19:30"))
    assert "Fri 27 Nov, 19:30–20:45 It was Thu 26 Nov, 18:00–19:15." in seen
    assert "2 booked people will be asked: still coming? Alice +1" in seen
    assert "1 in line will be told" in seen
    longer = text_of(await app.get(f"{url}?duration_minutes=90"))
    assert "Nobody has to be asked" in longer
    assert (await event(code, olga)).moved_from is None
    for sent, why in (
        ({"starts_on": "2026-11-01"}, "That is in the past."),
        ({"starts_on": "nonsense"}, "Choose a day and a time."),
        ({"starts_on": "9999-01-01"}, "Choose a date in this century."),
        ({"duration_minutes": "3"}, "Between 5 and"),
        ({"duration_minutes": "soon"}, "A whole number, please."),
    ):
        bad = await app.ask("POST", url, data=sent)
        assert bad.status_code == 422, sent
        assert why in text_of(bad)
        assert next(iter(sent.values())) in bad.text
    moved = await app.ask("POST", url, data={"starts_on": "2026-11-27", "starts_time": "19:30"})
    assert root(moved)["data-outcome"] == "done"
    assert "Moved to Fri 27 Nov at 19:30." in text_of(moved)
    assert "Still coming: 0. Left: 0. Not answered: 1. Alice" in text_of(
        await app.get(f"/app/events/{code}/organising")
    )
    same = await app.ask("POST", url, data={"starts_on": "2026-11-27", "starts_time": "19:30"})
    assert "Nothing has changed." in text_of(same)


@pytest.mark.parametrize(
    ("when", "warning"),
    [
        (("2027-03-28", "03:30"), "skip this hour: it becomes 04:30"),
        (("2027-10-31", "03:30"), "This hour comes twice that night"),
    ],
)
async def test_the_preview_warns_of_a_clock_change(
    app_of: Any, olga: Any, instance: Any, when: tuple[str, str], warning: str, noon: Any
) -> None:
    """`S3`"""
    code = await instance()
    day, hour = when
    page = await (await app_of(olga)).get(f"/app/events/{code}/move?starts_on={day}&starts_time={hour}")
    assert warning in text_of(page)


# --- what no longer fits its rule ---


async def test_a_date_that_no_longer_fits_says_so_and_is_kept(
    app_of: Any, alice: Any, olga: Any, account: Any, noon: Any, series: Any
) -> None:
    """`S4`: kept by one tap, and not asked about again."""
    made = await series(rule="FREQ=WEEKLY")
    await seats.book(made.first_code, alice, via=Via.MINIAPP)
    view = await series_by_id(account.id, made.series_id)
    assert view is not None
    later = replace(view.draft, starts_local=view.draft.starts_local + timedelta(hours=1))
    await edit_series(olga, account.id, made.series_id, later)
    app = await app_of(olga)
    path = f"/app/events/{made.first_code}"
    assert "This date no longer fits the rule of its event" in text_of(await app.get(f"{path}/organising"))
    kept = await app.ask("POST", f"{path}/keeping")
    assert "Kept. It stays as it is" in text_of(kept) and "no longer fits" not in text_of(kept)
    assert await drifted_instances(account.id) == []
    following = await next_instance(await event(made.first_code, olga), olga)
    assert following is not None
    assert "no longer fits" not in text_of(await app.get(f"/app/events/{following.code}/organising"))


# --- a new event ---


def simple(**changed: str) -> dict[str, str]:
    return {
        "title": "Padel",
        "emoji": "🎾",
        "place": "Court 3",
        "starts_on": "2026-11-28",
        "starts_time": "10:00",
        "duration_minutes": "90",
        "capacity": "4",
        "guests_max": "1",
        "announce_before_minutes": "2880",
        **changed,
    }


async def test_a_simple_event_is_created_on_a_phone(
    app_of: Any, alice: Any, olga: Any, account: Any, noon: Any
) -> None:
    """`S1`: first a preview, then the event in place of the form."""
    app = await app_of(olga)
    assert 'href="/app/series/new' in (await app.get("/app/events")).text
    assert 'href="/app/series/new"' in (await app.get("/app/me")).text
    assert 'href="/app/series/new' not in (await (await app_of(alice)).get("/app/events")).text
    form = await app.get("/app/series/new")
    assert re.search(rf'<option value="{account.group_id}" selected>', form.text)
    fields = simple(group=str(account.group_id))
    seen = text_of(await app.get("/app/series/new", params=fields))
    assert "Sat 28 Nov, 10:00–11:30" in seen
    assert "To “Kallio Yoga”, Thu 26 Nov at 10:00" in seen
    made = await app.ask("POST", "/app/series", data=fields)
    assert root(made)["data-outcome"] == "done"
    code = made.headers["hx-replace-url"].removeprefix("/app/events/")
    view = await event(code, alice)
    assert (view.title, view.emoji, view.capacity, view.guests_max) == ("Padel", "🎾", 4, 1)
    assert view.zone == "Europe/Helsinki"
    assert await db.value("SELECT count(*) FROM cards") == 0


async def test_the_form_takes_from_its_address_what_its_fields_are_called(
    app_of: Any, olga: Any, account: Any, noon: Any
) -> None:
    """Whatever else the address names is left alone."""
    form = await (await app_of(olga)).get("/app/series/new", params={"title": "Padel", "__doc__": "1"})
    assert form.status_code == 200 and 'value="Padel"' in form.text


async def test_the_preview_says_in_which_zone_it_is(
    app_of: Any, olga: Any, account: Any, alice: Any, noon: Any
) -> None:
    """S1: the club's; the organiser's own can be chosen, and is the first guess while the club has none."""
    await choose_zone(olga, "Asia/Tokyo")
    app = await app_of(olga)
    form = (await app.get("/app/series/new")).text
    assert '<option value="Europe/Helsinki" selected>Helsinki</option>' in form
    seen = text_of(await app.get("/app/series/new", params=simple(group="", zone="Europe/Helsinki")))
    assert "10:00–11:30 (Helsinki)" in seen and "Time zone: Helsinki · 17:00 where you are" in seen
    await edit_account(olga, account.id, name="Kallio Yoga", zone="UTC", language="en")
    assert '<option value="Asia/Tokyo" selected>Tokyo</option>' in (await app.get("/app/series/new")).text
    bad = await app.ask("POST", "/app/series", data=simple(zone="Factory"))
    assert bad.status_code == 422 and 'id="fault-zone"' in bad.text
    made = await app.ask("POST", "/app/series", data=simple(zone="Asia/Tokyo"))
    code = made.headers["hx-replace-url"].removeprefix("/app/events/")
    assert (await event(code, olga)).zone == "Asia/Tokyo"


async def test_its_card_can_be_posted_at_once(app_of: Any, olga: Any, account: Any, noon: Any) -> None:
    """`C1`: once."""
    fields = simple(group=str(account.group_id), announce_before_minutes="now")
    app = await app_of(olga)
    assert "right away" in text_of(await app.get("/app/series/new", params=fields))
    await app.ask("POST", "/app/series", data=fields)
    assert await db.value("SELECT count(*) FROM cards") == 1


async def test_faults_are_beside_their_fields_and_typed_text_stays(
    app_of: Any, olga: Any, account: Any, noon: Any
) -> None:
    """`X5`, `A1`"""
    app = await app_of(olga)
    typed = simple(title="<b>" + "x" * 130, capacity="0", guests_max="12", group="999")
    bad = await app.ask("POST", "/app/series", data=typed)
    assert bad.status_code == 422
    for field in ("title", "capacity", "guests-max"):
        assert f'id="fault-{field}"' in bad.text
    assert "<b>x" not in bad.text
    assert 'value="&lt;b&gt;xxx' in bad.text
    assert 'value="2026-11-28"' in bad.text
    for changed, why in (
        ({"group": "999"}, "Choose one of the club’s groups."),
        ({"starts_on": ""}, "Choose a day and a time."),
        ({"starts_on": "2026-11-01"}, "All its dates are in the past."),
        ({"starts_on": "2099-11-01"}, TOO_FAR),
        ({"title": " "}, "Give it a title."),
        ({"emoji": "abc"}, "One emoji, or nothing."),
        ({"duration_minutes": "x"}, "A whole number, please."),
    ):
        bad = await app.ask("POST", "/app/series", data=simple(**changed))
        assert bad.status_code == 422
        assert why in text_of(bad), changed
    assert await db.value("SELECT count(*) FROM event_series") == 0


async def test_an_organiser_of_two_clubs_chooses_one(
    app_of: Any, olga: Any, bob: Any, account: Any, noon: Any
) -> None:
    """`A1`, `A8`"""
    games = await create_own_account(olga, "Board games", zone="Europe/London")
    theirs = await create_own_account(bob, "Chess", zone="Europe/London")
    app = await app_of(olga)
    assert "Kallio Yoga" in (await app.get(f"/app/series/new?club={games}")).text
    made = await app.ask("POST", f"/app/series?club={games}", data=simple())
    code = made.headers["hx-replace-url"].removeprefix("/app/events/")
    assert (await event(code, olga)).account_id == games
    assert (await app.get(f"/app/series/new?club={theirs}")).status_code == 404
    assert (await app.ask("POST", f"/app/series?club={theirs}", data=simple())).status_code == 404


async def test_every_organiser_screen_renders_in_finnish(
    app_of: Any, aino: Any, alice: Any, olga: Any, account: Any, instance: Any
) -> None:
    """At least its dates, however complete the catalogue is."""
    await role(aino, account, Role.ADMIN)
    code = await instance()
    await seats.book(code, alice, guests=1, via=Via.CARD)
    app = await app_of(aino)
    member = await member_of(alice, account)
    for path in (
        "organising",
        "attendance",
        "attendance/new",
        f"attendance/{member}",
        "check-ins",
        "closure",
        "cancellation",
        "move",
    ):
        page = await app.get(f"/app/events/{code}/{path}")
        assert page.status_code == 200
        assert "klo" in text_of(page) or "18.00" in text_of(page), path
    assert (await app.get("/app/series/new")).status_code == 200
