"""One small world: Olga organises, Alice and Bob are members, Charlie is a stranger. A real PostgreSQL stands
under it.

The server is thrown away at the end; `TEST_DATABASE_URL` names another one to use instead (its tables are
emptied). `runner.py` decides which tests run and in which order.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

import bot as bot  # before aiogram, whose models are then built when they are used, as in production
from tests import prepared_rows

pytest_plugins = ["tests.runner"]

hypothesis_settings.register_profile(
    "emerald", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("emerald")

BOT_TOKEN = "42:TEST_TOKEN_OF_NO_BOT"
_stack = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Settings are read on import, so the environment is set before anything of ours is imported."""
    from backend import embedded
    from tests import runner

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # the loop that production runs on

    if runner.runs_no_test(config) or config.getoption("--pure"):
        url = "postgresql://nobody@localhost:1/nothing"
    else:
        url = os.environ.get("TEST_DATABASE_URL") or _stack.enter_context(embedded.throwaway())
    for name in [n for n in os.environ if n.startswith(("TELEGRAM_", "POSTGRES_"))]:
        del os.environ[name]
    if config.getoption("--pure"):
        os.environ["CHROMIUM"] = "/nothing"  # a test that only seems pure fails on every machine
    os.environ.update(
        ENV="test",
        DATABASE_URL=url,
        TELEGRAM_BOT_TOKEN=BOT_TOKEN,
        TELEGRAM_BOT_NAME="emerald_test_bot",
        TELEGRAM_LOGIN_CLIENT_SECRET="of-a-client-in-tests",
        PUBLIC_URL="https://emerald.example",
        SECRET_KEY="only-for-tests-" + "0" * 40,
        LOG_LEVEL="warning",
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    _stack.close()


@pytest.fixture(scope="session")
async def database() -> AsyncIterator[None]:
    """The migrated database, and this process's pool on it."""
    from backend import db
    from emerald.migrate import migrate

    await migrate()
    await db.open_pool(name="emerald-tests")
    yield
    await prepared_rows.close()
    await db.close_pool()


@pytest.fixture
async def world(database: None) -> AsyncIterator[None]:
    """An empty database, and an empty memory of where codes lead."""
    from backend.events import queries as events
    from backend.polls import actions as polls

    await prepared_rows.empty()
    events.addresses.clear()
    polls.addresses.clear()
    yield


@dataclass(frozen=True)
class YogaAccount:
    """The club of the small world."""

    id: int
    key: str
    group_id: int
    chat_id: int


@pytest.fixture
async def people(world: None) -> dict[str, Any]:
    return dict(await prepared_rows.made_once("people", _make_people))


async def _make_people() -> dict[str, Any]:
    from backend.people.actions import TelegramIdentity, register_person

    made = {}
    for number, (name, language) in enumerate(
        [("Olga", "en"), ("Alice", "en"), ("Bob", "en"), ("Charlie", "en"), ("Aino", "fi")], 1001
    ):
        made[name.lower()] = await register_person(
            TelegramIdentity(number, name, language_code=language, may_write=name != "Charlie")
        )
    return made


@pytest.fixture
async def account(people: dict[str, Any]) -> YogaAccount:
    """Kallio Yoga, in Helsinki, with a linked group; Olga owns it, Alice, Bob and Aino are members and in the group."""
    return await prepared_rows.made_once("club", lambda: _make_account(people))


async def _make_account(people: dict[str, Any]) -> YogaAccount:
    from backend import db
    from backend.accounts.actions import create_account
    from backend.accounts.keys import bind_key
    from backend.accounts.memberships import join
    from backend.accounts.rules import JoinedThrough
    from backend.linking.actions import link_group

    made = await create_account("Kallio Yoga", zone="Europe/Helsinki")
    await bind_key(people["olga"], made.key)
    for name in ("alice", "bob", "aino"):
        await join(people[name], made.account_id, through=JoinedThrough.HAND)
    chat_id = -1001000000001
    group = await link_group(people["olga"], made.account_id, chat_id=chat_id, title="Kallio Yoga")
    await are_in_group(group.id, *(people[name] for name in ("alice", "bob", "aino")))
    await db.execute("DELETE FROM due_command_lists")  # the sender has set them by now
    return YogaAccount(made.account_id, made.key, group.id, chat_id)


async def are_in_group(group_id: int, *people: Any) -> None:
    """As Telegram answered a moment ago."""
    from backend import clock, db

    await db.execute(
        "INSERT INTO group_members (account_id, group_id, user_id, present, checked_at)"
        " SELECT account_id, id, unnest($2::bigint[]), true, $3 FROM groups WHERE id = $1"
        " ON CONFLICT ON CONSTRAINT group_members_pkey DO UPDATE SET present = true, checked_at = $3",
        group_id,
        [person.id for person in people],
        clock.now(),
    )


@pytest.fixture
def olga(people: dict[str, Any], account: YogaAccount) -> Any:
    return people["olga"]


@pytest.fixture
def alice(people: dict[str, Any], account: YogaAccount) -> Any:
    return people["alice"]


@pytest.fixture
def bob(people: dict[str, Any], account: YogaAccount) -> Any:
    return people["bob"]


@pytest.fixture
def aino(people: dict[str, Any], account: YogaAccount) -> Any:
    """A member who reads Finnish."""
    return people["aino"]


@pytest.fixture
def charlie(people: dict[str, Any], account: YogaAccount) -> Any:
    """A stranger: in no club."""
    return people["charlie"]


@pytest.fixture
def series(olga: Any, account: YogaAccount) -> Callable[..., Awaitable[Any]]:
    """Make a series: `await series(capacity=12, rule="FREQ=WEEKLY")`; by default one yoga evening in three
    days."""
    from backend import clock
    from backend.events.create import create_series
    from backend.events.drafts import SeriesDraft

    async def make(**fields: Any) -> Any:
        start = (clock.now() + timedelta(days=3)).replace(hour=18, minute=0, second=0, microsecond=0)
        draft = {
            "title": "Evening flow yoga",
            "emoji": "🧘",
            "zone": "Europe/Helsinki",
            "starts_local": start.replace(tzinfo=None),
            "place": "Kallion kulttuuritalo, sali 2",
            "duration_minutes": 75,
            "capacity": 12,
            "guests_max": 2,
            "group_id": account.group_id,
        }
        return await create_series(olga, account.id, SeriesDraft(**{**draft, **fields}))

    return make


@pytest.fixture
def instance(series: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[str]]:
    """Make a series and give the code of its first date: `code = await instance(capacity=1)`."""

    async def make(**fields: Any) -> str:
        return str((await series(**fields)).first_code)

    return make


@pytest.fixture
def crowd(account: YogaAccount) -> Callable[[int], Awaitable[list[Any]]]:
    """Many members at once: `people = await crowd(200)`."""
    from backend.accounts.memberships import join
    from backend.accounts.rules import JoinedThrough
    from backend.people.actions import TelegramIdentity, register_person

    async def gather(n: int) -> list[Any]:
        people = []
        for i in range(n):
            person = await register_person(TelegramIdentity(500_000 + i, f"Member {i + 1}"))
            await join(person, account.id, through=JoinedThrough.HAND)
            people.append(person)
        await are_in_group(account.group_id, *people)
        return people

    return gather


@pytest.fixture
def switch_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Switch a guard off by its failpoint, for the control of a test: `switch_off("forms.unbounded")`."""
    from backend.settings import settings

    def off(guard: str) -> None:
        monkeypatch.setattr("backend.failpoints.settings", replace(settings, failpoints=frozenset({guard})))

    return off


@pytest.fixture
def noon() -> Iterator[datetime]:
    """The clock stands still at noon, Monday 23 November 2026, UTC; `clock.advance` moves it."""
    from backend import clock

    at = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    with clock.stopped(at):
        yield at


@pytest.fixture
def zones_of() -> Iterator[Callable[[str], None]]:
    """Go by another release of the zone data from now on: `zones_of("2025b")`. Which there are,
    `zone_data/VENDOR.md` says."""
    from backend import zone_data

    before = zone_data.current()
    folder = Path(__file__).with_name("zone_data")
    yield lambda release: zone_data.use_folder(str(folder / release))
    zone_data.use(before)
