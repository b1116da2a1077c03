"""What a process does to a database of its own: takes the steps of migration, and takes them back."""

from typing import Any

from backend import db
from emerald.migrate import migrate, pending, undo_all

# Everything that makes up the tables, in words that do not depend on internal numbers.
FINGERPRINT = """
SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
    || coalesce(column_default, '') || ' ' || is_identity
FROM information_schema.columns WHERE table_schema = current_schema()
UNION ALL SELECT 'constraint ' || conrelid::regclass || '.' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = current_schema()
UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
UNION ALL SELECT 'view ' || viewname || definition FROM pg_views WHERE schemaname = current_schema()
UNION ALL SELECT 'options ' || relname || array_to_string(reloptions, ',') FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND reloptions IS NOT NULL
ORDER BY 1
"""


async def step(task: dict[str, Any]) -> list[str]:
    """Go `up` or `down`, or give what is `there` or `missing`."""
    match task["do"]:
        case "up":
            return await migrate()
        case "down":
            await undo_all()
            return []
        case "missing":
            return await pending()
    return [row[0] for row in await db.rows(FINGERPRINT)]
