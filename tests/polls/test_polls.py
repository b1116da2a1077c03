"""Making polls, seeing them, voting and closing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_own_account
from backend.accounts.memberships import end_membership, join
from backend.accounts.queries import authorize
from backend.accounts.rules import JoinedThrough, Permission
from backend.errors import Forbidden, Invalid, InvalidForm, NotFound
from backend.groups.presence import mark_present
from backend.groups.queries import group
from backend.people.queries import Person
from backend.polls.actions import admit_to_poll, create_poll, tap_option, vote
from backend.polls.closing import close_due, close_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.queries import account_polls, poll, poll_for_card, polls_of
from backend.polls.replies import OptionFull, PollClosed
from backend.polls.views import PollView
from backend.seats.requests import Via

EVENING = PollDraft(
    question="Which evening?",
    options=(OptionDraft("Monday"), OptionDraft("Tuesday", votes_max=1), OptionDraft("Neither")),
)


async def ask(olga: Person, account: Any, **fields: Any) -> str:
    return await create_poll(olga, account.id, replace(EVENING, **fields))


async def choose(code: str, who: Person, *positions: int) -> str:
    options = (await poll(code, who)).options
    chosen = [option.id for option in options if option.position in positions]
    return (await vote(code, who, chosen, via=Via.MINIAPP)).kind


def votes(view: PollView) -> list[int]:
    return [option.votes for option in view.options]


async def test_everybody_sees_the_counts_of_a_live_poll(
    account: Any, olga: Person, alice: Person, bob: Person
) -> None:
    """P1, P2."""
    code = await ask(olga, account)
    assert await choose(code, alice, 1) == "voted"
    assert await choose(code, bob, 2) == "voted"
    view = await poll(code, alice)
    assert [option.text for option in view.options] == ["Monday", "Tuesday", "Neither"]
    assert votes(view) == [1, 1, 0]
    assert [option.mine for option in view.options] == [True, False, False]
    assert [option.voters for option in view.options] == [("Alice",), ("Bob",), ()]
    assert [option.full for option in view.options] == [False, True, False]
    assert (view.voters, view.electors, view.voted, view.visible, view.open) == (
        2,
        4,
        True,
        True,
        True,
    )
    assert (view.account_name, view.account_language, view.zone) == ("Kallio Yoga", "en", "Europe/Helsinki")


async def test_changing_a_vote_moves_it(account: Any, olga: Person, alice: Person, bob: Person) -> None:
    """P2: and makes room in a limited option."""
    code = await ask(olga, account)
    await choose(code, alice, 2)
    with pytest.raises(OptionFull):
        await choose(code, bob, 2)
    assert await choose(code, alice, 1) == "voted"
    assert await choose(code, bob, 2) == "voted"
    assert await choose(code, alice) == "withdrawn"
    view = await poll(code, alice)
    assert (votes(view), view.voters, view.voted) == ([0, 1, 0], 1, False)


async def test_the_mini_app_and_the_card_show_a_tapped_vote(
    account: Any, olga: Person, alice: Person
) -> None:
    """P3."""
    code = await ask(olga, account, group_id=account.group_id)
    shown = await poll(code, alice)
    monday = shown.options[0].id
    before = shown.version
    assert (await tap_option(code, alice, monday, via=Via.CARD)).kind == "voted"
    assert (await poll(code, alice)).options[0].mine
    card = await poll_for_card(shown.id)
    assert card is not None
    assert (votes(card), card.voted, card.version) == ([1, 0, 0], False, before + 1)
    assert (await tap_option(code, alice, monday, via=Via.CARD)).kind == "withdrawn"


async def test_voting_the_same_again_keeps_the_version(account: Any, olga: Person, alice: Person) -> None:
    code = await ask(olga, account)
    await choose(code, alice, 1)
    before = (await poll(code, alice)).version
    assert await choose(code, alice, 1) == "already"
    assert (await poll(code, alice)).version == before


async def test_a_stranger_finds_no_poll(account: Any, olga: Person, alice: Person, charlie: Person) -> None:
    """A1: another account's object answers "not found", on every surface."""
    code = await ask(olga, account)
    monday = (await poll(code, alice)).options[0].id
    for attempt in (
        lambda: poll(code, charlie),
        lambda: vote(code, charlie, [monday], via=Via.MINIAPP),
        lambda: tap_option(code, charlie, monday, via=Via.CARD),
        lambda: close_poll(code, charlie),
        lambda: create_poll(charlie, account.id, EVENING),
        lambda: poll("nosuchcode", alice),
    ):
        with pytest.raises(NotFound):
            await attempt()
    assert await polls_of(charlie) == []
    assert await account_polls(account.id, charlie) == []


async def test_another_accounts_organiser_reaches_neither_poll_nor_options(
    account: Any, olga: Person, alice: Person, charlie: Person
) -> None:
    """A1: not even by an option's id."""
    code = await ask(olga, account)
    elsewhere = await create_own_account(charlie, "Chess")
    foreign_poll = await create_poll(charlie, elsewhere, EVENING)
    foreign = (await poll(foreign_poll, charlie)).options[0].id
    with pytest.raises(Invalid):
        await vote(code, alice, [foreign], via=Via.MINIAPP)
    with pytest.raises(NotFound):
        await close_poll(code, charlie)
    with pytest.raises(InvalidForm):
        await create_poll(charlie, elsewhere, replace(EVENING, group_id=account.group_id))


async def test_somebody_in_the_group_becomes_a_member_by_opening_its_poll(
    account: Any, olga: Person, charlie: Person
) -> None:
    """A4: but not by opening a poll without a group."""
    outside, inside = await ask(olga, account), await ask(olga, account, group_id=account.group_id)
    where = await group(account.group_id)
    assert where is not None
    await db.execute(
        "INSERT INTO group_members (account_id, group_id, user_id, present, checked_at) VALUES ($1, $2, $3, true, $4)",
        account.id,
        where.id,
        charlie.id,
        clock.now(),
    )
    with pytest.raises(NotFound):
        await admit_to_poll(outside, charlie)
    with pytest.raises(NotFound):  # reading admits nobody
        await poll(inside, charlie)
    await admit_to_poll(inside, charlie)
    assert await choose(inside, charlie, 1) == "voted"
    assert (await poll(outside, charlie)).role == "MEMBER"


async def test_somebody_seen_in_the_group_can_vote_by_a_tap(
    account: Any, olga: Person, alice: Person, charlie: Person
) -> None:
    """A4."""
    code = await ask(olga, account, group_id=account.group_id)
    where = await group(account.group_id)
    assert where is not None
    await mark_present(charlie, where)
    monday = (await poll(code, alice)).options[0].id
    assert (await tap_option(code, charlie, monday, via=Via.CARD)).kind == "voted"


async def test_a_member_who_left_cannot_vote_but_their_vote_stays(
    account: Any, olga: Person, alice: Person, bob: Person
) -> None:
    code = await ask(olga, account)
    await choose(code, alice, 1)
    membership = (await authorize(alice, account.id, Permission.VOTE)).membership_id
    await end_membership(alice, account.id, membership)
    with pytest.raises(NotFound):
        await poll(code, alice)
    view = await poll(code, bob)
    assert (votes(view), view.voters, view.electors) == ([1, 0, 0], 1, 4)


async def test_no_more_have_voted_than_could(
    account: Any, olga: Person, alice: Person, bob: Person, people: dict[str, Person]
) -> None:
    """Three vote and two of them leave: their votes stand, and they are counted among those who could vote."""
    code = await ask(olga, account)
    for person in (alice, bob, people["aino"]):
        await choose(code, person, 1)
    for person in (alice, bob):
        membership = (await authorize(person, account.id, Permission.VOTE)).membership_id
        await end_membership(olga, account.id, membership)
    view = await poll(code, olga)
    assert (votes(view), view.voters, view.electors) == ([3, 0, 0], 3, 4)


async def test_an_anonymous_poll_shows_no_names(account: Any, olga: Person, alice: Person) -> None:
    """P1: not even to organisers, on the card, or after closing."""
    code = await ask(olga, account, anonymous=True)
    await choose(code, alice, 1)
    await close_poll(code, olga)
    card = await poll_for_card((await poll(code, olga)).id)
    for view in (await poll(code, olga), await poll(code, alice), card):
        assert view is not None
        assert votes(view) == [1, 0, 0]
        assert not any(option.voters for option in view.options)


@pytest.mark.parametrize(("results", "after_voting"), [("voted", True), ("closed", False)])
async def test_hidden_results_are_not_shown(
    account: Any, olga: Person, alice: Person, bob: Person, results: str, after_voting: bool
) -> None:
    """P1: hidden until one has voted, or until the poll closes; a full option is shown as full all the
    same."""
    code = await ask(olga, account, results=results)
    await choose(code, alice, 2)
    hidden = await poll(code, bob)
    assert not hidden.visible
    assert votes(hidden) == [0, 0, 0]
    assert not any(option.voters for option in hidden.options)
    assert [option.full for option in hidden.options] == [False, True, False]
    assert hidden.voters == 1
    mine = await poll(code, alice)
    assert mine.visible is after_voting
    assert votes(mine) == ([0, 1, 0] if after_voting else [0, 0, 0])
    card = await poll_for_card(mine.id)
    assert card is not None
    assert not card.visible
    await close_poll(code, olga)
    assert votes(await poll(code, bob)) == [0, 1, 0]


async def test_closing_by_hand_ends_the_voting(account: Any, olga: Person, alice: Person) -> None:
    """P2: closing again changes nothing, and members may not close."""
    code = await ask(olga, account)
    with pytest.raises(Forbidden):
        await close_poll(code, alice)
    before = (await poll(code, alice)).version
    await close_poll(code, olga)
    await close_poll(code, olga)
    view = await poll(code, alice)
    assert (view.open, view.version) == (False, before + 1)
    assert view.closed_at is not None
    with pytest.raises(PollClosed):
        await vote(code, alice, [view.options[0].id], via=Via.MINIAPP)
    entries = await db.rows("SELECT verb FROM audit_log WHERE object LIKE 'poll%' ORDER BY id")
    assert [row["verb"] for row in entries] == ["create", "close"]


async def test_the_deadline_closes_a_poll_before_the_job_runs(
    account: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """P2: readers take a passed deadline as the end; the job only records it, once."""
    code = await ask(olga, account, closes_at=noon + timedelta(hours=1))
    await choose(code, alice, 1)
    before = (await poll(code, alice)).version
    clock.advance(timedelta(hours=1))
    view = await poll(code, alice)
    assert (view.open, view.closed_at) == (False, noon + timedelta(hours=1))
    assert view.version != before
    with pytest.raises(PollClosed) as refusal:
        await choose(code, alice, 2)
    assert alice.voice.translate(refusal.value.words).startswith("This poll closed today at 15:00.")
    assert [v.code for v in await polls_of(alice)] == []
    clock.advance(timedelta(minutes=3))
    assert [await close_due(), await close_due()] == [1, 0]
    again = await poll(code, alice)
    assert (again.closed_at, again.version) == (view.closed_at, view.version)


async def test_closing_by_hand_after_the_deadline_keeps_the_deadline_as_the_end(
    account: Any, olga: Person, noon: datetime
) -> None:
    code = await ask(olga, account, closes_at=noon + timedelta(hours=1))
    clock.advance(timedelta(hours=2))
    await close_poll(code, olga)
    assert (await poll(code, olga)).closed_at == noon + timedelta(hours=1)
    assert await close_due() == 1


async def test_lists_show_the_open_polls_that_close_soonest_first(
    account: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """A8: of all the person's accounts."""
    other = await create_own_account(olga, "Aino’s choir")
    await join(alice, other, through=JoinedThrough.HAND)
    whenever = await ask(olga, account)
    late = await create_poll(olga, other, replace(EVENING, closes_at=noon + timedelta(days=2)))
    soon = await ask(olga, account, closes_at=noon + timedelta(days=1))
    shut = await ask(olga, account)
    await close_poll(shut, olga)
    await choose(soon, alice, 1)
    assert [v.code for v in await polls_of(alice)] == [soon, late, whenever]
    assert [v.voted for v in await polls_of(alice)] == [True, False, False]
    assert [v.code for v in await polls_of(alice, account_id=other)] == [late]
    assert [v.code for v in await polls_of(alice, closed=True)] == [shut]
    assert [v.code for v in await account_polls(account.id, olga)] == [soon, whenever, shut]
    assert [v.code for v in await polls_of(alice, limit=1)] == [soon]


async def test_several_choices_are_limited_to_their_maximum(
    account: Any, olga: Person, alice: Person
) -> None:
    """P1."""
    code = await ask(olga, account, kind="several", choices_max=2)
    assert await choose(code, alice, 1, 3) == "voted"
    view = await poll(code, alice)
    assert (votes(view), view.voters, view.choices_max) == ([1, 0, 1], 1, 2)
    with pytest.raises(Invalid) as refusal:
        await choose(code, alice, 1, 2, 3)
    assert refusal.value.outcome == "invalid"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"question": "  "}, "question"),
        ({"question": "a" * 301}, "question"),
        ({"options": (OptionDraft("One"),)}, "options"),
        ({"options": tuple(OptionDraft(str(i)) for i in range(41))}, "options"),
        ({"options": (OptionDraft("One"), OptionDraft(" "))}, "option-1"),
        ({"options": (OptionDraft("One"), OptionDraft("ONE "))}, "option-1"),
        ({"options": (OptionDraft("One"), OptionDraft("a" * 101))}, "option-1"),
        ({"options": (OptionDraft("One", 0), OptionDraft("Two"))}, "option-0"),
        ({"kind": "ranked"}, "kind"),
        ({"results": "never"}, "results"),
        ({"kind": "several", "choices_max": 0}, "choices_max"),
        ({"kind": "several", "choices_max": 4}, "choices_max"),
    ],
)
async def test_each_fault_names_its_field(
    account: Any, olga: Person, fields: dict[str, Any], fault: str
) -> None:
    """X5: and no poll is made."""
    with pytest.raises(InvalidForm) as refusal:
        await ask(olga, account, **fields)
    assert list(refusal.value.faults) == [fault]
    assert await account_polls(account.id, olga) == []


async def test_all_faults_are_reported_at_once(account: Any, olga: Person, noon: datetime) -> None:
    """X5."""
    with pytest.raises(InvalidForm) as refusal:
        await ask(olga, account, question="", options=(), closes_at=noon)
    assert set(refusal.value.faults) == {"question", "options", "closes_at"}


async def test_members_cannot_make_polls(account: Any, alice: Person) -> None:
    """X4."""
    with pytest.raises(Forbidden):
        await create_poll(alice, account.id, EVENING)


async def test_at_most_fifty_names_are_loaded(
    account: Any, olga: Person, crowd: Callable[[int], Any]
) -> None:
    """C4: `votes` counts the rest."""
    code = await ask(olga, account)
    for person in await crowd(55):
        await choose(code, person, 1)
    first = (await poll(code, olga)).options[0]
    assert (first.votes, len(first.voters)) == (55, 50)
    assert first.voters[:2] == ("Member 1", "Member 2")
