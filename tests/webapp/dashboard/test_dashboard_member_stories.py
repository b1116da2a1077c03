"""A member's page: what they did in this club, and the pardon of an absence (`B6`, `B12`)."""

import json
import re
from datetime import timedelta
from typing import Any

from backend import clock, db
from backend.bookings.actions import book
from backend.bookings.attendance import close_list
from backend.seats.requests import Via
from tests.bookings.lookups import membership_of
from tests.webapp.dashboard.conftest import Browser


async def test_a_no_show_is_shown_and_pardoned_with_its_reason(
    noon: Any, dashboard: Browser, account: Any, olga: Any, alice: Any, instance: Any
) -> None:
    code = await instance()
    await book(code, alice, via=Via.MINIAPP)
    clock.advance(timedelta(days=3, hours=6))
    await close_list(code, olga)
    path = f"/dashboard/members/{await membership_of(alice)}"
    page = await dashboard.get(path)
    assert "Didn’t come" in dashboard.text(page) and "Booked so far 1 Checked in 0" in dashboard.text(page)
    absence = re.search(r'name="absence" value="(\d+)"', page.text)
    assert absence
    done = await dashboard.post(f"{path}/pardons", absence=absence[1], reason="  She was ill ")
    assert "Pardoned" in dashboard.text(done) and 'name="absence"' not in done.text
    kept = await db.value("SELECT detail FROM audit_log WHERE verb = 'pardon'")
    assert json.loads(kept)["reason"] == "She was ill"


async def test_an_absence_of_somebody_else_is_not_found(dashboard: Browser, account: Any, alice: Any) -> None:
    path = f"/dashboard/members/{await membership_of(alice)}"
    assert "Every seat they had was used" in dashboard.text(await dashboard.get(path))
    assert (await dashboard.post(f"{path}/pardons", follow=False, absence="1")).status_code == 404
