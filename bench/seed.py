"""Fill the measured database and print what the requests need, as JSON. It is a process of its own because
settings are read once for each process."""

import asyncio
import json
import sys
from datetime import datetime

from backend import clock, db
from backend.accounts.actions import create_account
from backend.accounts.keys import bind_key
from backend.events.create import create_series
from backend.events.drafts import SeriesDraft
from backend.people.actions import TelegramIdentity, register_person
from backend.people.queries import person_from
from backend.people.sign_ins import answer_sign_in, begin_sign_in, finish_sign_in, pending_sign_in
from emerald.migrate import migrate
from webapp.dashboard.cookies import SESSION, _serializer
from webapp.dashboard.session import csrf_token
from webapp.miniapp.authentication import issue_session


async def seed(members: int, events: int) -> dict[str, object]:
    """Make one account with `members` members, a hot instance and `events` others; their ids, codes and
    sessions."""
    await migrate()
    await db.open_pool(name="bench-fill")
    olga = await register_person(TelegramIdentity(1001, "Olga", may_write=True))
    account = await create_account("Bench Club", zone="Europe/Helsinki")
    await bind_key(olga, account.key)
    await db.execute(
        "INSERT INTO telegram_users (telegram_id, first_name, created_at, seen_at)"
        " SELECT 1000000 + g, 'Member ' || g, now(), now() FROM generate_series(1, $1::int) g",
        members,
    )
    await db.execute(
        "INSERT INTO memberships (account_id, user_id, role, joined_through, joined_at, checked_at)"
        " SELECT $1, id, 'MEMBER', 'hand', now(), now() FROM telegram_users WHERE telegram_id > 1000000 ORDER BY id",
        account.account_id,
    )
    draft = SeriesDraft(
        title="Evening flow yoga",
        emoji="🧘",
        place="Kallion kulttuuritalo, sali 2",
        zone="Europe/Helsinki",
        starts_local=datetime(2030, 6, 4, 18),
        capacity=100_000,
        guests_max=2,
    )
    hot = await create_series(olga, account.account_id, draft)
    for _ in range(events):
        await create_series(olga, account.account_id, draft)
    instances = await db.rows("SELECT id, code, series_id FROM event_instances ORDER BY id")
    people = await db.rows(
        "SELECT m.id AS membership_id, u.* FROM memberships m JOIN telegram_users u ON u.id = m.user_id"
        " WHERE m.role = 'MEMBER' ORDER BY m.id"
    )
    link = await begin_sign_in("bench")
    await answer_sign_in((await pending_sign_in(link.key)).id, olga, number=link.number)
    token = await finish_sign_in(link.browser_key)
    await db.execute("ANALYZE")
    await db.close_pool()
    return {
        "hot": next((r["id"], r["code"]) for r in instances if r["series_id"] == hot.series_id),
        "cold": [(r["id"], r["code"]) for r in instances if r["series_id"] != hot.series_id],
        "organiser": {
            "session": issue_session(olga, clock.now(), clock.now()),
            "cookie": f"{SESSION}={_serializer(SESSION).dumps({'token': token})}",
            "csrf": csrf_token(token),
        },
        "members": [
            (r["membership_id"], r["id"], issue_session(person_from(r), clock.now(), clock.now()))
            for r in people
        ],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(seed(int(sys.argv[1]), int(sys.argv[2])))))
