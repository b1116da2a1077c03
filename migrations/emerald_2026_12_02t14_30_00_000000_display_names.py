"""What members are called, beside their membership"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T14:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What members are called, beside their membership"

# Telegram's names are shorter than 200 characters; an index takes no more than 2,700 bytes.
FORWARDS = """
-- Null is a row that the next step has not reached yet.
ALTER TABLE memberships ADD COLUMN display_name text;

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
"""

BACKWARDS = """
DROP TRIGGER telegram_users_display_name ON telegram_users;
DROP TRIGGER memberships_display_name ON memberships;
DROP TRIGGER memberships_new_display_name ON memberships;
DROP FUNCTION write_display_name(), write_display_names();
ALTER TABLE memberships DROP COLUMN display_name;
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
