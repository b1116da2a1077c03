"""What past dates add up to (`N1`)."""

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from backend import clock, db
from backend.bookings import actions
from backend.bookings.attendance import check_in, close_list, complete_ended
from backend.people.actions import choose_language
from backend.reports.numbers import Part, numbers
from backend.seats.requests import Via


async def a_season(series: Any, crowd: Any, olga: Any, *, people: int = 6, weeks: int = 4) -> Any:
    """A weekly evening with four seats, from now on: everybody books it each week, the first three are checked in, one
    more has a seat and does not come; in the last two weeks only two come."""
    made = await series(rule="FREQ=WEEKLY", capacity=4, cancel_before_minutes=60)
    everybody = await crowd(people)
    for week in range(weeks):
        row = await db.row(
            "SELECT id, code, starts_at, ends_at FROM event_instances WHERE series_id = $1 AND starts_at > $2"
            " ORDER BY starts_at LIMIT 1",
            made.series_id,
            clock.now(),
        )
        assert row is not None
        for person in everybody:
            await actions.book(row["code"], person, via=Via.CARD)
        clock.advance(timedelta(hours=5))
        await actions.leave(
            row["code"], everybody[0], via=Via.CARD
        )  # the first in line has the seat after five hours
        clock.advance(row["ends_at"] - clock.now() + timedelta(hours=1))
        await complete_ended()
        seated = await db.rows(
            "SELECT membership_id FROM bookings WHERE instance_id = $1 AND seats > 0 ORDER BY membership_id",
            row["id"],
        )
        for party in seated[: 3 if week < weeks - 2 else 2]:
            await check_in(row["code"], olga, party["membership_id"])
        await close_list(row["code"], olga)
    return made


async def table(dashboard: Any, name: str, query: str = "") -> list[list[str]]:
    answer = await dashboard.get(f"/dashboard/numbers.csv?table={name}{query}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8", dashboard.text(answer)
    [_, *rows] = csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline=""))
    return rows


@pytest.fixture
async def season(noon: Any, series: Any, crowd: Any, olga: Any, dashboard: Any) -> Any:
    return await a_season(series, crowd, olga)


async def test_who_came_who_waited_and_which_hours_are_full(
    season: Any, dashboard: Any, sign_in: Any, olga: Any
) -> None:
    olgas = await sign_in(olga)  # weeks have passed
    attendance = await table(olgas, "attendance")
    assert [row[1:] for row in attendance] == [["1", "3", "0", "1"]] * 2 + [["1", "2", "0", "2"]] * 2
    assert await table(olgas, "fill") == [["Thursday", "18", "4", "16", "16", "100.0"]]
    [wait] = await table(olgas, "waits")
    assert wait[:4] == ["Evening flow yoga", "4", "8", "4"] and wait[4] == "5.0"
    assert (await table(olgas, "loyal"))[0][1] == "4"
    shown = await olgas.get("/dashboard/numbers")
    text = olgas.text(shown)
    assert (
        "People who came 62 %" in text and "Seats filled 100 %" in text and "Waited, then seated 50 %" in text
    )
    assert "Fullest: Thursday at 18:00, 100 %" in text and "Of 8 who waited, 4 got a seat" in text
    assert "style=" not in shown.text and len(shown.content) <= 100_000


async def test_who_is_not_seen_any_more_is_missed(season: Any, sign_in: Any, olga: Any) -> None:
    clock.advance(timedelta(weeks=7))
    olgas = await sign_in(olga)
    assert {row[1] for row in await table(olgas, "lost")} <= {"3", "4"}
    shown = olgas.text(await olgas.get("/dashboard/numbers?weeks=52"))
    assert "not been seen for 6 weeks" in shown


async def test_a_period_and_a_series_are_chosen_in_the_address(
    season: Any, sign_in: Any, olga: Any, series: Any
) -> None:
    olgas = await sign_in(olga)
    assert len(await table(olgas, "attendance", "&weeks=4")) == 4
    other = await series(title="Padel")
    assert await table(olgas, "attendance", f"&series={other.series_id}") == []
    assert "Nothing is over yet" in olgas.text(
        await olgas.get(f"/dashboard/numbers?series={other.series_id}")
    )
    for query in ("?weeks=nonsense", "?series=nonsense", "?series=99999999999999999999"):
        assert (await olgas.get(f"/dashboard/numbers{query}")).status_code == 200
    assert (await olgas.get("/dashboard/numbers.csv?table=secrets")).status_code == 404


async def test_numbers_of_another_club_stay_there(season: Any, sign_in: Any, olga: Any) -> None:
    from backend.accounts.actions import create_own_account
    from backend.people.actions import TelegramIdentity, register_person

    other = await register_person(TelegramIdentity(4242, "Vera", language_code="en"))
    await create_own_account(other, "Aurora Chess")
    theirs = await sign_in(other)
    assert await table(theirs, "attendance", f"&series={season.series_id}") == []
    assert await table(theirs, "loyal") == []


@pytest.mark.parametrize("language", ["fi", "ru"])
async def test_numbers_in_every_language(season: Any, sign_in: Any, olga: Any, language: str) -> None:
    await choose_language(olga, language)
    olgas = await sign_in(olga)
    assert (await olgas.get("/dashboard/numbers")).status_code == 200


async def test_a_new_club_reads_what_will_be_here(dashboard: Any) -> None:
    assert "Nothing is over yet" in dashboard.text(await dashboard.get("/dashboard/numbers"))


@pytest.mark.parametrize("part", list(Part))
async def test_a_file_asks_for_its_own_table_only(
    noon: Any, account: Any, olga: Any, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    rows = db.rows

    async def counted(query: str, *values: object) -> Any:
        asked.append(query)
        return await rows(query, *values)

    monkeypatch.setattr(db, "rows", counted)
    await numbers(olga, account.id, weeks=12, parts=[part])
    assert len([query for query in asked if "WITH dates" in query]) == 1
    await numbers(olga, account.id, weeks=12)
    assert len([query for query in asked if "WITH dates" in query]) == 6
