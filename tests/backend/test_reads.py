"""A read never writes: every query of the domain answers inside a transaction that the server holds to
reading."""

import importlib
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

from backend import clock, db
from backend.accounts.queries import AccountView, authorize
from backend.accounts.rules import Permission
from backend.announcements.actions import create_announcement
from backend.announcements.drafts import AnnouncementDraft
from backend.bookings.actions import book
from backend.bookings.queries.event import event
from backend.bookings.roster import RosterKind
from backend.bookings.views import InstanceView
from backend.cards.actions import post_card
from backend.errors import Refusal, Unavailable
from backend.events.queries import find_instance
from backend.people.queries import Person
from backend.personal.queries import export
from backend.polls.actions import create_poll, vote
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.queries import poll
from backend.polls.views import PollView
from backend.replica import SNAPSHOT
from backend.seats.requests import Via

BACKEND = Path(__file__).parents[2] / "backend"
Arguments = Mapping[Any, object]
READING = ("queries", "etags", "organiser_etags", "roster")  # modules, or packages of them, that only read


def _modules() -> Iterator[ModuleType]:
    for path in sorted(BACKEND.rglob("*.py")):
        parts = path.relative_to(BACKEND.parent).with_suffix("").parts
        if any(part in READING for part in parts):
            yield importlib.import_module(".".join(part for part in parts if part != "__init__"))


def _queries() -> list[Any]:
    """All but the export, which reads in a read-only transaction of its own."""
    assert SNAPSHOT.endswith("READ ONLY")
    found = []
    for module in _modules():
        for name, function in vars(module).items():
            own = getattr(function, "__module__", "") == module.__name__
            if (
                own
                and inspect.iscoroutinefunction(function)
                and not name.startswith("_")
                and function is not export
            ):
                found.append(function)
    return found


@pytest.fixture
async def arguments(
    instance: Callable[..., Awaitable[str]], account: Any, olga: Person, alice: Person, noon: Any
) -> Arguments:
    """What each parameter gets: by its type, by the name of its function or slice and its own, or by its own name."""
    code = await instance(capacity=1, visibility="link", rule="FREQ=WEEKLY")
    for person in (olga, alice):
        await book(code, person, via=Via.MINIAPP)
    await post_card(olga, code)
    options = (OptionDraft("Tea"), OptionDraft("Coffee"))
    draft = PollDraft(question="What do we drink?", options=options, group_id=account.group_id)
    poll_code = await create_poll(olga, account.id, draft)
    poll_view = await poll(poll_code, olga)
    await vote(poll_code, olga, [poll_view.options[0].id], via=Via.MINIAPP)
    view = await event(code, olga)
    own = await authorize(olga, account.id, Permission.SEE_PEOPLE)
    text = AnnouncementDraft(text="The sauna is warm.", all_groups=True)
    now = clock.now()
    return {
        Person: olga,
        AccountView: own,
        Permission: Permission.SEE_PEOPLE,
        InstanceView: view,
        PollView: poll_view,
        "account_id": account.id,
        "account_ids": [account.id],
        "account_past.before": (now, 0),
        "announcement_id": await create_announcement(olga, account.id, text),
        "card_id": await db.value("SELECT id FROM cards"),
        "chat_id": account.chat_id,
        "closed": 20,
        "code": code,
        "codes": [poll_code],
        "group_id": account.group_id,
        "ids": await _ids("messages"),
        "instance_id": (await find_instance(code)).id,
        "instance_ids": [(await find_instance(code)).id],
        "kind": RosterKind.SEATED,
        "language": "en",
        "limit": 50,
        "membership_id": own.membership_id,
        "message_id": 1,
        "name": "Kallio Yoga",
        "now": now,
        "poll_id": poll_view.id,
        "polls.code": poll_code,
        "series_id": view.series_id,
        "since": now - timedelta(days=40),
        "telegram_id": olga.telegram_id,
        "token": "no session has this token",
        "topic_id": None,
        "until": now + timedelta(days=40),
        "user_id": olga.id,
        "words": "yoga",
    }


async def _ids(table: str) -> list[int]:
    return [row["id"] for row in await db.rows(f"SELECT id FROM {table}")]


def _call(function: Any, arguments: Arguments) -> Awaitable[object]:
    """The call with every parameter there is a value for. A required parameter without one is a fault of this
    test."""
    slice_name = function.__module__.split(".")[1]
    given = {}
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        types = get_args(parameter.annotation) or (parameter.annotation,)
        named = f"{function.__name__}.{name}", f"{slice_name}.{name}", name
        keys = [key for key in (*types, *named) if key in arguments]
        if keys:
            given[name] = arguments[keys[0]]
        elif parameter.default is parameter.empty:
            raise KeyError(f"{name} of {function.__module__}.{function.__name__}")
    awaitable: Awaitable[object] = function(**given)
    return awaitable


async def test_every_query_answers_in_a_read_only_transaction(arguments: Arguments) -> None:
    """X4: seeing something changes nothing."""
    functions = _queries()
    assert len(functions) > 60
    for function in functions:
        async with db.transaction("SET TRANSACTION READ ONLY"):
            await _call(function, arguments)


async def test_no_query_admits_a_stranger(arguments: Arguments, charlie: Person) -> None:
    """A4, A5: whom a link admits becomes a member by an action, not by a read."""
    for function in _queries():
        async with db.transaction("SET TRANSACTION READ ONLY"):
            with suppress(Refusal):
                await _call(function, {**arguments, Person: charlie})


async def test_a_read_only_transaction_refuses_to_write(arguments: Arguments) -> None:
    """The measure of the test above."""
    with pytest.raises(Unavailable, match="read-only"):
        async with db.transaction("SET TRANSACTION READ ONLY"):
            await db.execute("UPDATE accounts SET name = name")
