"""A date that has moved into the archive, at every door: pages, lists, names, and taps on its old card."""

import re
from datetime import datetime
from typing import Any

import pytest

from backend.bookings import actions
from backend.bookings.organiser import authorized_attendance
from backend.bookings.queries.event import event
from backend.errors import NotFound
from backend.people.queries import Person
from backend.seats.refusals import Ended
from backend.seats.requests import Via
from emerald.archive import archive
from tests.emerald.test_archive import over

__all__ = ["over"]


@pytest.fixture
async def archived(over: str) -> str:
    assert (await archive()).instances == 1
    return over


async def test_its_members_read_it_and_who_came(archived: str, app_of: Any, alice: Person) -> None:
    app = await app_of(alice)
    shown = await app.get(f"/app/events/{archived}")
    assert shown.status_code == 200 and "Long ago" in shown.text
    assert "This date is over" in shown.text and "do-book" not in shown.text
    people = await app.get(f"/app/events/{archived}/people")
    assert re.findall(r"Alice|Bob", people.text) and people.status_code == 200


async def test_nobody_else_reads_it(archived: str, app_of: Any, charlie: Person) -> None:
    """A1."""
    app = await app_of(charlie)
    for path in ("", "/people", "/code"):
        assert (await app.get(f"/app/events/{archived}{path}")).status_code == 404


async def test_organisers_find_it_in_its_week_with_names(
    archived: str, sign_in: Any, olga: Person, noon: datetime
) -> None:
    browser = await sign_in(olga)
    view = await event(archived, olga)
    week = await browser.get(f"/dashboard?week={view.starts_at:%G-W%V}")
    assert "Long ago" in browser.text(week)
    page = browser.text(await browser.get(f"/dashboard/events/{archived}"))
    assert "This date is over" in page
    assert re.search(r"Alice.*Bob", page)
    assert [one.first_name for one in await authorized_attendance(archived, olga)] == ["Alice", "Bob"]


@pytest.mark.parametrize("act", [actions.book, actions.leave, actions.take, actions.add_guest])
async def test_a_tap_on_its_old_card_says_that_it_is_over(
    archived: str, alice: Person, charlie: Person, act: Any
) -> None:
    with pytest.raises(Ended):
        await act(archived, alice, via=Via.CARD)
    with pytest.raises(NotFound):
        await act(archived, charlie, via=Via.CARD)


async def test_an_organiser_can_change_nothing_there(archived: str, olga: Person, sign_in: Any) -> None:
    browser = await sign_in(olga)
    await browser.get(f"/dashboard/events/{archived}")
    for noun, fields in {
        "seats": {"capacity": "3"},
        "closure": {},
        "cancellation": {},
        "keeping": {},
    }.items():
        answer = await browser.post(f"/dashboard/events/{archived}/{noun}", **fields)
        assert answer.status_code in (404, 422), noun
