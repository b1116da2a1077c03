"""Names in the dashboard do not turn the text beside them (`X10`)."""

from typing import Any

from backend import db
from backend.bookings.actions import book
from backend.seats.requests import Via

FSI, PDI = "\u2068", "\u2069"
HEBREW = "דנה"


async def test_names_are_isolated_in_the_dashboard(dashboard: Any, alice: Any, instance: Any) -> None:
    await db.execute("UPDATE telegram_users SET first_name = $2 WHERE id = $1", alice.id, HEBREW)
    code = await instance()
    await book(code, alice, via=Via.MINIAPP)
    shown = (await dashboard.get(f"/dashboard/events/{code}")).text
    assert f"<bdi>{HEBREW}</bdi>" in shown
    assert f'aria-label="Change {FSI}{HEBREW}{PDI}"' in shown
    assert f"<bdi>{HEBREW}</bdi>" in (await dashboard.get("/dashboard/members")).text
