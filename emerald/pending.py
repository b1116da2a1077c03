"""Which migrations the database does not have yet; read without Piccolo, which takes 9 MB of a web process."""

import re
from functools import cache
from pathlib import Path

from backend import db

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_ID = re.compile(r'^ID = "([^"]+)"$', re.MULTILINE)


@cache
def migration_ids() -> tuple[str, ...]:
    """The ids of all migrations of this version, in their order."""
    texts = [path.read_text("utf-8") for path in MIGRATIONS.glob("emerald_*.py")]
    return tuple(sorted(found[1] for text in texts for found in _ID.finditer(text)))


async def pending() -> list[str]:
    """The ids of the migrations that the database does not have yet, in their order."""
    has_table = await db.value("SELECT to_regclass('migration') IS NOT NULL")
    done = await db.rows("SELECT name FROM migration WHERE app_name = 'emerald'") if has_table else []
    names = {row["name"] for row in done}
    return [migration_id for migration_id in migration_ids() if migration_id not in names]
