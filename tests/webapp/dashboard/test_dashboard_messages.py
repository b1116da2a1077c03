"""Messages that were not sent, the club's groups, and the audit log (`M2`, `A6`, `C6`)."""

from typing import Any

import pytest

from backend import db
from backend.accounts.keys import create_key, revoke_key
from backend.accounts.rules import Role
from backend.bookings import actions
from backend.events.cancel import cancel_instance
from backend.linking.actions import unlink_group
from backend.seats.requests import Via
from tests.webapp.dashboard.conftest import park


async def state(message_id: int) -> str:
    return str(await db.value("SELECT state FROM messages WHERE id = $1", message_id))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("Forbidden: bot was kicked from the supergroup chat", "Add it again"),
        ("Bad Request: not enough rights to send text messages to the chat", "isn’t allowed to write"),
        ("Bad Request: TOPIC_CLOSED", "The topic is closed"),
        ("Bad Request: something new", "Telegram refused it"),
    ],
)
async def test_the_reason_is_said_in_words(
    noon: Any, dashboard: Any, account: Any, alice: Any, error: str, words: str
) -> None:
    await park(account, alice.id, error)
    text = dashboard.text(await dashboard.get("/dashboard/messages"))
    assert words in text and "Alice" in text and "1 message could not be sent" in text


async def test_a_message_is_tried_again_or_dropped(
    noon: Any, dashboard: Any, account: Any, alice: Any
) -> None:
    first, second = (
        await park(account, alice.id, "timeout"),
        await park(account, alice.id, "timeout", number=2),
    )
    path = "/dashboard/messages"
    assert "1 message will be tried again" in dashboard.text(await dashboard.post(f"{path}/{first}/retry"))
    assert await state(first) == "due"
    dropped = await dashboard.post(f"{path}/{second}/removal")
    assert "dropped" in dashboard.text(dropped) and await state(second) == "dropped"
    assert "Every message went out" in dashboard.text(dropped)
    await dashboard.post(f"{path}/{second}/restoration")
    assert await state(second) == "parked"
    await dashboard.post(f"{path}/retry")
    assert await state(second) == "due"
    assert (await dashboard.post(f"{path}/999999/retry")).status_code == 404


async def test_messages_come_by_pages(noon: Any, dashboard: Any, account: Any, alice: Any) -> None:
    for number in range(60):
        await park(account, alice.id, "Bad Request: chat not found", number=number)
    first = await dashboard.get("/dashboard/messages")
    assert first.text.count('<th scope="row">') == 50 and len(first.content) <= 100_000
    older = first.text.split('rel="next" href="')[1].split('"')[0]
    assert (await dashboard.get(older.replace("&amp;", "&"))).text.count('<th scope="row">') == 10


async def test_the_audit_says_who_did_what(
    noon: Any, dashboard: Any, account: Any, instance: Any, olga: Any, alice: Any
) -> None:
    code = await instance()
    await actions.book(code, alice, via=Via.CARD)
    membership = await db.value("SELECT membership_id FROM bookings")
    await actions.remove(code, olga, membership)
    await cancel_instance(code, olga, "The hall is flooded")
    await create_key(olga, account.id, label="Door", role=Role.HELPER)
    await revoke_key(olga, account.id, await db.value("SELECT max(id) FROM api_keys"))
    await unlink_group(olga, account.id, account.group_id)
    text = dashboard.text(await dashboard.get("/dashboard/audit"))
    assert (
        "Linked a group Group “Kallio Yoga” Olga" in text
        and "Unlinked a group Group “Kallio Yoga” Olga" in text
    )
    assert text.count("Key “Door” Olga") == 2, "made and revoked"
    assert "Cancelled Evening flow yoga , Thu 26 Nov Olga" in text
    assert "Removed from the list Evening flow yoga , Thu 26 Nov Alice Olga" in text
    only = await dashboard.get("/dashboard/audit?act=remove")
    rows = only.text.split("<tbody>")[1]
    assert "Removed from the list" in rows and "Cancelled" not in rows
    assert "No acts like this" in dashboard.text(await dashboard.get("/dashboard/audit?until=2026-11-22"))
    assert "Cancelled" in dashboard.text(
        await dashboard.get(f"/dashboard/audit?who={olga.id}&since=2026-11-23")
    )
    for query in ("?who=x&act=y&since=z", "?after=99999999999999999999"):
        assert (await dashboard.get(f"/dashboard/audit{query}")).status_code == 200


async def test_the_audit_comes_by_pages_and_stays_in_its_club(
    noon: Any, dashboard: Any, account: Any, olga: Any, sign_in: Any
) -> None:
    from backend.accounts.actions import create_own_account
    from backend.audit.actions import record_audit
    from backend.people.actions import TelegramIdentity, register_person

    async with db.transaction():
        for number in range(40):
            await record_audit(account.id, olga.id, "edit", f"series {number}")
    first = await dashboard.get("/dashboard/audit?act=edit")
    assert first.text.count('<th scope="row">') == 30 and len(first.content) <= 100_000
    older = first.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "act=edit" in older and (await dashboard.get(older)).text.count('<th scope="row">') == 10
    other = await register_person(TelegramIdentity(4242, "Vera", language_code="en"))
    await create_own_account(other, "Aurora Chess")
    theirs = await sign_in(other)
    assert "Edited" not in (await theirs.get("/dashboard/audit")).text.split("</form>")[-1]


async def test_groups_say_what_they_lack(noon: Any, dashboard: Any, account: Any) -> None:
    assert "All is well" in dashboard.text(await dashboard.get("/dashboard/groups"))
    async with db.transaction():
        await db.execute("UPDATE groups SET health = 'muted' WHERE id = $1", account.group_id)
    assert "Allow it to send messages" in dashboard.text(await dashboard.get("/dashboard/groups"))
