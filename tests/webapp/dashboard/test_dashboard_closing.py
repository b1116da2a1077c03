"""Closing the club in the dashboard (`A12`)."""

import json
from datetime import timedelta
from typing import Any

from backend import clock, db
from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from backend.closing.actions import close_due_accounts
from tests.bookings.lookups import membership_of
from tests.webapp.dashboard.conftest import Browser

PATH = "/dashboard/settings/closing"


async def test_what_it_means_is_shown_with_numbers(
    dashboard: Browser, account: Any, instance: Any, alice: Any, noon: Any
) -> None:
    from backend.bookings.actions import book
    from backend.seats.requests import Via

    await book(await instance(), alice, via=Via.MINIAPP)
    shown = dashboard.text(await dashboard.get(PATH))
    assert (
        "1 upcoming date is cancelled" in shown and "1 person who has a seat or waits will be told" in shown
    )
    assert "4 memberships end" in shown


async def test_a_wrong_name_is_marked_and_nothing_happens(dashboard: Browser, account: Any) -> None:
    await dashboard.get(PATH)
    answer = await dashboard.post(PATH, name="Kalio Yoga")
    assert answer.status_code == 422 and 'value="Kalio Yoga"' in answer.text
    assert "Type the name exactly" in dashboard.text(answer)
    assert await db.value("SELECT closing_at FROM accounts WHERE id = $1", account.id) is None


async def test_every_page_says_so_and_has_the_way_back(dashboard: Browser, account: Any, noon: Any) -> None:
    await dashboard.get(PATH)
    after = await dashboard.post(PATH, name="Kallio Yoga")
    assert "This club closes on" in dashboard.text(after)
    for page in ("/dashboard", "/dashboard/members", "/dashboard/settings"):
        assert "Keep the club" in dashboard.text(await dashboard.get(page))
    kept = await dashboard.post(f"{PATH}/removal")
    assert "The club stays" in dashboard.text(kept) and "This club closes on" not in dashboard.text(kept)


async def test_telegram_is_asked_again(noon: Any, dashboard: Browser, account: Any) -> None:
    """X3: a stolen session closes no club."""
    await dashboard.get(PATH)
    clock.advance(timedelta(minutes=6))
    asked = await dashboard.post(PATH, follow=False, name="Kallio Yoga")
    assert asked.headers["location"].startswith(
        "/dashboard/sign-in?again=yes&next=/dashboard/settings/closing"
    )
    assert await db.value("SELECT closing_at FROM accounts WHERE id = $1", account.id) is None


async def test_other_organisers_see_it_and_cannot_stop_it(
    dashboard: Browser, sign_in: Any, account: Any, olga: Any, alice: Any, noon: Any
) -> None:
    await change_role(olga, account.id, await membership_of(alice), Role.ADMIN)
    other = await sign_in(alice)
    await dashboard.get(PATH)
    await dashboard.post(PATH, name="Kallio Yoga")
    shown = other.text(await other.get("/dashboard"))
    assert "This club closes on" in shown and "Keep the club" not in shown
    assert (await other.post(f"{PATH}/removal", follow=False)).status_code == 403
    assert (await other.get(PATH)).status_code == 403


async def test_after_it_the_dashboard_is_empty(dashboard: Browser, account: Any, noon: Any) -> None:
    await dashboard.get(PATH)
    await dashboard.post(PATH, name="Kallio Yoga")
    clock.advance(timedelta(days=7))
    assert await close_due_accounts() == 1
    assert "You don’t organise a club here yet" in dashboard.text(await dashboard.get("/dashboard"))


async def test_the_export_is_a_file(dashboard: Browser, account: Any) -> None:
    answer = await dashboard.get("/dashboard/settings/export")
    assert 'filename="emerald-club.json"' in answer.headers["content-disposition"]
    assert len(json.loads(answer.text)["members"]) == 4
