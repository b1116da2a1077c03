"""API keys: shown once, bounded, revocable (`A3`)."""

import re
from typing import Any

import pytest


async def make(dashboard: Any, **fields: str) -> Any:
    return await dashboard.post(
        "/dashboard/keys", **{"label": "Mikko", "role": "HELPER", "uses": "1", **fields}
    )


async def test_a_key_is_shown_once_and_works(noon: Any, dashboard: Any, account: Any, charlie: Any) -> None:
    from backend import db
    from backend.accounts.keys import bind_key

    shown = await make(dashboard)
    assert shown.status_code == 201 and "It is shown only now." in dashboard.text(shown)
    key = re.search(r"/start (sk_[0-9a-f]{48})", shown.text)
    assert key
    later = await dashboard.get("/dashboard/keys")
    assert key[1] not in later.text and f"sk_…{key[1][-4:]}" in later.text
    stored = await db.rows("SELECT * FROM api_keys")
    assert key[1] not in str([dict(row) for row in stored])
    assert (await bind_key(charlie, key[1])).role == "HELPER"
    assert "Mikko sk_…" in dashboard.text(later) and "Used up" in dashboard.text(
        await dashboard.get("/dashboard/keys")
    )


async def test_a_revoked_key_lets_nobody_in(noon: Any, dashboard: Any, charlie: Any) -> None:
    from backend import db
    from backend.accounts.keys import bind_key
    from backend.errors import NotFound

    shown = await make(dashboard, uses="")
    key = re.search(r"sk_[0-9a-f]{48}", shown.text)
    assert key
    key_id = await db.value("SELECT max(id) FROM api_keys")
    gone = await dashboard.post(f"/dashboard/keys/{key_id}/revocation")
    assert "The key is revoked." in dashboard.text(gone) and "Revoked" in dashboard.text(gone)
    with pytest.raises(NotFound):
        await bind_key(charlie, key[0])


async def test_a_key_expires_at_the_end_of_its_day_in_the_clubs_zone(noon: Any, dashboard: Any) -> None:
    from backend import db

    shown = await make(dashboard, expires_on="2026-11-30")
    assert "Valid until Mon 30 Nov at 23:59" in dashboard.text(shown)
    expires = await db.value("SELECT expires_at FROM api_keys WHERE label = 'Mikko'")
    assert expires.isoformat() == "2026-11-30T21:59:00+00:00"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"label": " "}, "Give the key a label."),
        ({"label": "x" * 81}, "At most 80 characters, please."),
        ({"uses": "0"}, "Between 1 and 1000, please."),
        ({"uses": "often"}, "A whole number, please."),
        ({"expires_on": "2020-01-01"}, "Choose a time in the future."),
        ({"expires_on": "never"}, "Choose a day."),
        ({"role": "KING"}, "Choose a role."),
    ],
)
async def test_each_fault_has_its_message_and_keeps_what_was_typed(
    noon: Any, dashboard: Any, fields: dict[str, str], fault: str
) -> None:
    shown = await make(dashboard, **fields)
    assert shown.status_code == 422 and fault in dashboard.text(shown)
    for name, typed in fields.items():
        if name != "role" and typed.strip():
            assert f'value="{typed}"' in shown.text
    assert not re.search(r"sk_[0-9a-f]{48}", shown.text)


async def test_an_organiser_cannot_make_owners(
    noon: Any, sign_in: Any, olga: Any, bob: Any, account: Any
) -> None:
    from backend import db
    from backend.accounts.memberships import change_role
    from backend.accounts.rules import Role

    membership = await db.value("SELECT id FROM memberships WHERE user_id = $1", bob.id)
    await change_role(olga, account.id, membership, Role.ADMIN)
    mine = await sign_in(bob)
    assert 'value="OWNER"' not in (await mine.get("/dashboard/keys")).text
    assert (await make(mine, role="OWNER")).status_code == 403
