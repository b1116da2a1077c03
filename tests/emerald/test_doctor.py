"""`emerald doctor --invariants`: each check finds the violation that it is for."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_own_account
from backend.bookings.actions import add_guest, book
from backend.people.queries import Person
from backend.polls.actions import create_poll, vote
from backend.polls.closing import close_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.event_creation import EventDetails
from backend.polls.queries import poll
from backend.polls.rules import Answer
from backend.seats.requests import Via
from emerald.doctor import CHECKS, REPORTED_MAX, check_invariants

VIOLATIONS = {
    "its seats row is missing": "DELETE FROM instance_seats",
    "start at the same time": (
        "INSERT INTO event_instances"
        " (account_id, series_id, code, original_start, starts_at, ends_at, created_at)"
        " SELECT account_id, series_id, 'twin', original_start + interval '1 second', starts_at, ends_at,"
        " created_at FROM event_instances ORDER BY id LIMIT 1"
    ),
    "its seats row says": "UPDATE instance_seats SET waiting = waiting + 1",
    "oversold": "UPDATE bookings SET seats = 9 WHERE seats > 0",
    "over are allowed": "UPDATE instance_seats SET over = 5",
    "has {n} bookings": (
        "ALTER TABLE bookings DROP CONSTRAINT bookings_instance_id_membership_id_key;"
        "INSERT INTO bookings (account_id, instance_id, membership_id, answer, seats, waiting, answered_at)"
        " SELECT account_id, instance_id, membership_id, 'left', 0, 0, now() FROM bookings WHERE seats > 0"
    ),
    "the log's last row says": "UPDATE bookings SET waiting = waiting + 1 WHERE waiting > 0",
    "but there is no booking": "DELETE FROM bookings WHERE waiting > 0",
    "but the row before it ended": (
        "UPDATE event_participation_log SET seats_before = 7 WHERE verb = 'guests'"
    ),
    "but joined it": (
        "UPDATE bookings b SET queued_at = o.queued_at FROM bookings o"
        " WHERE b.waiting > 0 AND o.waiting > 0 AND b.id <> o.id"
    ),
    "seats are free, yet": "UPDATE instance_seats SET capacity = 9",
    "still holds": (
        "UPDATE bookings SET offered = waiting, waiting = 0, offer_until = now() - interval '6 minutes'"
        " WHERE waiting > 0"
    ),
    "the tally says {votes}": "UPDATE poll_option_tallies SET votes = votes + 1 WHERE votes_max IS NULL",
    "though it takes": (
        "INSERT INTO poll_votes (account_id, poll_id, option_id, membership_id, at)"
        " SELECT v.account_id, v.poll_id, v.option_id, m.id, now() FROM poll_votes v"
        " JOIN memberships m ON m.account_id = v.account_id AND m.id <> v.membership_id LIMIT 1"
    ),
    "which only a poll about dates takes": "UPDATE poll_votes SET answer = 'no'",
    "it set {n} dates": (
        "DROP INDEX poll_options_poll_id_made_idx;"
        "UPDATE poll_options SET made_instance_id = (SELECT min(id) FROM event_instances)"
        " WHERE starts_at IS NOT NULL AND made_instance_id IS NULL"
    ),
    "though it is open or not a date poll": "UPDATE polls SET closed_at = NULL",
    "but without an end": "UPDATE event_instances SET claim_until = NULL",
    "who did not say yes to it": ("UPDATE seat_claims SET membership_id = (SELECT max(id) FROM memberships)"),
    "the tally says {voters}": "UPDATE poll_tallies SET voters = voters + 1",
    "options of at most": (
        "INSERT INTO poll_votes (account_id, poll_id, option_id, membership_id, at)"
        " SELECT v.account_id, v.poll_id, o.id, v.membership_id, now() FROM poll_votes v"
        " JOIN poll_options o ON o.poll_id = v.poll_id AND o.id <> v.option_id ON CONFLICT DO NOTHING"
    ),
    "it is of account": "UPDATE event_participation_log SET account_id = account_id + 1",
    "but called": "UPDATE telegram_users SET first_name = 'Bella' WHERE first_name = 'Alice'",
    "guard": "ALTER TABLE event_participation_log DISABLE TRIGGER event_participation_log_written_once",
}
MENDING = (
    "DROP INDEX IF EXISTS poll_options_poll_id_made_idx",
    "UPDATE poll_options SET made_instance_id = NULL",
    "CREATE UNIQUE INDEX poll_options_poll_id_made_idx ON poll_options (poll_id) WHERE made_instance_id"
    " IS NOT NULL",
    "ALTER TABLE event_participation_log ENABLE TRIGGER event_participation_log_written_once",
    "ALTER TABLE bookings DROP CONSTRAINT IF EXISTS bookings_instance_id_membership_id_key",
    "ALTER TABLE bookings ADD CONSTRAINT bookings_instance_id_membership_id_key UNIQUE (instance_id,"
    " membership_id)",
)


@pytest.fixture
async def busy(
    instance: Callable[..., Awaitable[str]],
    account: Any,
    olga: Person,
    alice: Person,
    bob: Person,
    aino: Person,
) -> str:
    """An instance of three seats with Alice and her guest and two waiting; a poll with a vote, and one whose
    instance was created; no violation."""
    code = await instance(capacity=3)
    await book(code, alice, via=Via.CARD)
    await add_guest(code, alice, via=Via.CARD)
    await book(code, bob, guests=1, via=Via.CARD)
    await book(code, aino, via=Via.CARD)
    draft = PollDraft(question="Who drives?", options=(OptionDraft("I", 1), OptionDraft("No")))
    asked = await create_poll(olga, account.id, draft)
    await vote(asked, alice, [(await poll(asked, alice)).options[0].id], via=Via.CARD)
    days = tuple(OptionDraft("", 9, clock.now() + timedelta(days=n)) for n in (1, 2))
    when = await create_poll(olga, account.id, PollDraft(question="When?", kind="dates", options=days))
    first, second = (option.id for option in (await poll(when, alice)).options)
    await vote(when, alice, {first: Answer.YES, second: Answer.NO}, via=Via.CARD)
    await close_poll(when, olga, make=EventDetails(capacity=5))
    assert await check_invariants() == []
    return code


async def break_it(mischief: str) -> None:
    """Run a statement without triggers, not even those of the log."""
    async with db.transaction("SET LOCAL session_replication_role = replica"):
        for statement in mischief.split(";"):
            await db.execute(statement)


def sentence(part: str) -> str:
    """The sentence of the check that contains this part."""
    [found] = [text for text, _ in CHECKS if part in text]
    return found


def test_every_check_has_its_violation() -> None:
    assert {sentence(part) for part in VIOLATIONS} == {text for text, _ in CHECKS}


@pytest.mark.parametrize("part", VIOLATIONS)
async def test_the_check_finds_its_violation(busy: str, part: str) -> None:
    wanted = re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(sentence(part))))
    try:
        await break_it(VIOLATIONS[part])
        found = await check_invariants()
    finally:
        await break_it("TRUNCATE bookings")
        for statement in MENDING:
            await db.execute(statement)
    assert any(wanted.fullmatch(line) for line in found), found


async def test_a_row_of_one_club_that_points_into_another_is_found(busy: str, charlie: Person) -> None:
    """A1: over every foreign key between tables of clubs, read from the schema."""
    other = await create_own_account(charlie, "Chess")
    for table, parents in (
        ("bookings", ("event_instances", "memberships")),
        ("event_instances", ("event_series",)),
        ("instance_seats", ("event_instances",)),
        ("poll_votes", ("polls", "poll_options", "memberships")),
        ("poll_option_tallies", ("poll_options",)),
        ("seat_claims", ("event_instances", "memberships")),
    ):
        was = await db.value(f"SELECT min(account_id) FROM {table}")
        await break_it(f"UPDATE {table} SET account_id = {other}")
        found = await check_invariants()
        for parent in parents:
            line = f"{table}: a row of account {other} points at {parent} "
            assert any(one.startswith(line) for one in found), found
        await break_it(f"UPDATE {table} SET account_id = {was}")
    assert await check_invariants() == []


async def test_a_missing_guard_is_found(busy: str) -> None:
    await db.execute("ALTER TABLE instance_seats DROP CONSTRAINT instance_seats_no_oversell")
    try:
        found = await check_invariants()
    finally:
        await db.execute(
            "ALTER TABLE instance_seats ADD CONSTRAINT instance_seats_no_oversell"
            " CHECK (capacity IS NULL OR booked + offered <= capacity + over)"
        )
    assert found == [
        "The database’s own guard instance_seats_no_oversell is missing or switched off: restore it with"
        " a migration."
    ]


async def test_many_findings_are_counted(
    series: Callable[..., Awaitable[Any]],
) -> None:
    await series(rule="FREQ=DAILY;COUNT=30")
    await break_it("UPDATE instance_seats SET booked = 1")
    found = await check_invariants()
    assert len(found) == REPORTED_MAX + 1
    assert found[-1].startswith("… and 10 more like this: Date ")


async def test_says_how_far_it_is(world: None) -> None:
    seen: list[tuple[int, int]] = []
    assert await check_invariants(progress=lambda done, of: seen.append((done, of))) == []
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert {of for _, of in seen} == {len(seen)} and len(seen) > len(CHECKS)
