"""Rows of people."""

from piccolo.columns import (
    Array,
    BigInt,
    BigSerial,
    Boolean,
    ForeignKey,
    Integer,
    Text,
    Timestamptz,
)
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.engine import DB


class TelegramUser(Table, tablename="telegram_users", db=DB):
    """A person of Telegram. `zone` and `reminder_leads` are None until they choose (`M5`).

    An erased person (`A7`) keeps the row, without `telegram_id` and name, for what they counted for.
    """

    id = BigSerial(primary_key=True)
    telegram_id = BigInt(null=True, default=None)
    first_name = Text(default=None)
    last_name = Text(default="")
    username = Text(default="")
    language = Text(default="en")
    language_chosen = Boolean(default=False)
    zone = Text(null=True, default=None)
    may_write_at = Timestamptz(null=True, default=None)
    blocked_at = Timestamptz(null=True, default=None)
    session_version = Integer(default=1)
    signed_out_at = Timestamptz(null=True, default=None)
    reminder_leads = Array(base_column=Integer(), null=True, default=None)
    leads_chosen_at = Timestamptz(null=True, default=None)
    muted_kinds = Array(base_column=Text(), default=[])
    created_at = Timestamptz(default=None)
    seen_at = Timestamptz(default=None)
    erased_at = Timestamptz(null=True, default=None)


class WebSession(Table, tablename="web_sessions", db=DB):
    """A browser that is signed in to the dashboard. Only the SHA-256 of the cookie's token is stored. `confirmed_at` is
    when Telegram said who it is, where that was before `created_at`."""

    id = BigSerial(primary_key=True)
    token_hash = Text(default=None)
    user_id = ForeignKey(TelegramUser, null=False, on_delete=OnDelete.cascade)
    browser = Text(default=None)
    created_at = Timestamptz(default=None)
    seen_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    revoked_at = Timestamptz(null=True, default=None)
    confirmed_at = Timestamptz(null=True, default=None)


class SignIn(Table, tablename="sign_ins", db=DB):
    """A one-use link from a browser to the bot, bound to that browser, which shows `number`; the bot asks for
    it among `numbers`. One from the Mini App to a browser has no number and is confirmed from the start.
    `address_hash` is of the address or the known browser that is counted (`X7`), and keyed, so that it
    reveals neither."""

    id = BigSerial(primary_key=True)
    key_hash = Text(default=None)
    browser_hash = Text(default=None)
    browser = Text(default=None)
    created_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    user_id = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.cascade)
    confirmed_at = Timestamptz(null=True, default=None)
    refused_at = Timestamptz(null=True, default=None)
    used_at = Timestamptz(null=True, default=None)
    address_hash = Text(default="")
    number = Integer(null=True, default=None)
    numbers = Array(base_column=Integer(), default=[])


class RateLimitUse(Table, tablename="rate_limits", db=DB):
    """How often a person has done something limited since its window began (`X7`). The key is (user_id, name)."""

    user_id = ForeignKey(TelegramUser, null=False, primary_key=True, on_delete=OnDelete.cascade)
    name = Text(default=None)
    since = Timestamptz(default=None)
    used = Integer(default=None)


class CalendarFeed(Table, tablename="calendar_feeds", db=DB):
    """The address at which calendars follow a person's dates. Its token is stored as SHA-256, and as a `seed`
    that yields it again with the application's secret key. `asked` counts requests since `asked_since`
    (`X7`); `mark` is the last etag."""

    id = BigSerial(primary_key=True)
    user_id = ForeignKey(TelegramUser, null=False, on_delete=OnDelete.cascade)
    seed = Text(default=None)
    token_hash = Text(default=None)
    created_at = Timestamptz(default=None)
    mark = Text(default="")
    changed_at = Timestamptz(default=None)
    asked_at = Timestamptz(null=True, default=None)
    asked_since = Timestamptz(default=None)
    asked = Integer(default=0)


class FormerCalendarFeed(Table, tablename="former_calendar_feeds", db=DB):
    """The address of a feed that was renewed or turned off, as the SHA-256 of its token; whose it was is forgotten."""

    token_hash = Text(primary_key=True, default=None)
    language = Text(default=None)
    ended_at = Timestamptz(default=None)


class DueCommandListRow(Table, tablename="due_command_lists", db=DB):
    """A private chat whose list of commands is to be set. The key is Telegram's id of the person, which stays here for a day at
    most, also when they are erased."""

    chat_id = BigInt(primary_key=True, default=None)
    due_at = Timestamptz(default=None)
    marked_at = Timestamptz(default=None)


class TelegramUpdate(Table, tablename="telegram_updates", db=DB):
    """An update that was claimed for handling (`X2`). The key is (bot_id, update_id). `again_at` is when it may be claimed
    again, until one that nobody waits for was handled."""

    bot_id = BigInt(primary_key=True, default=None)
    update_id = BigInt(default=None)
    seen_at = Timestamptz(default=None)
    again_at = Timestamptz(null=True, default=None)
