"""Members in the order of their names, from an index in each language"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T14:32:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Members in the order of their names, from an index in each language"

# The terms of `order_sql` in `backend/alphabets.py`, as they were then.
_STROKED = "translate(lower({name}), 'øłđħŧı', 'oldhti')"
_KEY = (
    "(CASE WHEN octet_length(display_name) = length(display_name) THEN lower(display_name)"
    f" ELSE normalize(regexp_replace(normalize({_STROKED}, NFD),"
    " '[\u0300-\u0305\u0307-\u036f]|(?<![иИ])\u0306', '', 'g'), NFC) END) COLLATE \"C\""
)
BY_LETTERS = _KEY.format(name="translate(normalize(display_name, NFC), '', '')")
FINNISH = _KEY.format(name="translate(normalize(display_name, NFC), 'åäöæøüÅÄÖÆØÜ', '{|}|}y{|}|}y')")

ONLINE = (
    "ALTER TABLE memberships VALIDATE CONSTRAINT memberships_display_name_check",
    f"CREATE INDEX CONCURRENTLY memberships_names_en_idx ON memberships (account_id, ({BY_LETTERS}), id)"
    " WHERE left_at IS NULL",
    f"CREATE INDEX CONCURRENTLY memberships_names_fi_idx ON memberships (account_id, ({FINNISH}), id)"
    " WHERE left_at IS NULL",
    "CREATE INDEX CONCURRENTLY memberships_names_ru_idx ON memberships"
    f" (account_id, ({BY_LETTERS} !~ '^[а-яё]'), ({BY_LETTERS}), id) WHERE left_at IS NULL",
    "CREATE INDEX CONCURRENTLY memberships_organisers_idx ON memberships (account_id)"
    " WHERE left_at IS NULL AND role <> 'MEMBER'",
    "CREATE INDEX CONCURRENTLY memberships_electors_idx ON memberships (account_id)"
    " WHERE user_id IS NOT NULL AND left_at IS NULL AND visitor_since IS NULL",
    "CREATE INDEX CONCURRENTLY memberships_former_electors_idx ON memberships (account_id)"
    " WHERE user_id IS NOT NULL AND (left_at IS NOT NULL OR visitor_since IS NOT NULL)",
    "CREATE INDEX CONCURRENTLY poll_votes_in_order_idx ON poll_votes (option_id, answer, at, id)",
)

# That no name is null was checked before, so nothing is read here.
FORWARDS = """
ALTER TABLE memberships ALTER COLUMN display_name SET NOT NULL;
ALTER TABLE memberships DROP CONSTRAINT memberships_display_name_check;
"""

BACKWARDS = """
DROP INDEX memberships_names_en_idx, memberships_names_fi_idx, memberships_names_ru_idx, memberships_organisers_idx,
    memberships_electors_idx, memberships_former_electors_idx, poll_votes_in_order_idx;
ALTER TABLE memberships
    ALTER COLUMN display_name DROP NOT NULL,
    ADD CONSTRAINT memberships_display_name_check CHECK (display_name IS NOT NULL);
"""


async def run(script: str) -> None:
    engine = engine_finder()
    assert engine is not None
    await engine.current_transaction.get().connection.execute(script)


async def up() -> None:
    await run(FORWARDS)


async def down() -> None:
    await run(BACKWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="emerald", description=DESCRIPTION)
    manager.add_raw(up)
    manager.add_raw_backwards(down)
    return manager
