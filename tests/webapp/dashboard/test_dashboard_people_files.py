"""The people of a date as files, opened by other programs (`B14`)."""

import csv
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from backend import db
from backend.bookings import actions
from backend.bookings.attendance import check_in
from backend.bookings.organiser import note_party
from backend.people.actions import choose_language
from backend.seats.requests import Via
from webapp.dashboard.spreadsheets import Sheet, to_csv, to_xlsx


def excel_reads(content: bytes, language: str) -> list[list[str]]:
    """The cells as Excel splits them where decimals are separated as in this language."""
    assert content.startswith(b"\xef\xbb\xbf"), "without the mark Excel reads the code page of its country"
    text = content.decode("utf-8-sig")
    assert "\n" not in text.replace("\r\n", "") or '"' in text
    return list(csv.reader(StringIO(text, newline=""), delimiter=";" if language in ("fi", "ru") else ","))


@pytest.fixture
async def code(noon: Any, instance: Any, olga: Any, alice: Any, bob: Any, aino: Any) -> str:
    """Alice is here, Bob comes with a guest and a note, Aino waits; Alice's name is a formula."""
    made = str(await instance(capacity=3, guests_max=3))
    await actions.book(made, alice, via=Via.CARD)
    await actions.book(made, bob, guests=1, names=["Väinö"], via=Via.CARD)
    await actions.book(made, aino, via=Via.CARD)
    ids = [row["membership_id"] for row in await db.rows("SELECT membership_id FROM bookings ORDER BY id")]
    await check_in(made, olga, ids[0])
    await note_party(made, olga, ids[1], "-2+3 mats; “blue”")
    async with db.transaction():
        await db.execute("UPDATE telegram_users SET first_name = '=HYPERLINK(0)' WHERE first_name = 'Alice'")
    return made


@pytest.mark.parametrize("language", ["en", "fi", "ru"])
async def test_excel_opens_the_csv_in_every_language(
    code: str, dashboard: Any, olga: Any, language: str
) -> None:
    await choose_language(olga, language)
    answer = await dashboard.get(f"/dashboard/events/{code}/people.csv")
    assert answer.headers["content-disposition"].startswith('attachment; filename="2026-11-2')
    head, *rows = excel_reads(answer.content, language)
    assert head[0] == {"en": "Name", "fi": "Nimi", "ru": "Имя"}[language]
    assert {len(row) for row in rows} == {len(head)} and len(rows) == 3
    people = {row[0]: row for row in rows}
    assert people["Bob"][3:6] == ["2", "", "Väinö"] and people["Bob"][8] == "'-2+3 mats; “blue”"
    assert people["'=HYPERLINK(0)"][6] == "1"
    assert people["Aino"][4] == "1"


async def test_the_xlsx_holds_texts_numbers_and_moments(code: str, dashboard: Any) -> None:
    answer = await dashboard.get(f"/dashboard/events/{code}/people.xlsx")
    [page] = openpyxl.load_workbook(BytesIO(answer.content)).worksheets
    rows: dict[Any, Any] = {row[0].value: row for row in page.iter_rows(min_row=2)}
    formula = rows["=HYPERLINK(0)"]
    assert formula[0].data_type == "s" and formula[0].quotePrefix
    assert rows["Bob"][3].value == 2 and rows["Bob"][7].is_date
    assert rows["Bob"][8].data_type == "s"


@given(st.text(max_size=20))
def test_no_text_becomes_a_formula(text: str) -> None:
    """Whatever is typed reads as a text in both files."""
    sheet = Sheet("People", ["Name"], [[text]])
    [page] = openpyxl.load_workbook(BytesIO(to_xlsx(sheet))).worksheets
    assert page["A2"].data_type in ("s", "n", "inlineStr") and page["A2"].data_type != "f"
    [_, *rows] = excel_reads(to_csv(sheet, "fi"), "fi")
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)


async def test_the_date_for_a_calendar(code: str, dashboard: Any) -> None:
    answer = await dashboard.get(f"/dashboard/events/{code}/people.ics")
    [entry] = Calendar.from_ical(answer.content).walk("VEVENT")
    assert "yoga" in str(entry["SUMMARY"])


async def test_the_list_on_paper_has_a_box_for_everybody_seated(code: str, dashboard: Any) -> None:
    shown = dashboard.text(await dashboard.get(f"/dashboard/events/{code}/people/print"))
    assert "☑ =HYPERLINK(0)" in shown and "☐ Bob" in shown and "Aino" not in shown
