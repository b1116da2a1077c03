"""One party of a date: guests by name, a note, another date, its story; people by name; who has not answered."""

from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings import actions
from backend.seats.requests import Via
from tests.bookings.lookups import membership_of


@pytest.fixture
async def code(noon: Any, instance: Any, alice: Any, bob: Any) -> str:
    made = str(await instance(capacity=4, guests_max=3))
    await actions.book(made, alice, guests=1, via=Via.CARD)
    await actions.answer(made, bob, maybe=True, via=Via.COMMAND)
    return made


async def party(code: str, person: Any) -> Any:
    return await db.row(
        "SELECT b.seats, b.guest_names, b.note FROM bookings b JOIN event_instances i ON i.id = b.instance_id"
        " JOIN memberships m ON m.id = b.membership_id WHERE i.code = $1 AND m.user_id = $2",
        code,
        person.id,
    )


async def test_guests_are_named_and_a_note_is_kept(code: str, dashboard: Any, alice: Any) -> None:
    path = f"/dashboard/events/{code}/bookings/{await membership_of(alice)}"
    shown = await dashboard.post(path, guests="2", names="Leena, Jari-Pekka", note="Allergic to latex")
    assert "Saved." in dashboard.text(shown)
    assert tuple(await party(code, alice)) == (3, ["Leena", "Jari-Pekka"], "Allergic to latex")
    listed = dashboard.text(await dashboard.get(f"/dashboard/events/{code}"))
    assert "Guests: Leena, Jari-Pekka" in listed and "Allergic to latex" in listed
    await dashboard.post(path, guests="2", names="Leena, Jari-Pekka", note="")
    assert (await party(code, alice))["note"] == ""


async def test_what_is_wrong_stands_beside_its_field_and_is_not_lost(
    code: str, dashboard: Any, alice: Any
) -> None:
    path = f"/dashboard/events/{code}/bookings/{await membership_of(alice)}"
    shown = await dashboard.post(path, guests="9", names="Leena", note="Brings a mat")
    assert shown.status_code == 422 and 'id="fault-guests"' in shown.text and "Brings a mat" in shown.text
    shown = await dashboard.post(path, guests="1", names="Leena", note="n" * 301)
    assert shown.status_code == 422 and 'id="fault-note"' in shown.text
    assert (await party(code, alice))["note"] == ""


async def test_somebody_who_only_said_maybe_can_be_noted(code: str, dashboard: Any, bob: Any) -> None:
    path = f"/dashboard/events/{code}/bookings/{await membership_of(bob)}"
    await dashboard.post(path, note="Asks for parking")
    assert (await party(code, bob))["note"] == "Asks for parking"


async def test_a_party_moves_to_another_date_and_the_story_says_so(
    code: str, instance: Any, dashboard: Any, alice: Any
) -> None:
    other = await instance(capacity=2, guests_max=3)
    path = f"/dashboard/events/{code}/bookings/{await membership_of(alice)}"
    shown = await dashboard.post(f"{path}/move", to=other)
    assert shown.status_code == 200, dashboard.text(shown)
    assert (await party(code, alice))["seats"] == 0 and (await party(other, alice))["seats"] == 2
    assert "Moved here from another date" in dashboard.text(shown)
    story = dashboard.text(await dashboard.get(path))
    assert "Taken off the list" in story and "Olga · dashboard" in story and "Booked" in story


async def test_an_owner_may_move_a_party_over_the_limit(
    code: str, instance: Any, dashboard: Any, alice: Any
) -> None:
    full = await instance(capacity=1, guests_max=3)
    path = f"/dashboard/events/{code}/bookings/{await membership_of(alice)}/move"
    shown = await dashboard.post(path, to=full)
    assert shown.status_code == 422 and "1 seat over the limit" in dashboard.text(shown)
    assert (await party(code, alice))["seats"] == 2
    await dashboard.post(path, to=full, over="1")
    assert (await party(full, alice))["seats"] == 2


async def test_somebody_without_telegram_is_added_by_name(code: str, dashboard: Any) -> None:
    path = f"/dashboard/events/{code}/bookings/by-name"
    shown = await dashboard.post(path, name="", guests="0")
    assert shown.status_code == 422 and 'id="fault-name"' in shown.text
    shown = await dashboard.post(path, name="Grandma Kerttu", guests="1", how="seat")
    assert "Grandma Kerttu has 2 seats." in dashboard.text(shown)
    shown = await dashboard.post(path, name="Grandpa Eino", guests="0", how="seat")
    assert shown.status_code == 422 and "over the limit" in dashboard.text(shown)


async def test_who_has_not_answered_is_asked_once_a_day(code: str, dashboard: Any, aino: Any) -> None:
    path = f"/dashboard/events/{code}/unanswered"
    shown = dashboard.text(await dashboard.get(path))
    assert "Aino" in shown and "Alice" not in shown and "Bob" not in shown
    assert "will be asked" in dashboard.text(await dashboard.post(f"{path}/reminder"))
    again = await dashboard.post(f"{path}/reminder")
    assert again.status_code == 422 and "within the last day" in dashboard.text(again)
    clock.advance(timedelta(days=30))
    assert "Ask them now" not in dashboard.text(await dashboard.get(path))


async def test_a_party_of_another_club_is_not_found(code: str, dashboard: Any) -> None:
    assert (await dashboard.get(f"/dashboard/events/{code}/bookings/999999")).status_code == 404
