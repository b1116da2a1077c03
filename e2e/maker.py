"""Makes what a journey needs, as Olga, through the domain: reads one line of JSON for each request, writes
one as its answer."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from backend import clock
from backend.accounts.queries import joined_accounts
from backend.cards.actions import post_card, post_poll_card
from backend.events.create import create_series
from backend.events.drafts import SeriesDraft
from backend.groups.queries import groups
from backend.people.queries import Person, person_of_telegram
from backend.polls.actions import create_poll
from backend.polls.drafts import OptionDraft, PollDraft
from emerald.demo import fill
from emerald.runtime import result_with_pool

ZONE = "Europe/Helsinki"
OLGA = 1001


async def _event(
    olga: Person,
    account: int,
    group: int,
    *,
    title: str,
    in_days: int = 3,
    at: str = "18:00",
    card: bool = True,
    **about: Any,
) -> dict[str, Any]:
    day = clock.now().astimezone(ZoneInfo(ZONE)).date() + timedelta(days=in_days)
    draft = SeriesDraft(
        title=title,
        zone=ZONE,
        starts_local=datetime.combine(day, time.fromisoformat(at)),
        # Only the journey posts the card, not the job in the middle of it.
        announce_before_minutes=0,
        group_id=group,
        **about,
    )
    made = await create_series(olga, account, draft)
    if card:
        await post_card(olga, made.first_code)
    return {"code": made.first_code}


async def _poll(
    olga: Person,
    account: int,
    group: int,
    *,
    question: str,
    options: list[str],
    kind: str = "single",
    choices_max: int = 1,
) -> dict[str, Any]:
    draft = PollDraft(
        question=question,
        options=tuple(OptionDraft(text, None) for text in options),
        kind=kind,
        choices_max=choices_max,
        anonymous=False,
        results="live",
        closes_at=None,
        group_id=group,
        topic_id=None,
    )
    code = await create_poll(olga, account, draft)
    await post_poll_card(olga, code)
    return {"code": code}


MAKERS: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {"event": _event, "poll": _poll}


async def serve() -> None:
    """Fill the demo club, then answer each line of standard input until it ends."""
    await fill()
    olga = await person_of_telegram(OLGA)
    assert olga
    account = next(account for account in await joined_accounts(olga) if account.name == "Kallio Yoga")
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        chat = asked.pop("group")
        group = next(group for group in await groups(account.id) if group.chat_id == chat)
        made = await MAKERS[asked.pop("noun")](olga, account.id, group.id, **asked)
        print(json.dumps(made), flush=True)


if __name__ == "__main__":
    result_with_pool("emerald journeys", serve)
