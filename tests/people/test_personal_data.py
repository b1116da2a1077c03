"""Personal data: exported as a whole, and erased so that the name goes and the counts stay (`A7`)."""

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
from backend.accounts.queries import joined_accounts
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
from backend.people.command_lists import claim_command_lists, end_command_list
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
from tests.bookings.lookups import membership_of
from tests.conftest import are_in_group

Make = Callable[..., Awaitable[str]]
NAME, FAMILY, USERNAME, TELEGRAM = "Zarathustra", "Quetzalcoatl", "zarathustra_q", 777_000_777
GUEST = "Xochiquetzal"


async def personal_columns() -> set[str]:
    """Every column of the database that points at a person or a membership: by its foreign key, or by its
    name where a log has none."""
    rows = await db.rows(
        "SELECT c.conrelid::regclass::text AS table, a.attname AS column FROM pg_constraint c"
        " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)"
        " WHERE c.contype = 'f' AND c.confrelid IN ('telegram_users'::regclass, 'memberships'::regclass)"
        " UNION SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        " AND (column_name ~ '(^|_)(user|membership|person|member)_id$' OR column_name ~ '_by$')"
    )
    return {f"{row['table']}.{row['column']}" for row in rows}


async def columns_with(text: str) -> list[str]:
    """Every column, as `table.column`, that contains this text in a row."""
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
async def zara(people: dict[str, Any], account: Any, olga: Any, noon: datetime) -> Any:
    """A member whose name appears nowhere by chance."""
    who = TelegramIdentity(TELEGRAM, NAME, FAMILY, USERNAME, "en", may_write=True)
    person = await register_person(who)
    await join(person, account.id, through=JoinedThrough.HAND)
    await are_in_group(account.group_id, person)
    return person


@pytest.fixture
async def history(
    zara: Any, olga: Any, alice: Any, account: Any, instance: Make, series: Any
) -> dict[str, Any]:
    """Zarathustra has done everything that leaves personal data."""
    membership_id = await membership_of(zara)
    await change_role(olga, account.id, membership_id, Role.ADMIN)
    weekly = await series(title="Weekly", rule="FREQ=WEEKLY;COUNT=3")
    await make_regular(olga, account.id, weekly.series_id, membership_id)
    past, ahead = await instance(title="Past"), await instance(title="Ahead", capacity=2)
    off = await instance(title="Off")
    for code in (past, ahead):
        await book(code, zara, guests=1, via=Via.CARD)
        await name_guests(code, zara, [GUEST], via=Via.MINIAPP)
    await book(past, alice, via=Via.CARD)
    await book(ahead, alice, via=Via.CARD)
    await post_card(zara, past)
    await cancel_instance(off, zara, "No key")
    await create_key(zara, account.id, label="For friends", role=Role.MEMBER)
    await link_group(zara, account.id, chat_id=-100200300, title="Second room")
    await choose_reminders(zara, [60])
    await feeds.create_feed(zara)
    link = await begin_sign_in("Firefox on Linux")
    pending = await pending_sign_in(link.key)
    await answer_sign_in(pending.id, zara, number=link.number)
    await finish_sign_in(link.browser_key)
    poll = await create_poll(
        zara, account.id, PollDraft(question="Which?", options=(OptionDraft("A"), OptionDraft("B")))
    )
    option = await db.value("SELECT id FROM poll_options ORDER BY id LIMIT 1")
    await vote(poll, zara, [option], via=Via.MINIAPP)
    announcement_id = await create_announcement(
        zara, account.id, AnnouncementDraft(text="Bring shoes", to_members=True)
    )
    await schedule_announcement(zara, announcement_id)
    await watch_progress(zara, announcement_id, TELEGRAM, 5)
    await fan_out()
    return {"past": past, "ahead": ahead, "poll": poll, "membership": membership_id}


async def test_the_inventory_has_every_personal_column(database: None) -> None:
    """`A7`: a new table without a part in the inventory fails here."""
    listed = {column for item in INVENTORY for column in item.columns}
    assert listed - {"telegram_users.id"} == await personal_columns()
    assert len({item.part for item in INVENTORY}) == len(INVENTORY)


async def test_an_export_has_everything(zara: Any, history: dict[str, Any], noon: datetime) -> None:
    exported = json.loads(json.dumps(await export(zara)))
    you = exported["you"]
    assert (you["telegram_id"], you["first_name"], you["username"]) == (TELEGRAM, NAME, USERNAME)
    assert you["reminder_leads"] == [60]
    seats = {row["date"]: row["seats"] for row in exported["bookings and answers"]}
    assert seats["Past"] == seats["Ahead"] == 2
    assert {row["by"] for row in exported["changes of your seats"]} == {"you", "by itself"}
    assert [GUEST] in [row["guest_names"] for row in exported["bookings and answers"]]
    assert exported["votes"][0]["text"] == "A"
    empty = {part for part, rows in exported.items() if not rows}
    assert empty == {
        *("first claims", "absences", "absences you pardoned", "people you checked in"),
        *("dates you decided on", "seats of others that you changed"),
        *("series you made", "lists you were shown last", "what you are telling the bot"),
    }


async def test_an_export_names_nobody_else(
    zara: Any, olga: Any, alice: Any, history: dict[str, Any], noon: datetime
) -> None:
    """`A1`, `A7`: it has no name or Telegram id of others, and nothing of accounts where the person is no
    member."""
    await create_own_account(alice, "Secret society")
    text = json.dumps(await export(zara))
    for name in ("Olga", "Alice", "Bob", "Aino", "Secret", str(olga.telegram_id)):
        assert name not in text
    for secret in ("token", "hash", "seed"):
        assert secret not in text


async def test_no_column_names_an_erased_person(zara: Any, history: dict[str, Any], noon: datetime) -> None:
    """`A7`: and rows that were theirs alone are deleted."""
    assert await columns_with(NAME) == ["memberships.display_name", "telegram_users.first_name"]
    await erase(zara)
    # Telegram takes the organiser's list of commands back; until then it must be known whose.
    assert await columns_with(str(TELEGRAM)) == ["due_command_lists.chat_id"]
    for due in await claim_command_lists(9, ()):
        await end_command_list(due)
    for text in (NAME, FAMILY, USERNAME, GUEST, str(TELEGRAM)):
        assert await columns_with(text) == []
    for item in INVENTORY:
        for column in item.columns if item.is_deleted else ():
            table, name = column.split(".")
            owner = history["membership"] if "membership" in name else zara.id
            assert not await db.value(f"SELECT true FROM {table} WHERE {name} = $1", owner), table
    row = await db.row("SELECT * FROM telegram_users WHERE id = $1", zara.id)
    assert row is not None and row["reminder_leads"] is None and row["may_write_at"] is None
    details = await db.rows("SELECT DISTINCT detail FROM messages WHERE user_id = $1", zara.id)
    assert [one["detail"] for one in details] == ["{}"]
    assert await person_by_id(zara.id) is None


async def test_counts_stay_after_erasing(
    zara: Any, alice: Any, olga: Any, history: dict[str, Any], noon: datetime
) -> None:
    """`A7`, `B8`: past seats, votes and the log; lists name "Someone"."""
    past_id = await db.value("SELECT id FROM event_instances WHERE code = $1", history["past"])
    clock.advance(timedelta(days=3, hours=12))  # both instances are over
    log = await db.value("SELECT count(*) FROM event_participation_log")
    votes = await db.value("SELECT sum(votes) FROM poll_option_tallies")
    await erase(zara)
    assert await db.value("SELECT count(*) FROM event_participation_log") >= log
    assert await db.value("SELECT sum(votes) FROM poll_option_tallies") == votes == 1
    people = await attendees(past_id)
    assert [(one.first_name, one.seats) for one in people] == [("Someone", 2), ("Alice", 1)]
    assert "Someone" in [one.name for one in await attendance(past_id)]
    assert await check_invariants() == []


async def test_seats_ahead_go_to_the_waitlist_first(
    zara: Any, alice: Any, olga: Any, history: dict[str, Any], noon: datetime
) -> None:
    """`W2`: the waitlist advances and is notified."""
    ahead_id = await db.value("SELECT id FROM event_instances WHERE code = $1", history["ahead"])
    assert [one.first_name for one in await attendees(ahead_id)] == [NAME]
    await erase(zara)
    assert [one.first_name for one in await attendees(ahead_id)] == ["Alice"]
    notified = await db.value(
        "SELECT count(*) FROM messages WHERE user_id = $1 AND kind = 'promoted'", alice.id
    )
    assert notified == 1
    assert await db.value("SELECT count(*) FROM regulars") == 0
    assert await check_invariants() == []


async def test_a_seat_past_its_deadline_is_released_too(
    zara: Any, bob: Any, instance: Make, noon: datetime
) -> None:
    """An erased person cannot look for a replacement (`B6`)."""
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


async def test_cards_are_rendered_again_after_erasing(
    zara: Any, history: dict[str, Any], noon: datetime
) -> None:
    """`C3`"""
    version = (
        "SELECT s.version FROM instance_seats s JOIN event_instances i ON i.id = s.instance_id"
        " WHERE i.code = $1"
    )
    clock.advance(timedelta(days=3, hours=12))
    before = await db.value(version, history["past"])
    await erase(zara)
    assert await db.value(version, history["past"]) > before


async def test_erasing_again_changes_nothing(zara: Any, history: dict[str, Any], noon: datetime) -> None:
    await erase(zara)
    erased_at = await db.value("SELECT erased_at FROM telegram_users WHERE id = $1", zara.id)
    clock.advance(timedelta(minutes=1))
    await erase(zara)
    assert erased_at == await db.value("SELECT erased_at FROM telegram_users WHERE id = $1", zara.id)
    assert await db.value("SELECT count(*) FROM audit_log WHERE verb = 'end membership'") == 1


async def test_erasing_several_times_at_once_erases_once(
    zara: Any, history: dict[str, Any], noon: datetime
) -> None:
    """As from two devices, or by a double tap."""
    await asyncio.gather(*(erase(zara) for _ in range(4)))
    assert await columns_with(NAME) == []
    assert await db.value("SELECT count(*) FROM audit_log WHERE verb = 'end membership'") == 1
    assert await check_invariants() == []


async def test_an_erased_person_who_returns_is_a_new_one(zara: Any, account: Any, noon: datetime) -> None:
    await erase(zara)
    back = await register_person(TelegramIdentity(TELEGRAM, "Zara", may_write=True))
    assert back.id != zara.id
    assert await joined_accounts(back) == []
    await join(back, account.id, through=JoinedThrough.GROUP)
    assert [one.id for one in await joined_accounts(back)] == [account.id]
    with pytest.raises(NotFound):  # a session from before
        await join(zara, account.id, through=JoinedThrough.GROUP)


async def test_the_last_owner_cannot_be_erased(
    olga: Any, alice: Any, account: Any, instance: Make, noon: datetime
) -> None:
    """`A2`: and nothing has changed."""
    code = await instance()
    await book(code, olga, via=Via.CARD)
    with pytest.raises(LastOwner):
        await erase(olga)
    assert [one.role for one in await joined_accounts(olga)] == [Role.OWNER]
    assert await db.value("SELECT sum(seats) FROM bookings") == 1
    await change_role(olga, account.id, await membership_of(alice), Role.OWNER)
    await erase(olga)
    assert await db.value("SELECT erased_at IS NOT NULL FROM telegram_users WHERE id = $1", olga.id)


async def test_one_of_two_owners_erased_at_once_remains(
    olga: Any, alice: Any, account: Any, noon: datetime
) -> None:
    """`A2`"""
    await change_role(olga, account.id, await membership_of(alice), Role.OWNER)
    results = await asyncio.gather(erase(olga), erase(alice), return_exceptions=True)
    assert sorted(type(one).__name__ for one in results) == ["LastOwner", "NoneType"]


async def test_erasing_many_keeps_every_seat_accounted_for(
    account: Any, instance: Make, crowd: Any, noon: datetime
) -> None:
    """`B3`, `W2`: people are erased while others are promoted, book or leave; no seat is lost, and none goes
    to an erased person."""
    code = await instance(capacity=6)
    people = await crowd(24)
    for person in people[:18]:
        await book(code, person, via=Via.CARD)
    erased, leaving, booking = people[0:18:3], people[1:18:3], people[18:]
    results = await asyncio.gather(
        *(erase(person) for person in erased),
        *(leave(code, person, via=Via.MINIAPP) for person in leaving),
        *(book(code, person, via=Via.MINIAPP) for person in (*booking, *erased)),
        return_exceptions=True,
    )
    assert {type(one).__name__ for one in results if isinstance(one, Exception)} <= {"NotAMemberHere", "NotFound"}  # fmt: skip
    await finish_erasures()
    await fill_all()
    assert await check_invariants() == []
    erased_ids = [person.id for person in erased]
    assert not await db.value(
        "SELECT true FROM bookings b JOIN memberships m ON m.id = b.membership_id"
        " WHERE m.user_id = ANY($1::bigint[]) AND (b.seats + b.waiting + b.offered > 0 OR m.left_at IS NULL)",
        erased_ids,
    )
    assert await db.value("SELECT booked FROM instance_seats") == 6


async def test_what_arrives_during_an_erasure_is_erased_later(
    zara: Any, olga: Any, account: Any, noon: datetime
) -> None:
    """By the hourly job: here a message that was written at the moment of the erasure."""
    await erase(zara)
    await db.execute(
        "INSERT INTO messages (account_id, user_id, kind, detail, dedupe, priority, due_at, created_at)"
        " VALUES ($1, $2, 'removed', '{\"reason\": \"Zarathustra\"}', 'x', 0, $3, $3)",
        account.id,
        zara.id,
        noon,
    )
    await finish_erasures()
    assert await columns_with(NAME) == []
    assert await db.value("SELECT state FROM messages WHERE dedupe = 'x'") == "dropped"


async def test_an_export_has_absences_and_what_an_organiser_did(
    zara: Any, olga: Any, account: Any, instance: Make, noon: datetime
) -> None:
    here, missed = await instance(title="Here"), await instance(title="Missed")
    for code in (here, missed):
        await book(code, zara, via=Via.CARD)
    clock.advance(timedelta(days=3, hours=4))
    await check_in(here, olga, await membership_of(zara))
    clock.advance(timedelta(hours=4))
    await close_list(missed, olga)
    await pardon(olga, account.id, await db.value("SELECT id FROM absences"))
    exported = await export(zara)
    assert [row["kind"] for row in exported["absences"]] == ["no-show"]  # type: ignore[attr-defined]
    organisers_export = await export(olga)
    assert organisers_export["people you checked in"] and organisers_export["absences you pardoned"]
    assert organisers_export["dates you decided on"]
    assert NAME not in json.dumps(organisers_export)
