"""The page of what new events begin with (`S12`, `X5`)."""

import re
from datetime import datetime
from typing import Any

import pytest

from backend.events.queries import all_series
from backend.series_defaults.actions import edit_series_defaults
from backend.series_defaults.queries import blank_draft
from tests.series_defaults.test_series_defaults import OURS

PATH = "/dashboard/settings/events"
TYPED = {
    "limits": "1",
    "duration_minutes": "75",
    "capacity": "14",
    "guests_max": "2",
    "queue": "gaps",
    "opens_before_minutes": "10080",
    "closes_before_minutes": "30",
    "cancel_before_minutes": "360",
    "announce_before_minutes": "4320",
    "min_to_run": "",
    "decide_before_minutes": "1440",
    "warn_before_minutes": "1440",
    "offers_before_minutes": "1440",
    "offer_minutes": "30",
    "first_tap_before_minutes": "120",
    "remind_before_minutes": "60",
}


@pytest.fixture
async def set_up(olga: Any, account: Any) -> None:
    await edit_series_defaults(olga, account.id, OURS)


def version_in(page: Any) -> str:
    found = re.search(r'name="version" value="(\w+)"', page.text)
    assert found
    return found[1]


def value_of(page: str, name: str) -> str:
    found = re.search(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', page)
    assert found
    return found[1]


async def test_the_settings_lead_to_it(dashboard: Any) -> None:
    assert f'href="{PATH}"' in (await dashboard.get("/dashboard/settings")).text


async def test_what_is_typed_is_saved_and_shown(noon: Any, dashboard: Any, account: Any) -> None:
    page = await dashboard.get(PATH)
    shown = await dashboard.post(PATH, **TYPED, version=version_in(page))
    assert "New events begin with this" in dashboard.text(shown)
    assert value_of(shown.text, "capacity") == "14" and 'value="gaps" checked' in shown.text
    blank = await blank_draft(account.id)
    assert (blank.capacity, blank.fill_gaps, blank.remind_before_minutes) == (14, True, (60,))


async def test_faults_stand_beside_their_fields_and_nothing_is_lost(
    noon: Any, dashboard: Any, account: Any
) -> None:
    page = await dashboard.get(PATH)
    wrong = TYPED | {"guests_max": "12", "capacity": "many", "offer_minutes": "45"}
    shown = await dashboard.post(PATH, **wrong, version=version_in(page))
    text = dashboard.text(shown)
    assert shown.status_code == 422 and "Between 0 and 9, please." in text
    assert 'value="many"' in shown.text and 'value="12"' in shown.text and 'value="45"' in shown.text
    assert (await blank_draft(account.id)).guests_max == 0


async def test_who_saves_second_sees_both_versions_first(noon: Any, dashboard: Any, account: Any) -> None:
    version = version_in(await dashboard.get(PATH))
    await dashboard.post(PATH, **TYPED, version=version)
    shown = await dashboard.post(PATH, **TYPED | {"capacity": "20"}, version=version)
    assert shown.status_code == 409 and "Somebody changed this meanwhile" in dashboard.text(shown)
    assert "Seats 20 14" in dashboard.text(shown) and value_of(shown.text, "capacity") == "20"
    assert (await blank_draft(account.id)).capacity == 14
    await dashboard.post(PATH, **TYPED | {"capacity": "20"}, version=version_in(shown))
    assert (await blank_draft(account.id)).capacity == 20


async def test_the_form_of_the_dashboard_begins_with_them(
    noon: datetime, dashboard: Any, account: Any, set_up: None
) -> None:
    form = (await dashboard.get("/dashboard/series/new")).text
    assert value_of(form, "duration_minutes") == "75" and value_of(form, "capacity") == "14"
    fields = {"title": "Flow", "starts_on": "2026-12-01", "starts_time": "18:00", "zone": "Europe/Helsinki"}
    typed = {"duration_minutes": "60", "capacity": "8", "guests_max": "0", "announce_before_minutes": "2880"}
    await dashboard.post("/dashboard/series", **fields, **typed)
    [made] = await all_series(account.id)
    assert (made.draft.capacity, made.draft.min_to_run) == (8, 4), "what was typed, and what was not asked"


async def test_the_form_of_the_app_begins_with_them(
    noon: datetime, app_of: Any, olga: Any, account: Any, set_up: None
) -> None:
    app = await app_of(olga)
    form = (await app.get("/app/series/new")).text
    assert '<option value="75" selected>' in form
    fields = {"title": "Flow", "starts_on": "2026-12-01", "starts_time": "18:00", "zone": "Europe/Helsinki"}
    typed = {"duration_minutes": "60", "capacity": "8", "guests_max": "1", "announce_before_minutes": "2880"}
    await app.ask("POST", "/app/series", data=fields | typed)
    [made] = await all_series(account.id)
    assert (made.draft.capacity, made.draft.guests_max, made.draft.cancel_before_minutes) == (8, 1, 6 * 60)
    assert made.draft.remind_before_minutes == (24 * 60, 60)
