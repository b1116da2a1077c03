"""Members and their roles (`A2`)."""

import html
import itertools
import re
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_own_account
from backend.people.actions import choose_language


async def membership(person: Any) -> int:
    return int(await db.value("SELECT id FROM memberships WHERE user_id = $1", person.id))


async def role(person: Any) -> str:
    return str(await db.value("SELECT role FROM memberships WHERE user_id = $1", person.id))


async def test_lists_members_organisers_first(noon: Any, dashboard: Any, account: Any) -> None:
    shown = dashboard.text(await dashboard.get("/dashboard/members"))
    assert "4 people" in shown
    assert shown.index("Olga Owner") < shown.index("Aino Member") < shown.index("Bob Member")


async def test_gives_a_role(noon: Any, dashboard: Any, bob: Any) -> None:
    shown = await dashboard.post(f"/dashboard/members/{await membership(bob)}/role", role="HELPER")
    assert "Bob is a helper now." in dashboard.text(shown) and await role(bob) == "HELPER"
    refused = await dashboard.post(f"/dashboard/members/{await membership(bob)}/role", role="KING")
    assert refused.status_code == 422 and await role(bob) == "HELPER"


async def test_the_last_owner_cannot_be_demoted(noon: Any, dashboard: Any, olga: Any, bob: Any) -> None:
    """A2: the page says so, and refuses an attempt."""
    shown = dashboard.text(await dashboard.get("/dashboard/members"))
    assert "A club needs an owner, so its only owner can’t leave or change role." in shown
    own = await membership(olga)
    for path, fields in (("role", {"role": "MEMBER"}), ("removal", {})):
        refused = await dashboard.post(f"/dashboard/members/{own}/{path}", **fields)
        assert refused.status_code == 422
        assert "Make somebody else an owner first." in dashboard.text(refused)
    await dashboard.post(f"/dashboard/members/{await membership(bob)}/role", role="OWNER")
    await dashboard.post(f"/dashboard/members/{own}/role", role="ADMIN")
    assert (await role(olga), await role(bob)) == ("ADMIN", "OWNER")


async def test_ends_a_membership(noon: Any, dashboard: Any, bob: Any) -> None:
    shown = dashboard.text(await dashboard.post(f"/dashboard/members/{await membership(bob)}/removal"))
    assert "Bob is no longer a member." in shown and "3 people" in shown


async def test_finds_by_name(noon: Any, dashboard: Any, account: Any) -> None:
    shown = dashboard.text(await dashboard.get("/dashboard/members?q=AIN"))
    assert "Aino Member" in shown and "Bob Member" not in shown
    accented = await dashboard.client.get("/dashboard/members", params={"q": "áinö"})
    assert "Aino Member" in dashboard.text(accented)
    none = await dashboard.client.get("/dashboard/members", params={"q": "<nobody>"})
    assert "No one by that name" in dashboard.text(none) and "<nobody>" not in none.text


async def pages_of(dashboard: Any, path: str) -> list[Any]:
    """The pages of a list, by its links to the next."""
    shown = [await dashboard.get(path)]
    while following := re.search(r'rel="next" href="([^"#]+)', shown[-1].text):
        shown.append(await dashboard.get(html.unescape(following[1])))
    return shown


def names_on(shown: Any) -> list[str]:
    return re.findall(r'<th scope="row">.*?<bdi>(.*?)</bdi>', shown.text.partition('id="removed-head"')[0])


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_hundreds_of_members_come_in_pages_of_fifty(
    noon: Any, dashboard: Any, olga: Any, crowd: Any, language: str
) -> None:
    """A page stays small however large the club is; each member is on one page, organisers on the first."""
    await choose_language(olga, language)
    await crowd(300)
    pages = await pages_of(dashboard, "/dashboard/members")
    assert max(len(page.content) for page in pages) <= 100_000
    listed = [names_on(page) for page in pages]
    assert [len(names) for names in listed] == [50] * 6 + [4]
    everybody = [name for names in listed for name in names]
    assert len(set(everybody)) == 304 and everybody[0] == "Olga"
    assert "51–100" in dashboard.text(pages[1]) and "304" in dashboard.text(pages[1])
    for earlier, later in itertools.pairwise(pages):
        back = re.search(r'rel="prev" href="([^"#]+)', later.text)
        assert back and names_on(await dashboard.get(html.unescape(back[1]))) == names_on(earlier)


async def test_a_search_finds_members_of_every_page(noon: Any, dashboard: Any, crowd: Any) -> None:
    """By name and username, without accents, with a typing error; the club's number of people stays."""
    await crowd(120)
    async with db.transaction():
        await db.execute(
            "UPDATE telegram_users SET first_name = 'Väinö', last_name = 'Äijälä', username = 'vaski'"
            " WHERE first_name = 'Member 99'"
        )
    for words in ("vaino", "Vainno aij", "@vaski"):
        shown = await dashboard.client.get("/dashboard/members", params={"q": words})
        assert names_on(shown) == ["Väinö Äijälä"], words
        assert "124 people" in dashboard.text(shown)
    many = await dashboard.client.get("/dashboard/members", params={"q": "member"})
    assert "1–50 of 119" in dashboard.text(many)
    following = re.search(r'rel="next" href="([^"]+)"', many.text)
    assert following and "q=member" in following[1]


async def test_an_act_answers_with_the_page_it_was_done_on(
    noon: Any, dashboard: Any, crowd: Any, sign_in: Any
) -> None:
    """The address keeps the search and the page, also where the last member of the page before has left."""
    await crowd(70)
    first, second = await pages_of(dashboard, "/dashboard/members?q=member")
    last_of_first, listed = names_on(first)[-1], names_on(second)
    [role, removal] = re.findall(r'action="([^"]+/(?:role|removal)\?[^"]+)"', second.text)[:2]
    shown = await dashboard.post(html.unescape(role), role="HELPER")
    assert f"{listed[0]} is a helper now." in dashboard.text(shown)
    assert names_on(shown) == listed[1:]  # helpers are listed before members
    shown = await dashboard.post(html.unescape(removal))
    assert f"{listed[0]} is no longer a member." in dashboard.text(shown)
    assert names_on(shown) == listed[1:]
    leaver = await db.value(
        "SELECT m.id FROM memberships m JOIN telegram_users u ON u.id = m.user_id WHERE first_name = $1",
        last_of_first,
    )
    shown = await dashboard.post(
        html.unescape(removal).replace(re.findall(r"members/(\d+)/", removal)[0], str(leaver))
    )
    assert names_on(shown) == listed[1:]


async def test_the_confirmation_leads_back_to_the_page(noon: Any, dashboard: Any, bob: Any) -> None:
    clock.advance(timedelta(hours=1))
    path = f"/dashboard/members/{await membership(bob)}/role?q=bo&after=7"
    asked = await dashboard.post(path, follow=False, role="OWNER")
    assert "next=/dashboard/members%3Fq%3Dbo%26after%3D7" in asked.headers["location"]


@pytest.mark.parametrize("after", ["0", "-1", "x", "9" * 40, "٣", "99999999"])
async def test_a_page_that_does_not_exist_is_the_first(
    noon: Any, dashboard: Any, account: Any, after: str
) -> None:
    shown = await dashboard.client.get("/dashboard/members", params={"after": after})
    assert shown.status_code == 200 and names_on(shown)[0] == "Olga"


async def test_the_pages_stay_in_their_club(
    noon: Any, dashboard: Any, olga: Any, account: Any, crowd: Any
) -> None:
    """Who runs two clubs turns pages, searches and acts in the one whose members are shown (`A8`)."""
    await create_own_account(olga, "Aerobics")
    await crowd(60)
    first, second = await pages_of(dashboard, f"/dashboard/members?q=member&club={account.id}")
    assert [len(names_on(page)) for page in (first, second)] == [50, 10]
    assert f'name="club" value="{account.id}"' in first.text
    [removal] = re.findall(r'action="([^"]+/removal\?[^"]+)"', second.text)[:1]
    assert names_on(await dashboard.post(html.unescape(removal))) == names_on(second)[1:]


async def test_lists_those_of_a_role(noon: Any, dashboard: Any, olga: Any, bob: Any, account: Any) -> None:
    """Visitors are no members, though their rows have a member's role."""
    await dashboard.post(f"/dashboard/members/{await membership(bob)}/role", role="HELPER")
    await db.execute_single(
        "UPDATE memberships SET visitor_since = joined_at WHERE id = $1", await membership_named("Aino")
    )
    expected = {
        "OWNER": ["Olga"],
        "ADMIN": [],
        "HELPER": ["Bob"],
        "MEMBER": ["Alice"],
        "VISITOR": ["Aino"],
        "KING": ["Olga", "Bob", "Aino", "Alice"],
    }
    for wanted, names in expected.items():
        shown = await dashboard.get(f"/dashboard/members?role={wanted}")
        assert names_on(shown) == names, wanted
        assert "4 people" in dashboard.text(shown)
    assert "Nobody has this role yet" in dashboard.text(await dashboard.get("/dashboard/members?role=ADMIN"))


async def test_lists_those_who_are_in_a_group(noon: Any, dashboard: Any, olga: Any, account: Any) -> None:
    """Whoever was seen in it and has not left it since; a group of another club has nobody."""
    choose = f"/dashboard/members?group={account.group_id}"
    shown = await dashboard.get(choose)
    assert names_on(shown) == ["Aino", "Alice", "Bob"] and "3 found" in dashboard.text(shown)
    await db.execute_single(
        "UPDATE group_members SET present = false WHERE user_id = (SELECT user_id FROM memberships WHERE id = $1)",
        await membership_named("Bob"),
    )
    assert names_on(await dashboard.get(choose)) == ["Aino", "Alice"]
    assert names_on(await dashboard.get(f"{choose}&role=OWNER")) == []
    assert names_on(await dashboard.get(f"{choose}&q=alice")) == ["Alice"]
    theirs = await create_own_account(olga, "Another club")
    foreign = await dashboard.get(f"/dashboard/members?club={theirs}&group={account.group_id}")
    assert names_on(foreign) == [] and "Nobody here yet" in dashboard.text(foreign)


async def test_pages_and_acts_keep_the_filters(noon: Any, dashboard: Any, account: Any, crowd: Any) -> None:
    """Each member of the group is on one page; an act leads back to it."""
    await crowd(70)
    pages = await pages_of(dashboard, f"/dashboard/members?group={account.group_id}&role=MEMBER&q=member")
    listed = [name for page in pages for name in names_on(page)]
    assert len(pages) == 2 and len(listed) == len(set(listed)) == 70
    [role] = re.findall(r'action="([^"]+/role\?[^"]+)"', pages[1].text)[:1]
    shown = await dashboard.post(html.unescape(role), role="HELPER")
    assert names_on(shown) == names_on(pages[1])[1:]
    assert f'value="{account.group_id}" selected' in shown.text and 'value="MEMBER" selected' in shown.text


async def test_an_only_member_learns_how_people_join(noon: Any, dashboard: Any, olga: Any) -> None:
    own = await create_own_account(olga, "Quiet club")
    shown = dashboard.text(await dashboard.get(f"/dashboard/members?club={own}"))
    assert "Only you so far" in shown and "anyone who taps it becomes a member" in shown


async def membership_named(first_name: str) -> int:
    return int(
        await db.value(
            "SELECT m.id FROM memberships m JOIN telegram_users u ON u.id = m.user_id WHERE u.first_name = $1",
            first_name,
        )
    )


async def test_a_removal_is_undone_by_the_notice_or_in_the_list(
    noon: Any, dashboard: Any, olga: Any, bob: Any, instance: Any
) -> None:
    """A9: for a day; a second tap changes nothing; an owner is asked again by Telegram (X3)."""
    member = await membership(bob)
    shown = await dashboard.post(f"/dashboard/members/{member}/removal?role=MEMBER")
    [undo] = re.findall(r'<div class="status.*?action="([^"]+/restoration[^"]*)"', shown.text, re.S)
    assert "role=MEMBER" in undo and "Removed in the last day" in dashboard.text(shown)
    shown = await dashboard.post(html.unescape(undo))
    assert "Bob is a member again, with every seat as before." in dashboard.text(shown)
    assert "Removed in the last day" not in dashboard.text(shown)
    shown = await dashboard.post(html.unescape(undo))
    assert "Bob is a member already. Nothing has changed." in dashboard.text(shown)

    await dashboard.post(f"/dashboard/members/{member}/role", role="OWNER")
    await dashboard.post(f"/dashboard/members/{member}/removal")
    clock.advance(timedelta(hours=1))
    asked = await dashboard.post(f"/dashboard/members/{member}/restoration", follow=False)
    assert "/sign-in?again=yes" in asked.headers["location"]
    clock.advance(timedelta(days=1))
    late = await dashboard.post(f"/dashboard/members/{member}/restoration")
    assert late.status_code == 422 and "more than a day ago" in dashboard.text(late)


async def test_everybody_who_can_own_the_club_is_offered_it(
    noon: Any, dashboard: Any, alice: Any, bob: Any, crowd: Any
) -> None:
    """A2: also after many visitors, who come before them in the list and cannot."""
    await crowd(30)
    await db.execute("UPDATE memberships SET visitor_since = joined_at WHERE role <> 'OWNER'")
    await db.execute_single(
        "UPDATE memberships SET visitor_since = NULL WHERE id = $1", await membership_named("Member 9")
    )
    page = await dashboard.get("/dashboard/settings/ownership")
    found = page.text.partition('<ul class="found">')[2].partition("</ul>")[0]
    assert re.findall(r"<bdi>(.*?)</bdi>", found) == ["Member 9"]
