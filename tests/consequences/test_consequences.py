"""What organisers read before they save is what saving does (`S4`, `S5`, `docs/decisions/0049`)."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from backend import clock, db
from backend.bookings.actions import book, set_capacity
from backend.bookings.queries.lists import series_instances
from backend.bookings.standing_seats import end_regular, make_regular
from backend.cards.actions import post_card
from backend.consequences.actions import TooMuchToPreview, consequences_of
from backend.consequences.rules import Consequences
from backend.consequences.sentences import lines_of
from backend.errors import Busy, Invalid, Refusal
from backend.events import queries as events
from backend.events.archive import archive_series, restore_series
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.create import create_series, duplicate_series
from backend.events.drafts import SeriesDraft
from backend.events.edit import InstanceChanges, edit_series, keep_drifted
from backend.events.minimum import decide_instance
from backend.events.pause import pause_series, resume_series
from backend.events.reschedule import change_instance
from backend.events.split import edit_following
from backend.outbox.kinds import Kind
from backend.people.queries import Person
from backend.seats import store
from backend.seats.requests import Via

Make = Callable[..., Coroutine[Any, Any, Any]]
TUESDAY = datetime(2026, 11, 24, 18, 0)
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

# All that a change may write.
TABLES = (
    *("event_series", "event_instances", "instance_seats", "bookings", "event_participation_log", "messages"),
    *("regulars", "audit_log", "cards", "telegram_users", "memberships"),
)
CHANGED = [f"{what}_{when}" for what in ("seats", "waiting", "offered") for when in ("before", "after")]
INSTANCES = """
SELECT i.id, i.starts_at, i.ends_at, i.state, i.drifted_at IS NOT NULL AS drifted, s.over, s.version
FROM event_instances i JOIN instance_seats s ON s.instance_id = i.id WHERE i.ends_at > $1
"""


async def everything() -> dict[str, list[str]]:
    """All rows of all tables that a change may write, as text."""
    return {
        table: [row[0] for row in await db.rows(f"SELECT t::text FROM {table} t ORDER BY 1")]
        for table in TABLES
    }


async def series_draft(account: Any, series_id: int) -> SeriesDraft:
    view = await events.series_by_id(account.id, series_id)
    assert view is not None
    return view.draft


@dataclass
class Cast:
    """Who the organiser and the members are, and how to make a series."""

    olga: Person
    account: Any
    members: list[Person]
    series: Make


@dataclass
class Scene:
    """A series with its instances, and a change of it that somebody is about to make."""

    cast: Cast
    series_id: int
    codes: list[str]
    draft: SeriesDraft

    def code(self, nth: int) -> str:
        return self.codes[nth % len(self.codes)]


Act = Callable[[Scene], Awaitable[object]]

DRAFTS = st.sampled_from(
    [
        {"capacity": 1},
        {"capacity": 2},
        {"capacity": 5},
        {"capacity": None},
        {"title": "Yoga by candlelight"},
        {"starts_local": TUESDAY.replace(hour=19)},
        {"starts_local": TUESDAY + timedelta(days=1), "rule": "FREQ=WEEKLY"},
        {"rule": "FREQ=WEEKLY;INTERVAL=2"},
        {"rule": "FREQ=WEEKLY;COUNT=2"},
        {"rule": "FREQ=DAILY"},
        {"remind_before_minutes": (180,)},
        {"remind_before_minutes": ()},
        {"duration_minutes": 120},
        {"zone": "Asia/Tokyo"},
        {"capacity": 0},
    ]
)
NTH = st.integers(0, 3)


def _drafted(act: Callable[[Scene, SeriesDraft, int], Awaitable[object]]) -> st.SearchStrategy[Act]:
    return st.builds(
        lambda changes, nth: lambda scene: act(scene, replace(scene.draft, **changes), nth), DRAFTS, NTH
    )


def _dated(act: Callable[[Scene, str], Awaitable[object]]) -> st.SearchStrategy[Act]:
    return st.builds(lambda nth: lambda scene: act(scene, scene.code(nth)), NTH)


def _plain(act: Act) -> st.SearchStrategy[Act]:
    return st.just(act)


ACTS: dict[str, st.SearchStrategy[Act]] = {
    "all": _drafted(lambda s, draft, _: edit_series(s.cast.olga, s.cast.account.id, s.series_id, draft)),
    "following": _drafted(lambda s, draft, nth: edit_following(s.code(nth), s.cast.olga, draft)),
    "seats": _dated(lambda s, code: change_instance(code, s.cast.olga, InstanceChanges(capacity=2))),
    "capacity": _dated(lambda s, code: set_capacity(code, s.cast.olga, 2)),
    "place": _dated(lambda s, code: change_instance(code, s.cast.olga, InstanceChanges(place="Sali 9"))),
    "move": _dated(
        lambda s, code: change_instance(
            code, s.cast.olga, InstanceChanges(capacity=3), starts_local=TUESDAY + timedelta(days=7, hours=1)
        )
    ),
    "move onto another": _dated(
        lambda s, code: change_instance(
            code, s.cast.olga, InstanceChanges(), starts_local=TUESDAY + timedelta(days=7)
        )
    ),
    "cancel": _dated(lambda s, code: cancel_instance(code, s.cast.olga, "A pipe burst.")),
    "restore": _dated(lambda s, code: restore_instance(code, s.cast.olga)),
    "keep": _dated(lambda s, code: keep_drifted(code, s.cast.olga)),
    "run": _dated(lambda s, code: decide_instance(code, s.cast.olga, run=True)),
    "call off": _dated(lambda s, code: decide_instance(code, s.cast.olga, run=False)),
    "pause": _plain(lambda s: pause_series(s.cast.olga, s.cast.account.id, s.series_id)),
    "resume": _plain(lambda s: resume_series(s.cast.olga, s.cast.account.id, s.series_id)),
    "archive": _plain(lambda s: archive_series(s.cast.olga, s.cast.account.id, s.series_id, "Over.")),
    "archive without a reason": _plain(lambda s: archive_series(s.cast.olga, s.cast.account.id, s.series_id)),
    "unarchive": _plain(lambda s: restore_series(s.cast.olga, s.cast.account.id, s.series_id)),
    "duplicate": _plain(
        lambda s: duplicate_series(s.cast.olga, s.cast.account.id, s.series_id, TUESDAY + timedelta(days=2))
    ),
    "create": _plain(lambda s: create_series(s.cast.olga, s.cast.account.id, s.draft)),
    "regular": _plain(lambda s: _make_regular(s)),
    "end regular": _plain(lambda s: _end_regular(s)),
}


async def _member(scene: Scene) -> int:
    return int(await db.value("SELECT id FROM memberships WHERE user_id = $1", scene.cast.members[-1].id))


async def _make_regular(scene: Scene) -> object:
    return await make_regular(scene.cast.olga, scene.cast.account.id, scene.series_id, await _member(scene))


async def _end_regular(scene: Scene) -> None:
    await end_regular(scene.cast.olga, scene.cast.account.id, scene.series_id, await _member(scene))


async def set_scene(
    cast: Cast, capacity: int | None, bookings: list[tuple[int, int]], minimum: int | None
) -> Scene:
    """A weekly series with these bookings (of which date, by which member) and a card of its first date."""
    made = await cast.series(starts_local=TUESDAY, rule="FREQ=WEEKLY", capacity=capacity, min_to_run=minimum)
    codes = [view.code for view in await series_instances(made.series_id, cast.olga)]
    for nth, who in bookings:
        await book(codes[nth], cast.members[who], via=Via.MINIAPP)
    await post_card(cast.olga, codes[0])
    async with db.transaction():
        await db.execute("UPDATE cards SET state = 'live'")
    draft = await series_draft(cast.account, made.series_id)
    return Scene(cast, made.series_id, codes, draft)


def _moments(moments: Any) -> list[datetime]:
    return sorted(moments)


async def _observe(act: Callable[[], Awaitable[object]]) -> dict[str, Any]:
    """What an action does, seen from outside, by rows before and after."""
    now = clock.now()
    before = {row["id"]: row for row in await db.rows(INSTANCES, now)}
    last_message = await db.value("SELECT coalesce(max(id), 0) FROM messages")
    last_log = await db.value("SELECT coalesce(max(id), 0) FROM event_participation_log")
    due = {row["id"] for row in await db.rows("SELECT id FROM messages WHERE state = 'due'")}
    await act()
    after = {row["id"]: row for row in await db.rows(INSTANCES, now)}
    both = [(before[id], row) for id, row in after.items() if id in before]
    starts = {id: row["starts_at"] for id, row in {**before, **after}.items()}
    names = "trim(u.first_name || ' ' || u.last_name) AS name"
    messages = await db.rows(f"SELECT m.*, {names} FROM messages m JOIN telegram_users u ON u.id = m.user_id")
    log = await db.rows(
        f"SELECT l.*, {names} FROM event_participation_log l JOIN memberships b ON b.id = l.membership_id"
        " JOIN telegram_users u ON u.id = b.user_id WHERE l.id > $1 ORDER BY l.id",
        last_log,
    )
    cards = await db.rows("SELECT instance_id FROM cards WHERE state = 'live'")
    return {
        "made": _moments(row["starts_at"] for id, row in after.items() if id not in before),
        "deleted": _moments(row["starts_at"] for id, row in before.items() if id not in after),
        "moved": _moments(
            b["starts_at"]
            for a, b in both
            if (a["starts_at"], a["ends_at"]) != (b["starts_at"], b["ends_at"])
        ),
        "cancelled": _moments(
            b["starts_at"] for a, b in both if (a["state"], b["state"]) == ("SCHEDULED", "CANCELLED")
        ),
        "restored": _moments(
            b["starts_at"] for a, b in both if (a["state"], b["state"]) == ("CANCELLED", "SCHEDULED")
        ),
        "drifting": _moments(b["starts_at"] for a, b in both if b["drifted"] and not a["drifted"]),
        "over": _moments(b["starts_at"] for a, b in both if b["over"] > a["over"]),
        "seats": [
            (starts[row["instance_id"]], row["name"], *(row[column] for column in CHANGED)) for row in log
        ],
        "messages": Counter(
            (starts[row["instance_id"]], row["kind"], row["name"], row["due_at"])
            for row in messages
            if row["id"] > last_message
        ),
        "withdrawn": Counter(
            (starts[row["instance_id"]], row["kind"], row["name"])
            for row in messages
            if row["id"] in due and row["state"] != "due"
        ),
        "cards": sum(
            card["instance_id"] in before
            and before[card["instance_id"]]["version"] != after[card["instance_id"]]["version"]
            for card in cards
        ),
    }


def _foreseen(shown: Consequences) -> dict[str, Any]:
    """The same, as the preview says it."""
    assert shown.instances is not None or not shown.any
    starts = {id: one.starts_at for id, one in (shown.instances or {}).items()}
    return {
        "made": _moments(one.starts_at for one in shown.made),
        "deleted": _moments(one.starts_at for one in shown.deleted),
        "moved": _moments(one.now.starts_at for one in shown.moved),
        "cancelled": _moments(one.starts_at for one in shown.cancelled),
        "restored": _moments(one.starts_at for one in shown.restored),
        "drifting": _moments(one.starts_at for one in shown.drifting),
        "over": _moments(one.starts_at for one in shown.over),
        "seats": [
            (starts[one.instance_id], one.name, *(getattr(one, column) for column in CHANGED))
            for one in shown.seats
        ],
        "messages": Counter(
            (starts[one.instance_id], one.kind.value, name, one.due_at)
            for one in shown.mailings
            if not one.is_withdrawn
            for name in one.people.names
        ),
        "withdrawn": Counter(
            (starts[one.instance_id], one.kind.value, name)
            for one in shown.mailings
            if one.is_withdrawn
            for name in one.people.names
        ),
        "cards": sum(one.count for one in shown.cards),
    }


@pytest.fixture
async def loop(database: None) -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


@pytest.fixture
def cast(olga: Person, account: Any, alice: Person, bob: Person, aino: Person, series: Make) -> Cast:
    return Cast(olga, account, [alice, bob, aino], series)


@pytest.mark.parametrize("kind", ACTS)
def test_the_preview_is_what_saving_does(loop: asyncio.AbstractEventLoop, cast: Cast, kind: str) -> None:
    """S4, S5: for every kind of change, after any other. The preview itself leaves no trace."""
    bookings = st.lists(st.tuples(NTH, st.integers(0, 2)), unique=True, max_size=8)
    kinds = st.lists(st.one_of(*ACTS.values()), max_size=2)

    @settings(max_examples=12, deadline=None, phases=[Phase.generate])
    @given(st.sampled_from((1, 2, 3, None)), bookings, kinds, ACTS[kind], st.sampled_from((None, None, 1)))
    def example(
        capacity: int | None, booked: list[tuple[int, int]], earlier: list[Act], act: Act, minimum: int | None
    ) -> None:
        with clock.stopped(NOON):
            loop.run_until_complete(_compare(cast, capacity, booked, earlier, act, minimum))

    example()


async def _compare(
    cast: Cast,
    capacity: int | None,
    booked: list[tuple[int, int]],
    earlier: list[Act],
    act: Act,
    minimum: int | None,
) -> None:
    scene = await set_scene(cast, capacity, booked, minimum)
    for other in earlier:
        clock.advance(timedelta(minutes=1))
        try:
            await other(scene)
        except Refusal:
            continue
    clock.advance(timedelta(minutes=1))
    before = await everything()
    expected: Any
    # A split may have given the dates to another series.
    series_id = scene.series_id
    try:
        expected = _foreseen(await consequences_of(lambda: act(scene), cast.account.id, series_id))
    except Refusal as refusal:
        expected = type(refusal), refusal.words
    assert await everything() == before
    try:
        done: Any = await _observe(lambda: act(scene))
    except Refusal as refusal:
        done = type(refusal), refusal.words
    assert expected == done


async def test_names_who_gets_a_seat_and_who_is_told(
    instance: Make, account: Any, olga: Person, alice: Person, bob: Person, noon: datetime
) -> None:
    """W4, S4: with a second seat Bob, who waits, has one; nobody has it yet."""
    code = await instance(capacity=1)
    for person in (alice, bob):
        await book(code, person, via=Via.MINIAPP)
    series_id = await db.value("SELECT series_id FROM event_instances")
    shown = await consequences_of(
        lambda: change_instance(code, olga, InstanceChanges(capacity=2)), account.id, series_id
    )
    assert [(one.name, one.seats_after) for one in shown.seats] == [("Bob", 1)]
    [mailing] = shown.mailings
    assert (mailing.kind, mailing.people.names, mailing.is_withdrawn) == (Kind.PROMOTED, ("Bob",), False)
    assert await db.value("SELECT booked FROM instance_seats") == 1
    assert await db.value("SELECT count(*) FROM messages") == 0


async def test_tells_apart_who_is_told_and_whom_the_bot_cannot_write_to(
    instance: Make, account: Any, olga: Person, alice: Person, bob: Person, noon: datetime
) -> None:
    """S5, M3: nobody is named as told who cannot be."""
    code = await instance(remind_before_minutes=(24 * 60,))
    for person in (alice, bob):
        await book(code, person, via=Via.MINIAPP)
    async with db.transaction():
        await db.execute(
            "UPDATE telegram_users SET may_write_at = CASE WHEN id = $1 THEN now() END, blocked_at = NULL",
            alice.id,
        )
    series_id = await db.value("SELECT series_id FROM event_instances")
    shown = await consequences_of(lambda: cancel_instance(code, olga, "A pipe burst."), account.id, series_id)
    lines = {line.strong: line.rest for line in lines_of(olga.voice, shown, is_whole=False)}
    assert lines["They will be told that it is cancelled"] == "At once: Alice."
    assert lines["The bot cannot write to them"] == "Tell them yourself: Bob."
    assert lines["No reminder comes any more"].endswith(": Alice.")


async def test_says_which_reminders_come_no_more(
    instance: Make, account: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S5: a cancelled date reminds nobody."""
    code = await instance(remind_before_minutes=(24 * 60, 120))
    await book(code, alice, via=Via.MINIAPP)
    series_id = await db.value("SELECT series_id FROM event_instances")
    shown = await consequences_of(lambda: cancel_instance(code, olga, "A pipe burst."), account.id, series_id)
    [change] = shown.reminders
    starts = change.instance.starts_at
    assert change.gone == (starts - timedelta(days=1), starts - timedelta(hours=2))
    assert (change.new, change.people.names) == ((), ("Alice",))


async def test_a_change_of_nothing_has_no_consequences(
    instance: Make, account: Any, olga: Person, noon: datetime
) -> None:
    code = await instance()
    series_id = await db.value("SELECT series_id FROM event_instances")
    shown = await consequences_of(lambda: restore_instance(code, olga), account.id, series_id)
    assert not shown.any


async def test_a_refused_change_is_refused_beforehand(instance: Make, account: Any, olga: Person) -> None:
    code = await instance()
    with pytest.raises(Invalid):
        await consequences_of(lambda: cancel_instance(code, olga, ""), account.id, 1)


async def test_gives_up_soon_where_somebody_holds_the_seats(
    instance: Make, account: Any, olga: Person
) -> None:
    """X8: it waits 0.3 seconds for a lock, and never queues up before those who book."""
    code = await instance(capacity=1)
    row = await db.row("SELECT id, series_id FROM event_instances")
    assert row is not None
    held, done = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with db.transaction(store.lock(row["id"])):
            held.set()
            await done.wait()

    holder = asyncio.create_task(hold())
    await held.wait()
    with pytest.raises(Busy):
        await consequences_of(
            lambda: change_instance(code, olga, InstanceChanges(capacity=2)), account.id, row["series_id"]
        )
    done.set()
    await holder


async def test_lets_go_of_the_seats_in_time(
    instance: Make, account: Any, olga: Person, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X8: what takes too long says so, and who books meanwhile has waited no longer than that."""
    monkeypatch.setattr("backend.consequences.actions.HOLD_MAX", 0.2)
    code = await instance(capacity=1)
    started = asyncio.Event()

    async def slow() -> None:
        async with db.transaction(store.lock(await db.value("SELECT id FROM event_instances"))):
            started.set()
            await db.value("SELECT pg_sleep(0.9)")

    asked = asyncio.create_task(consequences_of(slow, account.id, 1))
    await started.wait()
    assert (await book(code, alice, via=Via.MINIAPP)).seats == 1
    with pytest.raises(TooMuchToPreview):
        await asked


async def test_nothing_that_is_never_rolled_back_is_rehearsed(
    instance: Make, account: Any, alice: Person
) -> None:
    """A batch commits for itself, so an action that waits for one is no action to rehearse."""
    code = await instance()
    with pytest.raises(RuntimeError):
        await consequences_of(lambda: book(code, alice, via=Via.MINIAPP), account.id, 1)
    assert await db.value("SELECT count(*) FROM bookings") == 0
