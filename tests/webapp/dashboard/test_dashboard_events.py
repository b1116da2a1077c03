"""The people of an instance, and what organisers change (`B10`, `B3`, `W4`, `S5`, `C1`, `C6`)."""

import re
from typing import Any

import pytest

ISOLATES = str.maketrans("", "", "\u2068\u2069")  # around a name in a sentence


async def book(code: str, person: Any, guests: int = 0) -> None:
    from backend.bookings import actions
    from backend.seats.requests import Via

    await actions.book(code, person, guests=guests, via=Via.CARD)


async def membership(person: Any) -> str:
    from backend import db

    return str(await db.value("SELECT id FROM memberships WHERE user_id = $1", person.id))


async def sitting(code: str) -> dict[str, tuple[int, int]]:
    """First name to (seats, waiting), for each party that has either."""
    from backend import db

    rows = await db.rows(
        "SELECT u.first_name, b.seats, b.waiting FROM bookings b JOIN memberships m ON m.id = b.membership_id"
        " JOIN telegram_users u ON u.id = m.user_id JOIN event_instances i ON i.id = b.instance_id"
        " WHERE i.code = $1 AND (b.seats > 0 OR b.waiting > 0)",
        code,
    )
    return {row["first_name"]: (row["seats"], row["waiting"]) for row in rows}


async def test_shows_seated_waiting_and_other_answers(
    noon: Any, dashboard: Any, instance: Any, alice: Any, bob: Any, aino: Any
) -> None:
    from backend.bookings.actions import answer
    from backend.seats.requests import Via

    code = await instance(capacity=2)
    await book(code, alice, 1)
    await book(code, bob)
    await answer(code, aino, maybe=True, via=Via.CARD)
    shown = dashboard.text(await dashboard.get(f"/dashboard/events/{code}"))
    assert "Evening flow yoga Thu 26 Nov, 18:00–19:15 · Kallion kulttuuritalo, sali 2" in shown
    assert "Seats 2 of 2 In line 1 for 1 seat Maybe 1 Can’t 0" in shown
    assert re.search(r"Alice 2 seats Mon 23 Nov", shown)
    assert re.search(r"1 B Bob wants 1 seat", shown)
    assert "Maybe Maybe Name Since A Aino" in shown


async def test_a_party_with_an_offer_heads_the_waitlist(
    noon: Any, dashboard: Any, instance: Any, alice: Any, bob: Any, aino: Any
) -> None:
    """`W3`: with what is held for them and until when; an organiser may give it to them, overbooking
    nothing."""
    from backend.bookings import actions
    from backend.seats.requests import Via

    tonight = noon.replace(hour=20, tzinfo=None)
    code = await instance(starts_local=tonight, capacity=2, guests_max=1)
    await book(code, bob, 1)
    await book(code, alice, 1)
    await book(code, aino)
    await actions.leave(code, bob, via=Via.CARD)
    shown = dashboard.text(await dashboard.get(f"/dashboard/events/{code}"))
    assert "Seats 2 of 2 · 2 held In line 1 for 1 seat" in shown
    offers, line, left = re.split(r"A seat is held for them U|In line Strictly in order|Left Left", shown)[1:]
    assert re.search(r"1 A Alice wants 2 seats Held until 14:30", offers) and "Aino" not in offers
    assert re.search(r"2 A Aino wants 1 seat", line) and "Alice" not in line
    assert "Bob" in left and "Alice" not in left.split("Seats")[0]
    shown = await dashboard.post(f"/dashboard/events/{code}/bookings/{await membership(alice)}/seat")
    assert "Alice has 2 seats." in dashboard.text(shown)
    assert await sitting(code) == {"Alice": (2, 0), "Aino": (0, 1)}


async def test_shows_the_names_of_guests(dashboard: Any, instance: Any, alice: Any, bob: Any) -> None:
    """`B1`: organisers see the names of the guests of seated and of waiting parties."""
    from backend.bookings import actions
    from backend.seats.requests import Via

    code = await instance(capacity=3, guests_max=2)
    await actions.book(code, alice, guests=2, names=("", "Mum"), via=Via.MINIAPP)
    await actions.book(code, bob, guests=1, names=("<Dad>",), via=Via.MINIAPP)
    shown = await dashboard.get(f"/dashboard/events/{code}")
    assert "3 seats Guests: Mum" in dashboard.text(shown)
    assert "wants 2 seats Guests: <Dad>" in dashboard.text(shown)
    assert "<Dad>" not in shown.text


async def test_adds_a_member_with_guests(noon: Any, dashboard: Any, instance: Any, bob: Any) -> None:
    code = await instance(capacity=3)
    shown = await dashboard.post(
        f"/dashboard/events/{code}/bookings",
        membership=await membership(bob),
        guests="1",
        how="seat",
    )
    assert "Bob has 2 seats." in dashboard.text(shown)
    assert await sitting(code) == {"Bob": (2, 0)}


async def test_a_notice_is_shown_once(noon: Any, dashboard: Any, instance: Any, bob: Any) -> None:
    code = await instance()
    await dashboard.post(f"/dashboard/events/{code}/bookings", membership=await membership(bob))
    assert "Bob has 1 seat." not in dashboard.text(await dashboard.get(f"/dashboard/events/{code}"))


async def test_adding_twice_changes_nothing_and_says_so(
    noon: Any, dashboard: Any, instance: Any, bob: Any
) -> None:
    code = await instance()
    who = await membership(bob)
    await dashboard.post(f"/dashboard/events/{code}/bookings", membership=who)
    again = await dashboard.post(f"/dashboard/events/{code}/bookings", membership=who)
    assert "Bob is on the list already. Nothing has changed." in dashboard.text(again)


async def test_puts_a_member_on_the_waitlist(
    noon: Any, dashboard: Any, instance: Any, alice: Any, bob: Any
) -> None:
    code = await instance(capacity=1)
    await book(code, alice)
    shown = await dashboard.post(
        f"/dashboard/events/{code}/bookings", membership=await membership(bob), how="line"
    )
    assert "Bob is in line for 1 seat." in dashboard.text(shown)
    assert await sitting(code) == {"Alice": (1, 0), "Bob": (0, 1)}


async def test_an_owner_confirms_overbooking_and_it_is_audited(
    noon: Any, dashboard: Any, instance: Any, alice: Any, bob: Any
) -> None:
    """B3: the one exception."""
    from backend import db

    code = await instance(capacity=1)
    await book(code, alice)
    who = await membership(bob)
    asked = await dashboard.post(f"/dashboard/events/{code}/bookings", membership=who, guests="1")
    assert asked.status_code == 422
    assert "That is 2 seats over the limit" in dashboard.text(asked)
    assert await sitting(code) == {"Alice": (1, 0)}
    done = await dashboard.post(f"/dashboard/events/{code}/bookings", membership=who, guests="1", over="1")
    assert "of 1, over by 2" in dashboard.text(done)
    assert await sitting(code) == {"Alice": (1, 0), "Bob": (2, 0)}
    assert await db.value("SELECT detail->>'over' FROM audit_log WHERE verb = 'seat'") == "true"


async def test_an_organiser_who_is_no_owner_cannot_overbook(
    noon: Any, sign_in: Any, olga: Any, instance: Any, alice: Any, bob: Any, account: Any
) -> None:
    from backend.accounts.memberships import change_role
    from backend.accounts.rules import Role

    code = await instance(capacity=1)
    await book(code, alice)
    await change_role(olga, account.id, int(await membership(alice)), Role.ADMIN)
    mine = await sign_in(alice)
    who = await membership(bob)
    refused = await mine.post(f"/dashboard/events/{code}/bookings", membership=who)
    assert refused.status_code == 422 and "an owner can add it over the limit" in mine.text(refused)
    assert "Add over the limit" not in mine.text(refused)
    forced = await mine.post(f"/dashboard/events/{code}/bookings", membership=who, over="1")
    assert forced.status_code == 403
    assert await sitting(code) == {"Alice": (1, 0)}


async def test_seats_a_waiting_party_before_its_turn(
    noon: Any, dashboard: Any, instance: Any, olga: Any, alice: Any, bob: Any, aino: Any
) -> None:
    from backend.bookings.actions import set_capacity

    code = await instance(capacity=2)
    await book(code, alice, 1)
    await book(code, bob, 1)
    await book(code, aino)
    await set_capacity(code, olga, 3)  # Bob needs two: strictly in order, nobody is seated
    shown = await dashboard.post(f"/dashboard/events/{code}/bookings/{await membership(aino)}/seat")
    assert "Aino has 1 seat." in dashboard.text(shown)
    asked = await dashboard.post(f"/dashboard/events/{code}/bookings/{await membership(bob)}/seat")
    assert asked.status_code == 422 and "That is 2 seats over the limit" in dashboard.text(asked)
    await dashboard.post(f"/dashboard/events/{code}/bookings/{await membership(bob)}/seat", over="1")
    assert await sitting(code) == {"Alice": (2, 0), "Aino": (1, 0), "Bob": (2, 0)}


async def test_changes_guests(noon: Any, dashboard: Any, instance: Any, alice: Any) -> None:
    code = await instance(guests_max=2)
    await book(code, alice)
    path = f"/dashboard/events/{code}/bookings/{await membership(alice)}/guests"
    await dashboard.post(path, guests="2")
    assert await sitting(code) == {"Alice": (3, 0)}
    refused = await dashboard.post(path, guests="9")
    assert refused.status_code == 422 and "You can bring 2 guests at most." in dashboard.text(refused)
    assert (await dashboard.post(path, guests="some")).status_code == 422
    assert await sitting(code) == {"Alice": (3, 0)}


async def test_removes_a_party_and_can_undo_it(noon: Any, dashboard: Any, instance: Any, alice: Any) -> None:
    code = await instance(guests_max=2)
    await book(code, alice, 1)
    who = await membership(alice)
    shown = await dashboard.post(f"/dashboard/events/{code}/bookings/{who}/removal")
    assert "Alice is off the list." in dashboard.text(shown) and await sitting(code) == {}
    undo = re.search(r'id="notice".*?</form>', shown.text, re.S)
    assert undo
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', undo[0]))
    action = re.search(r'action="([^"]+)"', undo[0])
    assert action
    await dashboard.post(action[1], **{k: v for k, v in fields.items() if k != "csrf"})
    assert await sitting(code) == {"Alice": (2, 0)}


async def test_no_undo_is_offered_once_the_seat_is_taken(
    noon: Any, dashboard: Any, instance: Any, alice: Any, bob: Any
) -> None:
    code = await instance(capacity=1)
    await book(code, alice)
    await book(code, bob)
    shown = await dashboard.post(f"/dashboard/events/{code}/bookings/{await membership(alice)}/removal")
    assert "Alice is off the list. The seat went to the next in line." in dashboard.text(shown)
    assert "Undo" not in dashboard.text(shown) and await sitting(code) == {"Bob": (1, 0)}


async def test_a_member_of_another_club_cannot_be_added(
    noon: Any, dashboard: Any, instance: Any, charlie: Any
) -> None:
    """A1: a form with the id of another club's member."""
    from backend import db
    from backend.accounts.actions import create_own_account

    await create_own_account(charlie, "Chess")
    code = await instance()
    who = await db.value("SELECT id FROM memberships WHERE user_id = $1", charlie.id)
    for path, fields in (
        (f"/dashboard/events/{code}/bookings", {"membership": str(who)}),
        (f"/dashboard/events/{code}/bookings", {"membership": str(who), "how": "line"}),
        (f"/dashboard/events/{code}/bookings", {"membership": "99999999"}),
        (f"/dashboard/events/{code}/bookings/{who}/seat", {}),
        (f"/dashboard/events/{code}/bookings/{who}/guests", {"guests": "1"}),
        (f"/dashboard/events/{code}/bookings/{who}/removal", {}),
    ):
        answer = await dashboard.post(path, **fields)
        assert answer.status_code == 404, path
        assert "Charlie" not in answer.text
    assert await sitting(code) == {}


async def test_a_member_must_be_chosen(noon: Any, dashboard: Any, instance: Any) -> None:
    code = await instance()
    shown = await dashboard.post(f"/dashboard/events/{code}/bookings", membership="", guests="1")
    assert shown.status_code == 422 and "Choose somebody." in dashboard.text(shown)
    assert '<details class="drop" open>' in shown.text and 'value="1"' in shown.text


async def test_fewer_seats_than_are_taken_remove_nobody(
    noon: Any, dashboard: Any, instance: Any, alice: Any, bob: Any
) -> None:
    """W4: 14/12, over by 2."""
    code = await instance(capacity=3)
    await book(code, alice)
    await book(code, bob, 1)
    shown = await dashboard.post(f"/dashboard/events/{code}/seats", capacity="2")
    assert "3/2, over by 1. Nobody is removed." in dashboard.text(shown)
    assert "Seats 3 of 2, over by 1" in dashboard.text(shown)
    shown = await dashboard.post(f"/dashboard/events/{code}/seats", capacity="")
    assert "There is room for everyone." in dashboard.text(shown)


async def test_more_seats_go_to_waiting_parties(
    noon: Any, dashboard: Any, instance: Any, alice: Any, bob: Any
) -> None:
    code = await instance(capacity=1)
    await book(code, alice)
    await book(code, bob)
    await dashboard.post(f"/dashboard/events/{code}/seats", capacity="2")
    assert await sitting(code) == {"Alice": (1, 0), "Bob": (1, 0)}


@pytest.mark.parametrize("typed", ["0", "-3", "1e3", "lots", "100001"])
async def test_an_invalid_capacity_is_refused(noon: Any, dashboard: Any, instance: Any, typed: str) -> None:
    code = await instance(capacity=4)
    shown = await dashboard.post(f"/dashboard/events/{code}/seats", capacity=typed)
    assert shown.status_code == 422 and f'value="{typed}"' in shown.text
    assert "Seats 0 of 4" in dashboard.text(shown)


async def test_cancels_with_a_reason_and_restores(
    noon: Any, dashboard: Any, instance: Any, alice: Any
) -> None:
    """S5."""
    code = await instance()
    await book(code, alice)
    refused = await dashboard.post(f"/dashboard/events/{code}/cancellation", reason="  ")
    assert refused.status_code == 422 and "Say why in a few words" in dashboard.text(refused)
    long = await dashboard.post(f"/dashboard/events/{code}/cancellation", reason="x" * 301)
    assert long.status_code == 422 and "x" * 301 in long.text
    done = dashboard.text(
        await dashboard.post(f"/dashboard/events/{code}/cancellation", reason="A pipe burst.")
    )
    assert "Cancelled by Olga “A pipe burst.”" in done and "Cancel this date" not in done
    back = dashboard.text(await dashboard.post(f"/dashboard/events/{code}/restoration"))
    assert "It takes place after all." in back and "Cancel this date" in back
    assert await sitting(code) == {"Alice": (1, 0)}


async def test_after_a_move_organisers_see_who_still_comes(
    noon: Any, dashboard: Any, instance: Any, olga: Any, alice: Any, bob: Any, aino: Any
) -> None:
    """S6: who stays, who left, and who has not answered."""
    from backend.bookings.actions import leave, stay
    from backend.bookings.queries.event import event
    from backend.events.reschedule import move_instance
    from backend.seats.requests import Via

    code = await instance(capacity=5)

    async def read() -> str:
        return str(dashboard.text(await dashboard.get(f"/dashboard/events/{code}"))).translate(ISOLATES)

    for person in (alice, bob, aino):
        await book(code, person)
    assert "after the move" not in await read()
    starts = (await event(code, olga)).starts_local
    await move_instance(code, olga, starts.replace(hour=19))
    shown = await read()
    assert "Answers after the move It was Thu 26 Nov at 18:00." in shown
    assert "3 people have not answered : Alice, Bob, Aino" in shown
    await stay(code, alice, via=Via.CARD)
    await leave(code, bob, via=Via.CARD)
    shown = await read()
    assert "1 person has not answered : Aino" in shown
    assert "1 person still comes : Alice" in shown and "1 person has left : Bob" in shown


async def test_posts_its_card_and_shows_its_state(noon: Any, dashboard: Any, instance: Any) -> None:
    from backend import db

    code = await instance()
    path = f"/dashboard/events/{code}"
    assert "Not posted yet." in dashboard.text(await dashboard.get(path))
    shown = dashboard.text(await dashboard.post(f"{path}/cards"))
    assert "The card is on its way to the group." in shown
    assert "On its way to “Kallio Yoga”" in shown
    async with db.transaction():
        await db.execute("UPDATE cards SET state = 'live', message_id = 77, posted_at = $1", noon)
    shown_live = await dashboard.get(path)
    assert "In “Kallio Yoga”" in dashboard.text(shown_live)
    assert 'href="https://t.me/c/1000000001/77"' in shown_live.text
    async with db.transaction():
        await db.execute("UPDATE cards SET state = 'lost', trouble = 'deleted', lost_at = created_at")
    lost = dashboard.text(await dashboard.get(path))
    assert "No longer in “Kallio Yoga”" in lost and "Post again" in lost
    await dashboard.post(f"{path}/cards")
    assert await db.value("SELECT count(*) FROM cards WHERE state = 'due'") == 1


async def test_without_a_group_no_card_can_be_posted(noon: Any, dashboard: Any, instance: Any) -> None:
    code = await instance(group_id=None, visibility="link")
    shown = dashboard.text(await dashboard.get(f"/dashboard/events/{code}"))
    assert "There is no group to post to." in shown and "Choose a group" in shown
    refused = await dashboard.post(f"/dashboard/events/{code}/cards")
    assert refused.status_code == 422 and "There is no group to post it to." in dashboard.text(refused)


async def test_an_instance_that_is_over_cannot_be_changed(
    noon: Any, dashboard: Any, instance: Any, alice: Any
) -> None:
    from datetime import timedelta

    from backend import clock

    code = await instance()
    await book(code, alice)
    clock.advance(timedelta(days=4))
    shown = dashboard.text(await dashboard.get(f"/dashboard/events/{code}"))
    assert "This date is over" in shown and "Add a person" not in shown
    refused = await dashboard.post(f"/dashboard/events/{code}/cancellation", reason="Late")
    assert refused.status_code == 422


async def test_viewing_an_event_makes_nobody_a_member(
    noon: Any, sign_in: Any, instance: Any, charlie: Any
) -> None:
    """Anyone with the link may join in the app; the dashboard's address is no such link (`A1`)."""
    from backend import db
    from backend.accounts.actions import create_own_account

    await create_own_account(charlie, "Chess")
    code = await instance(visibility="link")
    mine = await sign_in(charlie)
    assert (await mine.get(f"/dashboard/events/{code}")).status_code == 404
    assert await db.value("SELECT count(*) FROM memberships WHERE user_id = $1", charlie.id) == 1


async def test_htmx_gets_a_refusal_as_a_notice(noon: Any, dashboard: Any, instance: Any, bob: Any) -> None:
    code = await instance(guests_max=0)
    await book(code, bob)
    await dashboard.get("/dashboard")
    answer = await dashboard.client.post(
        f"/dashboard/events/{code}/bookings/{await membership(bob)}/guests",
        data={"csrf": dashboard.csrf, "guests": "3"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 422
    assert (answer.headers["hx-retarget"], answer.headers["hx-reselect"]) == ("#notice", "#notice")
    assert 'id="notice"' in answer.text and "Guests can’t be brought to this one." in answer.text


async def test_the_page_follows_taps_in_the_group(
    noon: Any, dashboard: Any, instance: Any, alice: Any
) -> None:
    import html

    code = await instance()
    shown = await dashboard.get(f"/dashboard/events/{code}")
    again = re.search(r'id="live" hidden hx-get="([^"]+)"', shown.text)
    assert again
    assert (await dashboard.client.get(html.unescape(again[1]))).status_code == 204
    await book(code, alice)
    assert "Alice" in dashboard.text(await dashboard.client.get(html.unescape(again[1])))


async def test_another_number_of_seats_is_shown_before_it_is_saved(
    noon: Any, dashboard: Any, instance: Any, alice: Any, bob: Any
) -> None:
    """S4, W4: who gets a seat, by name; nothing is saved. What is not a number is said beside it."""
    from backend.bookings.actions import book
    from backend.bookings.queries.event import event
    from backend.seats.requests import Via

    code = await instance(capacity=1)
    for person in (alice, bob):
        await book(code, person, via=Via.MINIAPP)
    path = f"/dashboard/events/{code}/seats"
    assert f'hx-post="{path}/consequences"' in (await dashboard.get(f"/dashboard/events/{code}")).text
    shown = dashboard.text(await dashboard.post(f"{path}/consequences", capacity="2"))
    assert "1 person gets a seat" in shown and "Bob" in shown and "nothing is saved yet" in shown
    assert "Nobody notices" in dashboard.text(await dashboard.post(f"{path}/consequences", capacity="1"))
    assert "A whole number, please." in dashboard.text(
        await dashboard.post(f"{path}/consequences", capacity="many")
    )
    assert (await event(code, alice)).booked == 1
    await dashboard.post(path, capacity="2")
    assert (await event(code, alice)).booked == 2
