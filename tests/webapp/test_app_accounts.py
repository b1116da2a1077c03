"""The reader's clubs: their next instances, organisers, and leaving a club (`A2`, `A8`)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_own_account
from backend.accounts.memberships import change_role, join
from backend.accounts.queries import joined_accounts
from backend.accounts.rules import JoinedThrough, Role
from backend.bookings.actions import book, leave
from backend.bookings.standing_seats import make_regular
from backend.events.cancel import cancel_instance, restore_instance
from backend.seats.requests import Via
from emerald.doctor import check_invariants
from tests.webapp.test_app_bookings import root, text_of

Make = Callable[..., Awaitable[str]]


async def membership(person: Any, account: Any) -> int:
    return int(
        await db.value(
            "SELECT id FROM memberships WHERE user_id = $1 AND account_id = $2", person.id, account.id
        )
    )


async def seats(code: str, person: Any) -> tuple[int, int, str]:
    row = await db.row(
        "SELECT b.seats, b.waiting, b.answer FROM bookings b JOIN event_instances i ON i.id = b.instance_id"
        " JOIN memberships m ON m.id = b.membership_id WHERE i.code = $1 AND m.user_id = $2",
        code,
        person.id,
    )
    return (row["seats"], row["waiting"], row["answer"]) if row else (0, 0, "")


async def test_the_list_shows_the_next_instance_of_each_club(
    app_of: Any, alice: Any, account: Any, series: Any, noon: datetime
) -> None:
    await series(rule="FREQ=WEEKLY;COUNT=4")
    other = await create_own_account(alice, "Choir of Käpylä")
    page = await (await app_of(alice)).get("/app/clubs")
    text = text_of(page)
    assert "Next: Evening flow yoga, Thu 26 Nov at 18:00" in text
    assert "You’re a member · 4 upcoming dates" in text
    assert "Nothing planned yet" in text and "You own it" in text
    assert page.text.index("Choir") < page.text.index("Kallio Yoga")
    for account_id in (account.id, other):
        assert f"/app/clubs/{account_id}" in (await (await app_of(alice)).get("/app/me")).text
        assert "/app/clubs" in (await (await app_of(alice)).get("/app/events")).text


async def test_a_club_shows_its_next_instances_and_organisers(
    app_of: Any, alice: Any, olga: Any, account: Any, series: Any, noon: datetime
) -> None:
    made = await series(rule="FREQ=WEEKLY;COUNT=5")
    await make_regular(olga, account.id, made.series_id, await membership(alice, account))
    page = await (await app_of(alice)).get(f"/app/clubs/{account.id}")
    text = text_of(page)
    assert page.text.count('class="row"') == 3
    assert "Olga" in text and "Owner" in text and "Bob" not in text
    assert "Standing seats" in text and "Its groups in Telegram" in text
    assert "Your seats on 5 dates will be released. Your standing seats end." in page.text


async def test_a_club_of_others_is_not_found(app_of: Any, alice: Any, charlie: Any) -> None:
    """`A1`"""
    theirs = await create_own_account(charlie, "Secret")
    app = await app_of(alice)
    for path in (f"/app/clubs/{theirs}", "/app/clubs/999999"):
        assert (await app.get(path)).status_code == 404
        assert (await app.ask("DELETE", f"{path}/membership")).status_code == 404
    assert (await app.get(f"/app/clubs/{10**30}")).status_code in (400, 404)


async def test_leaving_gives_future_seats_to_the_waitlist(
    app_of: Any, alice: Any, bob: Any, account: Any, instance: Make, noon: datetime
) -> None:
    """`B6`, `W2`"""
    full, line = await instance(title="A", capacity=1), await instance(title="B", capacity=1)
    await book(full, alice, via=Via.CARD)
    await book(full, bob, via=Via.CARD)
    await book(line, bob, via=Via.CARD)
    await book(line, alice, via=Via.CARD)
    app = await app_of(alice)
    asks = (await app.get(f"/app/clubs/{account.id}")).text
    assert "Your seat on 1 date will be released. You leave 1 line." in asks
    answer = await app.ask("DELETE", f"/app/clubs/{account.id}/membership")
    assert root(answer)["data-outcome"] == "left"
    assert "You’ve left the club: Kallio Yoga." in text_of(answer)
    assert answer.headers["hx-replace-url"] == "/app/clubs"
    assert await joined_accounts(alice) == []
    assert await seats(full, bob) == (1, 0, "in")
    assert await seats(full, alice) == await seats(line, alice) == (0, 0, "left")
    assert (await app.ask("DELETE", f"/app/clubs/{account.id}/membership")).status_code == 404
    assert await check_invariants() == []


async def test_a_seat_after_the_deadline_stays_until_someone_takes_it(
    app_of: Any, alice: Any, bob: Any, account: Any, instance: Make, noon: datetime
) -> None:
    """`B6`: leaving the club is no way around the deadline."""
    code = await instance(capacity=1, cancel_before_minutes=1440)
    await book(code, alice, via=Via.CARD)
    clock.advance(timedelta(days=2, hours=12))
    app = await app_of(alice)
    assert "On 1 date it is too late to leave freely" in (await app.get(f"/app/clubs/{account.id}")).text  # fmt: skip
    await app.ask("DELETE", f"/app/clubs/{account.id}/membership")
    assert await joined_accounts(alice) == []
    assert await seats(code, alice) == (1, 0, "in")
    assert (await book(code, bob, via=Via.CARD)).kind == "booked"
    assert await seats(code, alice) == (0, 0, "left")


async def test_leaving_ends_standing_seats(
    app_of: Any, alice: Any, olga: Any, account: Any, series: Any, noon: datetime
) -> None:
    """`B11`"""
    made = await series(rule="FREQ=WEEKLY")
    await make_regular(olga, account.id, made.series_id, await membership(alice, account))
    await (await app_of(alice)).ask("DELETE", f"/app/clubs/{account.id}/membership")
    assert await db.value("SELECT count(*) FROM regulars") == 0
    assert await db.value("SELECT sum(booked) FROM instance_seats") == 0


async def test_a_restored_instance_does_not_book_a_former_member_again(
    app_of: Any, alice: Any, olga: Any, account: Any, instance: Make, noon: datetime
) -> None:
    """`S5`"""
    code = await instance()
    await book(code, alice, via=Via.CARD)
    await cancel_instance(code, olga, "Ill")
    await (await app_of(alice)).ask("DELETE", f"/app/clubs/{account.id}/membership")
    await restore_instance(code, olga)
    assert await seats(code, alice) == (0, 0, "left")


async def test_the_last_owner_cannot_leave_and_learns_why(
    app_of: Any, olga: Any, alice: Any, account: Any, instance: Make, noon: datetime
) -> None:
    """`A2`: a refused request gives nothing back."""
    code = await instance()
    await book(code, olga, via=Via.CARD)
    app = await app_of(olga)
    page = await app.get(f"/app/clubs/{account.id}")
    assert "You are its only owner" in page.text and "do-leave-club" not in page.text
    refused = await app.ask("DELETE", f"/app/clubs/{account.id}/membership")
    assert (refused.status_code, root(refused)["data-outcome"]) == (422, "last-owner")
    assert await seats(code, olga) == (1, 0, "in")
    await change_role(olga, account.id, await membership(alice, account), Role.OWNER)
    assert (await app.ask("DELETE", f"/app/clubs/{account.id}/membership")).status_code == 200


async def test_of_two_owners_who_leave_at_once_one_stays(
    olga: Any, alice: Any, account: Any, noon: datetime
) -> None:
    """`A2`"""
    from backend.departures.leaving import leave_account

    await change_role(olga, account.id, await membership(alice, account), Role.OWNER)
    results = await asyncio.gather(
        *(leave_account(person, account.id, via=Via.MINIAPP) for person in (olga, alice)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in results) == ["LastOwner", "NoneType"]


async def test_leaving_concurrently_with_bookings_oversells_nothing(
    alice: Any, account: Any, instance: Make, crowd: Any, noon: datetime
) -> None:
    """`B3`, with many at once."""
    from backend.departures.leaving import leave_account

    codes = [await instance(title=f"Date {i}", capacity=5) for i in range(3)]
    people = await crowd(12)
    for code in codes:
        for person in people:
            await book(code, person, via=Via.CARD)
    await asyncio.gather(
        *(leave_account(person, account.id, via=Via.MINIAPP) for person in people[:4]),
        *(leave(code, people[5], via=Via.CARD) for code in codes),
        *(book(code, alice, via=Via.CARD) for code in codes),
    )
    assert await check_invariants() == []
    for code in codes:
        booked = await db.value(
            "SELECT s.booked FROM instance_seats s JOIN event_instances i ON i.id = s.instance_id WHERE i.code = $1",
            code,
        )
        assert booked == 5
        assert [await seats(code, person) for person in people[:4]] == [(0, 0, "left")] * 4


async def test_a_former_member_can_join_again(app_of: Any, alice: Any, account: Any, noon: datetime) -> None:
    """`A4`"""
    await (await app_of(alice)).ask("DELETE", f"/app/clubs/{account.id}/membership")
    await join(alice, account.id, through=JoinedThrough.GROUP)
    assert [one.id for one in await joined_accounts(alice)] == [account.id]


@pytest.mark.parametrize("path", ["/app/clubs/{}/membership", "/app/me/erasure"])
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
async def test_an_owner_goes_only_right_after_opening_the_app(
    app_of: Any, noon: datetime, account: Any, olga: Any, alice: Any, bob: Any,
    path: str, guarded: bool, switch_off: Any,
) -> None:  # fmt: skip
    """X3: an older session is enough for a member, and not for an owner."""
    if not guarded:
        switch_off("confirmations.skipped")
    await change_role(olga, account.id, await membership(alice, account), Role.OWNER)
    method, address = "POST" if "erasure" in path else "DELETE", path.format(account.id)
    hers, his = await app_of(alice), await app_of(bob)
    clock.advance(timedelta(minutes=6))
    asked = await hers.ask(method, address)
    assert asked.status_code == (403 if guarded else 200)
    if guarded:
        assert root(asked)["data-outcome"] == "open-again"
        assert (await (await app_of(alice)).ask(method, address)).status_code == 200
    assert (await his.ask(method, address)).status_code == 200
