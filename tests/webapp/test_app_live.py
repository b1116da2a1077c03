"""Open screens follow changes, and cost next to nothing while nothing changes.

Each screen is rendered by one web process and checked at another: they share only the database.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import clock, db
from backend.accounts.actions import edit_account
from backend.accounts.memberships import change_role, end_membership
from backend.accounts.rules import Role
from backend.bookings import actions as seats
from backend.bookings.attendance import check_in
from backend.bookings.queries.event import event
from backend.bookings.standing_seats import make_regular
from backend.bookings.views import InstanceView
from backend.events.cancel import cancel_instance
from backend.events.edit import InstanceChanges, edit_instance, edit_series
from backend.events.queries import draft_from_row
from backend.events.reschedule import move_instance
from backend.groups.actions import rename_group
from backend.linking.actions import link_group
from backend.people.actions import choose_language
from backend.people.queries import Person
from backend.polls import actions as polls
from backend.polls.closing import close_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.queries import poll
from backend.seats.promotion import PromotionWindows
from backend.seats.requests import Via
from backend.seats.windows import Windows
from tests.views import at_this_moment, instance_view, own_booking
from tests.webapp.conftest import App
from tests.webapp.test_app_events import live_address
from webapp.freshness import is_fresh, seen_token
from webapp.reader_status import can_seek_replacement, reader_status

TEXTS = (
    "code",
    "account_name",
    "account_language",
    "title",
    "emoji",
    "description",
    "place",
    "map_url",
    "rule",
    "cancel_reason",
    "cancelled_by",
    "visibility",
)
NUMBERS = ("id", "account_id", "series_id", "guests_max", "group_id", "topic_id", "over", "version")
EVENT, HOME, MINE, MONTH, POLLS, POLL = "event", "home", "mine", "month", "polls", "poll"
DATES = {EVENT, HOME, MINE, MONTH}


@dataclass
class Scene:
    """Alice has every screen open: she is booked on an instance that Bob is booked on too, and has not voted
    yet."""

    code: str
    poll: str
    series: int
    account: int
    chat: int
    people: dict[str, Any]
    addresses: dict[str, str]
    there: App

    async def changed(self) -> set[str]:
        """The screens that another process does not answer with 204; its other responses are empty."""
        found = set()
        for name, address in self.addresses.items():
            answer = await self.there.get(address)
            if answer.status_code == 204:
                assert answer.content == b""
            else:
                found.add(name)
        return found

    async def membership(self, name: str) -> int:
        person = self.people[name].id
        return int(await db.value("SELECT id FROM memberships WHERE user_id = $1", person))


@pytest.fixture(scope="module")
def other_site() -> Any:
    from emerald.web import create_app

    return create_app(with_pool=False)


@pytest.fixture
async def elsewhere(web: Any, other_site: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Another web process on the same database."""
    transport = httpx.ASGITransport(other_site, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://emerald.example") as client:
        yield client


@pytest.fixture
async def scene(
    noon: datetime, app_of: Any, elsewhere: Any, series: Any, olga: Any, account: Any, people: Any
) -> Scene:
    chat = await link_group(olga, account.id, chat_id=-1001000000002, title="Sauna")
    made = await series(capacity=3)
    await series(title="Sauna", group_id=chat.id)
    code = made.first_code
    await seats.book(code, people["bob"], via=Via.CARD)
    await seats.book(code, people["alice"], via=Via.CARD)
    draft = PollDraft(
        question="What do we cook?",
        options=(OptionDraft("Soup"), OptionDraft("Pie")),
        kind="single",
        choices_max=1,
        anonymous=False,
        results="live",
        closes_at=noon + timedelta(hours=5),
    )
    asked = await polls.create_poll(olga, account.id, draft)
    app = await app_of(people["alice"])
    paths = {
        EVENT: f"/app/events/{code}",
        HOME: "/app/events",
        MINE: "/app/bookings",
        MONTH: "/app/month",
        POLLS: "/app/polls",
        POLL: f"/app/polls/{asked}",
    }
    addresses = {name: live_address((await app.get(path)).text) for name, path in paths.items()}
    there = App(elsewhere, app.session)
    scene = Scene(code, asked, made.series_id, account.id, account.chat_id, people, addresses, there)
    assert await scene.changed() == set()
    return scene


async def someone_books(s: Scene) -> None:
    await seats.book(s.code, s.people["aino"], via=Via.CARD)


async def someone_leaves(s: Scene) -> None:
    await seats.leave(s.code, s.people["bob"], via=Via.CARD)


async def she_leaves_on_another_device(s: Scene) -> None:
    await seats.leave(s.code, s.people["alice"], via=Via.CARD)


async def she_says_maybe_on_another_device(s: Scene) -> None:
    await seats.answer(s.code, s.people["alice"], maybe=True, via=Via.CARD)


async def someone_says_maybe(s: Scene) -> None:
    await seats.answer(s.code, s.people["aino"], maybe=True, via=Via.CARD)


async def more_seats(s: Scene) -> None:
    await seats.set_capacity(s.code, s.people["olga"], 8)


async def another_title(s: Scene) -> None:
    await edit_instance(s.code, s.people["olga"], InstanceChanges(title="Morning yoga"))


async def another_place_of_all(s: Scene) -> None:
    row = await db.row("SELECT * FROM event_series WHERE id = $1", s.series)
    assert row is not None
    draft = replace(draft_from_row(row), place="Hietaniemi")
    await edit_series(s.people["olga"], s.account, s.series, draft)


async def moved(s: Scene) -> None:
    view = await event(s.code, s.people["olga"])
    await move_instance(s.code, s.people["olga"], view.starts_local + timedelta(hours=1))


async def cancelled(s: Scene) -> None:
    await cancel_instance(s.code, s.people["olga"], "Snow")


async def checked_in(s: Scene) -> None:
    await check_in(s.code, s.people["olga"], await s.membership("alice"))


async def a_standing_seat(s: Scene) -> None:
    await make_regular(s.people["olga"], s.account, s.series, await s.membership("alice"))


async def a_new_date(s: Scene) -> None:
    from backend.events.create import create_series

    row = await db.row("SELECT * FROM event_series WHERE id = $1", s.series)
    assert row is not None
    draft = replace(draft_from_row(row), title="Padel")
    await create_series(s.people["olga"], s.account, draft)


async def someone_votes(s: Scene) -> None:
    view = await poll(s.poll, s.people["bob"])
    await polls.tap_option(s.poll, s.people["bob"], view.options[0].id, via=Via.CARD)


async def she_votes_on_another_device(s: Scene) -> None:
    view = await poll(s.poll, s.people["alice"])
    await polls.tap_option(s.poll, s.people["alice"], view.options[0].id, via=Via.CARD)


async def the_poll_is_closed(s: Scene) -> None:
    await close_poll(s.poll, s.people["olga"])


async def the_polls_deadline_passes(s: Scene) -> None:
    clock.advance(timedelta(hours=5))


async def a_new_poll(s: Scene) -> None:
    draft = PollDraft(
        question="When?",
        options=(OptionDraft("Soon"), OptionDraft("Later")),
        kind="single",
        choices_max=1,
        anonymous=False,
        results="live",
        closes_at=None,
    )
    await polls.create_poll(s.people["olga"], s.account, draft)


async def the_group_is_renamed(s: Scene) -> None:
    await rename_group(s.chat, "Kallio Yoga & Sauna", forum=False)


async def the_account_is_renamed(s: Scene) -> None:
    await edit_account(s.people["olga"], s.account, name="Kallio", zone="Europe/Helsinki", language="en")


async def she_becomes_an_organiser(s: Scene) -> None:
    membership = await s.membership("alice")
    await change_role(s.people["olga"], s.account, membership, Role.ADMIN)


async def she_is_taken_out_of_the_account(s: Scene) -> None:
    await end_membership(s.people["olga"], s.account, await s.membership("alice"))


async def she_chooses_another_language(s: Scene) -> None:
    await choose_language(s.people["alice"], "fi")


async def midnight(s: Scene) -> None:
    clock.advance(timedelta(hours=10))  # 22:00 UTC is midnight in Helsinki


EVERYWHERE = DATES | {POLLS, POLL}
CHANGES: list[tuple[Callable[[Scene], Awaitable[None]], set[str]]] = [
    (someone_books, DATES),
    (someone_leaves, DATES),
    (she_leaves_on_another_device, DATES),
    (she_says_maybe_on_another_device, DATES),
    (more_seats, DATES),
    (another_title, DATES),
    (another_place_of_all, DATES),
    (moved, DATES),
    (cancelled, DATES),
    (checked_in, DATES),
    (a_standing_seat, {EVENT, MINE}),
    (a_new_date, {HOME, MONTH}),
    (someone_votes, {POLLS, POLL}),
    (she_votes_on_another_device, {POLLS, POLL}),
    (the_poll_is_closed, {POLLS, POLL}),
    (the_polls_deadline_passes, {POLLS, POLL}),
    (a_new_poll, {POLLS}),
    (the_group_is_renamed, {HOME}),
    (the_account_is_renamed, EVERYWHERE),
    (she_becomes_an_organiser, EVERYWHERE),
    (she_is_taken_out_of_the_account, EVERYWHERE),
    (she_chooses_another_language, EVERYWHERE),
    (midnight, EVERYWHERE),
]


@pytest.mark.parametrize(("change", "shown"), CHANGES, ids=[c.__name__ for c, _ in CHANGES])
async def test_each_change_reaches_each_screen_that_shows_it(
    scene: Scene, change: Callable[[Scene], Awaitable[None]], shown: set[str]
) -> None:
    """`B3`, `P3`, `A1`: whoever makes it, and whichever process the screen asks."""
    await change(scene)
    assert await scene.changed() >= shown


@pytest.mark.parametrize("change", [someone_votes, a_new_poll, the_poll_is_closed])
async def test_changes_of_polls_do_not_send_instances_again(
    scene: Scene, change: Callable[[Scene], Awaitable[None]]
) -> None:
    await change(scene)
    assert not await scene.changed() & DATES


async def test_a_new_instance_does_not_send_other_screens_again(scene: Scene) -> None:
    await a_new_date(scene)
    assert await scene.changed() == {HOME, MONTH}


async def test_a_check_takes_at_most_two_queries(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader, and the etag. The list of polls also has a badge for questions, and a month needs the
    first club's zone when the reader's own is unknown."""
    asked: list[str] = []
    run = db._run

    async def counted(method: str, sql: str, args: Any) -> Any:
        asked.append(sql)
        return await run(method, sql, args)

    monkeypatch.setattr(db, "_run", counted)
    for name, address in scene.addresses.items():
        asked.clear()
        assert (await scene.there.get(address)).status_code == 204
        assert len(asked) <= (3 if name in (POLLS, MONTH) else 2), (name, asked)


minutes = st.integers(-3000, 6000)


@given(
    start=st.integers(-600, 6000),
    opens=st.none() | minutes,
    closes=st.integers(-60, 2000),
    cancel=st.none() | st.integers(0, 3000),
    offers=st.integers(0, 3000),
    tap=st.integers(0, 600),
    life=st.integers(5, 300),
    held=st.none() | minutes,
    claims=st.none() | minutes,
    called=st.none() | minutes,
    decides=minutes,
    counts=st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)),
    mine=st.none() | st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)),
    zone=st.sampled_from(["Europe/Helsinki", "America/New_York", "Asia/Kathmandu"]),
    part=st.floats(0, 0.999),
)
def test_the_clock_changes_nothing_before_the_announced_instant(
    start: int,
    opens: int | None,
    closes: int,
    cancel: int | None,
    offers: int,
    tap: int,
    life: int,
    held: int | None,
    claims: int | None,
    called: int | None,
    decides: int,
    counts: tuple[int, int, int, int],
    mine: tuple[int, int, int] | None,
    zone: str,
    part: float,
) -> None:
    """`W3`: until the next instant in `changes_at` everything a screen shows stays the same."""
    at = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def moment(after: int | None) -> datetime | None:
        return None if after is None else at + timedelta(minutes=after)

    starts_at = at + timedelta(minutes=start)
    booked, offered, waiting, releasing = counts
    with clock.stopped(at):
        view = instance_view(
            zone=zone,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=1),
            windows=Windows.around(starts_at, opens, closes, cancel),
            capacity=5,
            booked=booked,
            offered=offered,
            waiting=waiting,
            releasing=releasing,
            notified_at=moment(called),
            claim_until=moment(claims),
            decides_at=moment(decides),
            promotion=PromotionWindows.around(
                starts_at, zone, offers_before=offers, offer_minutes=life, first_tap_before=tap
            ),
            mine=mine
            and own_booking(
                seats=mine[0],
                waiting=mine[1],
                offered=mine[2],
                place=1,
                offer_until=moment(held),
                needs_move_answer=True,
                queued_at=at - timedelta(days=1),
            ),
        )
    reader = Person(1, 1, "Alice", zone="Europe/London")
    with clock.stopped(at):
        seen = seen_token("mark", reader, view.changes_at, {zone})
        until = datetime.fromtimestamp(int(seen.partition("-")[2], 16) / 1000, UTC)
        now = shown_state(view, reader)
    with clock.stopped(at + (until - at) * part):
        assert is_fresh(seen, "mark")
        assert shown_state(at_this_moment(view), reader) == now
    with clock.stopped(until):
        assert not is_fresh(seen, "mark")


def shown_state(view: InstanceView, reader: Person) -> object:
    """All that a screen shows of an instance and that depends on the clock."""
    return (
        reader_status(view),
        view.phase,
        view.stage,
        view.is_waitlist_first,
        view.is_claim_period,
        view.can_leave_freely,
        view.up_for_grabs,
        view.takeable,
        view.mine and view.mine.held,
        can_seek_replacement(view),
        view.decides_at is not None and view.decides_at > clock.now(),
        [reader.voice.near_day(view.starts_at, zone) for zone in (view.zone, "Europe/London")],
    )


async def test_an_expired_offer_is_shown_before_the_job_runs(
    noon: datetime, app_of: Any, elsewhere: Any, instance: Any, alice: Any, bob: Any
) -> None:
    """`W3`: on every screen that shows it, to the second."""
    start = (noon + timedelta(hours=8)).replace(tzinfo=None)
    code = await instance(capacity=1, starts_local=start)
    app = await app_of(alice)
    await seats.book(code, bob, via=Via.CARD)
    await seats.book(code, alice, via=Via.CARD)
    paths = [
        f"/app/events/{code}",
        "/app/events",
        "/app/bookings?show=waiting",
        "/app/month",
        "/app/polls",
    ]
    there = App(elsewhere, app.session)

    async def open_all() -> list[str]:
        return [live_address((await app.get(path)).text) for path in paths]

    async def answers(addresses: list[str]) -> set[int]:
        return {(await there.get(address)).status_code for address in addresses}

    live = await open_all()
    await seats.leave(code, bob, via=Via.CARD)
    assert await answers(live) == {200}
    live = await open_all()
    assert await answers(live) == {204}
    clock.advance(timedelta(minutes=29, seconds=59))
    assert await answers(live) == {204}
    clock.advance(timedelta(seconds=1))
    assert await answers(live) == {200}


async def test_the_screen_that_admits_a_person_is_fresh_until_something_changes(
    app_of: Any, charlie: Any, bob: Any, instance: Any
) -> None:
    """A4: they are a member before the screen and its etag are read."""
    code = await instance(visibility="link")
    app = await app_of(charlie)
    address = live_address((await app.get(f"/app/events/{code}")).text)
    assert (await app.get(address)).status_code == 204
    await seats.book(code, bob, via=Via.CARD)
    again = await app.get(address)
    assert again.status_code == 200
    assert (await app.get(live_address(again.text))).status_code == 204


async def test_readers_who_check_do_not_delay_taps(scene: Scene, app_of: Any, people: Any) -> None:
    """When all who look need a new screen at once, some get it a little later: nobody is forgotten, and
    whoever opens a screen or taps is served."""
    await someone_books(scene)
    asks = [scene.there.get(scene.addresses[HOME]) for _ in range(40)]
    app = await app_of(people["aino"])
    *answers, tap = await asyncio.gather(
        *asks, app.ask("POST", f"/app/events/{scene.code}/booking", data={"guests": "0"})
    )
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[200] >= 1
    assert statuses[204] + statuses[200] == 40
    assert tap.status_code == 200
    assert (await scene.there.get(scene.addresses[HOME])).status_code == 200
    many = await asyncio.gather(*(scene.there.get("/app/events") for _ in range(20)))
    assert {answer.status_code for answer in many} == {200}
