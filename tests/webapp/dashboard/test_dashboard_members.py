"""Members and their roles (`A2`)."""

from typing import Any


async def membership(person: Any) -> int:
    from backend import db

    return int(await db.value("SELECT id FROM memberships WHERE user_id = $1", person.id))


async def role(person: Any) -> str:
    from backend import db

    return str(await db.value("SELECT role FROM memberships WHERE user_id = $1", person.id))


async def test_lists_members_organisers_first(noon: Any, dashboard: Any, club: Any) -> None:
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


async def test_finds_by_name(noon: Any, dashboard: Any, club: Any) -> None:
    shown = dashboard.text(await dashboard.get("/dashboard/members?q=AIN"))
    assert "Aino Member" in shown and "Bob Member" not in shown
    accented = await dashboard.client.get("/dashboard/members", params={"q": "áinö"})
    assert "Aino Member" in dashboard.text(accented)
    none = await dashboard.client.get("/dashboard/members", params={"q": "<nobody>"})
    assert "No one by that name" in dashboard.text(none) and "<nobody>" not in none.text
