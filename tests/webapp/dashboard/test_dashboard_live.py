"""Open pages follow what others do, and a poll that finds nothing new costs three queries and no template."""

import html
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import jinja2
import pytest

from backend import clock, db
from backend.accounts.actions import edit_account
from backend.accounts.memberships import change_role, end_membership, join
from backend.accounts.rules import JoinedThrough, Role
from backend.bookings import actions as seats
from backend.bookings.attendance import check_in
from backend.bookings.queries.event import event
from backend.cards.actions import post_card, post_poll_card
from backend.events.cancel import cancel_instance
from backend.events.create import create_series
from backend.events.edit import InstanceChanges, edit_instance, edit_series
from backend.events.queries import draft_from_row
from backend.events.reschedule import move_instance
from backend.groups.actions import rename_group
from backend.groups.rules import GroupHealth
from backend.linking.actions import set_health
from backend.people.actions import TelegramIdentity, choose_language, register_person
from backend.polls import actions as polls
from backend.polls.closing import close_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.queries import poll
from backend.seats.requests import Via
from tests.webapp.dashboard.conftest import Browser

EVENT, WEEK, LIST, POLL = "event", "week", "list", "poll"
CALENDAR = {WEEK, LIST}


@dataclass
class Scene:
    """Olga has every page open. Bob and Alice are in, Bob with a guest; nobody has voted yet."""

    browser: Browser
    code: str
    following: str
    poll: str
    series: int
    account: int
    chat: int
    people: dict[str, Any]
    addresses: dict[str, str]

    async def stale(self) -> set[str]:
        """The pages that are answered with a new version; the others are answered with 204 and nothing
        else."""
        found = set()
        for name, address in self.addresses.items():
            answer = await self.browser.client.get(address)
            if answer.status_code == 204:
                assert answer.content == b""
            else:
                found.add(name)
        return found

    async def membership(self, name: str) -> int:
        person = self.people[name].id
        return int(await db.value("SELECT id FROM memberships WHERE user_id = $1", person))


async def live_address(browser: Browser, path: str) -> str:
    """Where the page asks whether it is fresh."""
    shown = await browser.get(path)
    found = re.search(r'id="live" hidden hx-get="([^"]+)"', shown.text)
    assert found, shown.text
    return html.unescape(found[1])


@pytest.fixture
async def scene(
    noon: datetime, dashboard: Browser, series: Any, olga: Any, account: Any, people: Any
) -> Scene:
    made = await series(capacity=5, rule="FREQ=WEEKLY")
    code = made.first_code
    await seats.book(code, people["bob"], guests=1, via=Via.CARD)
    await seats.book(code, people["alice"], via=Via.CARD)
    draft = PollDraft(
        question="What do we cook?",
        options=(OptionDraft("Soup"), OptionDraft("Pie")),
        kind="single",
        choices_max=1,
        anonymous=False,
        results="live",
        closes_at=noon + timedelta(hours=5),
    )
    asked = await polls.create_poll(olga, account.id, draft)
    paths = {
        EVENT: f"/dashboard/events/{code}",
        WEEK: "/dashboard",
        LIST: "/dashboard?view=list",
        POLL: f"/dashboard/polls/{asked}",
    }
    following = await db.value(
        "SELECT code FROM event_instances WHERE series_id = $1 ORDER BY starts_at OFFSET 1 LIMIT 1",
        made.series_id,
    )
    addresses = {name: await live_address(dashboard, path) for name, path in paths.items()}
    scene = Scene(
        dashboard, code, following, asked, made.series_id, account.id, account.chat_id, people, addresses
    )
    assert await scene.stale() == set()
    return scene


async def someone_books(s: Scene) -> None:
    await seats.book(s.code, s.people["aino"], via=Via.CARD)


async def someone_leaves(s: Scene) -> None:
    await seats.leave(s.code, s.people["bob"], via=Via.CARD)


async def someone_says_maybe(s: Scene) -> None:
    await seats.answer(s.code, s.people["aino"], maybe=True, via=Via.CARD)


async def a_guest_gets_a_name(s: Scene) -> None:
    await seats.name_guests(s.code, s.people["bob"], ["Kerttu"], via=Via.MINIAPP)


async def more_seats(s: Scene) -> None:
    await seats.set_capacity(s.code, s.people["olga"], 8)


async def another_title(s: Scene) -> None:
    await edit_instance(s.code, s.people["olga"], InstanceChanges(title="Morning yoga"))


async def another_place_of_the_series(s: Scene) -> None:
    row = await db.row("SELECT * FROM event_series WHERE id = $1", s.series)
    assert row is not None
    draft = replace(draft_from_row(row), place="Hietaniemi")
    await edit_series(s.people["olga"], s.account, s.series, draft)


async def it_is_moved(s: Scene) -> None:
    view = await event(s.code, s.people["olga"])
    await move_instance(s.code, s.people["olga"], view.starts_local + timedelta(hours=1))


async def it_is_cancelled(s: Scene) -> None:
    await cancel_instance(s.code, s.people["olga"], "Snow")


async def the_next_one_is_cancelled(s: Scene) -> None:
    await cancel_instance(s.following, s.people["olga"], "Snow")


async def someone_is_checked_in(s: Scene) -> None:
    await check_in(s.code, s.people["olga"], await s.membership("alice"))


async def someone_has_another_name(s: Scene) -> None:
    await register_person(TelegramIdentity(s.people["bob"].telegram_id, "Robert"))


async def a_new_series(s: Scene) -> None:
    row = await db.row("SELECT * FROM event_series WHERE id = $1", s.series)
    assert row is not None
    await create_series(s.people["olga"], s.account, replace(draft_from_row(row), title="Padel"))


async def its_card_is_posted(s: Scene) -> None:
    await post_card(s.people["olga"], s.code)


async def its_card_is_lost(s: Scene) -> None:
    await post_card(s.people["olga"], s.code)
    async with db.transaction():
        await db.execute("UPDATE cards SET state = 'lost', trouble = 'deleted', lost_at = created_at")


async def the_bot_is_muted_in_the_group(s: Scene) -> None:
    await set_health(s.chat, GroupHealth.MUTED)


async def the_group_is_renamed(s: Scene) -> None:
    await rename_group(s.chat, "Kallio Yoga & Sauna", forum=False)


async def a_message_cannot_be_sent(s: Scene) -> None:
    async with db.transaction():
        await db.execute(
            "INSERT INTO messages (account_id, user_id, kind, detail, dedupe, priority, due_at, created_at,"
            " state)"
            " VALUES ($1, $2, 'promoted', '{}', 'x', 1, $3, $3, 'parked')",
            s.account,
            s.people["alice"].id,
            clock.now(),
        )


async def someone_votes(s: Scene) -> None:
    view = await poll(s.poll, s.people["bob"])
    await polls.tap_option(s.poll, s.people["bob"], view.options[0].id, via=Via.CARD)


async def the_poll_is_closed(s: Scene) -> None:
    await close_poll(s.poll, s.people["olga"])


async def the_polls_card_is_posted(s: Scene) -> None:
    async with db.transaction():
        await db.execute("UPDATE polls SET group_id = (SELECT id FROM groups)")
    s.addresses[POLL] = await live_address(s.browser, f"/dashboard/polls/{s.poll}")
    await post_poll_card(s.people["olga"], s.poll)


async def the_polls_deadline_passes(s: Scene) -> None:
    clock.advance(timedelta(hours=5))


async def someone_becomes_a_member(s: Scene) -> None:
    await join(s.people["charlie"], s.account, through=JoinedThrough.LINK)


async def the_account_is_renamed(s: Scene) -> None:
    await edit_account(s.people["olga"], s.account, name="Kallio", zone="Europe/Helsinki", language="en")


async def she_chooses_another_language(s: Scene) -> None:
    await choose_language(s.people["olga"], "fi")


async def booking_closes(s: Scene) -> None:
    clock.advance(timedelta(days=3, hours=6))
    async with db.transaction():  # what else happens in three days is not the matter here
        await db.execute("UPDATE web_sessions SET expires_at = expires_at + interval '30 days'")


async def midnight(s: Scene) -> None:
    clock.advance(timedelta(hours=10))  # 22:00 UTC is midnight in Helsinki


EVERYWHERE = CALENDAR | {EVENT, POLL}
CHANGES: list[tuple[Callable[[Scene], Awaitable[None]], set[str]]] = [
    (someone_books, {EVENT} | CALENDAR),
    (someone_leaves, {EVENT} | CALENDAR),
    (someone_says_maybe, {EVENT}),
    (a_guest_gets_a_name, {EVENT}),
    (more_seats, {EVENT} | CALENDAR),
    (another_title, {EVENT} | CALENDAR),
    (another_place_of_the_series, {EVENT}),
    (it_is_moved, {EVENT} | CALENDAR),
    (it_is_cancelled, {EVENT} | CALENDAR),
    (the_next_one_is_cancelled, {EVENT, LIST}),
    (someone_is_checked_in, {EVENT}),
    (someone_has_another_name, {EVENT, POLL}),
    (a_new_series, CALENDAR),
    (its_card_is_posted, {EVENT}),
    (its_card_is_lost, {EVENT} | CALENDAR),
    (the_bot_is_muted_in_the_group, CALENDAR),
    (the_group_is_renamed, CALENDAR),
    (a_message_cannot_be_sent, CALENDAR),
    (someone_votes, {POLL}),
    (the_poll_is_closed, {POLL}),
    (the_polls_card_is_posted, {POLL}),
    (the_polls_deadline_passes, {POLL}),
    (someone_becomes_a_member, {POLL}),
    (the_account_is_renamed, EVERYWHERE),
    (she_chooses_another_language, EVERYWHERE),
    (booking_closes, {EVENT}),
    (midnight, EVERYWHERE),
]


@pytest.mark.parametrize(("change", "pages"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
async def test_each_change_reaches_each_page_that_shows_it(
    scene: Scene, change: Callable[[Scene], Awaitable[None]], pages: set[str]
) -> None:
    await change(scene)
    assert await scene.stale() >= pages


@pytest.mark.parametrize(
    ("change", "others"),
    [
        (someone_books, {POLL}),
        (someone_has_another_name, CALENDAR),
        (someone_votes, {EVENT} | CALENDAR),
        (the_poll_is_closed, {EVENT} | CALENDAR),
        (the_next_one_is_cancelled, {POLL}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_change_does_not_send_other_pages_anew(
    scene: Scene, change: Callable[[Scene], Awaitable[None]], others: set[str]
) -> None:
    await change(scene)
    assert not await scene.stale() & others


async def test_a_page_that_is_sent_anew_is_fresh_again(scene: Scene) -> None:
    await someone_books(scene)
    await someone_votes(scene)
    for name, address in scene.addresses.items():
        scene.addresses[name] = await live_address(scene.browser, address)
    assert await scene.stale() == set()


async def test_nothing_new_costs_three_queries_and_no_template(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks, which clubs they help to run, and the version of what they see."""
    queries: list[str] = []
    rendered: list[str | None] = []
    run, render = db._run, jinja2.Template.render

    async def count_query(method: str, sql: str, args: Any) -> Any:
        queries.append(sql)
        return await run(method, sql, args)

    def count_template(self: jinja2.Template, *args: Any, **kwargs: Any) -> str:
        rendered.append(self.name)
        return render(self, *args, **kwargs)

    monkeypatch.setattr(db, "_run", count_query)
    monkeypatch.setattr(jinja2.Template, "render", count_template)
    for name, address in scene.addresses.items():
        queries.clear()
        assert (await scene.browser.client.get(address)).status_code == 204
        assert len(queries) <= 3, (name, queries)
    assert rendered == []
    await someone_books(scene)
    assert (await scene.browser.client.get(scene.addresses[EVENT])).status_code == 200
    assert rendered == ["events/show.html"]


async def test_a_made_up_version_is_answered_with_the_page(scene: Scene) -> None:
    for seen in ("", "x", "-", f"{'0' * 18}-zz", "a-ffffffffffff"):
        answer = await scene.browser.client.get(f"/dashboard/events/{scene.code}", params={"seen": seen})
        assert answer.status_code == 200


async def test_an_organiser_who_was_removed_is_not_told_that_nothing_changed(
    scene: Scene, sign_in: Any, olga: Any, alice: Any
) -> None:
    """`A1`, `X4`: the version of what they saw is the same, and no longer theirs to see."""
    await change_role(olga, scene.account, await scene.membership("alice"), Role.ADMIN)
    hers = await sign_in(alice)
    address = await live_address(hers, f"/dashboard/events/{scene.code}")
    assert (await hers.client.get(address)).status_code == 204
    await end_membership(olga, scene.account, await scene.membership("alice"))
    assert (await hers.client.get(address)).status_code == 403
