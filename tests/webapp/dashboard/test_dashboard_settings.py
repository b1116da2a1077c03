"""The club's name, its groups, one's own language and browsers (`A6`, `M5`, `X3`)."""

from typing import Any

import pytest

from backend.linking.actions import link_group


async def test_renames_the_club(noon: Any, dashboard: Any, account: Any) -> None:
    shown = await dashboard.post(
        "/dashboard/settings/club", name="Kallio Flow", zone="Europe/Tallinn", language="en"
    )
    text = dashboard.text(shown)
    assert "Saved." in text and "Kallio Flow" in text and 'value="Europe/Tallinn"' in shown.text


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": ""}, "Give the club a name."),
        ({"name": "x" * 81}, "At most 80 characters, please."),
        ({"zone": "Kallio"}, "Unknown time zone."),
        ({"language": "xx"}, "We do not speak that language yet."),
    ],
)
async def test_each_fault_has_its_message_and_keeps_what_was_typed(
    noon: Any, dashboard: Any, account: Any, fields: dict[str, str], fault: str
) -> None:
    typed = {"name": "Flow", "zone": "Europe/Oslo", "language": "en", **fields}
    shown = await dashboard.post("/dashboard/settings/club", **typed)
    assert shown.status_code == 422 and fault in dashboard.text(shown)
    assert f'value="{typed["name"]}"' in shown.text and f'value="{typed["zone"]}"' in shown.text


async def test_changes_the_language_at_once(noon: Any, dashboard: Any) -> None:
    shown = await dashboard.post("/dashboard/settings/language", language="fi")
    assert '<html lang="fi">' in shown.text
    refused = await dashboard.post("/dashboard/settings/language", language="tlh")
    assert refused.status_code == 422


async def test_shows_how_to_link_a_group_and_its_health(noon: Any, dashboard: Any, account: Any) -> None:
    from backend.groups.rules import GroupHealth
    from backend.linking.actions import set_health

    shown = await dashboard.get("/dashboard/settings")
    assert "Kallio Yoga All is well." in dashboard.text(shown)
    assert 'href="https://t.me/emerald_test_bot?startgroup=true"' in shown.text
    await set_health(account.chat_id, GroupHealth.MUTED)
    assert "Allow it to send messages" in dashboard.text(await dashboard.get("/dashboard/settings"))


async def test_unlinks_a_group_and_keeps_its_events(
    noon: Any, dashboard: Any, account: Any, instance: Any
) -> None:
    code = await instance()
    shown = await dashboard.post(f"/dashboard/settings/groups/{account.group_id}/removal")
    assert "The group is no longer linked." in dashboard.text(shown)
    assert "No group is linked yet." in dashboard.text(shown)
    assert "There is no group to post to." in dashboard.text(await dashboard.get(f"/dashboard/events/{code}"))


async def test_lists_browsers_and_ends_one(
    noon: Any, dashboard: Any, sign_in: Any, olga: Any, alice: Any
) -> None:
    from backend import db

    other = await sign_in(olga)
    shown = dashboard.text(await dashboard.get("/dashboard/settings"))
    assert "Firefox on Linux This browser" in shown
    assert "Firefox on Linux Last seen today at 14:00 Signed in today at 14:00 Sign out" in shown
    theirs = await db.value("SELECT max(id) FROM web_sessions")
    await dashboard.post(f"/dashboard/settings/browsers/{theirs}/removal")
    assert (await other.client.get("/dashboard")).status_code == 303
    assert (await dashboard.client.get("/dashboard")).status_code == 200


async def test_nobody_can_end_another_persons_browser(
    noon: Any, dashboard: Any, sign_in: Any, olga: Any, bob: Any, account: Any
) -> None:
    from backend import db
    from backend.accounts.memberships import change_role
    from backend.accounts.rules import Role

    membership = await db.value("SELECT id FROM memberships WHERE user_id = $1", bob.id)
    await change_role(olga, account.id, membership, Role.HELPER)
    theirs = await db.value("SELECT id FROM web_sessions WHERE user_id = $1", olga.id)
    mine = await sign_in(bob)
    refused = await mine.post(f"/dashboard/settings/browsers/{theirs}/removal")
    assert refused.status_code == 404
    assert (await dashboard.client.get("/dashboard")).status_code == 200


async def test_signs_out_everywhere(noon: Any, dashboard: Any, sign_in: Any, olga: Any) -> None:
    from backend.people.queries import person

    other = await sign_in(olga)
    shown = await dashboard.post("/dashboard/settings/browsers/removal")
    assert "Sign in with Telegram" in dashboard.text(shown)
    assert (await other.client.get("/dashboard")).status_code == 303
    after = await person(olga.id)
    assert after is not None and after.session_version == olga.session_version + 1


async def test_a_group_with_topics_says_how_a_missing_one_is_made_known(
    dashboard: Any, olga: Any, account: Any
) -> None:
    """`A6`: Telegram lists a group's topics to no bot."""
    hint = "Is a topic missing? Send /here in it."
    assert hint not in dashboard.text(await dashboard.get("/dashboard/settings"))
    await link_group(olga, account.id, chat_id=account.chat_id, title="Kallio Yoga", forum=True)
    assert hint in dashboard.text(await dashboard.get("/dashboard/settings"))
