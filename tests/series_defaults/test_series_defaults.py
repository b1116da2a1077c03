"""What new events of a club begin with, at every door (`S12`)."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from backend import db
from backend.accounts.actions import create_own_account
from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from backend.editing import ChangedMeanwhile
from backend.errors import Forbidden, InvalidForm, NotFound
from backend.events.queries import all_series
from backend.series_defaults.actions import defaults_version, edit_series_defaults
from backend.series_defaults.queries import blank_draft
from backend.series_defaults.rules import BLANK, FIELDS
from tests.bookings.lookups import membership_of

OURS = replace(
    BLANK,
    duration_minutes=75,
    capacity=14,
    guests_max=2,
    opens_before_minutes=7 * 24 * 60,
    closes_before_minutes=30,
    cancel_before_minutes=6 * 60,
    announce_before_minutes=3 * 24 * 60,
    fill_gaps=True,
    remind_before_minutes=(24 * 60, 60),
    min_to_run=4,
)


def ours_of(draft: Any) -> dict[str, Any]:
    """What of a draft a club has first values for."""
    return {name: getattr(draft, name) for name in FIELDS}


@pytest.fixture
async def set_up(olga: Any, account: Any) -> None:
    await edit_series_defaults(olga, account.id, OURS)


async def test_a_club_that_has_set_nothing_begins_with_ours(account: Any) -> None:
    assert await blank_draft(account.id) == BLANK


async def test_what_is_set_is_kept_and_can_be_changed(olga: Any, account: Any) -> None:
    await edit_series_defaults(olga, account.id, OURS)
    assert ours_of(await blank_draft(account.id)) == ours_of(OURS)
    await edit_series_defaults(olga, account.id, replace(OURS, capacity=None, remind_before_minutes=()))
    blank = await blank_draft(account.id)
    assert (blank.capacity, blank.remind_before_minutes, blank.guests_max) == (None, (), 2)
    assert await db.value("SELECT count(*) FROM audit_log WHERE object = 'series defaults'") == 2


async def test_another_club_keeps_its_own(olga: Any, alice: Any, set_up: None) -> None:
    """A1"""
    other = await create_own_account(alice, "Choir")
    assert await blank_draft(other) == BLANK
    with pytest.raises(NotFound):
        await edit_series_defaults(olga, other, OURS)


async def test_only_organisers_set_them(olga: Any, alice: Any, account: Any) -> None:
    await change_role(olga, account.id, await membership_of(alice), Role.HELPER)
    with pytest.raises(Forbidden):
        await edit_series_defaults(alice, account.id, OURS)


async def test_what_no_series_may_have_is_refused(olga: Any, account: Any) -> None:
    with pytest.raises(InvalidForm) as refused:
        await edit_series_defaults(
            olga, account.id, replace(OURS, guests_max=10, closes_before_minutes=8 * 24 * 60)
        )
    assert set(refused.value.faults) == {"guests_max", "opens_before_minutes"}
    assert await blank_draft(account.id) == BLANK


async def test_of_two_organisers_at_once_one_reads_the_other(olga: Any, account: Any) -> None:
    """X5: also where neither finds a row to lock."""
    seen = defaults_version(await blank_draft(account.id))
    saves = [
        edit_series_defaults(olga, account.id, replace(OURS, capacity=seats), seen=seen)
        for seats in range(10, 16)
    ]
    results = await asyncio.gather(*saves, return_exceptions=True)
    assert [result for result in results if result is None] == [None]
    assert all(isinstance(result, ChangedMeanwhile) for result in results if result is not None)


async def test_series_that_exist_stay_as_they_are(
    noon: datetime, olga: Any, account: Any, series: Any
) -> None:
    await series(rule="FREQ=WEEKLY")
    [before] = await all_series(account.id)
    await edit_series_defaults(olga, account.id, OURS)
    [after] = await all_series(account.id)
    assert before == after
