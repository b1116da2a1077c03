"""A limit on an option holds under any concurrency (`P2`), counted by several processes on a real PostgreSQL."""

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


async def limited(olga: Person, club: Any, most: int) -> tuple[str, list[int]]:
    """A poll whose first option takes `most` votes; its code and its options' ids."""
    draft = PollDraft(question="Who drives?", options=(OptionDraft("I do", most), OptionDraft("No")))
    code = await create_poll(olga, club.id, draft)
    return code, [option.id for option in (await poll(code, olga)).options]


async def miscounted(code: str) -> list[str]:
    """What does not agree when everything is counted from the votes."""
    poll_id = (await find_poll(code)).id
    rows = await db.rows(
        "SELECT o.text, c.votes_max, array[c.votes, c.if_need_be, c.against] AS said, ("
        "  SELECT array_agg((SELECT count(*) FROM poll_votes v WHERE v.option_id = o.id AND v.answer = a)::int ORDER BY n)"
        "  FROM unnest($2::text[]) WITH ORDINALITY AS t (a, n)) AS counted"
        " FROM poll_options o JOIN poll_option_tallies c ON c.option_id = o.id WHERE o.poll_id = $1",
        poll_id,
        list(Answer),
    )
    found = [f"{r['text']}: {r['said']} but {r['counted']}" for r in rows if r[2] != r[3]]
    found += [f"{r['text']}: oversold" for r in rows if r["counted"][0] > (r["votes_max"] or r[3][0])]
    voters = await db.value(
        "SELECT t.voters - (SELECT count(DISTINCT membership_id) FROM poll_votes WHERE poll_id = $1)"
        " FROM poll_tallies t WHERE poll_id = $1",
        poll_id,
    )
    return found + (["voters"] if voters else [])


async def test_two_hundred_people_want_twenty_places(
    club: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> None:
    """P2: exactly twenty get one, everybody else is told, and nobody is counted twice though all tap in two processes."""
    people = [person.id for person in await crowd(200)]
    code, (drive, _) = await limited(olga, club, 20)
    task = {"code": code, "options": [drive]}
    answers = await together(
        VOTERS,
        "rush",
        [
            {**task, "people": people[:150]},
            {**task, "people": people[50:][::-1]},
            {**task, "people": people[100:] + people[:50]},
        ],
    )
    said = sum((Counter(one) for one in answers), Counter())
    assert said["voted"] == 20
    assert set(said) <= {"voted", "already", "full"}
    assert said.total() == 450
    assert await miscounted(code) == []
    view = await poll(code, olga)
    assert (view.options[0].votes, view.voters) == (20, 20)


async def test_everybody_changes_their_mind_at_once(
    club: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> None:
    """P2: in and out of a limited option from three processes; the count is the votes' all the same."""
    people = [person.id for person in await crowd(60)]
    code, (drive, no) = await limited(olga, club, 10)
    task = {"code": code, "people": people, "tap": True}
    answers = await together(
        VOTERS,
        "rush",
        [
            {**task, "options": [drive, no, drive]},
            {**task, "options": [no, drive, drive, no]},
            {**task, "options": [drive, drive, no, no]},
        ],
    )
    assert not any(name.startswith("error") for one in answers for name in one)
    assert await miscounted(code) == []


async def test_thousands_of_answers_about_dates_at_once(
    club: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> None:
    """P1, P2: three hundred people change their minds about three dates from two processes, 3,600 ballots; no limit is
    passed, and each count is that of its votes."""
    people = [person.id for person in await crowd(300)]
    tomorrow = clock.now() + timedelta(days=1)
    days = tuple(
        OptionDraft(votes_max=most, starts_at=tomorrow + timedelta(days=n))
        for n, most in enumerate((25, 100, None))
    )
    code = await create_poll(olga, club.id, PollDraft(question="When?", kind="dates", options=days))
    first, second, third = (str(option.id) for option in (await poll(code, olga)).options)
    task = {"code": code, "people": people}
    minds = [
        {first: "yes", second: "if-need-be", third: "no"},
        {first: "if-need-be", second: "yes"},
        {third: "yes"},
        {},
        {second: "yes", third: "if-need-be"},
        {first: "yes"},
    ]
    answers = await together(
        VOTERS,
        "rush",
        [{**task, "options": minds}, {**task, "people": people[::-1], "options": minds[::-1]}],
    )
    said = sum((Counter(one) for one in answers), Counter())
    assert said.total() == 3600
    assert set(said) <= {"voted", "already", "full", "withdrawn"} and said["full"] > 0
    assert await miscounted(code) == []
    view = await poll(code, olga)
    assert view.options[0].votes == 25, "whoever ends at it, twenty-five of three hundred have it"


async def test_hundreds_of_taps_on_a_date_with_few_places(
    club: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> None:
    """P2, P3: everybody goes round by taps, from two processes; a full yes is stepped over, never passed."""
    people = [person.id for person in await crowd(80)]
    at = clock.now() + timedelta(days=1)
    days = (
        OptionDraft(votes_max=7, starts_at=at),
        OptionDraft(starts_at=at + timedelta(days=1)),
    )
    code = await create_poll(olga, club.id, PollDraft(question="When?", kind="dates", options=days))
    few, many = (option.id for option in (await poll(code, olga)).options)
    task = {"code": code, "people": people, "tap": True}
    answers = await together(
        VOTERS,
        "rush",
        [{**task, "options": [few, many, few]}, {**task, "options": [many, few, few, many]}],
    )
    assert not {name for one in answers for name in one} - {"voted", "withdrawn"}
    assert await miscounted(code) == []


async def unlocked(
    club: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> tuple[str, Counter[str]]:
    """Three people in three processes want the one place, and no box waits for another: all have seen it free."""
    people = [person.id for person in await crowd(3)]
    code, (drive, _) = await limited(olga, club, 1)
    tasks = [{"code": code, "options": [drive], "people": [who], "meet": 3} for who in people]
    await db.execute("CREATE SEQUENCE looked")
    try:
        answers = await together(VOTERS, "rush", tasks, FAILPOINTS="box.no-lock")
    finally:
        await db.execute("DROP SEQUENCE looked")
    return code, sum((Counter(one) for one in answers), Counter())


async def test_without_the_lock_the_database_refuses(
    club: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> None:
    """P2: the second line of defence."""
    code, answers = await unlocked(club, olga, crowd)
    assert answers == Counter({"voted": 1, "error CheckViolationError": 2})
    assert await miscounted(code) == []


async def test_the_counting_test_would_see_an_oversold_option(
    club: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> None:
    """The negative control: no lock, no CHECK, and the same recount finds too many."""
    await db.execute(f"ALTER TABLE poll_option_tallies DROP CONSTRAINT {LIMIT}")
    try:
        code, answers = await unlocked(club, olga, crowd)
        assert answers == Counter(voted=3)
        assert "I do: oversold" in await miscounted(code)
    finally:
        await db.execute("TRUNCATE poll_option_tallies")
        await db.execute(
            f"ALTER TABLE poll_option_tallies ADD CONSTRAINT {LIMIT} CHECK (votes_max IS NULL OR votes <= votes_max)"
        )


async def test_one_bad_ballot_harms_nobody_else(
    club: Any, olga: Person, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ballots of a batch that fails are processed one by one."""
    code, (drive, no) = await limited(olga, club, 1)
    real = store.write
    sizes = []

    async def broken(poll_id: int, account_id: int, at: Any, changed: Any) -> None:
        sizes.append(len(changed))
        if any(no in voter.choice for voter in changed):
            raise RuntimeError("this one cannot be written")
        await real(poll_id, account_id, at, changed)

    monkeypatch.setattr(store, "write", broken)
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
async def test_a_tap_is_not_undone_by_asking_again(
    club: Any, olga: Person, alice: Person, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """Decision 0001: when it is unknown whether a tap was committed it is asked again, as the choice it meant."""
    code, (drive, _) = await limited(olga, club, 1)
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
    assert await miscounted(code) == []


async def test_ballots_that_come_together_are_counted_together(
    club: Any, olga: Person, crowd: Callable[[int], Awaitable[list[Person]]]
) -> None:
    """Decision 0001: what arrives while one settle runs is taken by the next, in one transaction."""
    code, (_, no) = await limited(olga, club, 3)
    people = await crowd(40)
    settled = 0

    async def count() -> None:
        nonlocal settled
        settled += 1

    failpoints.arrange("box.looked", count)
    try:
        await asyncio.gather(*(tap_option(code, person, no, via=Via.CARD) for person in people))
    finally:
        failpoints.arrange("box.looked", None)
    assert settled < 5
    assert (await poll(code, olga)).voters == 40
