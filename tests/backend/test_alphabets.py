"""Names in the order of the reader's language, and found without accents (decision 0035)."""

from typing import Any

import pytest

from backend import db
from backend.alphabets import fold, fold_sql, order_sql, sort_key

NAMES = [
    "Zoe", "Äijä", "Aino", "Öhman", "Åke", "anna", "Étienne", "Eva", "Ülle", "Yrjö", "Žan", "Øystein",
    "Ёлка", "Елена", "Жанна", "Йод", "Иван", "Кот", "Яна", "Łukasz", "Laura", "Lz",
]  # fmt: skip
ORDERS = {
    "en": [
        "Äijä", "Aino", "Åke", "anna", "Étienne", "Eva", "Laura", "Łukasz", "Lz", "Öhman", "Øystein", "Ülle",
        "Yrjö", "Žan", "Zoe", "Елена", "Ёлка", "Жанна", "Иван", "Йод", "Кот", "Яна",
    ],
    "fi": [
        "Aino", "anna", "Étienne", "Eva", "Laura", "Łukasz", "Lz", "Ülle", "Yrjö", "Žan", "Zoe", "Åke", "Äijä",
        "Öhman", "Øystein", "Елена", "Ёлка", "Жанна", "Иван", "Йод", "Кот", "Яна",
    ],
    "ru": [
        "Елена", "Ёлка", "Жанна", "Иван", "Йод", "Кот", "Яна", "Äijä", "Aino", "Åke", "anna", "Étienne", "Eva",
        "Laura", "Łukasz", "Lz", "Öhman", "Øystein", "Ülle", "Yrjö", "Žan", "Zoe",
    ],
}  # fmt: skip


@pytest.mark.parametrize("language", ORDERS)
async def test_names_are_in_the_order_of_the_language(language: str, database: Any) -> None:
    """X10: in SQL, where lists are paged, and in Python alike."""
    found = await db.rows(
        f"SELECT name FROM unnest($1::text[]) AS name ORDER BY {order_sql('name', language)}", NAMES
    )
    assert [row["name"] for row in found] == ORDERS[language]
    assert sorted(NAMES, key=lambda name: sort_key(name, language)) == ORDERS[language]


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Väinö", "vaino"),
        ("JOSÉ", "jose"),
        ("Łukasz Ødegård", "lukasz odegard"),
        ("Groß", "gross"),
        ("Алёна", "алена"),
        ("Va\u0308ino\u0308", "vaino"),  # stored before names were in NFC
        ("Nguyễn", "nguyen"),
        ("דנה", "דנה"),
        ("", ""),
    ],
)
async def test_a_search_ignores_accents_and_case(name: str, folded: str, database: Any) -> None:
    assert fold(name) == folded
    assert await db.value(f"SELECT {fold_sql('$1::text')}", name) == folded
