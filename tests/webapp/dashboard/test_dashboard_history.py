"""How long a club keeps who took part in its past dates, in its settings (`A13`)."""

from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.history import choose_history
from backend.bookings.actions import book
from backend.bookings.attendance import complete_ended
from backend.seats.requests import Via
from tests.webapp.dashboard.conftest import Browser

PATH = "/dashboard/settings/history"


@pytest.fixture
async def old(dashboard: Browser, instance: Any, alice: Any, noon: Any) -> str:
    """A date of four years ago that Alice had a seat on."""
    code = str(await instance())
    await book(code, alice, via=Via.CARD)
    await db.execute(
        "UPDATE event_instances SET starts_at = starts_at - interval '4 years', ends_at = ends_at - interval '4 years',"
        " starts_local = starts_local - interval '4 years' WHERE code = $1",
        code,
    )
    await complete_ended()
    return code


async def stored(account: Any) -> int | None:
    years: int | None = await db.value("SELECT history_years FROM accounts WHERE id = $1", account.id)
    return years


async def test_each_choice_says_what_it_would_delete_now(dashboard: Browser, account: Any, old: str) -> None:
    shown = dashboard.text(await dashboard.get(PATH))
    assert (
        "10 years No date is that old yet. 5 years No date is that old yet. 3 years 1 date is older now"
        in shown
    )
    assert "2 years 1 date is older now" in shown and "2022" in shown
    assert "Export the club" in shown
    assert await stored(account) is None


async def test_a_choice_is_saved_and_can_be_taken_back_for_a_week(
    dashboard: Browser, account: Any, old: str
) -> None:
    await dashboard.get(PATH)
    saved = dashboard.text(await dashboard.post(PATH, years="3"))
    assert "Saved. Until" in saved and "Nothing is deleted before" in saved
    assert await stored(account) == 3
    verb = "SELECT verb FROM audit_log WHERE account_id = $1 ORDER BY id DESC LIMIT 1"
    assert await db.value(verb, account.id) == "keep history"
    back = dashboard.text(await dashboard.post(PATH, years="ever"))
    assert "Nothing is deleted." in back and "Nothing is deleted before" not in back
    assert await stored(account) is None


async def test_what_is_deleted_by_now_is_counted_no_more(
    noon: Any, dashboard: Browser, account: Any, olga: Any, old: str
) -> None:
    """Also when it is kept for ever again; a younger date is."""
    await choose_history(olga, account.id, 3)
    assert "2 years 1 date is older now" in dashboard.text(await dashboard.get(PATH))
    with clock.stopped(noon + timedelta(days=8)):
        for years in (3, None):
            await choose_history(olga, account.id, years)
            shown = dashboard.text(await dashboard.get(PATH))
            assert "3 years No date is that old yet. 2 years No date is that old yet." in shown
        await choose_history(olga, account.id, 5)
        await db.execute(
            "UPDATE event_instances SET ends_at = ends_at + interval '18 months' WHERE code = $1", old
        )
        shown = dashboard.text(await dashboard.get(PATH))
        assert "3 years No date is that old yet. 2 years 1 date is older now" in shown


async def test_telegram_is_asked_before_anything_may_be_deleted(
    noon: Any, dashboard: Browser, account: Any
) -> None:
    """X3: a stolen session deletes nothing, and what was chosen is kept over the question."""
    await dashboard.get(PATH)
    clock.advance(timedelta(minutes=6))
    asked = await dashboard.post(PATH, follow=False, years="2")
    assert asked.headers["location"].startswith(
        "/dashboard/sign-in?again=yes&next=/dashboard/settings/history"
    )
    assert await stored(account) is None
    assert 'value="2" checked' in (await dashboard.get(f"{PATH}?years=2")).text


async def test_a_choice_that_there_is_not_is_marked(dashboard: Browser, account: Any, noon: Any) -> None:
    """X5."""
    await dashboard.get(PATH)
    for years in ("1", "forever", ""):
        answer = await dashboard.post(PATH, years=years)
        assert answer.status_code == 422 and "Choose one of these." in dashboard.text(answer)
    assert await stored(account) is None


async def test_two_owners_do_not_overwrite_each_other(
    dashboard: Browser, account: Any, olga: Any, noon: Any
) -> None:
    page = await dashboard.get(PATH)
    version = page.text.split('name="version" value="')[1].split('"')[0]
    await choose_history(olga, account.id, 10)
    answer = await dashboard.post(PATH, years="2", version=version)
    assert answer.status_code == 409 and "It is 10 years now" in dashboard.text(answer)
    assert 'value="2" checked' in answer.text
    assert await stored(account) == 10
