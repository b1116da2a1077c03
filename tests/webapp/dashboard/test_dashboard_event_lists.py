"""The lists of an instance with hundreds of parties, by pages and by name (`B10`)."""

import html
import itertools
import re
from typing import Any

import pytest

from backend import db
from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from backend.bookings import actions
from backend.people.actions import choose_language
from backend.seats.requests import Via

LISTS = ("in", "line", "others")


def section(shown: Any, name: str) -> str:
    """One list of the page, as HTML."""
    if name == "others":  # several: those who may come, cannot, or left
        return str(
            shown.text.partition('<div class="stack" id="others">')[2].partition('<div class="stack stick">')[
                0
            ]
        )
    found = re.search(rf'<section class="card" id="{name}".*?</section>', shown.text, re.S)
    return found[0] if found else ""


def names_on(shown: Any, name: str) -> list[str]:
    return re.findall(r'<th scope="row">.*?<bdi>(.*?)</bdi>', section(shown, name))


def address(shown: Any, name: str, rel: str) -> str:
    """Where the link to the next or previous page of a list leads, or to all of it; "" without one."""
    kind = "" if rel == "all" else f' rel="{rel}"'
    found = re.search(rf'<a class="btn small quiet"{kind} href="([^"#]+)#{name}"', section(shown, name))
    return html.unescape(found[1]) if found else ""


def form_of(shown: Any, name: str, act: str) -> str:
    """Where the first form with this act of a list is sent."""
    found = re.search(rf'action="([^"]+/{act}(?:\?[^"]*)?)"', section(shown, name))
    assert found, section(shown, name)
    return html.unescape(found[1])


@pytest.fixture
async def busy(noon: Any, instance: Any, crowd: Any) -> str:
    """A date with 110 seated parties, 110 in line and 80 who cannot come."""
    code = await instance(capacity=220, guests_max=9)
    people = await crowd(300)
    for person in people[:220]:
        await actions.book(code, person, guests=1, via=Via.CARD)
    for person in people[220:]:
        await actions.answer(code, person, maybe=False, via=Via.CARD)
    return str(code)


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_one_list_is_shown_at_length_in_pages_of_fifty(
    busy: str, dashboard: Any, olga: Any, language: str
) -> None:
    """However many parties there are, the page stays small; of the other lists it has the beginning."""
    await choose_language(olga, language)
    pages = [await dashboard.get(f"/dashboard/events/{busy}")]
    while following := address(pages[-1], "in", "next"):
        pages.append(await dashboard.get(following))
    assert [[len(names_on(page, name)) for name in LISTS] for page in pages] == [
        [50, 5, 5],
        [50, 5, 5],
        [10, 40, 5],
    ]
    assert names_on(pages[1], "in")[0] == "Member 51" and names_on(pages[2], "line")[0] == "Member 111"
    for earlier, later in itertools.pairwise(pages):
        back = await dashboard.get(address(later, "in", "prev"))
        assert names_on(back, "in") == names_on(earlier, "in")
    waitlist = await dashboard.get(address(pages[0], "line", "all"))
    assert [len(names_on(waitlist, name)) for name in LISTS] == [5, 50, 5]
    others = await dashboard.get(address(waitlist, "others", "all"))
    second = await dashboard.get(address(others, "others", "next"))
    assert names_on(second, "others") == [f"Member {n}" for n in range(271, 301)]
    for page in (*pages, waitlist, others, second):
        assert len(page.content) <= 100_000


async def test_a_search_finds_parties_of_every_list_and_page(busy: str, dashboard: Any) -> None:
    """Without accents, with a typing error, by username; the numbers of the date stay."""
    for number, name in ((90, "Väinö"), (200, "Vaïno"), (290, "Vaino")):
        async with db.transaction():
            await db.execute(
                "UPDATE telegram_users SET first_name = $2, username = $3 WHERE first_name = $1",
                f"Member {number}",
                name,
                f"swimmer{number}",
            )
    path = f"/dashboard/events/{busy}"
    shown = await dashboard.client.get(path, params={"q": "vaino"})
    assert [names_on(shown, name) for name in LISTS] == [["Väinö"], ["Vaïno"], ["Vaino"]]
    assert "Seats 220 of 220 In line 110 for 220 seats Maybe 0 Can’t 80" in dashboard.text(shown)
    line = await dashboard.client.get(path, params={"q": "@swimmer200"})
    assert [names_on(line, name) for name in LISTS] == [[], ["Vaïno"], []]
    assert '<span class="at num">90</span>' in section(line, "line")
    assert "No one by that name" in section(line, "in")
    many = await dashboard.client.get(path, params={"q": "member 1", "show": "line"})
    assert "q=member+1" in address(many, "line", "next") and "show=line" in address(many, "line", "next")


@pytest.mark.parametrize(("name", "act"), [("in", "removal"), ("in", "guests"), ("line", "removal")])
async def test_an_act_answers_with_the_page_it_was_done_on(
    busy: str, dashboard: Any, name: str, act: str
) -> None:
    """With its search; and so does the undoing of a removal."""
    path = f"/dashboard/events/{busy}?q=member&show={name}"
    second = await dashboard.get(address(await dashboard.get(path), name, "next"))
    listed = names_on(second, name)
    assert listed
    shown = await dashboard.post(form_of(second, name, act), guests="0")
    assert names_on(shown, name)[:30] == listed[1:31] if act == "removal" else listed
    if name == "line":
        undo = re.search(r'id="notice".*?action="([^"]+)"(.*?)</form>', shown.text, re.S)
        assert undo
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', undo[2]))
        shown = await dashboard.post(html.unescape(undo[1]), **{**fields, "csrf": dashboard.csrf})
        assert names_on(shown, name)[:30] == listed[1:31]


async def test_a_refusal_shows_the_page_it_was_about(busy: str, dashboard: Any) -> None:
    """`B3`: the question whether to go over the limit stands above the same people, and its answer too."""
    waiting = await dashboard.get(f"/dashboard/events/{busy}?show=line")
    second = await dashboard.get(address(waiting, "line", "next"))
    asked = await dashboard.post(form_of(second, "line", "seat"))
    assert asked.status_code == 422 and names_on(asked, "line") == names_on(second, "line")
    again = re.search(r'role="alert".*?action="([^"]+)"', asked.text, re.S)
    assert again
    done = await dashboard.post(html.unescape(again[1]), over="1")
    assert (
        "over by 2" in dashboard.text(done) and names_on(done, "line")[:30] == names_on(second, "line")[1:31]
    )


async def test_a_party_of_which_a_part_is_seated_is_listed_once(
    noon: Any, dashboard: Any, instance: Any, alice: Any, bob: Any, aino: Any
) -> None:
    """It keeps its place in line, which those behind it count."""
    code = await instance(capacity=2, guests_max=1)
    await actions.book(code, bob, via=Via.CARD)
    await actions.book(code, alice, guests=1, via=Via.CARD)
    await actions.book(code, aino, via=Via.CARD)
    await actions.take_free(code, alice, via=Via.CARD)
    shown = await dashboard.get(f"/dashboard/events/{code}")
    assert [names_on(shown, name) for name in LISTS] == [["Bob", "Alice"], ["Aino"], []]
    assert "waiting for 1 more" in section(shown, "in")
    assert '<span class="at num">2</span>' in section(shown, "line")


async def test_members_to_add_are_found_by_name(busy: str, dashboard: Any) -> None:
    """The page of a date has no list of all members: twenty are suggested at most, and a name finds the others."""
    assert "Aino" not in (await dashboard.get(f"/dashboard/events/{busy}")).text
    await added(80)
    path = f"/dashboard/events/{busy}/bookings/new"
    shown = await dashboard.get(path)
    suggested = re.findall(r'name="membership" value="\d+"', shown.text)
    assert len(suggested) == 20 and "1–20 of 164" in dashboard.text(shown)
    found = await dashboard.get(f"{path}?who=newcomer+77")
    [member] = re.findall(r'name="membership" value="(\d+)" checked', found.text)
    done = await dashboard.post(f"/dashboard/events/{busy}/bookings", membership=member, how="line")
    assert "Newcomer 77 is in line for 1 seat." in dashboard.text(done)
    assert 'name="membership"' not in (await dashboard.get(f"{path}?who=newcomer+77")).text
    assert "No one by that name" in dashboard.text(await dashboard.get(f"{path}?who=nobody"))


async def test_only_who_may_add_people_searches_them(
    noon: Any, sign_in: Any, olga: Any, instance: Any, alice: Any, account: Any
) -> None:
    """`X4`: a helper sees who comes, and adds nobody."""
    code = await instance()
    await change_role(
        olga,
        account.id,
        int(await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)),
        Role.HELPER,
    )
    hers = await sign_in(alice)
    assert (await hers.get(f"/dashboard/events/{code}/bookings/new")).status_code == 403
    assert "Add a person" not in hers.text(await hers.get(f"/dashboard/events/{code}"))


async def added(number: int) -> None:
    """So many more members of the only club, by SQL."""
    async with db.transaction():
        await db.execute(
            "WITH made AS (INSERT INTO telegram_users (telegram_id, first_name, created_at, seen_at)"
            " SELECT 900000 + n, 'Newcomer ' || n, now(), now() FROM generate_series(1, $1) n RETURNING id)"
            " INSERT INTO memberships (account_id, user_id, role, joined_through, joined_at, checked_at)"
            " SELECT (SELECT id FROM accounts), id, 'MEMBER', 'hand', now(), now() FROM made",
            number,
        )
