"""`emerald post` and `emerald cards`, as an organiser types them (`C1`, `C6`, `X4`)."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from backend import db
from backend.cards.posting import claim_due, record_lost
from backend.cards.queries import cards_of
from backend.cards.rules import CardTrouble
from backend.events.queries import find_instance
from backend.polls.actions import create_poll
from backend.polls.drafts import OptionDraft, PollDraft
from tests.workers import command

Make = Callable[..., Awaitable[str]]


async def test_posts_the_card_of_a_date_and_of_a_poll(olga: Any, account: Any, instance: Make) -> None:
    code = await instance()
    done = await command("post", code, "--as", "1001")
    assert (done.returncode, done.stdout) == (0, "The card is on its way to the group.\n"), done
    [card] = await cards_of(instance_id=(await find_instance(code)).id)
    assert card.state == "due"
    options = (OptionDraft("Yes"), OptionDraft("No"))
    draft = PollDraft(question="Snow?", options=options, group_id=account.group_id)
    poll = await create_poll(olga, account.id, draft)
    done = await command("post", poll, "--as", "1001", "--json")
    assert json.loads(done.stdout) == {"code": poll, "posting": "poll"}
    assert await db.value("SELECT count(*) FROM cards WHERE poll_id IS NOT NULL") == 1


@pytest.mark.parametrize("who", ["1002", "1004", "77"])
async def test_is_for_organisers_only(account: Any, instance: Make, who: str) -> None:
    """`X4`, `A1`: a member, a stranger, and somebody Emerald has never met."""
    code = await instance()
    for arguments in (("post", code), ("cards", "--account", "Kallio Yoga")):
        done = await command(*arguments, "--as", who)
        assert (done.returncode, done.stdout) == (1, "") and "Traceback" not in done.stderr
    assert await db.value("SELECT count(*) FROM cards") == 0


async def test_a_code_of_nothing_is_told_so(account: Any) -> None:
    done = await command("post", "nosuchcode", "--as", "1001")
    assert (done.returncode, done.stdout) == (1, "") and "Traceback" not in done.stderr


async def test_lists_what_became_of_each_card(olga: Any, account: Any, instance: Make) -> None:
    none = await command("cards", "--account", "Kallio Yoga", "--as", "1001")
    assert none.stdout == "No cards.\n", none
    await command("post", await instance(), "--as", "1001")
    job = await claim_due([])
    assert job is not None
    await record_lost(job, CardTrouble.TOPIC_GONE, "Bad Request: message thread not found")
    shown = await command("cards", "--account", str(account.id), "--as", "1001")
    assert shown.stdout == (
        "1  lost (topic-gone)  Evening flow yoga  Kallio Yoga  Bad Request: message thread not found\n"
    )
    listed = await command("cards", "--account", "Kallio Yoga", "--as", "1001", "--json")
    [card] = json.loads(listed.stdout)
    assert (card["state"], card["trouble"], card["link"]) == ("lost", "topic-gone", "")
