"""Tables as files that spreadsheet programs open rightly: CSV and XLSX (`B14`, decision 0051).

No cell is a formula: a text that a program would calculate is marked as text.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Any

Cell = str | int | float | datetime | date | None  # a datetime is a wall clock, without a zone

BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads a CSV file in the code page of its country
# Where a comma separates decimals, Excel separates cells by semicolons.
_COMMA_IS_DECIMAL = frozenset({"fi", "ru"})
# Programs calculate a text that begins so: OWASP, "CSV injection". The last four are the full-width forms.
_FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_WIDTH_MAX = 60  # characters of a column
_SHEET_NAME_MAX = 31


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with a head; every row has as many cells."""

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def is_formula(text: str) -> bool:
    """Whether a spreadsheet program might calculate this text."""
    return text.startswith(_FORMULA_STARTS)


def to_csv(sheet: Sheet, language: str) -> bytes:
    """The table as CSV, in UTF-8, with the separators of Excel in this language."""
    has_decimal_comma = language in _COMMA_IS_DECIMAL
    out = StringIO(newline="")
    writer = csv.writer(out, delimiter=";" if has_decimal_comma else ",", lineterminator="\r\n")
    for row in (sheet.head, *sheet.rows):
        writer.writerow([_csv_text(cell, has_decimal_comma=has_decimal_comma) for cell in row])
    return (BYTE_ORDER_MARK + out.getvalue()).encode()


def _csv_text(cell: Cell, *, has_decimal_comma: bool) -> str:
    match cell:
        case None:
            return ""
        case str():
            return f"'{cell}" if is_formula(cell) else cell
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M}"
        case float():
            text = f"{cell:.1f}"
            return text.replace(".", ",") if has_decimal_comma else text
    return str(cell)


def to_xlsx(sheet: Sheet) -> bytes:
    """The table as an XLSX file, whose texts stay texts when they are edited."""
    # 2 MB, in every web process: the first file loads it, in the thread that writes it.
    from xlsxwriter import Workbook

    out = BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        page: Any = book.add_worksheet(_sheet_name(sheet.name))
        head, as_text = book.add_format({"bold": True}), book.add_format({"quote_prefix": True})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for column, title in enumerate(sheet.head):
            page.write_string(0, column, title, head)
            page.set_column(column, column, _width(sheet, column))
        for number, row in enumerate(sheet.rows, 1):
            for column, cell in enumerate(row):
                match cell:
                    case None:
                        continue
                    case str():
                        page.write_string(number, column, cell, as_text if is_formula(cell) else None)
                    case datetime():
                        page.write_datetime(number, column, cell, moment)
                    case date():
                        page.write_datetime(number, column, cell, day)
                    case _:
                        page.write_number(number, column, cell)
        page.freeze_panes(1, 0)
    return out.getvalue()


def _sheet_name(name: str) -> str:
    """A name that Excel takes for a sheet."""
    return (
        "".join("-" if letter in "[]:*?/\\" else letter for letter in name)[:_SHEET_NAME_MAX].strip("'")
        or "1"
    )


def _width(sheet: Sheet, column: int) -> int:
    cells = (sheet.head[column], *(row[column] for row in sheet.rows))
    longest = max(16 if isinstance(cell, datetime) else len(str(cell or "")) for cell in cells)
    return min(longest + 2, _WIDTH_MAX)
