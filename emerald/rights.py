"""What each role may do in the database (`B8`): owner, app, archiver, reader and backup.

`emerald create-roles` makes the roles; after each migration the owner grants their rights anew, so that a new
table has them too. Tables that nobody has listed yet have the default rights, without DELETE.
"""

from backend import db
from backend.archive import ARCHIVED
from backend.db import SESSION

OWNER, APP, ARCHIVER, READER = ROLES = (
    "emerald_owner",
    "emerald_app",
    "emerald_archiver",
    "emerald_reader",
)
# Copies the whole server as it lies on the disk, and reads or changes no table. Only a superuser makes it.
BACKUP = "emerald_backup"
BACKUP_MEMBERSHIPS = ("pg_read_all_settings", "pg_read_all_stats", "pg_checkpoint")
BACKUP_FUNCTIONS = (
    "pg_backup_start(text, boolean)",
    "pg_backup_stop(boolean)",
    "pg_switch_wal()",
    "pg_create_restore_point(text)",
)

# Written once (`B8`): the application adds rows and never changes or deletes them; the archiver moves them.
LOGS = ("event_participation_log", "audit_log")
# The tables that a statement of the application deletes rows of.
DELETED_FROM = (
    "absences",
    "announcement_groups",
    "announcements",
    "calendar_feeds",
    "cards",
    "conversations",
    "due_command_lists",
    "event_instances",
    "former_calendar_feeds",
    "group_members",
    "group_topics",
    "groups",
    "held_replies",
    "poll_votes",
    "rate_limits",
    "regulars",
    "schedule",
    "seat_claims",
    "shared_cards",
    "shown_lists",
    "sign_ins",
    "telegram_updates",
    "web_sessions",
)
# What lets somebody in, if only as a hash: no business of whoever reads or archives.
SECRETS = ("api_keys", "calendar_feeds", "former_calendar_feeds", "sign_ins", "web_sessions")
# Written by migrations only.
STEPS = ("migration", "schema_migrations")

DEFAULTS = {APP: "SELECT, INSERT, UPDATE", ARCHIVER: "SELECT", READER: "SELECT"}

# What holds for each session of a role, however it connects. The search path is added.
GUARDS: dict[str, dict[str, str]] = {
    OWNER: {"lock_timeout": "5s", "timezone": "UTC"},
    APP: {**SESSION, "timezone": "UTC"},
    ARCHIVER: {
        "lock_timeout": "5s",
        "statement_timeout": "5min",
        "idle_in_transaction_session_timeout": "30s",
        "timezone": "UTC",
    },
    READER: {
        "lock_timeout": "5s",
        "statement_timeout": "1min",
        "idle_in_transaction_session_timeout": "1min",
        "timezone": "UTC",
        "default_transaction_read_only": "on",
    },
    BACKUP: {"lock_timeout": "5s", "timezone": "UTC", "default_transaction_read_only": "on"},
}

TABLES = """
SELECT relname AS name, quote_ident(relname) AS quoted FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
    AND pg_has_role(relowner, 'USAGE') ORDER BY relname
"""


def rights_of(role: str, table: str) -> str:
    """What a role may do with a table, as in GRANT; "" for nothing."""
    if role == APP:
        if table in STEPS or table.endswith("_archive"):
            return "SELECT"
        if table in LOGS:
            return "SELECT, INSERT"
        return DEFAULTS[APP] + (", DELETE" if table in DELETED_FROM else "")
    if table in SECRETS:
        return ""
    if role == ARCHIVER and table == "poll_options":
        return "SELECT, UPDATE"  # a date that moves for good is no poll's any more (`A13`)
    if role == ARCHIVER and table in (*LOGS, *ARCHIVED):
        return "SELECT, DELETE"
    if role == ARCHIVER and table.endswith("_archive"):
        return "SELECT, INSERT, DELETE"
    return DEFAULTS[role]


async def grant_rights() -> None:
    """Give each role its rights on every table of the schema, and take all others. Called inside a
    transaction of the tables' owner. Does nothing where there are no such roles."""
    there = {row[0] for row in await db.rows("SELECT rolname FROM pg_roles WHERE rolname = ANY($1)", ROLES)}
    if not there.issuperset(ROLES):
        return
    script = []
    for table in await db.rows(TABLES):
        script.append(f"REVOKE ALL ON {table['quoted']} FROM PUBLIC, {APP}, {ARCHIVER}, {READER}")
        rights = {role: rights_of(role, table["name"]) for role in DEFAULTS}
        script += [f"GRANT {what} ON {table['quoted']} TO {role}" for role, what in rights.items() if what]
    if script:
        await db.execute("; ".join(script))
