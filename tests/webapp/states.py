"""Every screen and state of the Mini App, as one literal list: the gallery shows it, `test_app_sweep.py`
checks it.

A new screen gets its line in `STATES`: a name (`screen-state`), what sets it up and returns its path, and
what is done on the page before it is checked. The reader's possible statuses are in
`webapp/reader_status.py`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from playwright.async_api import Page, Route, expect

from backend import db
from backend.accounts.actions import create_own_account
from backend.accounts.memberships import change_role, join
from backend.accounts.rules import JoinedThrough, Role
from backend.bookings import actions as seats
from backend.bookings.attendance import check_in, close_list, complete_ended
from backend.bookings.organiser import seat_by_name
from backend.bookings.standing_seats import make_regular
from backend.events.cancel import cancel_instance
from backend.events.minimum import decide_instance
from backend.events.queries import find_instance
from backend.events.reschedule import move_instance
from backend.people import feeds
from backend.people.actions import mark_blocked
from backend.people.preferences import choose_reminders, mute
from backend.polls.closing import close_poll
from backend.polls.drafts import OptionDraft
from backend.polls.event_creation import EventDetails
from backend.polls.rules import Answer
from tests.webapp.staging import (
    CARD,
    NOON,
    Stage,
    StagedAccount,
    book,
    choose,
    in_groups,
    local_time_ahead,
    someone,
    time_ago,
)

Setting = Callable[[Stage], Awaitable[str]]
Deed = Callable[[Page], Awaitable[Any]]
INSIDE = "#screen[data-outcome]"


@dataclass(frozen=True, slots=True)
class State:
    """`before` runs before the page is opened, `act` once it shows `shows`. `launch` are fields of the
    launch; None is a browser outside Telegram. `crowded` needs the club of thousands."""

    name: str
    stage: Setting
    act: Deed | None = None
    before: Deed | None = None
    shows: str = INSIDE
    launch: dict[str, str] | None = None
    outside: bool = False
    crowded: bool = False

    @property
    def screen(self) -> str:
        """`event` of `event-offer`."""
        return self.name.partition("-")[0]


async def member_of(person: Any, account: StagedAccount) -> int:
    await in_groups(account, person)
    return await join(person, account.id, through=JoinedThrough.HAND)


def at(path: str, setting: Setting) -> Setting:
    """The same setting at another path; `{}` is the path it returns."""

    async def staged(s: Stage) -> str:
        return path.format(await setting(s))

    return staged


# --- clubs ---


async def no_account(s: Stage) -> str:
    return "/app/events"


async def empty_account(s: Stage) -> str:
    await s.account()
    return "/app/events"


async def three_people(s: Stage) -> str:
    """A club of three: Olga, Bob and the reader, with one instance."""
    account = await s.account(others=0)
    await book(await s.event(account, 30, capacity=4), account.olga)
    return "/app/events"


async def one_account(s: Stage) -> str:
    """Rows of every kind."""
    account = await s.account(groups=3)
    them = account.others
    texts = s.texts
    await book(await s.event(account, 4, title=texts.run, emoji="🏃"), (s.reader, 1), them[0])
    await book(await s.event(account, 28), account.bob)
    full = await s.event(account, 29.5, title=texts.padel, emoji="🎾", capacity=2)
    await book(full, account.bob, *them)
    line = await s.event(account, 52, title=texts.padel, emoji="🎾", capacity=2)
    await book(line, account.bob, *them[:2], s.reader)
    await cancel_instance(await s.event(account, 76), account.olga, texts.reason)
    await s.event(account, 77.25, title=texts.breakfast, emoji="☕", capacity=None, place="")
    await s.event(account, 100, opens_before_minutes=24 * 60, group_id=account.groups[1])
    await book(await s.event(account, 124, min_to_run=6), account.bob)
    await s.event(account, 148, title=texts.long, emoji="", place=texts.long_place)
    await seats.answer(await s.event(account, 172), s.reader, maybe=True, via=CARD)
    await seats.answer(await s.event(account, 196), s.reader, maybe=False, via=CARD)
    return "/app/events"


async def many_accounts(s: Stage) -> str:
    """Four clubs, and two questions on top: an offer and a moved instance."""
    await offered(s)
    for i, name in enumerate(s.texts.accounts):
        account = await s.account(name)
        await book(await s.event(account, 28 + 24 * i, title=s.texts.run, emoji="🏃"), s.reader)
        await s.event(account, 30 + 24 * i, title=s.texts.padel, emoji="🎾", capacity=4)
    code = await s.event(account, 80)
    await book(code, s.reader)
    await move_instance(code, account.olga, local_time_ahead(hours=84))
    return "/app/events"


async def crowd(s: Stage) -> str:
    await s.many(s)
    return "/app/events"


# --- one date ---


def date(hours: float = 76, **about: Any) -> Setting:
    """No one has answered yet."""

    async def staged(s: Stage) -> str:
        account = await s.account()
        return f"/app/events/{await s.event(account, hours, **about)}"

    return staged


async def some_come(s: Stage) -> str:
    account = await s.account(others=6)
    code = await s.event(
        account, description=s.texts.about, map_url="https://maps.example/kallio", rule="FREQ=WEEKLY"
    )
    await book(code, (account.bob, 1), *account.others)
    return f"/app/events/{code}"


async def full(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, capacity=3)
    await book(code, (account.bob, 1), *account.others)
    return f"/app/events/{code}"


async def am_in(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, rule="FREQ=WEEKLY")
    await book(code, account.bob, s.reader)
    return f"/app/events/{code}"


async def in_with_guests(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account)
    await book(code, account.bob, (s.reader, 2), *account.others)
    return f"/app/events/{code}"


async def in_too_late(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, 4)
    await book(code, account.bob, (s.reader, 1))
    return f"/app/events/{code}"


async def in_unheard(s: Stage) -> str:
    """The bot may not write to the reader (`M3`)."""
    s.reader = await someone(s.texts.reader, language=s.language, may_write=False)
    return await am_in(s)


async def regular(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, rule="FREQ=WEEKLY")
    series = (await find_instance(code)).id
    series = await db.value("SELECT series_id FROM event_instances WHERE id = $1", series)
    await make_regular(account.olga, account.id, series, await member_of(s.reader, account))
    return f"/app/events/{code}"


async def waiting(s: Stage) -> str:
    account = await s.account(others=9)
    code = await s.event(account, capacity=3)
    await book(code, (account.bob, 2), *account.others[:6], (s.reader, 1), *account.others[6:])
    return f"/app/events/{code}"


async def part(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, capacity=3)
    await book(code, account.bob, (s.reader, 2))
    await seats.take_free(code, s.reader, via=CARD)
    return f"/app/events/{code}"


async def offered(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, 6, capacity=3)
    await book(code, (account.bob, 1), account.others[0], (s.reader, 1), account.others[1])
    with time_ago(minutes=6, seconds=19):
        await seats.leave(code, account.bob, via=CARD)
    return f"/app/events/{code}"


async def offer_runs_out(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, 6, capacity=1)
    await book(code, account.bob, s.reader)
    with time_ago(minutes=27):
        await seats.leave(code, account.bob, via=CARD)
    return f"/app/events/{code}"


async def time_up(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, 6, capacity=1)
    await book(code, account.bob, s.reader, account.others[0])
    with time_ago(minutes=31):
        await seats.leave(code, account.bob, via=CARD)
    return f"/app/events/{code}"


async def called(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, 1.5, capacity=2, cancel_before_minutes=None)
    await book(code, account.bob, account.others[0], account.others[1], s.reader)
    await seats.leave(code, account.bob, via=CARD)
    return f"/app/events/{code}"


async def replacing(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, 4)
    await book(code, account.bob, s.reader)
    await seats.find_replacement(code, s.reader, via=CARD)
    return f"/app/events/{code}"


async def moved(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account)
    await book(code, account.bob, s.reader)
    await move_instance(code, account.olga, local_time_ahead(hours=101))
    return f"/app/events/{code}"


async def claims(s: Stage, *, reader_voted: bool = False) -> str:
    account = await s.account()
    with time_ago(hours=8):
        poll = await s.dates(account)
        for person in (account.bob, *account.others, *((s.reader,) if reader_voted else ())):
            await choose(poll, person, (0, Answer.YES), (1, Answer.NO))
        made = await close_poll(
            poll,
            account.olga,
            make=EventDetails(place=s.texts.place, capacity=6, emoji="🍂", claim_minutes=24 * 60),
        )
    assert made.made is not None
    return f"/app/events/{made.made.code}"


async def claim_is_mine(s: Stage) -> str:
    return await claims(s, reader_voted=True)


async def cancelled(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, rule="FREQ=WEEKLY")
    await book(code, s.reader, account.bob)
    await cancel_instance(code, account.olga, s.texts.reason)
    return f"/app/events/{code}"


async def closed(s: Stage) -> str:
    account = await s.account()
    with time_ago(days=2):
        code = await s.event(account, 6, closes_before_minutes=12 * 60, rule="FREQ=WEEKLY")
        await book(code, account.bob, *account.others)
    return f"/app/events/{code}"


def ended(how: str) -> Setting:
    """`came`, `missed`, `late` or `away`."""

    async def staged(s: Stage) -> str:
        account = await s.account()
        with time_ago(days=2):
            code = await s.event(account, -5, rule="FREQ=WEEKLY")
            await book(code, account.bob, *account.others)
            if how != "away":
                await book(code, (s.reader, 1) if how == "came" else s.reader)
        with time_ago(hours=5, minutes=10):
            await check_in(code, account.olga, await member_of(account.bob, account))
            if how == "came":
                await check_in(code, account.olga, await member_of(s.reader, account), came=1)
            if how == "late":
                await seats.find_replacement(code, s.reader, via=CARD)
        await complete_ended()
        await close_list(code, account.olga)
        return f"/app/events/{code}"

    return staged


def answered(*, maybe: bool) -> Setting:
    async def staged(s: Stage) -> str:
        account = await s.account()
        code = await s.event(account)
        await book(code, account.bob)
        await seats.answer(code, s.reader, maybe=maybe, via=CARD)
        return f"/app/events/{code}"

    return staged


async def over(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, capacity=6)
    await book(code, (account.bob, 2), (s.reader, 1), *account.others)
    await seats.set_capacity(code, account.olga, 5)
    return f"/app/events/{code}"


async def long_words(s: Stage) -> str:
    """Titles, names and places of the greatest length, in a club of that language."""
    account = await s.account(s.texts.accounts[-1])
    code = await s.event(
        account,
        title=s.texts.long,
        place=s.texts.long_place,
        description=f"{s.texts.long}\n{s.texts.about}\nhttps://example.com/{'a-long-address-' * 8}",
    )
    await book(
        code,
        await member("Konstantinopolitanische", account),
        await member("Александра-Анастасия", account),
    )
    await seat_by_name(code, account.olga, "Lentokonesuihkuturbiinimoottoriapumekaanikko Virtanen")
    return f"/app/events/{code}"


async def member(name: str, account: StagedAccount) -> Any:
    person = await someone(name)
    await member_of(person, account)
    return person


async def minimum(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, min_to_run=6, decide_by_itself=True)
    await book(code, account.bob, s.reader)
    return f"/app/events/{code}"


async def runs(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, min_to_run=6)
    await book(code, account.bob)
    await decide_instance(code, account.olga, run=True)
    return f"/app/events/{code}"


async def far_away(s: Stage) -> str:
    await s.elsewhere("America/Argentina/Buenos_Aires")
    return await some_come(s)


async def of_the_crowd(s: Stage) -> str:
    return f"/app/events/{(await s.many(s)).big}"


async def long_line(s: Stage) -> str:
    code = (await s.many(s)).line
    await book(code, s.reader)
    return f"/app/events/{code}"


async def checked_in(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, 1)
    await book(code, account.bob, (s.reader, 1))
    await check_in(code, account.olga, await member_of(s.reader, account), came=1)
    return f"/app/events/{code}"


# --- mine ---


async def bookings(s: Stage) -> str:
    account = await s.account()
    for hours, title, emoji in (
        (28, s.texts.yoga, "🧘"),
        (52, s.texts.padel, "🎾"),
        (76, s.texts.breakfast, "☕"),
    ):
        await book(
            await s.event(account, hours, title=title, emoji=emoji), account.bob, (s.reader, hours % 3)
        )
    code = await s.event(account, 5)
    await book(code, s.reader)
    await seats.find_replacement(code, s.reader, via=CARD)
    standing = (await find_instance(await s.event(account, 124, rule="FREQ=WEEKLY"))).id
    series = await db.value("SELECT series_id FROM event_instances WHERE id = $1", standing)
    await make_regular(account.olga, account.id, series, await member_of(s.reader, account))
    gone = await s.event(account, 148)
    await book(gone, s.reader)
    await cancel_instance(gone, account.olga, s.texts.reason)
    return "/app/bookings"


async def in_lines(s: Stage) -> str:
    await called(s)
    await time_up(s)
    await waiting(s)
    return "/app/bookings?show=waiting"


async def past(s: Stage) -> str:
    for how in ("came", "missed", "late"):
        await ended(how)(s)
    return "/app/bookings?show=past"


# --- polls ---


async def poll_list(s: Stage) -> str:
    account = await s.account()
    voted = await s.poll(account, question=s.texts.bring)
    await choose(voted, s.reader, 0)
    await s.poll(account)
    await s.dates(account)
    done = await s.poll(account, question=s.texts.long)
    await close_poll(done, account.olga)
    return "/app/polls"


def poll(*, voted: bool = False, open_: bool = True, limits: bool = False, **about: Any) -> Setting:
    """One poll that others have voted in."""

    async def staged(s: Stage) -> str:
        account = await s.account(others=6)
        several = about.get("kind") == "several"
        options = tuple(
            OptionDraft(text, 1 + i if limits else None) for i, text in enumerate(s.texts.options)
        )
        code = await s.poll(
            account, options=options, question=s.texts.bring if several else s.texts.question, **about
        )
        await choose(code, account.bob, *((0, 2) if several else (0,)))
        for i, person in enumerate(account.others[:4]):
            await choose(code, person, 1 + (i % 2 if limits else i // 3) + (1 if i == 3 and limits else 0))
        if voted:
            await choose(code, s.reader, *((2, 3) if several else (3,)))
        if not open_:
            await close_poll(code, account.olga)
        return f"/app/polls/{code}"

    return staged


def dates(*, voted: bool = False, made: bool = False, days: int = 4, **about: Any) -> Setting:
    async def staged(s: Stage) -> str:
        account = await s.account(others=5)
        code = await s.dates(account, days=days, **about)
        answers = (Answer.YES, Answer.IF_NEED_BE, Answer.NO)
        for i, person in enumerate((account.bob, *account.others)):
            await choose(code, person, *((day, answers[(i + day) % 3 if day else 0]) for day in range(days)))
        if voted:
            await choose(code, s.reader, (0, Answer.YES), (1, Answer.IF_NEED_BE), (2, Answer.NO))
        if made:
            await close_poll(code, account.olga, make=EventDetails(place=s.texts.place, capacity=12))
        return f"/app/polls/{code}"

    return staged


async def poll_of_the_crowd(s: Stage) -> str:
    return f"/app/polls/{(await s.many(s)).poll}"


# --- me ---


async def me(s: Stage) -> str:
    await s.account()
    await s.account(s.texts.accounts[-1])
    return "/app/me"


async def me_particular(s: Stage) -> str:
    """Own reminder times, some muted messages, a club of one's own, another zone than the device's."""
    await one_account(s)
    await s.elsewhere("America/Argentina/Buenos_Aires")
    await choose_reminders(s.reader, [2 * 24 * 60, 180, 15])
    await mute(s.reader, "polls", on=True)
    return "/app/me"


async def follows(s: Stage) -> str:
    """Their calendar subscribes to the feed, and fetched it a while ago."""
    await s.account()
    await feeds.create_feed(s.reader)
    mine = await feeds.feed(s.reader)
    assert mine is not None
    with time_ago(hours=3):
        await feeds.open_feed(mine.token)
    return "/app/me/calendar"


async def follows_blocked(s: Stage) -> str:
    await follows(s)
    await mark_blocked(s.reader.telegram_id)
    return "/app/me/calendar"


async def belongs(s: Stage) -> str:
    """A seat, a waitlist and a standing seat in a club with several organisers."""
    account = await s.account(groups=3)
    await change_role(account.olga, account.id, await member_of(account.bob, account), Role.ADMIN)
    await book(await s.event(account, 28), s.reader, account.bob)
    line = await s.event(account, 52, title=s.texts.padel, emoji="🎾", capacity=1)
    await book(line, account.bob, s.reader)
    code = await s.event(account, 76, title=s.texts.long)
    series = await db.value("SELECT series_id FROM event_instances WHERE code = $1", code)
    await make_regular(account.olga, account.id, series, await member_of(s.reader, account))
    await s.event(account, 100)
    return f"/app/clubs/{account.id}"


async def founded(s: Stage) -> str:
    """A club with no other members."""
    return f"/app/clubs/{await create_own_account(s.reader, s.texts.account_name, language=s.language)}"


async def goes_anywhere(s: Stage) -> str:
    await belongs(s)
    return "/app/me/erasure"


async def cannot_go(s: Stage) -> str:
    await belongs(s)
    await founded(s)
    return "/app/me/erasure"


async def be_erased(page: Page) -> None:
    await page.evaluate("() => { native.confirm = (question, yes, then) => then(true); }")
    await page.evaluate("document.getElementById('do-erase').click()")
    await page.wait_for_selector("#screen[data-outcome=erased]")


async def signed_out(page: Page) -> None:
    await page.evaluate("() => { native.confirm = (question, yes, then) => then(true); }")
    await page.evaluate("document.getElementById('do-sign-out').click()")
    await page.wait_for_selector("#screen[data-outcome=signed-out]")


# --- organisers and helpers ---


def organised(hours: float = 76, *, role: Role = Role.ADMIN, **about: Any) -> Setting:
    """An instance of a club that the reader organises, with booked, waiting and other parties."""

    async def staged(s: Stage) -> str:
        account = await s.account(others=9)
        await change_role(account.olga, account.id, await member_of(s.reader, account), role)
        code = await s.event(account, hours, **{"capacity": 6, "min_to_run": 2, **about})
        await book(code, (account.bob, 1), *account.others[:5], (account.others[5], 1))
        await seats.answer(code, account.others[6], maybe=True, via=CARD)
        await seats.answer(code, account.others[7], maybe=False, via=CARD)
        await seat_by_name(code, account.olga, "Martti Ahtisaari-Kettunen")
        return f"/app/events/{code}"

    return staged


def one_of_them(setting: Setting, *, waits: bool = False) -> Setting:
    """A party on the list of that instance."""

    async def staged(s: Stage) -> str:
        path = await setting(s)
        where = await find_instance(path.rpartition("/")[2])
        which = "waiting > 0" if waits else "seats > 1"
        member = await db.value(
            f"SELECT membership_id FROM bookings WHERE instance_id = $1 AND {which} LIMIT 1",
            where.id,
        )
        return f"{path}/attendance/{member}"

    return staged


async def some_are_here(s: Stage) -> str:
    path = await organised(1)(s)
    code = path.rpartition("/")[2]
    where = await find_instance(code)
    for row in await db.rows(
        "SELECT membership_id FROM bookings WHERE instance_id = $1 AND seats > 0 ORDER BY id LIMIT 3",
        where.id,
    ):
        await check_in(code, s.reader, row["membership_id"])
    return path


async def organised_and_over(s: Stage) -> str:
    with time_ago(days=2):
        path = await organised(-5)(s)
    await complete_ended()
    return path


async def organised_and_moved(s: Stage) -> str:
    path = await organised()(s)
    await move_instance(path.rpartition("/")[2], s.reader, local_time_ahead(hours=100))
    return path


async def organised_and_cancelled(s: Stage) -> str:
    path = await organised()(s)
    await cancel_instance(path.rpartition("/")[2], s.reader, s.texts.reason)
    return path


async def organises(s: Stage) -> str:
    await organised()(s)
    return "/app/events"


async def new_series(s: Stage) -> str:
    await organises(s)
    account = await db.value(
        "SELECT account_id FROM memberships WHERE user_id = $1 AND role = 'ADMIN'", s.reader.id
    )
    return f"/app/series/new?club={account}"


async def make_nothing(page: Page) -> None:
    await page.locator("#do-make").click()
    await expect(page.locator("#notice[role=alert]")).to_be_visible()


# --- for anybody with the link ---


def public(*, off: bool = False, **about: Any) -> Setting:
    async def staged(s: Stage) -> str:
        account = await s.account()
        code = await s.event(
            account,
            **{"visibility": "link", "rule": "FREQ=WEEKLY", "description": s.texts.about, **about},
        )
        await book(code, account.bob, *account.others)
        if off:
            await cancel_instance(code, account.olga, s.texts.reason)
        return f"/e/{code}"

    return staged


async def public_long(s: Stage) -> str:
    return await public(title=s.texts.long, place=s.texts.long_place)(s)


# --- what goes wrong, and what is on the way ---


async def of_another_account(s: Stage) -> str:
    stranger = await someone("Charlie")
    return await date()(Stage(s.language, stranger, s.many))


async def go_offline(page: Page) -> None:
    await page.context.set_offline(True)
    await page.locator("#do-join").click()
    await expect(page.locator("#offline")).to_be_visible()


async def never(route: Route) -> None:
    """There is no response."""


async def tap_unanswered(page: Page) -> None:
    await page.route("**/booking", never)
    await page.locator("#do-join").click()
    await expect(page.locator("#screen")).to_have_attribute("aria-busy", "true")


async def fail(page: Page) -> None:
    await page.route("**/booking", lambda route: route.fulfill(status=502, body="Bad Gateway"))
    await page.locator("#do-join").click()
    await expect(page.locator("#offline")).to_be_visible()


async def be_refused(page: Page) -> None:
    """What the page offers no longer exists."""
    await page.evaluate("document.getElementById('more').click()")
    await expect(page.locator("#notice[role=alert]")).to_be_visible()


async def no_room_for_guests(s: Stage) -> str:
    account = await s.account()
    code = await s.event(account, capacity=4)
    await book(code, s.reader, (account.bob, 2))
    return f"/app/events/{code}"


async def hold_back(page: Page) -> None:
    await page.route("**/app/events?*", _only_the_shell)


async def _only_the_shell(route: Route) -> None:
    if route.request.resource_type == "document":
        await route.continue_()


async def more_guests(page: Page) -> None:
    await page.locator("[data-step='1']").click()


async def open_change(page: Page) -> None:
    await page.locator("#change summary").click()


async def choose_two(page: Page) -> None:
    for i in (0, 1):
        await page.locator("label.opt").nth(i).click()


async def tap_join(page: Page) -> None:
    await page.locator("#do-join").click()
    await page.wait_for_selector("#screen[data-outcome=booked], #screen[data-outcome=waiting]")


STALE = {"auth_date": str(int((NOON - timedelta(days=2)).timestamp()))}

STATES: tuple[State, ...] = (
    State("home-no-club", no_account),
    State("home-empty", empty_account),
    State("home-three", three_people),
    State("home-one-club", one_account),
    State("home-many-clubs", many_accounts),
    State("home-search", at("/app/events?q=", one_account)),
    State("home-found", at("/app/events?q=padel", one_account)),
    State("home-nothing-found", at("/app/events?q=zzz", one_account)),
    State("home-crowd", crowd, crowded=True),
    State("month", at("/app/month", one_account)),
    State("month-empty", at("/app/month?month=2027-07", one_account)),
    State("event-open", date()),
    State("event-open-guests", date(), act=more_guests),
    State("event-some", some_come),
    State("event-full", full),
    State("event-joined", some_come, act=tap_join),
    State("event-in", am_in),
    State("event-in-guests", in_with_guests),
    State("event-in-late", in_too_late),
    State("event-in-unheard", in_unheard),
    State("event-regular", regular),
    State("event-waiting", waiting),
    State("event-part", part),
    State("event-offer", offered),
    State("event-offer-soon", offer_runs_out),
    State("event-time-up", time_up),
    State("event-call", called),
    State("event-replacing", replacing),
    State("event-moved", moved),
    State("event-claims", claims),
    State("event-claim-mine", claim_is_mine),
    State("event-not-open", date(opens_before_minutes=24 * 60)),
    State("event-closed", closed),
    State("event-cancelled", cancelled),
    State("event-came", ended("came")),
    State("event-missed", ended("missed")),
    State("event-gave-up-late", ended("late")),
    State("event-over", ended("away")),
    State("event-unlimited", date(capacity=None)),
    State("event-over-capacity", over),
    State("event-no-place", date(place="", capacity=40)),
    State("event-long-words", long_words),
    State("event-maybe", answered(maybe=True)),
    State("event-declined", answered(maybe=False), act=open_change),
    State("event-minimum", minimum),
    State("event-runs", runs),
    State("event-far-away", far_away),
    State("event-crowd", of_the_crowd, crowded=True),
    State("event-long-line", long_line, crowded=True),
    State("event-refused-guest", no_room_for_guests, act=be_refused),
    State("people", at("{}/people", some_come)),
    State("people-nobody", at("{}/people", date())),
    State("people-long", at("{}/people", long_words)),
    State("people-crowd", at("{}/people", of_the_crowd), crowded=True),
    State("code", at("{}/code", am_in)),
    State("code-here", at("{}/code", checked_in)),
    State("mine-coming", bookings),
    State("mine-waiting", in_lines),
    State("mine-past", past),
    State("mine-empty", at("/app/bookings", empty_account)),
    State("mine-waiting-empty", at("/app/bookings?show=waiting", empty_account)),
    State("mine-past-empty", at("/app/bookings?show=past", empty_account)),
    State("mine-asked", at("/app/bookings", many_accounts)),
    State("polls", poll_list),
    State("polls-empty", at("/app/polls", empty_account)),
    State("poll-single", poll()),
    State("poll-single-voted", poll(voted=True)),
    State("poll-limits", poll(limits=True)),
    State("poll-several", poll(kind="several", choices_max=2), act=choose_two),
    State("poll-several-voted", poll(kind="several", choices_max=2, voted=True)),
    State("poll-dates", dates()),
    State("poll-dates-voted", dates(voted=True, days=8)),
    State("poll-dates-made", dates(voted=True, made=True)),
    State("poll-hidden", poll(results="voted", anonymous=True)),
    State("poll-hidden-voted", poll(results="closed", voted=True)),
    State("poll-closed", poll(voted=True, open_=False)),
    State("poll-crowd", poll_of_the_crowd, crowded=True),
    State("me", me),
    State("me-particular", me_particular),
    State("me-no-club", at("/app/me", no_account)),
    State("me-signed-out", me, act=signed_out),
    State("calendar", at("/app/me/calendar", me)),
    State("calendar-followed", follows),
    State("calendar-resting", follows_blocked),
    State("clubs", at("/app/clubs", many_accounts)),
    State("clubs-none", at("/app/clubs", no_account)),
    State("club", belongs),
    State("club-own", founded),
    State("data", at("/app/me/data", me)),
    State("erasure", goes_anywhere),
    State("erasure-owner", cannot_go),
    State("erasure-done", goes_anywhere, act=be_erased),
    State("organise-home", organises),
    State("organise-event", organised()),
    State("organise-event-helper", organised(1, role=Role.HELPER)),
    State("organise", at("{}/organising", organised())),
    State("organise-moved", at("{}/organising", organised_and_moved)),
    State("organise-cancelled", at("{}/organising", organised_and_cancelled)),
    State("organise-over", at("{}/organising", organised_and_over)),
    State("organise-people", at("{}/attendance", organised())),
    State("organise-line", at("{}/attendance?show=line", organised())),
    State("organise-others", at("{}/attendance?show=others", organised())),
    State("organise-add", at("{}/attendance/new", organised())),
    State("organise-one", one_of_them(organised())),
    State("organise-one-waiting", one_of_them(organised(), waits=True)),
    State("organise-check-in", at("{}/check-ins", some_are_here)),
    State("organise-close", at("{}/closure", organised_and_over)),
    State("organise-cancel", at("{}/cancellation", organised())),
    State("organise-move", at("{}/move", organised())),
    State("organise-new", new_series),
    State("organise-new-faults", new_series, act=make_nothing),
    State("public", public(), shows="main.leaf", outside=True),
    State("public-full", public(capacity=4), shows="main.leaf", outside=True),
    State("public-cancelled", public(off=True), shows="main.leaf", outside=True),
    State("public-long-words", public_long, shows="main.leaf", outside=True),
    State("refused", of_another_account),
    State("offline", date(), act=go_offline),
    State("broken", date(), act=fail),
    State("busy", date(), act=tap_unanswered),
    State("loading", empty_account, before=hold_back, shows="#loading"),
    State("outside", date(), shows="#outside:not([hidden])", outside=True),
    State("stale", empty_account, shows="#stale:not([hidden])", launch=STALE),
)
"""The list. Alike screens stand together; the gallery leafs through it in this order."""


def chosen(names: str, *, crowded: bool = True) -> list[State]:
    """The states of these screens or with these names, comma-separated; all of them for ""."""
    names_wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in names_wanted if not any(name in (s.screen, s.name) for s in STATES)]
    if unknown:
        raise ValueError(f"no such screen or state: {', '.join(unknown)}")
    return [
        state
        for state in STATES
        if (not names_wanted or state.screen in names_wanted or state.name in names_wanted)
        and (crowded or not state.crowded)
    ]
