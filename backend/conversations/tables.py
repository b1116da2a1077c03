"""Table of conversations that are under way."""

from piccolo.columns import JSONB, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.engine import DB
from backend.people.tables import TelegramUser


class ConversationRow(Table, tablename="conversations", db=DB):
    """What a person has answered so far. The key is (user_id, kind); `token` is another after each answer."""

    user_id = ForeignKey(TelegramUser, null=False, primary_key=True, on_delete=OnDelete.cascade)
    kind = Text(default=None)
    step = Text(default=None)
    answers = JSONB(default=None)
    token = Integer(default=None)
    answered_at = Timestamptz(default=None)
    reminded_at = Timestamptz(null=True, default=None)
