"""No update that nobody would send again is lost when the database goes away (`X2`)."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

import httpx
import pytest

from backend import batching, clock, db
from backend.people import telegram_updates
from backend.settings import settings
from bot.bot_setup import WEBHOOK_PATH
from bot.webhook import SECRET_HEADER, Webhook
from tests.backend.fault_proxy import FaultProxy, fault_proxy
from tests.conftest import are_in_group
from tests.processes import Worker, worker

HANDLED_WITHIN = timedelta(seconds=0.1)  # so long it is also tried to record that an update was handled

BOT = {"id": 42, "is_bot": True, "first_name": "Emerald"}


@cache
def webhook() -> Webhook:
    return Webhook()


async def deliver(task: dict[str, Any]) -> list[int]:
    """In the worker process: the status of each response to these updates, one after the other."""
    db.CONNECTION_WAIT, batching.RETRY_PAUSES = 0.02, (0.01,) * 4
    telegram_updates.HANDLED_WITHIN = HANDLED_WITHIN
    transport, headers = httpx.ASGITransport(cast(Any, webhook())), {SECRET_HEADER: settings.webhook_secret}
    with clock.stopped(datetime.fromisoformat(task["now"])):
        async with (
            webhook().running(),
            httpx.AsyncClient(transport=transport, base_url="https://emerald.example") as client,
        ):
            return [
                (await client.post(WEBHOOK_PATH, json=update, headers=headers)).status_code
                for update in task["updates"]
            ]


@pytest.fixture
async def proxy(database: None) -> AsyncIterator[FaultProxy]:
    async with fault_proxy(settings.database) as made:
        yield made


@pytest.fixture
async def web_process(proxy: FaultProxy) -> AsyncIterator[Worker]:
    """A web process that reaches the database through the proxy."""
    async with worker(__file__, "deliver", DATABASE_URL=proxy.url) as made:
        yield made


def left_group(update_id: int, chat_id: int, telegram_id: int) -> dict[str, Any]:
    user = {"id": telegram_id, "is_bot": False, "first_name": "Alice"}
    change = {
        "chat": {"id": chat_id, "type": "supergroup", "title": "Kallio Yoga"},
        "from": user,
        "date": 1,
        "old_chat_member": {"user": user, "status": "member"},
        "new_chat_member": {"user": user, "status": "left"},
    }
    return {"update_id": update_id, "chat_member": change}


async def test_who_leaves_a_group_is_recorded_whenever_the_database_is_lost(
    proxy: FaultProxy, web_process: Worker, account: Any, alice: Any, noon: datetime
) -> None:
    """After each number of statements: the update comes again, and is handled once the database is back."""
    present = "SELECT present FROM group_members WHERE user_id = $1"
    lost = 0
    for passing in range(20):
        await are_in_group(account.group_id, alice)
        update = left_group(1000 + passing, account.chat_id, alice.telegram_id)
        proxy.error, proxy.passing = "57P01", passing
        (status,) = await web_process.run({"now": noon.isoformat(), "updates": [update]})
        proxy.error = ""
        if status == 200:
            break
        lost += 1
        later = (noon + HANDLED_WITHIN + timedelta(seconds=5)).isoformat()
        assert await web_process.run({"now": later, "updates": [update]}) == [200]
        assert await db.value(present, alice.id) is False, passing
    assert lost > 3
