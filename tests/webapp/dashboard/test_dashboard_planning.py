"""Planning a season at the dashboard: edits of three scopes, consequences before and a way back after (`S4`–`S9`, `B11`)."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import db
from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from backend.bookings.queries.event import event
from tests.bookings.lookups import membership_of
from tests.workers import until

TUESDAY = datetime(2026, 11, 24, 18, 0)


def fields_of(answer: Any) -> dict[str, Any]:
    """What the form of a series would send if nothing were typed."""
    form = re.search(r'<form[^>]*id="series-form".*?</form>', answer.text, re.S)
    assert form
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input\b[^>]*>", form[0]):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        kind = re.search(r'type="(\w+)"', tag)
        if name is None or (kind and kind[1] in ("radio", "checkbox") and " checked" not in tag):
            continue
        text = value[1] if value else ""
        if kind and kind[1] == "checkbox":
            found.setdefault(name[1], []).append(text)
        else:
            found[name[1]] = text
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form[0], re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', body) or re.search(
            r'<option value="([^"]*)"', body
        )
        found[name] = chosen[1] if chosen else ""
    found.update(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form[0], re.S))
    return found


async def dates_of(series_id: int, olga: Any) -> list[Any]:
    from backend.bookings.queries.lists import series_instances

    return await series_instances(series_id, olga)


async def test_saving_what_was_opened_changes_nothing(
    noon: Any, dashboard: Any, series: Any, olga: Any, account: Any
) -> None:
    """S11: for each scope, also of a date that has values of its own."""
    from backend import db
    from backend.events.edit import InstanceChanges
    from backend.events.reschedule import change_instance

    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY;INTERVAL=2", min_to_run=3)
    codes = [view.code for view in await dates_of(made.series_id, olga)]
    await change_instance(
        codes[1],
        olga,
        InstanceChanges(title="By candlelight", capacity=3),
        starts_local=TUESDAY + timedelta(days=15),
    )
    ignored = "updated_at", "changed_at", "edited_at", "sequence"

    async def stored() -> list[list[Any]]:
        rows = await db.rows("SELECT * FROM event_series ORDER BY id")
        rows += await db.rows("SELECT * FROM event_instances ORDER BY id")
        return [[(name, value) for name, value in row.items() if name not in ignored] for row in rows]

    before = await stored()
    for scope in ("only", "all"):
        opened = await dashboard.get(f"/dashboard/series/{made.series_id}?date={codes[1]}")
        assert "By candlelight" in opened.text
        fields = {**fields_of(opened), "scope": scope}
        saved = await dashboard.post(f"/dashboard/series/{made.series_id}", **fields)
        assert saved.status_code == 200 and "Saved." in dashboard.text(saved)
        assert await stored() == before, scope


@pytest.mark.parametrize(
    ("scope", "titles"),
    [
        ("only", ["Yoga", "Candles", "Yoga"]),
        ("following", ["Yoga", "Candles", "Candles"]),
        ("all", ["Candles", "Candles", "Candles"]),
    ],
)
async def test_a_change_reaches_as_far_as_was_chosen(
    noon: Any, dashboard: Any, series: Any, olga: Any, scope: str, titles: list[str]
) -> None:
    """S4."""
    made = await series(title="Yoga", starts_local=TUESDAY, rule="FREQ=WEEKLY;COUNT=3")
    codes = [view.code for view in await dates_of(made.series_id, olga)]
    opened = await dashboard.get(f"/dashboard/series/{made.series_id}?date={codes[1]}")
    fields = {**fields_of(opened), "scope": scope, "title": "Candles"}
    shown = await dashboard.post(f"/dashboard/series/{made.series_id}/consequences", **fields)
    assert shown.status_code == 200
    await dashboard.post(f"/dashboard/series/{made.series_id}", **fields)
    from backend.bookings.queries.event import event

    assert [(await event(code, olga)).title for code in codes] == titles


async def test_another_hour_for_those_that_follow_keeps_their_number(
    noon: Any, dashboard: Any, series: Any, olga: Any
) -> None:
    """S4: three dates in all stay three dates in all."""
    from backend import db

    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY;COUNT=3")
    codes = [view.code for view in await dates_of(made.series_id, olga)]
    opened = await dashboard.get(f"/dashboard/series/{made.series_id}?date={codes[1]}")
    fields = {**fields_of(opened), "scope": "following", "starts_time": "19:30"}
    shown = dashboard.text(await dashboard.post(f"/dashboard/series/{made.series_id}/consequences", **fields))
    assert "2 dates start at another time Tue 1 Dec: 18:00 → 19:30" in shown and "disappear" not in shown
    await dashboard.post(f"/dashboard/series/{made.series_id}", **fields)
    starts = await db.rows("SELECT starts_local FROM event_instances ORDER BY starts_at")
    assert [f"{row['starts_local']:%d.%m. %H:%M}" for row in starts] == [
        "24.11. 18:00",
        "01.12. 19:30",
        "08.12. 19:30",
    ]


async def test_moving_one_date_asks_who_is_booked(
    noon: Any, dashboard: Any, series: Any, olga: Any, alice: Any
) -> None:
    """S5, S6: the panel names who will be asked before anything has happened."""
    from backend import db
    from backend.bookings.actions import book
    from backend.seats.requests import Via

    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    await book(made.first_code, alice, via=Via.MINIAPP)
    opened = await dashboard.get(f"/dashboard/series/{made.series_id}?date={made.first_code}")
    fields = {**fields_of(opened), "scope": "only", "starts_time": "19:00"}
    shown = dashboard.text(await dashboard.post(f"/dashboard/series/{made.series_id}/consequences", **fields))
    assert "1 date moves" in shown and "asked whether they still come" in shown and "Alice" in shown
    rule = await dashboard.post(f"/dashboard/series/preview?series={made.series_id}", **fields)
    assert "Every Tuesday at 18:00." in dashboard.text(rule)  # which one date does not change
    assert await db.value("SELECT count(*) FROM messages") == 0
    await dashboard.post(f"/dashboard/series/{made.series_id}", **fields)
    assert await db.value("SELECT count(*) FROM messages WHERE kind = 'moved'") == 1


async def test_one_date_cannot_have_a_rule_of_its_own(
    noon: Any, dashboard: Any, series: Any, olga: Any
) -> None:
    """S4: the fault stands beside the field, and what was typed stays."""
    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    opened = await dashboard.get(f"/dashboard/series/{made.series_id}?date={made.first_code}")
    fields = {**fields_of(opened), "scope": "only", "interval": "3", "title": "Typed"}
    refused = await dashboard.post(f"/dashboard/series/{made.series_id}", **fields)
    assert refused.status_code == 422
    assert "One date cannot have this of its own" in dashboard.text(refused)
    assert 'value="Typed"' in refused.text


async def test_somebody_else_was_faster(
    noon: Any, dashboard: Any, series: Any, olga: Any, account: Any
) -> None:
    """Both versions are shown, nothing typed is lost; saving again replaces what they saved."""
    from dataclasses import replace

    from backend.events.edit import edit_series
    from backend.events.queries import series_by_id

    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY", title="Yoga")
    opened = await dashboard.get(f"/dashboard/series/{made.series_id}")
    fields = {**fields_of(opened), "title": "Mine"}
    view = await series_by_id(account.id, made.series_id)
    assert view
    await edit_series(olga, account.id, made.series_id, replace(view.draft, title="Theirs"))
    both = await dashboard.post(f"/dashboard/series/{made.series_id}", **fields)
    assert both.status_code == 409
    text = dashboard.text(both)
    assert "Somebody changed this meanwhile" in text and "Title Mine Theirs" in text
    assert 'value="Mine"' in both.text
    await dashboard.post(f"/dashboard/series/{made.series_id}", **fields_of(both))
    after = await series_by_id(account.id, made.series_id)
    assert after and after.draft.title == "Mine"


@asynccontextmanager
async def nobody_saves_yet(table: str, row_id: int, wait_for: int) -> AsyncIterator[None]:
    """Hold the row that the saves of the block lock, until so many wait for it, so that all have looked before one saves."""
    locked, release = asyncio.Event(), asyncio.Event()
    waiting = (
        "SELECT count(*) >= $1 FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')"
    )

    async def hold() -> None:
        async with db.transaction():
            key = "id" if table == "event_series" else "instance_id"
            await db.execute(f"SELECT 1 FROM {table} WHERE {key} = $1 FOR UPDATE", row_id)
            locked.set()
            await release.wait()

    async def let_go() -> None:
        await until(waiting, wait_for)
        release.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold())
        await locked.wait()
        tasks.create_task(let_go())
        yield


@pytest.mark.parametrize("scope", ["only", "following", "all"])
async def test_of_two_organisers_at_once_one_sees_both_versions(
    noon: Any, dashboard: Any, sign_in: Any, series: Any, olga: Any, alice: Any, account: Any, scope: str
) -> None:
    """X5: it is compared under the lock. Both have looked before either saves."""
    await change_role(olga, account.id, await membership_of(alice), Role.ADMIN)
    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY", title="Yoga")
    third = (await dates_of(made.series_id, olga))[2]
    path, browsers = f"/dashboard/series/{made.series_id}", [dashboard, await sign_in(alice)]
    forms = [fields_of(await browser.get(f"{path}?date={third.code}")) for browser in browsers]
    held = ("instance_seats", third.id) if scope == "only" else ("event_series", made.series_id)
    async with nobody_saves_yet(*held, wait_for=2):
        posts = [
            asyncio.create_task(browser.post(path, follow=False, **fields | {"title": title, "scope": scope}))
            for browser, fields, title in zip(browsers, forms, ("Mine", "Theirs"), strict=True)
        ]
    answers = [await post for post in posts]
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    saved, kept = ("Mine", "Theirs") if answers[0].status_code == 303 else ("Theirs", "Mine")
    assert (await event(third.code, olga)).title == saved
    both = next(answer for answer in answers if answer.status_code == 409)
    assert f"Title {kept} {saved}" in dashboard.text(both) and f'value="{kept}"' in both.text


async def test_cancelling_shows_who_reads_it_and_can_be_undone(
    noon: Any, dashboard: Any, series: Any, olga: Any, alice: Any
) -> None:
    """S5."""
    from backend.bookings.actions import book
    from backend.bookings.queries.event import event
    from backend.seats.requests import Via

    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    await book(made.first_code, alice, via=Via.MINIAPP)
    path = f"/dashboard/events/{made.first_code}"
    page = dashboard.text(await dashboard.get(f"{path}/cancellation/new"))
    assert "1 date is cancelled" in page and "Alice" in page
    refused = await dashboard.post(f"{path}/cancellation", reason="")
    assert refused.status_code == 422 and "Say why" in dashboard.text(refused)
    assert (await event(made.first_code, olga)).state == "SCHEDULED"
    done = await dashboard.post(f"{path}/cancellation", reason="A pipe burst.")
    assert "Undo" in dashboard.text(done)
    await dashboard.post(f"{path}/restoration")
    assert (await event(made.first_code, olga)).state == "SCHEDULED"


async def test_pausing_archiving_and_back(noon: Any, dashboard: Any, series: Any, account: Any) -> None:
    """S9: each shows what it does first, and has its way back in the notice."""
    from backend.events.queries import series_by_id

    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    path = f"/dashboard/series/{made.series_id}"

    async def state() -> tuple[bool, bool]:
        view = await series_by_id(account.id, made.series_id)
        assert view
        return view.paused_at is not None, view.archived_at is not None

    assert "Nobody notices." in dashboard.text(await dashboard.get(f"{path}/pause/new"))
    paused = await dashboard.post(f"{path}/pause")
    assert f'action="{path}/resumption"' in paused.text and await state() == (True, False)
    await dashboard.post(f"{path}/resumption")
    assert await state() == (False, False)
    assert "8 dates disappear" in dashboard.text(await dashboard.get(f"{path}/archive/new"))
    archived = await dashboard.post(f"{path}/archive", reason="")
    assert f'action="{path}/restoration"' in archived.text and await state() == (False, True)
    assert "Evening flow yoga" in dashboard.text(await dashboard.get("/dashboard/series?archived=1"))
    assert "8 new dates" in dashboard.text(await dashboard.get(f"{path}/restoration/new"))
    await dashboard.post(f"{path}/restoration")
    assert await state() == (False, False)


async def test_a_copy_has_the_rhythm_and_nobody_booked(
    noon: Any, dashboard: Any, series: Any, account: Any
) -> None:
    """S9."""
    from backend.events.queries import all_series

    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY;COUNT=4")
    path = f"/dashboard/series/{made.series_id}/copies"
    assert "4 new dates" in dashboard.text(await dashboard.get(f"{path}/new"))
    assert "3 new dates" not in dashboard.text(
        await dashboard.get(f"{path}/new?starts_on=2026-12-02&starts_time=18:00")
    )
    refused = await dashboard.post(path, starts_on="", starts_time="")
    assert refused.status_code == 422
    copied = await dashboard.post(path, starts_on="2026-12-02", starts_time="19:00")
    assert "This is the copy" in dashboard.text(copied)
    assert len(await all_series(account.id)) == 2


async def test_dates_that_no_longer_fit_are_kept_or_cancelled_together(
    noon: Any, dashboard: Any, series: Any, olga: Any, alice: Any, account: Any
) -> None:
    """S4."""
    from dataclasses import replace

    from backend.bookings.actions import book
    from backend.bookings.queries.lists import drifted_instances
    from backend.events.edit import edit_series
    from backend.events.queries import series_by_id
    from backend.seats.requests import Via

    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    for date in (await dates_of(made.series_id, olga))[:2]:
        await book(date.code, alice, via=Via.MINIAPP)
    view = await series_by_id(account.id, made.series_id)
    assert view
    later = replace(view.draft, starts_local=TUESDAY.replace(hour=20))
    await edit_series(olga, account.id, made.series_id, later)
    path = f"/dashboard/series/{made.series_id}"
    assert "Keep them all" in dashboard.text(await dashboard.get(path))
    page = dashboard.text(await dashboard.get(f"{path}/drifted/cancellation/new"))
    assert "2 dates are cancelled" in page and "Alice" in page
    preview = dashboard.text(await dashboard.get(f"{path}/drifted/move/new"))
    assert "2 dates move" in preview and "Alice" in preview and "Move them all" in preview
    kept = await dashboard.post(f"{path}/drifted/keeping")
    assert "Kept: 2 dates" in dashboard.text(kept)
    assert await drifted_instances(account.id) == []
    none = await dashboard.post(f"{path}/drifted/move")
    assert none.status_code == 422 and "free date of its rule" in dashboard.text(none)


async def test_regulars_are_listed_added_and_ended(
    noon: Any, dashboard: Any, series: Any, alice: Any
) -> None:
    """B11."""
    from backend import db

    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    member = await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)
    path = f"/dashboard/series/{made.series_id}/regulars"
    assert "No one yet" in dashboard.text(await dashboard.get(path))
    assert "Alice" in dashboard.text(await dashboard.get(f"{path}?q=alic"))
    shown = dashboard.text(await dashboard.get(f"{path}?membership={member}"))
    assert "1 person gets a seat" in shown and "Alice: Tue 24 Nov" in shown
    added = await dashboard.post(path, membership=str(member))
    assert "on the list of 8 dates" in dashboard.text(added)
    ended = await dashboard.post(f"{path}/{member}/removal")
    assert "No longer a regular" in dashboard.text(ended) and "Undo" in dashboard.text(ended)


async def test_a_minimum_can_be_waived(noon: Any, dashboard: Any, series: Any) -> None:
    """S7."""
    from backend import db

    made = await series(starts_local=TUESDAY, min_to_run=3)
    path = f"/dashboard/events/{made.first_code}"
    assert "3 more people are needed" in dashboard.text(await dashboard.get(path))
    done = await dashboard.post(f"{path}/decision")
    assert "It goes ahead" in dashboard.text(done)
    assert await db.value("SELECT decided_at FROM event_instances") is not None


async def test_leaves_out_whole_months(
    noon: Any, dashboard: Any, series: Any, olga: Any, account: Any
) -> None:
    """S1: "every Tuesday, not in December"; opened again the form says the same, and saves nothing else (S11)."""
    from backend.events.queries import series_by_id

    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY;BYDAY=TU")
    path = f"/dashboard/series/{made.series_id}"
    fields = {**fields_of(await dashboard.get(path)), "months_out": ["12"]}
    preview = dashboard.text(
        await dashboard.post(f"/dashboard/series/preview?series={made.series_id}", **fields)
    )
    assert "Every Tuesday, not in December at" in preview
    assert "December 2026 Left out Tue 5 Jan 2027" in preview, "as one row, before the date that follows"
    await dashboard.post(path, **fields)
    view = await series_by_id(account.id, made.series_id)
    assert view
    assert view.draft.rule == "RRULE:FREQ=WEEKLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11;BYDAY=TU"
    assert {date.starts_at.month for date in await dates_of(made.series_id, olga)} == {11, 1}
    opened = await dashboard.get(path)
    assert fields_of(opened)["months_out"] == ["12"] and fields_of(opened)["repeats"] == "weekly"
    await dashboard.post(path, **fields_of(opened))
    again = await series_by_id(account.id, made.series_id)
    assert again and again.draft == view.draft
    none = {**fields, "months_out": [str(month) for month in range(1, 13)]}
    assert "Choose at least one month." in dashboard.text(await dashboard.post(path, **none))
