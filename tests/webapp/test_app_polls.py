"""Voting in the Mini App (`P1`–`P3`)."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend.polls import actions
from backend.polls.closing import close_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.event_creation import EventDetails
from backend.polls.queries import poll
from backend.polls.rules import Answer
from backend.seats.requests import Via
from tests.webapp.test_app_bookings import root, text_of

Ask = Callable[..., Awaitable[str]]


@pytest.fixture
def ask(olga: Any, account: Any) -> Ask:
    """Make a poll of Kallio Yoga: `code = await ask("Soup", "Pie", kind="several")`."""

    async def make(*options: str, **fields: Any) -> str:
        draft = PollDraft(
            question=fields.pop("question", "What do we cook?"),
            options=tuple(OptionDraft(text, fields.get("votes_max")) for text in options),
            kind=fields.get("kind", "single"),
            choices_max=fields.get("choices_max", 1),
            anonymous=fields.get("anonymous", False),
            results=fields.get("results", "live"),
            closes_at=None,
            group_id=fields.get("group_id"),
            topic_id=fields.get("topic_id"),
        )
        return await actions.create_poll(olga, account.id, draft)

    return make


async def ids(code: str, person: Any) -> list[int]:
    return [option.id for option in (await poll(code, person)).options]


async def voted(app: Any, code: str, *options: int | str) -> httpx.Response:
    answer: httpx.Response = await app.ask(
        "PUT", f"/app/polls/{code}/vote", data={"option": [str(o) for o in options]}
    )
    return answer


async def test_a_tap_is_a_vote(app_of: Any, alice: Any, ask: Ask) -> None:
    code = await ask("Soup", "Pie")
    soup, pie = await ids(code, alice)
    app = await app_of(alice)
    answer = await voted(app, code, soup)
    assert (answer.status_code, root(answer)["data-outcome"]) == (200, "voted")
    assert "Your vote: Soup" in text_of(answer)
    assert "1 of 4 have voted." in text_of(answer)
    changed = await voted(app, code, pie)
    assert "Your vote: Pie" in text_of(changed)
    assert root(await voted(app, code, pie))["data-outcome"] == "already"
    back = await voted(app, code)
    assert root(back)["data-outcome"] == "withdrawn"
    assert "Your vote is taken back." in text_of(back)


async def test_several_choices_are_one_vote(app_of: Any, alice: Any, ask: Ask) -> None:
    code = await ask("Soup", "Pie", "Tea", kind="several", choices_max=2)
    soup, pie, tea = await ids(code, alice)
    app = await app_of(alice)
    assert "Your vote: Soup, Tea" in text_of(await voted(app, code, soup, tea))
    refused = await voted(app, code, soup, pie, tea)
    assert (refused.status_code, root(refused)["data-outcome"]) == (422, "invalid")
    assert refused.headers["hx-retarget"] == "#notice"
    assert "Your vote: Soup, Tea" in text_of(await app.get(f"/app/polls/{code}"))


async def test_a_full_option_takes_no_more_votes(app_of: Any, alice: Any, bob: Any, ask: Ask) -> None:
    """`P2`"""
    code = await ask("Chair", "Table", votes_max=1)
    chair, _ = await ids(code, alice)
    await actions.vote(code, bob, [chair], via=Via.CARD)
    app = await app_of(alice)
    page = await app.get(f"/app/polls/{code}")
    assert "Full: limited to 1" in text_of(page)
    assert re.search(rf'value="{chair}" disabled', page.text)
    refused = await voted(app, code, chair)
    assert (refused.status_code, root(refused)["data-outcome"]) == (422, "full")


async def test_counts_follow_others_votes(app_of: Any, alice: Any, bob: Any, ask: Ask) -> None:
    """`P3`"""
    code = await ask("Soup", "Pie")
    soup, _ = await ids(code, alice)
    app = await app_of(alice)
    page = (await app.get(f"/app/polls/{code}")).text
    look = re.search(r'data-live hx-get="([^"]+)"', page)
    assert look is not None
    assert (await app.get(look[1])).status_code == 204
    await actions.vote(code, bob, [soup], via=Via.CARD)
    assert "Bob" in (await app.get(look[1])).text


async def test_counts_stay_hidden_until_one_has_voted(app_of: Any, alice: Any, bob: Any, ask: Ask) -> None:
    """`P1`"""
    code = await ask("Soup", "Pie", results="voted")
    soup, _ = await ids(code, alice)
    await actions.vote(code, bob, [soup], via=Via.CARD)
    app = await app_of(alice)
    page = await app.get(f"/app/polls/{code}")
    assert "You’ll see the counts after you vote." in text_of(page)
    assert 'class="share"' not in page.text
    assert "Bob" not in page.text
    assert "Bob" in (await voted(app, code, soup)).text


async def test_an_anonymous_poll_names_nobody(app_of: Any, alice: Any, bob: Any, ask: Ask) -> None:
    """`P1`"""
    code = await ask("Soup", "Pie", anonymous=True)
    await actions.vote(code, bob, (await ids(code, bob))[:1], via=Via.CARD)
    page = await (await app_of(alice)).get(f"/app/polls/{code}")
    assert "secret vote" in text_of(page)
    assert "Bob" not in page.text


async def test_a_closed_poll_shows_its_results(app_of: Any, alice: Any, olga: Any, ask: Ask) -> None:
    code = await ask("Soup", "Pie")
    soup, pie = await ids(code, alice)
    app = await app_of(alice)
    await voted(app, code, soup)
    await close_poll(code, olga)
    page = await app.get(f"/app/polls/{code}")
    assert "This poll is closed" in text_of(page)
    assert "Your vote: Soup." in text_of(page)
    refused = await voted(app, code, pie)
    assert (refused.status_code, root(refused)["data-outcome"]) == (422, "closed")


@pytest.mark.parametrize("option", ["x", "-1", "999999999", "9" * 30, "1.0", "١"])
async def test_an_invalid_option_is_refused(app_of: Any, alice: Any, ask: Ask, option: str) -> None:
    answer = await voted(await app_of(alice), await ask("Soup", "Pie"), option)
    assert answer.status_code == 422
    assert "Choose from the list." in text_of(answer)


async def test_a_stranger_finds_no_poll(app_of: Any, charlie: Any, alice: Any, ask: Ask) -> None:
    """`A1`"""
    code = await ask("Soup", "Pie")
    app = await app_of(charlie)
    assert (await app.get(f"/app/polls/{code}")).status_code == 404
    assert (await voted(app, code, (await ids(code, alice))[0])).status_code == 404
    assert "What do we cook" not in (await app.get("/app/polls")).text


async def test_the_list_has_open_polls_first(app_of: Any, alice: Any, olga: Any, ask: Ask) -> None:
    app = await app_of(alice)
    assert "No open polls" in (await app.get("/app/polls")).text
    old = await ask("Soup", "Pie", question="Which <i>soup</i>?")
    await close_poll(old, olga)
    await ask("Soup", "Pie", question="And to drink?")
    page = (await app.get("/app/polls")).text
    assert page.index("And to drink?") < page.index("Which &lt;i&gt;soup&lt;/i&gt;?")


async def test_dates_are_answered_one_by_one(
    app_of: Any, alice: Any, bob: Any, olga: Any, account: Any, noon: Any
) -> None:
    """`P1`, `P3`: yes, if need be, or no to each; in the club's zone and the reader's."""
    evenings = tuple(OptionDraft("", None, noon + timedelta(days=n, hours=4)) for n in (1, 2, 3))
    draft = PollDraft(question="When?", kind="dates", options=evenings)
    code = await actions.create_poll(olga, account.id, draft)
    first, second, third = await ids(code, alice)
    await actions.vote(code, bob, {first: Answer.YES, second: Answer.NO}, via=Via.CARD)
    app = await app_of(alice)
    page = text_of(await app.get(f"/app/polls/{code}"))
    assert "Say for each date whether you can, then save." in page
    assert "Tue 24 Nov, 18:00 1 yes Yes If need be No Bob" in page and "0 yes 1 no" in page
    sent = {f"answer-{first}": "if-need-be", f"answer-{second}": "no", f"answer-{third}": ""}
    answer = await app.ask("PUT", f"/app/polls/{code}/vote", data=sent)
    assert (answer.status_code, root(answer)["data-outcome"]) == (200, "voted")
    assert "You’ve answered for 2 dates" in text_of(answer)
    assert f'name="answer-{first}" value="if-need-be" checked' in answer.text
    view = await poll(code, alice)
    assert [(o.votes, o.if_need_be, o.against) for o in view.options] == [
        (1, 1, 0),
        (0, 0, 2),
        (0, 0, 0),
    ]
    for wrong in ({f"answer-{first}": "perhaps"}, {"answer-x": "yes"}, {"answer-99": "yes"}):
        refused = await app.ask("PUT", f"/app/polls/{code}/vote", data=wrong)
        assert (refused.status_code, root(refused)["data-outcome"]) == (422, "invalid")
    closing = await close_poll(code, olga, make=EventDetails(capacity=4))
    assert closing.made is not None
    over = await app.get(f"/app/polls/{code}")
    assert "You said: if need be." in text_of(over) and "See Tue 24 Nov" in text_of(over)
    assert f'href="/app/events/{closing.made.code}"' in over.text and "radio" not in over.text


async def test_an_instance_and_its_poll_link_to_each_other(
    app_of: Any, alice: Any, olga: Any, account: Any, ask: Ask, noon: Any
) -> None:
    """`P4`"""
    evenings = tuple(OptionDraft("", None, noon + timedelta(days=n, hours=4)) for n in (1, 2))
    draft = PollDraft(question="Which day?", kind="dates", options=evenings)
    code = await actions.create_poll(olga, account.id, draft)
    first, _ = await ids(code, alice)
    await actions.vote(code, alice, {first: Answer.YES}, via=Via.CARD)
    await ask("Soup", "Pie", question="Of another group?")
    closing = await close_poll(code, olga, make=EventDetails(title="Paddling"))
    assert closing.made is not None
    app = await app_of(alice)
    date = await app.get(f"/app/events/{closing.made.code}")
    assert "Which day? This poll chose the date. Voted" in text_of(date)
    assert f'href="/app/polls/{code}"' in date.text
    assert "Of another group?" not in date.text
    back = await app.get(f"/app/polls/{code}")
    assert "The chosen date" in back.text
    assert "Paddling" in back.text


async def test_open_polls_of_its_group_are_on_an_instances_screen(
    app_of: Any, alice: Any, charlie: Any, olga: Any, account: Any, ask: Ask, instance: Any
) -> None:
    """While they are open, in the same topic, and for members only."""
    code = await instance(group_id=account.group_id, topic_id=7, visibility="link")
    here = await ask("Soup", "Pie", question="What to cook?", group_id=account.group_id)
    await ask("Yes", "No", question="Of topic 8?", group_id=account.group_id, topic_id=8)
    over = await ask("Red", "Blue", question="Which colour?", group_id=account.group_id)
    await close_poll(over, olga)
    app = await app_of(alice)
    page = await app.get(f"/app/events/{code}")
    assert "What to cook? Open Vote" in text_of(page)
    assert "Of topic 8?" not in page.text
    assert "Which colour?" not in page.text
    [soup, _] = await ids(here, alice)
    await voted(app, here, soup)
    assert "What to cook? Open Voted" in text_of(await app.get(f"/app/events/{code}"))


async def test_a_date_is_shown_in_the_readers_zone(
    app_of: Any, alice: Any, olga: Any, account: Any, noon: Any
) -> None:
    """`S3`"""
    from backend import db

    evenings = tuple(OptionDraft("", None, noon + timedelta(days=n, hours=4)) for n in (1, 2))
    draft = PollDraft(question="When?", kind="dates", options=evenings)
    code = await actions.create_poll(olga, account.id, draft)
    await db.execute("UPDATE telegram_users SET zone = 'Europe/London' WHERE id = $1", alice.id)
    page = text_of(await (await app_of(alice)).get(f"/app/polls/{code}"))
    assert "Tue 24 Nov, 18:00 (Helsinki) 16:00 where you are" in page


@pytest.mark.parametrize("anonymous", [False, True])
async def test_answers_by_person_are_a_table_where_they_are_visible(
    app_of: Any, alice: Any, bob: Any, olga: Any, account: Any, noon: Any, anonymous: bool
) -> None:
    """`P1`: people by dates; no answers in an anonymous poll, or before voting where results are hidden
    until then."""
    evenings = tuple(OptionDraft("", None, noon + timedelta(days=n, hours=4)) for n in (1, 2))
    draft = PollDraft(question="When?", kind="dates", options=evenings, anonymous=anonymous, results="voted")
    code = await actions.create_poll(olga, account.id, draft)
    first, second = await ids(code, alice)
    await actions.vote(code, bob, {first: Answer.YES, second: Answer.NO}, via=Via.CARD)
    app = await app_of(alice)
    assert "Availability" not in (await app.get(f"/app/polls/{code}")).text
    answer = await app.ask("PUT", f"/app/polls/{code}/vote", data={f"answer-{first}": "if-need-be"})
    if anonymous:
        assert "Availability" not in answer.text
        assert "Bob" not in answer.text
    else:
        assert "You If need be · No answer Bob Yes No" in text_of(answer)
