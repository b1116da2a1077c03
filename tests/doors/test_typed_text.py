"""What people type is cleaned at every door (`X10`): forms, commands, updates, the command line.

Each test goes through one door with a dirty text, then looks at all texts of the database.
"""

import json
import unicodedata
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiogram.types import Update

from backend import clock, db
from backend.typed_text import clean_line, clean_lines, is_visible
from tests.telegram import Telegram
from tests.webapp.conftest import init_data, launch_of
from tests.workers import command

DIRTY = " A\u030ase\u2028\x85 hall\u202e\r\n\u2029B \x9f "
LINE, LINES = "Åse hall B", "Åse\n\n hall\n\nB"
INVISIBLE = "\u3164\u200b\u2800\u2028"

# Texts that nobody types: codes, states, names of zones and kinds, hashes, what the program itself writes.
OURS = {
    "absences": {"kind"},
    "accounts": {"zone", "language"},
    "announcements": {"state", "parts"},
    "api_keys": {"key_hash", "ending", "role"},
    "audit_log": {"verb", "object"},
    "backup_status": {"error"},
    "bookings": {"answer"},
    "calendar_feeds": {"seed", "token_hash", "mark"},
    "cards": {"state", "digest", "error", "trouble"},
    "event_instances": {"code", "zone", "state"},
    "event_participation_log": {"via", "verb"},
    "event_series": {"zone", "visibility", "zone_data"},
    "held_replies": {"method", "payload", "file_name"},  # what the bot wrote
    "former_calendar_feeds": {"token_hash", "language"},
    "groups": {"health"},
    "leases": {"name", "holder"},
    "memberships": {"role", "joined_through", "display_name"},  # the name is made of columns that have doors
    "messages": {"kind", "dedupe", "state", "error", "cause"},
    "operation_runs": {"name"},
    "poll_options": {"zone", "zone_data"},
    "poll_votes": {"answer"},
    "polls": {"code", "kind", "results"},
    "rate_limits": {"name"},
    "schedule": {"name", "error"},
    "shared_cards": {"inline_message_id", "digest", "error"},
    "shown_lists": {"name", "codes"},
    "conversations": {"kind", "step", "answers"},
    "sign_ins": {"key_hash", "browser_hash", "browser", "address_hash"},
    "telegram_users": {"language", "zone", "muted_kinds"},
    "web_sessions": {"token_hash", "browser"},
}

Door = Callable[["Doors", str], Awaitable[Any]]


class Doors:
    """The club, and each door with somebody in it."""

    def __init__(
        self, account: Any, people: Any, telegram: Telegram, dashboard: Any, app: Any, code: str
    ) -> None:
        self.account, self.olga, self.telegram = account, people["olga"], telegram
        self.dashboard, self.app, self.code = dashboard, app, code
        self._update = 9_000

    async def update(self, **content: Any) -> None:
        """Telegram delivers an update, with texts as no client of Telegram's would send them."""
        self._update += 1
        update = Update.model_validate({"update_id": self._update, **content})
        await self.telegram.dispatcher.feed_update(self.telegram.bot, update)

    async def message(self, chat: dict[str, Any], first_name: str = "Olga", **content: Any) -> None:
        who = {"id": self.olga.telegram_id, "is_bot": False, "first_name": first_name}
        await self.update(message={"message_id": 1, "date": 1, "from": who, "chat": chat, **content})

    @property
    def private(self) -> dict[str, Any]:
        return {"id": self.olga.telegram_id, "type": "private"}

    def group(self, title: str = "Kallio Yoga") -> dict[str, Any]:
        return {"id": self.account.chat_id, "type": "supergroup", "title": title, "is_forum": True}


def form_of_series(**typed: str) -> dict[str, str]:
    starts = clock.now() + timedelta(days=4)
    fields = {"title": "Sauna", "zone": "Europe/Helsinki", "starts_on": f"{starts:%Y-%m-%d}"}
    return {**fields, "starts_time": "18:00", "duration_minutes": "60", **typed}


def series_field(name: str) -> Door:
    async def door(doors: Doors, typed: str) -> None:
        await doors.dashboard.post("/dashboard/series", **form_of_series(**{name: typed}))

    return door


async def series_in_app(doors: Doors, typed: str) -> None:
    await doors.app.ask("POST", "/app/series", data=form_of_series(title=typed))


async def series_by_command(doors: Doors, typed: str) -> None:
    series = await db.value("SELECT id FROM event_series")
    await command("series", "edit", str(series), "--title", typed, "--as", str(doors.olga.telegram_id))


async def instance_by_command(doors: Doors, typed: str) -> None:
    series = await db.value("SELECT id FROM event_series")
    only = ("series", "edit", str(series), "--only", doors.code, "--place", typed)
    await command(*only, "--as", str(doors.olga.telegram_id))


async def question(doors: Doors, typed: str) -> None:
    await doors.dashboard.post("/dashboard/polls", question=typed, option=["Tea", "Coffee"], kind="single")


async def option(doors: Doors, typed: str) -> None:
    await doors.dashboard.post("/dashboard/polls", question="What?", option=[typed, "Coffee"], kind="single")


async def option_by_command(doors: Doors, typed: str) -> None:
    asked = ("create-poll", "--account", "Kallio Yoga", "--question", "What?", "--option", "Tea")
    await command(*asked, "--option", typed, "--as", str(doors.olga.telegram_id))


async def account_name(doors: Doors, typed: str) -> None:
    await doors.dashboard.post("/dashboard/settings/club", name=typed, zone="Europe/Helsinki", language="en")


async def key_label(doors: Doors, typed: str) -> None:
    await doors.dashboard.post("/dashboard/keys", label=typed, role="MEMBER", uses="1")


async def reason(doors: Doors, typed: str) -> None:
    await doors.dashboard.post(f"/dashboard/events/{doors.code}/cancellation", reason=typed)


async def reason_in_app(doors: Doors, typed: str) -> None:
    await doors.app.ask("POST", f"/app/events/{doors.code}/cancellation", data={"reason": typed})


async def named_member(doors: Doors, typed: str) -> None:
    await doors.app.ask("POST", f"/app/events/{doors.code}/attendance", data={"name": typed, "guests": "0"})


async def guest_name(doors: Doors, typed: str) -> None:
    party = {"guests": "1", "name": typed}
    await doors.app.ask("POST", f"/app/events/{doors.code}/booking", data=party)


async def note(doors: Doors, typed: str) -> None:
    party = await db.value("SELECT membership_id FROM bookings")
    await doors.dashboard.post(f"/dashboard/events/{doors.code}/bookings/{party}", guests="0", note=typed)


async def announcement(doors: Doors, typed: str) -> None:
    text = f"/announce {typed}"
    entities = [{"type": "bot_command", "offset": 0, "length": 9}]
    await doors.message(doors.private, text=text, entities=entities)


async def announcement_by_command(doors: Doors, typed: str) -> None:
    told = ("announce", "--account", "Kallio Yoga", "--members", "--text", typed)
    await command(*told, "--as", str(doors.olga.telegram_id))


async def first_name(doors: Doors, typed: str) -> None:
    await doors.message(doors.private, first_name=typed, text="hi")


async def first_name_in_app(doors: Doors, typed: str) -> None:
    raw = init_data(launch_of(doors.olga.telegram_id, typed))
    await doors.app.web.post("/app/session", headers={"Authorization": f"tma {raw}"})


async def group_title(doors: Doors, typed: str) -> None:
    await doors.message(doors.group(), new_chat_title=typed)


async def topic_name(doors: Doors, typed: str) -> None:
    topic = {"name": typed, "icon_color": 7322096}
    await doors.message(doors.group(), message_thread_id=5, is_topic_message=True, forum_topic_created=topic)


# Where each door writes to, with the text that stands there afterwards.
DOORS: list[tuple[str, str, Door]] = [
    ("event_series.title", LINE, series_field("title")),
    ("event_series.title", LINE, series_in_app),
    ("event_series.title", LINE, series_by_command),
    ("event_series.place", LINE, series_field("place")),
    ("event_series.description", LINES, series_field("description")),
    ("event_instances.place", LINE, instance_by_command),
    ("event_instances.cancel_reason", LINE, reason),
    ("event_instances.cancel_reason", LINE, reason_in_app),
    ("audit_log.detail", LINE, reason),
    ("messages.detail", LINE, reason),
    ("polls.question", LINE, question),
    ("poll_options.text", LINE, option),
    ("poll_options.text", LINE, option_by_command),
    ("accounts.name", LINE, account_name),
    ("api_keys.label", LINE, key_label),
    ("memberships.name", LINE, named_member),
    ("bookings.guest_names", LINE, guest_name),
    ("bookings.note", LINE, note),
    ("announcements.text", LINES, announcement),
    ("announcements.text", LINES, announcement_by_command),
    ("telegram_users.first_name", LINE, first_name),
    ("telegram_users.first_name", LINE, first_name_in_app),
    ("groups.title", LINE, group_title),
    ("group_topics.name", LINE, topic_name),
]
# Columns that the same code cleans as another one here does; a rule is read by a grammar of its own (RFC 5545), and
# shown to nobody.
CLEANED_BESIDE = {
    "event_series.emoji",
    "event_series.map_url",
    "event_series.rule",
    "event_instances.title",
    "event_instances.emoji",
    "event_instances.description",
    "event_instances.map_url",
    "maintenance.message",
    "telegram_users.last_name",
    "telegram_users.username",
}
NAMES = [f"{door.__name__}: {column}" for column, _, door in DOORS]


async def text_columns() -> list[str]:
    rows = await db.rows(
        "SELECT table_name || '.' || column_name AS name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND (data_type IN ('text', 'character varying', 'jsonb')"
        " OR udt_name IN ('_text', '_varchar')) AND table_name NOT LIKE '%\\_archive'"
        " AND table_name NOT IN ('migration', 'schema_migrations', 'all_event_instances')"
    )
    return [row["name"] for row in rows]


async def stored_texts() -> list[tuple[str, str]]:
    """Each text of the database with its column; of a JSON value or an array each text in it."""
    found = []
    for column in await text_columns():
        table, name = column.split(".")
        for row in await db.rows(
            f'SELECT to_jsonb("{name}") AS it FROM "{table}" WHERE "{name}" IS NOT NULL'
        ):
            found += [(column, text) for text in texts_in(json.loads(row["it"]))]
    return found


def texts_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for each in value for text in texts_in(each)]
    return [value] if isinstance(value, str) else []


@pytest.fixture
async def doors(
    account: Any,
    people: Any,
    telegram: Telegram,
    dashboard: Any,
    app_of: Any,
    instance: Callable[..., Awaitable[str]],
    alice: Any,
) -> Doors:
    from backend.bookings.actions import book
    from backend.seats.requests import Via

    code = await instance()
    await book(code, alice, via=Via.MINIAPP)
    return Doors(account, people, telegram, dashboard, await app_of(people["olga"]), code)


@pytest.mark.parametrize(("column", "clean", "door"), DOORS, ids=NAMES)
async def test_a_door_cleans_what_comes_in(doors: Doors, column: str, clean: str, door: Door) -> None:
    await door(doors, DIRTY)
    texts = await stored_texts()
    assert clean in [text for where, text in texts if where == column]
    for where, text in texts:
        assert unicodedata.is_normalized("NFC", text), where
        assert text == clean_lines(text), (where, text)
        assert "\n" not in text or where in ("announcements.text", "event_series.description"), (where, text)


@pytest.mark.parametrize(("column", "clean", "door"), DOORS, ids=NAMES)
async def test_a_door_takes_nothing_that_cannot_be_seen(
    doors: Doors, column: str, clean: str, door: Door
) -> None:
    await door(doors, INVISIBLE)
    assert [(where, text) for where, text in await stored_texts() if text and not is_visible(text)] == []


async def test_every_column_with_text_has_its_door(world: None) -> None:
    """A new column is ours, or has a door above."""
    ours = {f"{table}.{column}" for table, columns in OURS.items() for column in columns}
    cleaned = {column for column, _, _ in DOORS} | CLEANED_BESIDE
    assert set(await text_columns()) - ours == cleaned


async def test_words_that_are_searched_for_are_cleaned_too(doors: Doors) -> None:
    from backend.search import search_words

    assert search_words(DIRTY) == clean_line(DIRTY).lower().split()
    await series_field("title")(doors, "Åsa’s sauna")
    found = await doors.app.get("/app/events", params={"q": "A\u030asa\u2028"})
    assert "Åsa’s sauna" in found.text
