"""Booking in the Mini App: what each tap leads to, as an outcome for the page and a sentence for the reader
(`B9`)."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend import clock
from backend.bookings import actions as seats
from backend.events.queries import find_instance
from backend.seats.requests import Via


def root(answer: httpx.Response) -> dict[str, str]:
    """The attributes of the response's root element."""
    tag = re.search(r"<(?!!)[a-z]+([^>]*)>", answer.text)
    assert tag is not None
    return dict(re.findall(r'([\w-]+)="([^"]*)"', tag[1]))


def text_of(answer: httpx.Response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


async def booked(app: Any, code: str, guests: int = 0, method: str = "POST") -> httpx.Response:
    path = f"/app/events/{code}/booking"
    answer: httpx.Response = await app.ask(method, path, data={"guests": str(guests)})
    return answer


async def screen_after(app: Any, answer: httpx.Response) -> httpx.Response:
    """The screen that a confirmation loads, with the same outcome on its root."""
    assert answer.headers["HX-Retarget"] == "#standing"
    screen: httpx.Response = await app.get(root(answer)["hx-get"])
    assert root(screen)["data-outcome"] == root(answer)["data-outcome"]
    assert root(screen).get("data-place") == root(answer).get("data-place")
    return screen


async def test_joining_gives_a_seat(app_of: Any, alice: Any, instance: Any, noon: Any) -> None:
    code = await instance()
    app = await app_of(alice)
    answer = await booked(app, code)
    assert answer.status_code == 200
    assert root(answer)["data-outcome"] == "booked"
    for response in (answer, await screen_after(app, answer)):
        assert "You’re in" in text_of(response)
        assert "See you Thu 26 Nov at 18:00." in text_of(response)
    assert 'id="do-leave"' in response.text


async def test_a_url_cannot_fake_an_outcome(app_of: Any, alice: Any, instance: Any) -> None:
    app = await app_of(alice)
    for outcome in ("left", "<b>", "full"):
        page = await app.get(f"/app/events/{await instance()}?after={outcome}")
        assert root(page)["data-outcome"] == ""


async def test_joining_without_a_number_books_one_seat(app_of: Any, alice: Any, instance: Any) -> None:
    code = await instance(capacity=1)
    answer = await (await app_of(alice)).ask("POST", f"/app/events/{code}/booking")
    assert (answer.status_code, root(answer)["data-outcome"]) == (200, "booked")


async def test_a_member_who_joins_a_full_instance_learns_their_place(
    app_of: Any, alice: Any, bob: Any, instance: Any
) -> None:
    """`W5`"""
    code = await instance(capacity=1)
    await seats.book(code, bob, via=Via.CARD)
    app = await app_of(alice)
    answer = await booked(app, code)
    assert answer.status_code == 200
    assert root(answer)["data-outcome"] == "waiting"
    assert root(answer)["data-place"] == "1"
    screen = await screen_after(app, answer)
    for response in (answer, screen):
        assert "The only seat is taken." in text_of(response)
        assert "You’re 1st in line" in text_of(response)
    assert "The only seat is taken. Nobody is ahead of you." in text_of(screen)


async def test_held_seats_are_ahead_of_who_joins_and_are_not_taken(
    app_of: Any, alice: Any, bob: Any, aino: Any, olga: Any, instance: Any, noon: Any
) -> None:
    """W5, W6: the list, the screen, the line and an organiser's screen say the same."""
    code = await instance(capacity=2)
    await seats.book(code, alice, guests=1, via=Via.CARD)
    for person in (bob, aino):
        await seats.book(code, person, via=Via.CARD)
    clock.advance(timedelta(hours=70))
    await seats.leave(code, alice, via=Via.CARD)
    assert "Full · 2 held" in text_of(await (await app_of(alice)).get("/app/events"))
    answer = await booked(await app_of(olga), code)
    assert root(answer)["data-place"] == "3"
    screen = text_of(await (await app_of(olga)).get(f"/app/events/{code}"))
    assert "You’re 3rd in line" in screen and "seats are taken" not in screen
    assert "No seat is free: 2 are held for others ahead of you. 2 parties are ahead of you." in screen
    assert "1 B Bob 1 held 2 A Aino 1 held 3 O You 1 seat" in screen
    assert "Place 3" in text_of(await (await app_of(olga)).get("/app/events"))
    organising = text_of(await (await app_of(olga)).get(f"/app/events/{code}/organising"))
    assert "No one yet · Full · 2 held · 1 in line" in organising


async def test_joining_twice_changes_nothing_and_says_so(app_of: Any, alice: Any, instance: Any) -> None:
    """`B2`"""
    code = await instance()
    app = await app_of(alice)
    await booked(app, code, 1)
    answer = await booked(app, code, 2)
    assert (answer.status_code, root(answer)["data-outcome"]) == (200, "already")
    assert "You’re in already, with 1 guest. Nothing has changed." in text_of(answer)


async def test_leaving_gives_the_seat_to_the_waitlist(
    app_of: Any, alice: Any, bob: Any, instance: Any
) -> None:
    """`B6`, `W2`"""
    code = await instance(capacity=1)
    app = await app_of(alice)
    await booked(app, code)
    await seats.book(code, bob, via=Via.CARD)
    answer = await booked(app, code, method="DELETE")
    assert (answer.status_code, root(answer)["data-outcome"]) == (200, "left")
    assert "Your seat went to someone who was waiting." in text_of(answer)
    assert "You’re in" in (await (await app_of(bob)).get(f"/app/events/{code}")).text


async def test_leaving_asks_first_when_the_seat_would_go_to_others(
    app_of: Any, alice: Any, bob: Any, instance: Any
) -> None:
    code = await instance(capacity=1)
    app = await app_of(alice)
    assert "hx-confirm" not in (await screen_after(app, await booked(app, code))).text
    await seats.book(code, bob, via=Via.CARD)
    assert "hx-confirm" in (await app.get(f"/app/events/{code}")).text


def undo_form(page: httpx.Response) -> dict[str, Any]:
    """The fields of the form that undoes having left; empty without one."""
    if 'id="undo"' not in page.text:
        return {}
    form = page.text.split('id="undo"')[1].split("</form>")[0]
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', form)
    return {
        "guests": dict(fields)["guests"],
        "name": [value for name, value in fields if name == "name"],
    }


async def test_undo_books_the_same_party_again(app_of: Any, alice: Any, instance: Any) -> None:
    """`B6`: leaving asks nothing while it is free, and the notice has an undo button."""
    code = await instance(capacity=4, guests_max=2)
    app, path = await app_of(alice), f"/app/events/{code}"
    party = {"guests": "2", "name": ["Mum", "Dad"]}
    await app.ask("POST", f"{path}/booking", data=party)
    left = await booked(app, code, method="DELETE")
    assert "You’ve left." in text_of(left)
    assert undo_form(left) == party
    back = await app.ask("POST", f"{path}/return", data=undo_form(left))
    assert root(back)["data-outcome"] == "booked"
    assert "You’re in, with 2 guests" in text_of(back)
    assert guests_of(back) == ["Mum", "Dad"]
    assert not undo_form(back)
    again = await app.ask("POST", f"{path}/return", data=party)
    assert root(again)["data-outcome"] == "already"


async def test_there_is_no_undo_once_the_seat_is_taken(
    app_of: Any, alice: Any, bob: Any, aino: Any, instance: Any
) -> None:
    """`B4`, `B6`: an undo that comes too late is refused, and does not join the waitlist."""
    code = await instance(capacity=1)
    app, path = await app_of(alice), f"/app/events/{code}"
    await booked(app, code)
    left = await booked(app, code, method="DELETE")
    assert undo_form(left)
    await seats.book(code, bob, via=Via.CARD)
    gone = await app.ask("POST", f"{path}/return", data=undo_form(left))
    assert (gone.status_code, root(gone)["data-outcome"]) == (422, "full")
    assert "Your seat went to somebody else in the meantime. You can join the line." in text_of(gone)
    assert "Join the line" in (await app.get(path)).text, "in no line by that"
    await seats.book(code, aino, via=Via.CARD)
    other = await app_of(bob)
    assert not undo_form(await booked(other, code, method="DELETE"))
    assert not undo_form(await booked(app, code, method="DELETE"))


async def test_leaving_on_a_list_is_undone_on_that_list(app_of: Any, alice: Any, instance: Any) -> None:
    code = await instance()
    app, path = await app_of(alice), f"/app/events/{code}"
    await booked(app, code)
    left = await app.ask("DELETE", f"{path}/booking?here=bookings&show=coming")
    assert "return?here=bookings" in left.text
    back = await app.ask("POST", f"{path}/return?here=bookings&show=coming", data=undo_form(left))
    assert root(back)["data-outcome"] == "booked"
    assert "You’re in" in text_of(back)


async def test_leaving_without_a_booking_changes_nothing(app_of: Any, alice: Any, instance: Any) -> None:
    answer = await booked(await app_of(alice), await instance(), method="DELETE")
    assert (answer.status_code, root(answer)["data-outcome"]) == (200, "already")


async def test_guests_are_added_and_removed(app_of: Any, alice: Any, instance: Any) -> None:
    """`B7`"""
    code = await instance(guests_max=2)
    app = await app_of(alice)
    await booked(app, code)
    more = await booked(app, code, 2, "PATCH")
    assert root(more)["data-outcome"] == "booked"
    assert "You’re in, with 2 guests" in text_of(more)
    fewer = await booked(app, code, 0, "PATCH")
    assert "No guests" in text_of(fewer)


def guests_of(page: httpx.Response) -> list[str]:
    """The guests' names in the form of a screen's party."""
    form = page.text.split('id="party"')[1].split("</form>")[0]
    return re.findall(r'name="name" value="([^"]*)"', form)


async def test_guests_can_be_named(app_of: Any, alice: Any, instance: Any) -> None:
    """`B1`, `B7`: with the booking or later; names stay when the number changes."""
    code = await instance(guests_max=3)
    app, path = await app_of(alice), f"/app/events/{code}/booking"
    answer = await app.ask("POST", path, data={"guests": "2", "name": ["Mum", ""]})
    page = await screen_after(app, answer)
    assert guests_of(page) == ["Mum", ""]
    named = await app.ask("PATCH", path, data={"name": ["Mum", "<b>Dad"]})
    assert root(named)["data-outcome"] == "named"
    assert "Only you and the organisers see the names of your guests." in text_of(named)
    assert guests_of(named) == ["Mum", "&lt;b&gt;Dad"]
    assert guests_of(await booked(app, code, 3, "PATCH")) == ["Mum", "&lt;b&gt;Dad", ""]
    one = await app.ask("PATCH", path, data={"guests": "1", "name": ["", "Dad", ""]})
    assert guests_of(one) == ["Dad"], "who has no name stays away first"
    alone = await app.ask("PATCH", path, data={"guests": "0", "name": "Dad"})
    assert guests_of(alone) == []


async def test_other_members_see_guests_as_a_number(app_of: Any, alice: Any, bob: Any, instance: Any) -> None:
    """`B1`"""
    code = await instance(guests_max=2, capacity=2)
    for person, name in ((alice, "Mum"), (bob, "Dad")):
        app = await app_of(person)
        await app.ask("POST", f"/app/events/{code}/booking", data={"guests": "1", "name": name})
    for path in (f"/app/events/{code}", f"/app/events/{code}/people"):
        page = await app.get(path)
        assert "Mum" not in page.text
        assert "+1" in text_of(page)


async def test_a_name_that_is_too_long_brings_a_notice(app_of: Any, alice: Any, instance: Any) -> None:
    """`X5`"""
    app = await app_of(alice)
    path = f"/app/events/{await instance(guests_max=1)}/booking"
    answer = await app.ask("POST", path, data={"guests": "1", "name": "x" * 81})
    assert answer.status_code == 422
    assert answer.headers["hx-retarget"] == "#notice"
    assert "At most 80 characters, please." in text_of(answer)


@pytest.mark.parametrize(("guests", "status"), [(3, 422), (-1, 422), (10**30, 422)])
async def test_too_many_guests_bring_a_notice(
    app_of: Any, alice: Any, instance: Any, guests: int, status: int
) -> None:
    answer = await booked(await app_of(alice), await instance(guests_max=2), guests)
    assert answer.status_code == status
    assert answer.headers["hx-retarget"] == "#notice"
    assert root(answer)["role"] == "alert"
    assert root(answer)["data-outcome"] == "invalid"
    assert "You can bring 2 guests at most." in text_of(answer)


@pytest.mark.parametrize("guests", ["x", "1.5", "0x1", "١"])
async def test_text_instead_of_a_number_is_explained(
    app_of: Any, alice: Any, instance: Any, guests: str
) -> None:
    app = await app_of(alice)
    answer = await app.ask("POST", f"/app/events/{await instance()}/booking", data={"guests": guests})
    assert answer.status_code == 400
    assert "We couldn’t read that." in text_of(answer)


async def test_a_member_keeps_their_seat_when_there_is_no_room_for_a_guest(
    app_of: Any, alice: Any, instance: Any
) -> None:
    code = await instance(capacity=1, guests_max=0)
    app = await app_of(alice)
    await booked(app, code)
    full = await instance(capacity=2, guests_max=2)
    await booked(app, full, 1)
    answer = await booked(app, full, 2, "PATCH")
    assert (answer.status_code, root(answer)["data-outcome"]) == (422, "full")
    assert "Your own seat is safe." in text_of(answer)


async def test_a_party_larger_than_the_capacity_is_refused(app_of: Any, alice: Any, instance: Any) -> None:
    answer = await booked(await app_of(alice), await instance(capacity=2, guests_max=5), 4)
    assert (answer.status_code, root(answer)["data-outcome"]) == (422, "full")


async def test_booking_before_it_opens_and_after_it_closes_is_refused(
    app_of: Any, alice: Any, instance: Any, noon: Any
) -> None:
    """`B5`"""
    early = await instance(opens_before_minutes=60)
    late = await instance(closes_before_minutes=60)
    app = await app_of(alice)
    answer = await booked(app, early)
    assert (answer.status_code, root(answer)["data-outcome"]) == (422, "not-open")
    assert "Booking opens Thu 26 Nov at 17:00." in text_of(answer)
    with clock.stopped(noon + timedelta(days=3, hours=3, minutes=30)):
        answer = await booked(await app_of(alice), late)
    assert (answer.status_code, root(answer)["data-outcome"]) == (422, "closed")
    assert "Booking closed today at 17:00." in text_of(answer)


async def test_a_cancelled_instance_takes_no_bookings(
    app_of: Any, alice: Any, olga: Any, instance: Any
) -> None:
    """`S8`"""
    from backend.events.cancel import cancel_instance

    code = await instance()
    await cancel_instance(code, olga, "Snow <b>")
    answer = await booked(await app_of(alice), code)
    assert (answer.status_code, root(answer)["data-outcome"]) == (422, "cancelled")
    assert "“Snow &lt;b&gt;”" in answer.text


async def test_leaving_after_the_deadline_is_refused(
    app_of: Any, alice: Any, instance: Any, noon: Any
) -> None:
    """`B6`: there is no button, and a request is refused."""
    code = await instance(cancel_before_minutes=60)
    await seats.book(code, alice, via=Via.CARD)
    with clock.stopped(noon + timedelta(days=3, hours=3, minutes=30)):
        app = await app_of(alice)
        assert 'id="do-leave"' not in (await app.get(f"/app/events/{code}")).text
        answer = await booked(app, code, method="DELETE")
    assert answer.status_code == 422
    assert "It’s too late to leave freely" in text_of(answer)


async def test_a_lock_timeout_answers_busy(
    app_of: Any, alice: Any, instance: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seats row is locked for long: the statement's own timeout ends the wait."""
    from backend.engine import DB
    from backend.seats import store

    code = await instance()
    app = await app_of(alice)
    where = await find_instance(code)
    plain = store.lock(where.id)
    monkeypatch.setattr(store, "lock", lambda instance_id: f"SET LOCAL lock_timeout = '50ms'; {plain}")
    connection = await DB.get_new_connection()
    try:
        await connection.execute("BEGIN")
        await connection.execute("SELECT 1 FROM instance_seats WHERE instance_id = $1 FOR UPDATE", where.id)
        answer = await booked(app, code)
    finally:
        await connection.close()
    assert (answer.status_code, root(answer)["data-outcome"]) == (422, "busy")
    assert answer.headers["retry-after"] == "1"
    assert "Nothing is lost; try again in a moment." in text_of(answer)


async def test_an_unavailable_database_is_503_and_the_screen_stays(
    app_of: Any, alice: Any, instance: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.errors import Unavailable

    async def gone(*args: Any, **kwargs: Any) -> None:
        raise Unavailable("connection refused by 10.0.0.7")

    code = await instance()
    app = await app_of(alice)
    monkeypatch.setattr(seats, "book", gone)
    answer = await booked(app, code)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.headers["hx-retarget"] == "#offline"
    assert "10.0.0.7" not in answer.text


async def test_maybe_and_cant_come_are_answers(app_of: Any, alice: Any, instance: Any) -> None:
    """`B13`"""
    code = await instance()
    app = await app_of(alice)
    maybe = await app.ask("POST", f"/app/events/{code}/answer", data={"answer": "maybe"})
    assert (maybe.status_code, root(maybe)["data-outcome"]) == (200, "maybe")
    assert "Maybe, then. No seat is held for you." in text_of(maybe)
    page = await app.get(f"/app/events/{code}")
    assert "You said maybe" in text_of(page)
    assert "Change my answer" in text_of(page)
    cant = await app.ask("POST", f"/app/events/{code}/answer", data={"answer": "declined"})
    assert root(cant)["data-outcome"] == "declined"
    nonsense = await app.ask("POST", f"/app/events/{code}/answer", data={"answer": "perhaps"})
    assert nonsense.status_code == 400


async def test_a_waitlisted_party_takes_the_free_seats(
    app_of: Any, alice: Any, bob: Any, instance: Any
) -> None:
    """`W1`"""
    code = await instance(capacity=3, guests_max=2)
    await seats.book(code, bob, guests=1, via=Via.CARD)
    app = await app_of(alice)
    waiting = await booked(app, code, 1)
    assert root(waiting)["data-outcome"] == "waiting"
    assert "1 seat is free, but you asked for 2." in text_of(waiting)
    screen = await screen_after(app, waiting)
    assert "1 seat is free, but you asked for 2. Nobody is ahead of you." in text_of(screen)
    assert "Take 1 seat now" in text_of(screen)
    taken = await app.ask("POST", f"/app/events/{code}/free-seats")
    assert (taken.status_code, root(taken)["data-outcome"]) == (200, "waiting")
    assert "You’re in, and waiting for 1 more seat" in text_of(taken)


async def test_a_member_the_bot_may_not_write_to_is_asked_for_permission(
    app_of: Any, charlie: Any, instance: Any
) -> None:
    """`M3`"""
    code = await instance(visibility="link")
    app = await app_of(charlie)
    screen = await screen_after(app, await booked(app, code))
    assert "We can’t write to you yet" in screen.text
    assert (await app.ask("POST", "/app/me/writing")).status_code == 204
    assert "We can’t write to you yet" not in (await app.get(f"/app/events/{code}")).text


async def test_my_bookings_lists_booked_and_waiting_instances(
    app_of: Any, alice: Any, bob: Any, instance: Any
) -> None:
    yoga, padel = await instance(), await instance(title="Padel", capacity=1)
    await seats.book(padel, bob, via=Via.CARD)
    app = await app_of(alice)
    assert "No seat is yours yet" in (await app.get("/app/bookings")).text
    assert "You’re not in any line" in (await app.get("/app/bookings?show=waiting")).text
    assert "No past events yet" in (await app.get("/app/bookings?show=past")).text
    await booked(app, yoga, 1)
    await booked(app, padel)
    coming = (await app.get("/app/bookings")).text
    assert "You’re in +1" in coming
    assert "Padel" not in coming
    waiting = (await app.get("/app/bookings?show=waiting")).text
    assert "Place 1" in waiting
    assert "Evening flow" not in waiting
    assert (await app.get("/app/bookings?show=all")).status_code == 400


async def test_past_bookings_are_paged(app_of: Any, alice: Any, instance: Any, noon: Any) -> None:
    """Newest first, each instance once, also where two start together."""
    first = noon.replace(tzinfo=None) + timedelta(days=1)
    for n in range(31):
        for hall in ("Left", "Right"):
            start = first + timedelta(days=n)
            code = await instance(title=f"{hall} hall {n:02}", starts_local=start)
            await seats.book(code, alice, via=Via.CARD)
    with clock.stopped(noon + timedelta(days=60)):
        app = await app_of(alice)
        page = await app.get("/app/bookings?show=past")
        older = re.search(r'href="(/app/bookings\?show=past&(?:amp;)?before=\d+)"', page.text)
        assert older is not None
        rest = await app.get(older[1].replace("&amp;", "&"))
        assert re.search(r'data-live hx-get="[^"]*before=', rest.text)
        nonsense = await app.get("/app/bookings?show=past&before=-5")
    seen = [re.findall(r"(?:Left|Right) hall \d\d", one.text) for one in (page, rest)]
    assert len(seen[0]) == 60
    assert seen[1] == ["Left hall 00", "Right hall 00"]
    assert len({*seen[0], *seen[1]}) == 62
    assert "Earlier dates" not in rest.text
    assert nonsense.status_code == 200


async def test_without_htmx_a_refusal_is_a_page(app_of: Any, alice: Any, instance: Any) -> None:
    """`X5`"""
    code = await instance(guests_max=0)
    app = await app_of(alice)
    answer = await app.web.post(
        f"/app/events/{code}/booking",
        data={"guests": "1"},
        headers={"Authorization": f"Bearer {app.session}"},
    )
    assert answer.status_code == 422
    assert answer.text.startswith("<!doctype html>")
    assert "Guests can’t be brought to this one." in answer.text
