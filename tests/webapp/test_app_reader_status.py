"""The reader's status over time: offers, the first tap, replacements, moves, claims, minimums (`W3`, `B6`,
`S6`)."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings import actions as seats
from backend.bookings.queries.event import event
from backend.bookings.standing_seats import make_regular
from backend.events.minimum import decide_instance
from backend.events.queries import find_instance
from backend.events.reschedule import move_instance
from backend.seats.requests import Via
from tests.webapp.test_app_bookings import root, text_of
from tests.webapp.test_app_events import live_address

LATER = timedelta(minutes=6)  # a booking can no longer be undone


@pytest.fixture
def soon(instance: Any, noon: datetime) -> Callable[..., Awaitable[str]]:
    """Make an instance that starts within hours: `code = await soon(6, capacity=1)`."""

    async def make(hours: float, **fields: Any) -> str:
        start = (noon + timedelta(hours=2 + hours)).replace(tzinfo=None)
        return str(await instance(starts_local=start, **fields))

    return make


@pytest.fixture
def offered(soon: Any, alice: Any, bob: Any) -> Callable[..., Awaitable[str]]:
    """Alice has an offer of the seats that Bob gave back, until 14:30 in Helsinki."""

    async def make(guests: int = 0) -> str:
        code = str(await soon(6, capacity=1 + guests, guests_max=2))
        await seats.book(code, bob, guests=guests, via=Via.CARD)
        await seats.book(code, alice, guests=guests, via=Via.CARD)
        await seats.leave(code, bob, via=Via.CARD)
        return code

    return make


async def test_an_offer_is_no_seat_yet(app_of: Any, alice: Any, offered: Any) -> None:
    """`W3`: until when, with its countdown and the two possible answers."""
    code = await offered(guests=1)
    page = await (await app_of(alice)).get(f"/app/events/{code}")
    response = text_of(page)
    assert "2 seats are yours to take" in response
    assert "Held for you and your guest until today at 14:30." in response
    assert "After that, anyone can take them." in response
    assert "30:00" in response
    assert "You’re in" not in response
    assert "Take the seats" in response
    assert "Pass on" in response


async def test_an_offer_names_the_next_waitlisted_party(
    app_of: Any, alice: Any, aino: Any, offered: Any, crowd: Any
) -> None:
    code = await offered()
    await seats.book(code, aino, via=Via.CARD)
    app = await app_of(alice)
    assert "After that it goes to the next in line: Aino." in text_of(await app.get(f"/app/events/{code}"))


async def test_rows_and_the_tab_show_an_offer(app_of: Any, alice: Any, offered: Any) -> None:
    await offered()
    app = await app_of(alice)
    for path in ("/app/events", "/app/bookings", "/app/bookings?show=waiting"):
        page = await app.get(path)
        assert "Needs your answer" in page.text
        assert "1 seat is yours to take" in text_of(page)
        assert "You’re in" not in text_of(page)
    for path in ("/app/polls", "/app/me"):
        page = await app.get(path)
        assert "needs your answer" in page.text
        assert "Needs your answer" not in page.text


async def test_there_are_no_questions_without_one_to_answer(app_of: Any, bob: Any, offered: Any) -> None:
    await offered()
    app = await app_of(bob)
    for path in ("/app/events", "/app/bookings", "/app/polls", "/app/me"):
        assert "needs your answer" not in (await app.get(path)).text.lower()


async def test_an_offer_is_accepted(app_of: Any, alice: Any, offered: Any) -> None:
    code = await offered()
    answer = await (await app_of(alice)).ask("POST", f"/app/events/{code}/offer")
    assert (answer.status_code, root(answer)["data-outcome"]) == (200, "booked")
    assert "You’re in" in text_of(answer)


async def test_an_offer_is_declined_and_the_place_kept(
    app_of: Any, alice: Any, aino: Any, offered: Any
) -> None:
    code = await offered()
    await seats.book(code, aino, via=Via.CARD)
    answer = await (await app_of(alice)).ask("DELETE", f"/app/events/{code}/offer")
    assert (answer.status_code, root(answer)["data-outcome"]) == (200, "offer-declined")
    assert "You’re still 1st for the next one." in text_of(answer)
    assert (await event(code, aino)).mine.held == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("here", ["events", "bookings"])
async def test_a_question_is_answered_on_its_list(app_of: Any, alice: Any, offered: Any, here: str) -> None:
    code = await offered()
    app = await app_of(alice)
    answer = await app.ask("POST", f"/app/events/{code}/offer?here={here}")
    assert root(answer)["data-outcome"] == "booked"
    assert "aria-current=page>" in answer.text
    assert "Needs your answer" not in answer.text
    assert "You’re in. See you today at 20:00." in text_of(answer)
    assert (await app.ask("POST", f"/app/events/{code}/offer?here=x")).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/app/events?club=1",
        "/app/events?club=1&group=1",
        "/app/events?q=",
        "/app/bookings?show=waiting",
    ],
)
async def test_an_answer_keeps_the_filters_of_the_list(
    app_of: Any, alice: Any, offered: Any, path: str
) -> None:
    """What was chosen of it, and what was looked for, stays."""
    await offered()
    app = await app_of(alice)
    page = (await app.get(path)).text
    take = re.search(r'hx-post="([^"]+/offer\?[^"]+)"', page)
    assert take is not None
    answer = await app.ask("POST", take[1].replace("&amp;", "&"))
    assert root(answer)["data-outcome"] == "booked"
    assert live_address(answer.text).partition("seen=")[0] == live_address(page).partition("seen=")[0]


async def test_an_expired_offer_is_shown_before_the_job_runs(app_of: Any, alice: Any, offered: Any) -> None:
    """`W3`: reading ignores expired offers, and an open screen learns of it from the clock alone."""
    code = await offered()
    app = await app_of(alice)
    screens = [f"/app/events/{code}", "/app/events", "/app/bookings"]
    live = [live_address((await app.get(path)).text) for path in screens]
    clock.advance(timedelta(minutes=29, seconds=59))
    assert [(await app.get(address)).status_code for address in live] == [204, 204, 204]
    clock.advance(timedelta(seconds=1))
    for address in live:
        page = await app.get(address)
        assert page.status_code == 200
        assert "yours to take" not in text_of(page)
        assert "Needs your answer" not in page.text
    response = text_of(await app.get(f"/app/events/{code}"))
    assert "The time is up" in response
    assert "You keep your place in line for the next one." in response


async def test_in_the_last_hours_the_first_tap_gets_the_seat(
    app_of: Any, alice: Any, bob: Any, soon: Any
) -> None:
    """`W3`"""
    code = await soon(1.5, capacity=1)
    await seats.book(code, bob, via=Via.CARD)
    await seats.book(code, alice, via=Via.CARD)
    app = await app_of(alice)
    assert "We tell everyone in line, and the first to tap gets the seat." in text_of(
        await app.get(f"/app/events/{code}")
    )
    await seats.leave(code, bob, via=Via.CARD)
    page = text_of(await app.get(f"/app/events/{code}"))
    assert "1 seat is free" in page
    assert "The first to tap gets it" in page
    assert "Free now" in text_of(await app.get("/app/events"))
    answer = await app.ask("POST", f"/app/events/{code}/free-seats")
    assert root(answer)["data-outcome"] == "booked"


async def test_after_the_deadline_a_member_looks_for_a_replacement(
    app_of: Any, alice: Any, soon: Any
) -> None:
    """`B6`: the seat is theirs until somebody takes it, and they can keep it after all."""
    code = await soon(6, cancel_before_minutes=600)
    await seats.book(code, alice, via=Via.CARD)
    clock.advance(LATER)
    app = await app_of(alice)
    page = await app.get(f"/app/events/{code}")
    assert 'id="do-leave"' not in page.text
    assert "Find my replacement" in page.text
    assert "If no one does, it counts as a late cancellation." in text_of(page)
    looking = await app.ask("POST", f"/app/events/{code}/replacement")
    assert (looking.status_code, root(looking)["data-outcome"]) == (200, "replacing")
    assert "Looking for your replacement" in text_of(looking)
    assert "You’re in" not in text_of(looking)
    assert "Replacement wanted" in text_of(await app.get("/app/bookings"))
    kept = await app.ask("DELETE", f"/app/events/{code}/replacement")
    assert root(kept)["data-outcome"] == "booked"
    assert "Looking for" not in text_of(kept)


async def test_booking_after_the_deadline_warns_first_and_can_be_undone(
    app_of: Any, alice: Any, soon: Any
) -> None:
    """`B6`: before the tap it says that leaving will count; for five minutes it does not."""
    code = await soon(6, cancel_before_minutes=600)
    app = await app_of(alice)
    page = text_of(await app.get(f"/app/events/{code}"))
    assert "Leaving will count It’s too late to leave freely." in page
    assert "You have 5 minutes to undo it." in page
    await app.ask("POST", f"/app/events/{code}/booking")
    page = await app.get(f"/app/events/{code}")
    assert (
        "You can leave freely until today at 14:05; after that it counts as a late cancellation."
        in text_of(page)
    )
    assert "Leaving will count" not in text_of(page)
    assert 'id="do-leave"' in page.text
    clock.advance(timedelta(minutes=4))
    left = await app.ask("DELETE", f"/app/events/{code}/booking")
    assert root(left)["data-outcome"] == "left"
    await app.ask("POST", f"/app/events/{code}/booking")
    clock.advance(LATER)
    assert root(await app.ask("DELETE", f"/app/events/{code}/booking"))["data-outcome"] == "too-late"


async def test_before_the_deadline_nobody_is_warned(app_of: Any, alice: Any, soon: Any) -> None:
    code = await soon(20, cancel_before_minutes=600)
    assert "Leaving will count" not in text_of(await (await app_of(alice)).get(f"/app/events/{code}"))


async def test_a_late_promotion_never_counts_as_a_late_cancellation(
    app_of: Any, alice: Any, bob: Any, soon: Any
) -> None:
    """`B6`"""
    code = await soon(6, capacity=1, cancel_before_minutes=600)
    await seats.book(code, bob, via=Via.CARD)
    await seats.book(code, alice, via=Via.CARD)
    clock.advance(LATER)
    await seats.find_replacement(code, bob, via=Via.CARD)
    await seats.take_free(code, alice, via=Via.CARD)
    app = await app_of(alice)
    assert "late cancellation" not in text_of(await app.get(f"/app/events/{code}"))
    clock.advance(LATER)
    assert "late cancellation" not in text_of(await app.get(f"/app/events/{code}"))
    looking = await app.ask("POST", f"/app/events/{code}/replacement")
    assert "nothing counts against you" in text_of(looking)


async def test_over_capacity_leaving_is_free_after_the_deadline(
    app_of: Any, alice: Any, bob: Any, olga: Any, soon: Any
) -> None:
    """`B6`, `W4`: with fewer seats than are booked, also for a member who looks for a replacement."""
    code = await soon(3, capacity=2, cancel_before_minutes=24 * 60)
    for person in (alice, bob):
        await seats.book(code, person, via=Via.CARD)
    clock.advance(LATER)
    app = await app_of(alice)
    page = await app.get(f"/app/events/{code}")
    assert "Find my replacement" in page.text
    assert 'id="do-leave"' not in page.text
    await app.ask("POST", f"/app/events/{code}/replacement")
    await seats.set_capacity(code, olga, 1)
    looking = text_of(await app.get(f"/app/events/{code}"))
    assert "no one will take yours, and you can leave freely." in looking
    assert "late cancellation" not in looking
    other = await (await app_of(bob)).get(f"/app/events/{code}")
    assert "so you can still leave freely" in text_of(other)
    assert "Find my replacement" not in other.text
    left = await app.ask("DELETE", f"/app/events/{code}/booking")
    assert root(left)["data-outcome"] == "left"
    assert "Find my replacement" in (await (await app_of(bob)).get(f"/app/events/{code}")).text


@pytest.mark.parametrize("hours", [72, 5])
async def test_a_member_who_waits_for_more_can_stop_and_keeps_the_seat(
    app_of: Any, alice: Any, bob: Any, soon: Any, hours: int
) -> None:
    """`B6`: leaving the waitlist is always free."""
    code = await soon(hours, capacity=2, guests_max=1, cancel_before_minutes=24 * 60)
    await seats.book(code, bob, via=Via.CARD)
    await seats.book(code, alice, guests=1, via=Via.CARD)
    await seats.take_free(code, alice, via=Via.CARD)
    clock.advance(LATER)
    app = await app_of(alice)
    page = await app.get(f"/app/events/{code}")
    assert "You’re in, and waiting for 1 more seat" in text_of(page)
    assert "Stop waiting for more" in page.text
    assert ('id="do-leave"' in page.text) == (hours == 72)
    stopped = await app.ask("DELETE", f"/app/events/{code}/waiting")
    assert root(stopped)["data-outcome"] == "booked"
    assert "You’re in See you" in text_of(stopped)
    assert "Stop waiting" not in stopped.text


async def test_a_moved_instance_asks_whether_the_member_still_comes(
    app_of: Any, alice: Any, olga: Any, soon: Any, noon: datetime
) -> None:
    """`S6`"""
    code = await soon(72)
    await seats.book(code, alice, via=Via.CARD)
    await move_instance(code, olga, (noon + timedelta(hours=77)).replace(tzinfo=None))
    app = await app_of(alice)
    page = text_of(await app.get(f"/app/events/{code}"))
    assert "Moved to Thu 26 Nov at 17:00 It was 14:00. Are you still coming?" in page
    assert "Still coming" in page
    assert "Not this time" in page
    assert "Moved" in text_of(await app.get("/app/events"))
    stays = await app.ask("POST", f"/app/events/{code}/stay")
    assert root(stays)["data-outcome"] == "booked"
    assert "Moved; it was 14:00" in text_of(stays)
    assert "Needs your answer" not in (await app.get("/app/events")).text


async def test_after_a_move_leaving_is_free_after_the_deadline(
    app_of: Any, alice: Any, olga: Any, soon: Any, noon: datetime
) -> None:
    """`S6`"""
    code = await soon(72, cancel_before_minutes=24 * 60)
    await seats.book(code, alice, via=Via.CARD)
    await move_instance(code, olga, (noon + timedelta(hours=8)).replace(tzinfo=None))
    left = await (await app_of(alice)).ask("DELETE", f"/app/events/{code}/booking?here=bookings")
    assert (left.status_code, root(left)["data-outcome"]) == (200, "left")
    assert "No seat is yours yet" in left.text


async def test_voters_have_the_first_claim_for_a_time(
    app_of: Any, alice: Any, soon: Any, noon: datetime
) -> None:
    """`P4`"""
    code = await soon(72)
    await db.execute(
        "UPDATE event_instances SET claim_until = $2 WHERE code = $1",
        code,
        noon + timedelta(days=1),
    )
    app = await app_of(alice)
    page = await app.get(f"/app/events/{code}")
    assert "Reserved until tomorrow at 14:00 for those who said yes to this date." in text_of(page)
    assert "Join the line" in page.text
    live = live_address(page.text)
    clock.advance(timedelta(days=1))
    assert "Reserved" not in text_of(await app.get(live))


async def test_a_minimum_shows_how_many_are_missing_and_until_when(
    app_of: Any, alice: Any, olga: Any, soon: Any
) -> None:
    """`S7`"""
    code = await soon(72, min_to_run=2, decide_by_itself=True)
    await seats.book(code, alice, via=Via.CARD)
    app = await app_of(alice)
    page = text_of(await app.get(f"/app/events/{code}"))
    assert "1 more person is needed" in page
    assert "By Wed 25 Nov at 14:00, or it is called off." in page
    assert "1 more is needed" in text_of(await app.get("/app/events"))
    await decide_instance(code, olga, run=True)
    assert "It goes ahead" in text_of(await app.get(f"/app/events/{code}"))


async def test_a_standing_seat_is_shown_as_one(
    app_of: Any, alice: Any, olga: Any, account: Any, series: Any, noon: datetime
) -> None:
    """`B11`"""
    made = await series(rule="FREQ=WEEKLY")
    where = await db.row("SELECT series_id FROM event_instances WHERE code = $1", made.first_code)
    member = await db.value(
        "SELECT id FROM memberships WHERE user_id = $1 AND account_id = $2", alice.id, account.id
    )
    assert where
    await make_regular(olga, account.id, where["series_id"], member)
    page = await (await app_of(alice)).get(f"/app/events/{made.first_code}")
    assert "It’s your standing seat." in text_of(page)
    assert "Not this week" in page.text


async def test_a_stranger_can_answer_nothing(app_of: Any, charlie: Any, instance: Any) -> None:
    """`A1`"""
    code = await instance()
    app = await app_of(charlie)
    for method, path in (
        ("POST", "offer"),
        ("DELETE", "offer"),
        ("POST", "replacement"),
        ("DELETE", "replacement"),
        ("POST", "stay"),
    ):
        assert (await app.ask(method, f"/app/events/{code}/{path}")).status_code == 404


async def test_a_party_behind_another_is_offered_nothing(
    app_of: Any, alice: Any, bob: Any, aino: Any, soon: Any
) -> None:
    """`W1`: a seat is free because the first party wants two; the second party is not offered it."""
    code = await soon(6, capacity=2, guests_max=1)
    await seats.book(code, bob, via=Via.CARD)
    await seats.book(code, aino, guests=1, via=Via.CARD)
    await seats.book(code, alice, via=Via.CARD)
    page = text_of(await (await app_of(alice)).get(f"/app/events/{code}"))
    assert "You’re 2nd in line" in page
    assert "Take" not in page
    assert "Needs your answer" not in (await (await app_of(alice)).get("/app/events")).text


async def test_after_the_notification_newcomers_wait_five_minutes(
    app_of: Any, alice: Any, bob: Any, aino: Any, soon: Any
) -> None:
    """`W3`: for five minutes only taps of notified parties count; a screen learns of the end from the
    clock."""
    code = await soon(1.5, capacity=1)
    for person in (bob, aino):
        await seats.book(code, person, via=Via.CARD)
    await seats.leave(code, bob, via=Via.CARD)
    app = await app_of(alice)
    assert "Join the line" in (await app.get(f"/app/events/{code}")).text
    await app.ask("POST", f"/app/events/{code}/booking", data={"guests": "0"})
    page = await app.get(f"/app/events/{code}")
    assert "You’re 2nd in line" in text_of(page)
    assert "Take the seat" not in page.text
    clock.advance(timedelta(minutes=5, seconds=1))
    assert "Take the seat" in (await app.get(live_address(page.text))).text


async def test_a_voter_sees_their_claim(
    app_of: Any, alice: Any, soon: Any, account: Any, noon: datetime
) -> None:
    """`P4`"""
    code = await soon(72)
    where = await find_instance(code)
    await db.execute(
        "UPDATE event_instances SET claim_until = $2 WHERE code = $1",
        code,
        noon + timedelta(days=1),
    )
    await db.execute(
        "INSERT INTO seat_claims (account_id, instance_id, membership_id)"
        " SELECT account_id, $2, id FROM memberships WHERE user_id = $1",
        alice.id,
        where.id,
    )
    page = await (await app_of(alice)).get(f"/app/events/{code}")
    assert "Reserved for you and others who said yes" in text_of(page)
    assert "Join the line" not in page.text
