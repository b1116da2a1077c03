"""What is held about a person: taken away whole, and erased so that the name goes and the counts stay (`A7`)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_own_account
from backend.accounts.keys import create_key
from backend.accounts.memberships import LastOwner, change_role, join
from backend.accounts.queries import clubs
from backend.accounts.rules import JoinedThrough, Role
from backend.announcements.actions import create_announcement, schedule_announcement, watch_progress
from backend.announcements.drafts import AnnouncementDraft
from backend.announcements.fan_out import fan_out
from backend.bookings.absences import pardon
from backend.bookings.actions import book, fill_all, leave, name_guests
from backend.bookings.attendance import check_in, close_list
from backend.bookings.queries.people import attendance, attendees
from backend.bookings.standing_seats import make_regular
from backend.cards.actions import post_card
from backend.errors import NotFound
from backend.events.cancel import cancel_instance
from backend.linking.actions import link_group
from backend.people import feeds
from backend.people.actions import TelegramIdentity, register_person
from backend.people.preferences import choose_reminders
from backend.people.queries import person as person_by_id
from backend.people.sign_ins import answer_sign_in, begin_sign_in, finish_sign_in, pending_sign_in
from backend.personal.actions import erase, finish_erasures
from backend.personal.inventory import INVENTORY
from backend.personal.queries import export
from backend.polls.actions import create_poll, vote
from backend.polls.drafts import OptionDraft, PollDraft
from backend.seats.requests import Via
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[str]]
NAME, FAMILY, USERNAME, TELEGRAM = "Zarathustra", "Quetzalcoatl", "zarathustra_q", 777_000_777
GUEST = "Xochiquetzal"


async def pointers() -> set[str]:
    """Every column of the database that points at a person or a member: by its key, or by its name where the log outlives
    its keys."""
    rows = await db.rows(
        "SELECT c.conrelid::regclass::text AS table, a.attname AS column FROM pg_constraint c"
        " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)"
        " WHERE c.contype = 'f' AND c.confrelid IN ('telegram_users'::regclass, 'memberships'::regclass)"
        " UNION SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        " AND (column_name ~ '(^|_)(user|membership|person|member)_id$' OR column_name ~ '_by$')"
    )
    return {f"{row['table']}.{row['column']}" for row in rows}


async def found(text: str) -> list[str]:
    """Every table and column in whose rows this text stands."""
    columns = await db.rows(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        " AND table_name <> 'migration' ORDER BY 1, 2"
    )
    return [
        f"{table}.{column}"
        for table, column in columns
        if await db.value(f'SELECT true FROM "{table}" WHERE "{column}"::text LIKE $1 LIMIT 1', f"%{text}%")
    ]


@pytest.fixture
async def zara(people: dict[str, Any], club: Any, olga: Any, noon: datetime) -> Any:
    """A member with a name that stands nowhere by chance."""
    who = TelegramIdentity(TELEGRAM, NAME, FAMILY, USERNAME, "en", may_write=True)
    person = await register_person(who)
    await join(person, club.id, through=JoinedThrough.HAND)
    return person


async def membership(person: Any) -> int:
    return int(await db.value("SELECT id FROM memberships WHERE user_id = $1", person.id))


@pytest.fixture
async def full_life(
    zara: Any, olga: Any, alice: Any, club: Any, instance: Make, series: Any
) -> dict[str, Any]:
    """Zarathustra has done everything that leaves a trace."""
    mine = await membership(zara)
    await change_role(olga, club.id, mine, Role.ADMIN)
    weekly = await series(title="Weekly", rule="FREQ=WEEKLY;COUNT=3")
    await make_regular(olga, club.id, weekly.series_id, mine)
    past, ahead = await instance(title="Past"), await instance(title="Ahead", capacity=2)
    off = await instance(title="Off")
    for code in (past, ahead):
        await book(code, zara, guests=1, via=Via.CARD)
        await name_guests(code, zara, [GUEST], via=Via.MINIAPP)
    await book(past, alice, via=Via.CARD)
    await book(ahead, alice, via=Via.CARD)
    await post_card(zara, past)
    await cancel_instance(off, zara, "No key")
    await create_key(zara, club.id, label="For friends", role=Role.MEMBER)
    await link_group(zara, club.id, chat_id=-100200300, title="Second room")
    await choose_reminders(zara, [60])
    await feeds.create_feed(zara)
    invitation = await begin_sign_in("Firefox on Linux")
    asked = await pending_sign_in(invitation.key)
    await answer_sign_in(asked.id, zara, yes=True)
    await finish_sign_in(invitation.browser_key)
    poll = await create_poll(
        zara, club.id, PollDraft(question="Which?", options=(OptionDraft("A"), OptionDraft("B")))
    )
    option = await db.value("SELECT id FROM poll_options ORDER BY id LIMIT 1")
    await vote(poll, zara, [option], via=Via.MINIAPP)
    told = await create_announcement(zara, club.id, AnnouncementDraft(text="Bring shoes", to_members=True))
    await schedule_announcement(zara, told)
    await watch_progress(zara, told, TELEGRAM, 5)
    await fan_out()
    return {"past": past, "ahead": ahead, "poll": poll, "member": mine}


async def test_every_column_that_points_at_a_person_is_told(database: None) -> None:
    """`A7`: a new table that is forgotten fails here."""
    told = {column for one in INVENTORY for column in one.columns}
    assert told - {"telegram_users.id"} == await pointers()
    assert len({one.part for one in INVENTORY}) == len(INVENTORY)


async def test_takes_all_of_it_away(zara: Any, full_life: dict[str, Any], noon: datetime) -> None:
    held = json.loads(json.dumps(await export(zara)))
    you = held["you"]
    assert (you["telegram_id"], you["first_name"], you["username"]) == (TELEGRAM, NAME, USERNAME)
    assert you["reminder_leads"] == [60]
    seats = {row["date"]: row["seats"] for row in held["bookings and answers"]}
    assert seats["Past"] == seats["Ahead"] == 2
    assert {row["by"] for row in held["changes of your seats"]} == {"you", "by itself"}
    assert [GUEST] in [row["guest_names"] for row in held["bookings and answers"]]
    assert held["votes"][0]["text"] == "A"
    empty = {part for part, rows in held.items() if not rows}
    assert empty == {
        *("first claims", "absences", "absences you pardoned", "people you checked in"),
        *("groups you were seen in", "dates you decided on", "seats of others that you changed"),
        "series you made",
    }


async def test_names_nobody_else(
    zara: Any, olga: Any, alice: Any, full_life: dict[str, Any], noon: datetime
) -> None:
    """`A1`, `A7`: neither a name nor a number of theirs; nor anything of theirs in a club of others."""
    await create_own_account(alice, "Secret society")
    text = json.dumps(await export(zara))
    for name in ("Olga", "Alice", "Bob", "Aino", "Secret", str(olga.telegram_id)):
        assert name not in text
    for secret in ("token", "hash", "seed"):
        assert secret not in text


async def test_an_erased_person_stands_nowhere(zara: Any, full_life: dict[str, Any], noon: datetime) -> None:
    """`A7`: not in any column of any table; what was theirs alone is gone."""
    assert await found(NAME) == ["telegram_users.first_name"]
    await erase(zara)
    for text in (NAME, FAMILY, USERNAME, GUEST, str(TELEGRAM)):
        assert await found(text) == []
    for held in INVENTORY:
        for column in held.columns if held.is_deleted else ():
            table, name = column.split(".")
            whose = full_life["member"] if "membership" in name else zara.id
            assert not await db.value(f"SELECT true FROM {table} WHERE {name} = $1", whose), table
    row = await db.row("SELECT * FROM telegram_users WHERE id = $1", zara.id)
    assert row is not None and row["reminder_leads"] is None and row["may_write_at"] is None
    details = await db.rows("SELECT DISTINCT detail FROM messages WHERE user_id = $1", zara.id)
    assert [one["detail"] for one in details] == ["{}"]
    assert await person_by_id(zara.id) is None


async def test_the_counts_stay(
    zara: Any, alice: Any, olga: Any, full_life: dict[str, Any], noon: datetime
) -> None:
    """`A7`, `B8`: past seats, votes and the log; lists say that it was someone."""
    past_id = await db.value("SELECT id FROM event_instances WHERE code = $1", full_life["past"])
    clock.advance(timedelta(days=3, hours=12))  # over; ahead is over too
    log = await db.value("SELECT count(*) FROM event_participation_log")
    votes = await db.value("SELECT sum(votes) FROM poll_option_tallies")
    await erase(zara)
    assert await db.value("SELECT count(*) FROM event_participation_log") >= log
    assert await db.value("SELECT sum(votes) FROM poll_option_tallies") == votes == 1
    people = await attendees(past_id)
    assert [(one.first_name, one.seats) for one in people.comers] == [("Someone", 2), ("Alice", 1)]
    assert "Someone" in [one.name for one in await attendance(past_id)]
    assert await check_invariants() == []


async def test_seats_ahead_go_on_first(
    zara: Any, alice: Any, olga: Any, full_life: dict[str, Any], noon: datetime
) -> None:
    """`W2`: the line moves, and is told."""
    ahead_id = await db.value("SELECT id FROM event_instances WHERE code = $1", full_life["ahead"])
    assert [one.first_name for one in (await attendees(ahead_id)).comers] == [NAME]
    await erase(zara)
    assert [one.first_name for one in (await attendees(ahead_id)).comers] == ["Alice"]
    told = await db.value("SELECT count(*) FROM messages WHERE user_id = $1 AND kind = 'promoted'", alice.id)
    assert told == 1
    assert await db.value("SELECT count(*) FROM regulars") == 0
    assert await check_invariants() == []


async def test_a_seat_too_late_to_leave_goes_on_too(
    zara: Any, bob: Any, instance: Make, noon: datetime
) -> None:
    """Nobody is left who could look for a replacement (`B6`)."""
    code = await instance(capacity=1, cancel_before_minutes=1440, offers_before_minutes=120)
    await book(code, zara, via=Via.CARD)
    clock.advance(timedelta(days=2, hours=12))
    await book(code, bob, via=Via.CARD)
    await erase(zara)
    booked = await db.rows(
        "SELECT m.user_id FROM bookings b JOIN memberships m ON m.id = b.membership_id WHERE b.seats > 0"
    )
    assert [row["user_id"] for row in booked] == [bob.id]
    assert await db.value("SELECT count(*) FROM absences") == 0


async def test_cards_are_drawn_again(zara: Any, full_life: dict[str, Any], noon: datetime) -> None:
    """`C3`"""
    ask = (
        "SELECT s.version FROM instance_seats s JOIN event_instances i ON i.id = s.instance_id"
        " WHERE i.code = $1"
    )
    clock.advance(timedelta(days=3, hours=12))
    before = await db.value(ask, full_life["past"])
    await erase(zara)
    assert await db.value(ask, full_life["past"]) > before


async def test_twice_is_the_same(zara: Any, full_life: dict[str, Any], noon: datetime) -> None:
    await erase(zara)
    erased_at = await db.value("SELECT erased_at FROM telegram_users WHERE id = $1", zara.id)
    clock.advance(timedelta(minutes=1))
    await erase(zara)
    assert erased_at == await db.value("SELECT erased_at FROM telegram_users WHERE id = $1", zara.id)
    assert await db.value("SELECT count(*) FROM audit_log WHERE verb = 'end membership'") == 1


async def test_several_times_at_once_is_once(zara: Any, full_life: dict[str, Any], noon: datetime) -> None:
    """Two devices, or a finger that trembles."""
    await asyncio.gather(*(erase(zara) for _ in range(4)))
    assert await found(NAME) == []
    assert await db.value("SELECT count(*) FROM audit_log WHERE verb = 'end membership'") == 1
    assert await check_invariants() == []


async def test_who_returns_is_somebody_new(zara: Any, club: Any, noon: datetime) -> None:
    await erase(zara)
    back = await register_person(TelegramIdentity(TELEGRAM, "Zara", may_write=True))
    assert back.id != zara.id
    assert await clubs(back) == []
    await join(back, club.id, through=JoinedThrough.GROUP)
    assert [one.id for one in await clubs(back)] == [club.id]
    with pytest.raises(NotFound):  # a session of theirs from before
        await join(zara, club.id, through=JoinedThrough.GROUP)


async def test_the_last_owner_is_told_to_hand_over_first(
    olga: Any, alice: Any, club: Any, instance: Make, noon: datetime
) -> None:
    """`A2`: and nothing has changed."""
    code = await instance()
    await book(code, olga, via=Via.CARD)
    with pytest.raises(LastOwner):
        await erase(olga)
    assert [one.role for one in await clubs(olga)] == [Role.OWNER]
    assert await db.value("SELECT sum(seats) FROM bookings") == 1
    await change_role(olga, club.id, await membership(alice), Role.OWNER)
    await erase(olga)
    assert await db.value("SELECT erased_at IS NOT NULL FROM telegram_users WHERE id = $1", olga.id)


async def test_owners_who_go_at_once_leave_one_behind(
    olga: Any, alice: Any, club: Any, noon: datetime
) -> None:
    """`A2`"""
    await change_role(olga, club.id, await membership(alice), Role.OWNER)
    told = await asyncio.gather(erase(olga), erase(alice), return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["LastOwner", "NoneType"]


async def test_many_go_while_seats_go_round(club: Any, instance: Make, crowd: Any, noon: datetime) -> None:
    """`B3`, `W2`: erased while they are promoted, book, or leave; no seat is lost, none given to nobody."""
    code = await instance(capacity=6)
    people = await crowd(24)
    for person in people[:18]:
        await book(code, person, via=Via.CARD)
    going, leaving, coming = people[0:18:3], people[1:18:3], people[18:]
    told = await asyncio.gather(
        *(erase(person) for person in going),
        *(leave(code, person, via=Via.MINIAPP) for person in leaving),
        *(book(code, person, via=Via.MINIAPP) for person in (*coming, *going)),
        return_exceptions=True,
    )
    assert {type(one).__name__ for one in told if isinstance(one, Exception)} <= {"NotHere", "NotFound"}  # fmt: skip
    await finish_erasures()
    await fill_all()
    assert await check_invariants() == []
    gone = [person.id for person in going]
    assert not await db.value(
        "SELECT true FROM bookings b JOIN memberships m ON m.id = b.membership_id"
        " WHERE m.user_id = ANY($1::bigint[]) AND (b.seats + b.waiting + b.offered > 0 OR m.left_at IS NULL)",
        gone,
    )
    assert await db.value("SELECT booked FROM instance_seats") == 6


async def test_what_came_in_meanwhile_is_seen_to(zara: Any, olga: Any, club: Any, noon: datetime) -> None:
    """The hourly net: a message written in the moment of erasing."""
    await erase(zara)
    await db.execute(
        "INSERT INTO messages (account_id, user_id, kind, detail, dedupe, priority, due_at, created_at)"
        " VALUES ($1, $2, 'removed', '{\"reason\": \"Zarathustra\"}', 'x', 0, $3, $3)",
        club.id,
        zara.id,
        noon,
    )
    await finish_erasures()
    assert await found(NAME) == []
    assert await db.value("SELECT state FROM messages WHERE dedupe = 'x'") == "dropped"


async def test_who_was_checked_in_and_pardoned_is_told_of_it(
    zara: Any, olga: Any, club: Any, instance: Make, noon: datetime
) -> None:
    here, missed = await instance(title="Here"), await instance(title="Missed")
    for code in (here, missed):
        await book(code, zara, via=Via.CARD)
    clock.advance(timedelta(days=3, hours=4))
    await check_in(here, olga, await membership(zara))
    clock.advance(timedelta(hours=4))
    await close_list(missed, olga)
    await pardon(olga, club.id, await db.value("SELECT id FROM absences"))
    held = await export(zara)
    assert [row["kind"] for row in held["absences"]] == ["no-show"]  # type: ignore[attr-defined]
    mine = await export(olga)
    assert mine["people you checked in"] and mine["absences you pardoned"]
    assert mine["dates you decided on"]
    assert NAME not in json.dumps(mine)
