"""Rows of audit."""

from piccolo.columns import JSONB, BigInt, BigSerial, Text, Timestamptz
from piccolo.table import Table

from backend.engine import DB


class AuditEntry(Table, tablename="audit_log", db=DB):
    """One action of an organiser. Only the database has the foreign keys to account and person: this slice
    stands below them."""

    id = BigSerial(primary_key=True)
    account_id = BigInt(default=None)
    user_id = BigInt(null=True, default=None)
    verb = Text(default=None)
    object = Text(default=None)
    detail = JSONB(default=None)
    at = Timestamptz(default=None)
