"""Lists of members in the order of their names, a page at a time from an index (decision 0061)."""

import asyncio
import itertools
from contextvars import copy_context
from typing import Any

import pytest

from backend import db
from backend.accounts import member_pages
from backend.accounts.memberships import end_membership, ensure_named_member, join
from backend.accounts.queries import AccountView, Member, authorize, members
from backend.accounts.rules import JoinedThrough, Permission, Role
from backend.alphabets import order_sql, sort_key
from backend.i18n import LOCALES
from backend.people.actions import TelegramIdentity, register_person
from backend.people.pages import PeoplePage
from backend.personal.actions import erase

NAMES = [
    "Öhman",
    "Zoe",
    "Ёлка",
    "anna",
    "Яна",
    "Åke",
    "Łukasz",
    "Yrjö",
    "Иван",
    "Ülle",
    "Эва",
    "Æsa",
    "אבי",
    "42",
]


@pytest.fixture
async def yoga(account: Any, olga: Any) -> AccountView:
    return await authorize(olga, account.id, Permission.MANAGE_MEMBERS)


@pytest.fixture
async def many(yoga: AccountView) -> list[Any]:
    """Members with these names, two of each; the second of every fourth is a helper."""
    people = []
    for number, name in enumerate(NAMES + NAMES):
        person = await register_person(TelegramIdentity(600_000 + number, name, "Virtanen"))
        await join(person, yoga.id, through=JoinedThrough.HAND)
        people.append(person)
    for person in people[len(NAMES) :: 4]:
        await db.execute_single("UPDATE memberships SET role = 'HELPER' WHERE user_id = $1", person.id)
    return people


async def listed_names(account_id: int) -> list[str]:
    rows = await db.rows("SELECT display_name FROM memberships WHERE account_id = $1 ORDER BY id", account_id)
    return [row["display_name"] for row in rows]


async def all_pages(account: AccountView, **wanted: Any) -> list[PeoplePage[Member]]:
    found = [await members(account, **wanted)]
    while found[-1].next_after:
        found.append(await members(account, after=found[-1].next_after, **wanted))
    return found


@pytest.mark.parametrize("language", LOCALES)
async def test_each_is_on_one_page_organisers_first_then_by_name(
    yoga: AccountView, many: list[Any], language: str
) -> None:
    """In the order in which Python sorts all of them; each page knows the one before and its place in the list."""
    pages = await all_pages(yoga, limit=5, language=language)
    listed = [one for page in pages for one in page.entries]
    ranks = {Role.OWNER: 0, Role.ADMIN: 1, Role.HELPER: 2, Role.MEMBER: 3}
    assert listed == sorted(listed, key=lambda one: (ranks[one.role], sort_key(one.name, language), one.id))
    assert len(listed) == len({one.id for one in listed}) == pages[0].total == len(many) + 4
    for number, page in enumerate(pages):
        assert page.first == 5 * number + 1
    for earlier, later in itertools.pairwise(pages):
        again = await members(yoga, after=later.previous_after, limit=5, language=language)
        assert again.entries == earlier.entries


@pytest.mark.parametrize("language", LOCALES)
async def test_an_index_gives_the_order_of_each_language(yoga: AccountView, language: str) -> None:
    """A language, or a letter with a place of its own, that is added needs a migration of these indexes."""
    async with db.transaction():
        for way in ("sort", "seqscan", "bitmapscan"):
            await db.execute(f"SET LOCAL enable_{way} = off")
        plan = await db.rows(
            "EXPLAIN SELECT m.id FROM memberships m WHERE m.account_id = $1 AND m.left_at IS NULL"
            f" ORDER BY {order_sql('m.display_name', language)}, m.id LIMIT 5",
            yoga.id,
        )
    text = "\n".join(row["QUERY PLAN"] for row in plan)
    assert f"memberships_names_{language}_idx" in text and "Sort" not in text, text


async def test_a_page_keeps_its_place_when_its_neighbours_leave(
    yoga: AccountView, many: list[Any], olga: Any
) -> None:
    """The one before ended with somebody who leaves; the last page is still the last when all on it leave."""
    first, second, *_, last = await all_pages(yoga, limit=5)
    await end_membership(olga, yoga.id, first.entries[-1].id)
    moved = await members(yoga, after=first.next_after, limit=5)
    assert moved.entries == second.entries and moved.first == 5
    for one in last.entries:
        await end_membership(olga, yoga.id, one.id)
    before = await members(yoga, after=second.next_after, limit=50)
    behind = await members(yoga, after=last.entries[-1].id, limit=5)
    assert behind.entries == before.entries[-5:] and behind.next_after is None


async def test_of_many_who_are_found_only_the_first_are_counted(
    yoga: AccountView, many: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member_pages, "COUNTED_MAX", 7)
    pages = await all_pages(yoga, words="virtanen", limit=5)
    assert [len(page.entries) for page in pages] == [5, 5, 5, 5, 5, 3]
    assert {(page.total, page.is_counted) for page in pages} == {(7, False)}
    assert [page.first for page in pages] == [1, 6, None, None, None, None]
    assert [page.last for page in pages][:3] == [5, 10, None]
    few = await members(yoga, words="virtanen zoe", limit=5)
    assert (few.total, few.is_counted) == (2, True)
    everybody = await members(yoga, limit=5)
    assert (everybody.total, everybody.is_counted) == (len(many) + 4, True)


async def test_a_member_is_listed_under_the_name_they_have_now(account: Any, olga: Any, alice: Any) -> None:
    """Whether they are renamed at Telegram, named by an organiser, or erased (`A7`)."""
    before = await listed_names(account.id)
    await register_person(TelegramIdentity(alice.telegram_id, "Alisa", "Äijälä"))
    await ensure_named_member(account.id, "Kerttu")
    after = await listed_names(account.id)
    assert set(after) - set(before) == {"Alisa Äijälä", "Kerttu"} and "Alice Member" not in after
    await erase(alice)
    assert set(after) - set(await listed_names(account.id)) == {"Alisa Äijälä"}


async def test_who_joins_while_they_are_renamed_is_listed_under_the_new_name(account: Any) -> None:
    """Joining waits for the new name, where it was there first."""
    outside = copy_context()
    person = await register_person(TelegramIdentity(600_000, "Anna"))
    async with db.transaction():
        await db.execute("UPDATE telegram_users SET first_name = 'Bella' WHERE id = $1", person.id)
        joining = asyncio.create_task(join(person, account.id, through=JoinedThrough.HAND), context=outside)
        while not await db.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            pass
    await joining
    assert "Bella" in await listed_names(account.id)
