"""A limit on an option holds under any concurrency (`P2`): several processes vote on a real PostgreSQL."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backend import clock, db, failpoints
from backend.errors import OutcomeUnknown
from backend.people.queries import Person
from backend.polls import ballot_processor, store
from backend.polls.actions import create_poll, find_poll, tap_option
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.queries import poll
from backend.polls.rules import Answer, Ballot
from backend.seats.requests import Via
from tests.processes import together

VOTERS = str(Path(__file__).with_name("voters.py"))
LIMIT = "poll_option_tallies_limit"


async def create_limited_poll(olga: Person, account: Any, votes_max: int) -> tuple[str, list[int]]:
    """A poll whose first option takes `votes_max` votes; its code and the ids of its options."""
    draft = PollDraft(question="Who drives?", options=(OptionDraft("I do", votes_max), OptionDraft("No")))
    code = await create_poll(olga, account.id, draft)
    return code, [option.id for option in (await poll(code, olga)).options]


async def miscounts(code: str) -> list[str]:
    """The counts that disagree with a recount of the votes."""
    poll_id = (await find_poll(code)).id
    rows = await db.rows(
        "SELECT o.text, c.votes_max, array[c.votes, c.if_need_be, c.against] AS stored, ("
        "  SELECT array_agg((SELECT count(*) FROM poll_votes v WHERE v.option_id = o.id AND v.answer = a)::int ORDER BY n)"
        "  FROM unnest($2::text[]) WITH ORDINALITY AS t (a, n)) AS counted"
        " FROM poll_options o JOIN poll_option_tallies c ON c.option_id = o.id WHERE o.poll_id = $1",
        poll_id,
        list(Answer),
    )
    found = [f"{r['text']}: {r['stored']} but {r['counted']}" for r in rows if r[2] != r[3]]
    found += [f"{r['text']}: oversold" for r in rows if r["counted"][0] > (r["votes_max"] or r[3][0])]
    voters = await db.value(
        "SELECT t.voters - (SELECT count(DISTINCT membership_id) FROM poll_votes WHERE poll_id = $1)"
        " FROM poll_tallies t WHERE poll_id = $1",
        poll_id,
    )
    return found + (["voters"] if voters else [])


async def test_two_hundred_people_want_twenty_places(
    account: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> None:
    """P2: exactly twenty get one, everybody else is refused, and nobody counts twice though all vote in two
    processes."""
    people = [person.id for person in await crowd(200)]
    code, (drive, _) = await create_limited_poll(olga, account, 20)
    task = {"code": code, "options": [drive]}
    results = await together(
        VOTERS,
        "vote_at_once",
        [
            {**task, "people": people[:150]},
            {**task, "people": people[50:][::-1]},
            {**task, "people": people[100:] + people[:50]},
        ],
    )
    outcomes = sum((Counter(one) for one in results), Counter())
    assert outcomes["voted"] == 20
    assert set(outcomes) <= {"voted", "already", "full"}
    assert outcomes.total() == 450
    assert await miscounts(code) == []
    view = await poll(code, olga)
    assert (view.options[0].votes, view.voters) == (20, 20)


async def test_counts_are_right_when_everybody_changes_their_vote_at_once(
    account: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> None:
    """P2: in and out of a limited option from three processes."""
    people = [person.id for person in await crowd(60)]
    code, (drive, no) = await create_limited_poll(olga, account, 10)
    task = {"code": code, "people": people, "tap": True}
    results = await together(
        VOTERS,
        "vote_at_once",
        [
            {**task, "options": [drive, no, drive]},
            {**task, "options": [no, drive, drive, no]},
            {**task, "options": [drive, drive, no, no]},
        ],
    )
    assert not any(name.startswith("error") for one in results for name in one)
    assert await miscounts(code) == []


async def test_counts_are_right_after_thousands_of_answers_to_dates(
    account: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> None:
    """P1, P2: three hundred people change their answers to three dates from two processes, 3,600 ballots in
    all."""
    people = [person.id for person in await crowd(300)]
    tomorrow = clock.now() + timedelta(days=1)
    days = tuple(
        OptionDraft(votes_max=most, starts_at=tomorrow + timedelta(days=n))
        for n, most in enumerate((25, 100, None))
    )
    code = await create_poll(olga, account.id, PollDraft(question="When?", kind="dates", options=days))
    first, second, third = (str(option.id) for option in (await poll(code, olga)).options)
    task = {"code": code, "people": people}
    choices = [
        {first: "yes", second: "if-need-be", third: "no"},
        {first: "if-need-be", second: "yes"},
        {third: "yes"},
        {},
        {second: "yes", third: "if-need-be"},
        {first: "yes"},
    ]
    results = await together(
        VOTERS,
        "vote_at_once",
        [{**task, "options": choices}, {**task, "people": people[::-1], "options": choices[::-1]}],
    )
    outcomes = sum((Counter(one) for one in results), Counter())
    assert outcomes.total() == 3600
    assert set(outcomes) <= {"voted", "already", "full", "withdrawn"} and outcomes["full"] > 0
    assert await miscounts(code) == []
    view = await poll(code, olga)
    assert view.options[0].votes == 25, "twenty-five of three hundred have the limited date"


async def test_hundreds_of_taps_keep_within_a_dates_limit(
    account: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> None:
    """P2, P3: everybody taps through the answers from two processes; a tap skips yes where the date is
    full."""
    people = [person.id for person in await crowd(80)]
    at = clock.now() + timedelta(days=1)
    days = (
        OptionDraft(votes_max=7, starts_at=at),
        OptionDraft(starts_at=at + timedelta(days=1)),
    )
    code = await create_poll(olga, account.id, PollDraft(question="When?", kind="dates", options=days))
    few, many = (option.id for option in (await poll(code, olga)).options)
    task = {"code": code, "people": people, "tap": True}
    results = await together(
        VOTERS,
        "vote_at_once",
        [{**task, "options": [few, many, few]}, {**task, "options": [many, few, few, many]}],
    )
    assert not {name for one in results for name in one} - {"voted", "withdrawn"}
    assert await miscounts(code) == []


async def vote_without_lock(
    account: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> tuple[str, Counter[str]]:
    """Three people in three processes want the one place, and no process locks the tally: all see the place
    free."""
    people = [person.id for person in await crowd(3)]
    code, (drive, _) = await create_limited_poll(olga, account, 1)
    tasks = [{"code": code, "options": [drive], "people": [who], "meet": 3} for who in people]
    await db.execute("CREATE SEQUENCE loaded")
    try:
        results = await together(VOTERS, "vote_at_once", tasks, FAILPOINTS="ballots.no-lock")
    finally:
        await db.execute("DROP SEQUENCE loaded")
    return code, sum((Counter(one) for one in results), Counter())


async def test_without_the_lock_the_database_refuses(
    account: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> None:
    """P2: the CHECK is the second line of defence."""
    code, outcomes = await vote_without_lock(account, olga, crowd)
    assert outcomes == Counter({"voted": 1, "error CheckViolationError": 2})
    assert await miscounts(code) == []


async def test_the_recount_finds_an_oversold_option(
    account: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> None:
    """The negative control: without the lock and the CHECK, the recount of these tests finds too many
    votes."""
    await db.execute(f"ALTER TABLE poll_option_tallies DROP CONSTRAINT {LIMIT}")
    try:
        code, outcomes = await vote_without_lock(account, olga, crowd)
        assert outcomes == Counter(voted=3)
        assert "I do: oversold" in await miscounts(code)
    finally:
        await db.execute("TRUNCATE poll_option_tallies")
        await db.execute(
            f"ALTER TABLE poll_option_tallies ADD CONSTRAINT {LIMIT} CHECK (votes_max IS NULL OR votes <= votes_max)"
        )


async def test_one_failing_ballot_does_not_affect_the_others(
    account: Any, olga: Person, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ballots of a batch that fails are processed one by one."""
    code, (drive, no) = await create_limited_poll(olga, account, 1)
    real = store.write
    sizes = []

    async def write_or_fail(poll_id: int, account_id: int, state: Any, changed: Any) -> None:
        sizes.append(len(changed))
        if any(no in voter.choice for voter in changed):
            raise RuntimeError("this one cannot be written")
        await real(poll_id, account_id, state, changed)

    monkeypatch.setattr(store, "write", write_or_fail)
    poll_id = (await find_poll(code)).id
    good, bad = await asyncio.gather(
        ballot_processor.submit(poll_id, Ballot(alice.id, {drive: Answer.YES})),
        ballot_processor.submit(poll_id, Ballot(bob.id, {no: Answer.YES})),
        return_exceptions=True,
    )
    assert sizes == [2, 1, 1]
    assert getattr(good, "kind", good) == "voted"
    assert isinstance(bad, RuntimeError)


@pytest.mark.parametrize("committed", [True, False])
async def test_a_repeated_tap_does_not_undo_itself(
    account: Any, olga: Person, alice: Person, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """Decision 0001: when it is unknown whether a tap was committed, it is repeated as the choice it
    meant."""
    code, (drive, _) = await create_limited_poll(olga, account, 1)
    lost = iter([True])
    real = db.Transaction._commit

    async def commit(self: db.Transaction) -> None:
        first = next(lost, False)
        if committed or not first:
            await real(self)
        if first:
            raise OutcomeUnknown("the reply was lost")

    monkeypatch.setattr(db.Transaction, "_commit", commit)
    assert (await tap_option(code, alice, drive, via=Via.CARD)).kind == "voted"
    assert (await poll(code, alice)).options[0].mine
    assert await miscounts(code) == []


async def test_ballots_that_arrive_together_are_counted_in_one_transaction(
    account: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> None:
    """Decision 0001: the ballots that arrive while a batch runs are the next batch."""
    code, (_, no) = await create_limited_poll(olga, account, 3)
    people = await crowd(40)
    batches = 0

    async def count() -> None:
        nonlocal batches
        batches += 1

    failpoints.set_hook("ballots.loaded", count)
    try:
        await asyncio.gather(*(tap_option(code, person, no, via=Via.CARD) for person in people))
    finally:
        failpoints.set_hook("ballots.loaded", None)
    assert batches < 10
    assert (await poll(code, olga)).voters == 40
