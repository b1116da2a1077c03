"""Names in the Mini App do not turn the text beside them (`X10`)."""

from typing import Any

from backend import db
from backend.bookings.actions import book
from backend.seats.requests import Via
from tests.webapp.test_app_bookings import text_of

FSI, PDI = "\u2068", "\u2069"
HEBREW = "דנה"


async def test_names_are_isolated_in_the_mini_app(app_of: Any, olga: Any, alice: Any, instance: Any) -> None:
    await db.execute("UPDATE telegram_users SET first_name = $2 WHERE id = $1", alice.id, HEBREW)
    code = await instance(guests_max=2)
    await book(code, alice, via=Via.MINIAPP, guests=1)
    app = await app_of(olga)
    for path in ("people", "attendance", "check-ins"):
        assert f"<bdi>{HEBREW}" in (await app.get(f"/app/events/{code}/{path}")).text
    assert f"{FSI}{HEBREW}{PDI} +1" in text_of(await app.get(f"/app/events/{code}"))
    undone = await app.get(f"/app/events/{code}/cancellation")
    assert f"{FSI}{HEBREW}{PDI} +1" in text_of(undone)
