"""What members are called, beside their membership, so that lists are read in order from an index"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T14:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = (
    "What members are called, beside their membership, so that lists are read in order from an index"
)

# The terms of `order_sql` in `backend/alphabets.py`, as they were then.
_STROKED = "translate(lower({name}), 'øłđħŧı', 'oldhti')"
_KEY = (
    "(CASE WHEN octet_length(display_name) = length(display_name) THEN lower(display_name)"
    f" ELSE normalize(regexp_replace(normalize({_STROKED}, NFD),"
    " '[\u0300-\u0305\u0307-\u036f]|(?<![иИ])\u0306', '', 'g'), NFC) END) COLLATE \"C\""
)
BY_LETTERS = _KEY.format(name="translate(normalize(display_name, NFC), '', '')")
FINNISH = _KEY.format(name="translate(normalize(display_name, NFC), 'åäöæøüÅÄÖÆØÜ', '{|}|}y{|}|}y')")

# Telegram's names are shorter than 200 characters; an index takes no more than 2,700 bytes.
FORWARDS = f"""
ALTER TABLE memberships ADD COLUMN display_name text NOT NULL DEFAULT '';

CREATE FUNCTION write_display_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.display_name = left(NEW.name, 200);
    IF NEW.name = '' AND NEW.user_id IS NOT NULL THEN
        -- The lock: whoever is renaming them now either waits for this row, or is waited for.
        SELECT left(trim(first_name || ' ' || last_name), 200) INTO STRICT NEW.display_name
            FROM telegram_users WHERE id = NEW.user_id FOR SHARE;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER memberships_display_name BEFORE INSERT ON memberships
    FOR EACH ROW EXECUTE FUNCTION write_display_name();
CREATE TRIGGER memberships_new_display_name BEFORE UPDATE ON memberships FOR EACH ROW
    WHEN (NEW.name IS DISTINCT FROM OLD.name OR NEW.user_id IS DISTINCT FROM OLD.user_id)
    EXECUTE FUNCTION write_display_name();

CREATE FUNCTION write_display_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE memberships SET display_name = left(trim(NEW.first_name || ' ' || NEW.last_name), 200)
        WHERE user_id = NEW.id AND name = '';
    RETURN NULL;
END $$;
CREATE TRIGGER telegram_users_display_name AFTER UPDATE ON telegram_users FOR EACH ROW
    WHEN (NEW.first_name IS DISTINCT FROM OLD.first_name OR NEW.last_name IS DISTINCT FROM OLD.last_name)
    EXECUTE FUNCTION write_display_names();

UPDATE memberships m SET display_name = left(coalesce(nullif(m.name, ''),
    (SELECT trim(u.first_name || ' ' || u.last_name) FROM telegram_users u WHERE u.id = m.user_id), ''), 200);

CREATE INDEX memberships_names_en_idx ON memberships (account_id, ({BY_LETTERS}), id) WHERE left_at IS NULL;
CREATE INDEX memberships_names_fi_idx ON memberships (account_id, ({FINNISH}), id) WHERE left_at IS NULL;
CREATE INDEX memberships_names_ru_idx ON memberships (account_id, ({BY_LETTERS} !~ '^[а-яё]'), ({BY_LETTERS}), id)
    WHERE left_at IS NULL;
CREATE INDEX memberships_organisers_idx ON memberships (account_id) WHERE left_at IS NULL AND role <> 'MEMBER';
CREATE INDEX memberships_electors_idx ON memberships (account_id)
    WHERE user_id IS NOT NULL AND left_at IS NULL AND visitor_since IS NULL;
CREATE INDEX memberships_former_electors_idx ON memberships (account_id)
    WHERE user_id IS NOT NULL AND (left_at IS NOT NULL OR visitor_since IS NOT NULL);
CREATE INDEX poll_votes_in_order_idx ON poll_votes (option_id, answer, at, id);
"""

BACKWARDS = """
DROP TRIGGER telegram_users_display_name ON telegram_users;
DROP TRIGGER memberships_display_name ON memberships;
DROP TRIGGER memberships_new_display_name ON memberships;
DROP FUNCTION write_display_name(), write_display_names();
ALTER TABLE memberships DROP COLUMN display_name;
DROP INDEX memberships_organisers_idx, memberships_electors_idx, memberships_former_electors_idx, poll_votes_in_order_idx;
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
