"""Every screen and state of the organisers' dashboard, as one literal list: the gallery shows it, `test_dashboard_sweep.py`
checks it.

A new screen gets its line in `STATES`: a name (`screen-state`), its path in the club that `stage_dashboard` sets up, and what is
done on the page before it is looked at. One club serves all states of a language, so a state changes nothing stored.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from playwright.async_api import BrowserContext, Page, expect

from backend import clock, codes, db
from backend.accounts.actions import create_own_account
from backend.accounts.keys import bind_key, create_key
from backend.accounts.memberships import change_role, join
from backend.accounts.rules import JoinedThrough, Role
from backend.announcements.actions import create_announcement, schedule_announcement
from backend.announcements.drafts import AnnouncementDraft
from backend.announcements.fan_out import fan_out
from backend.bookings import actions as seats
from backend.bookings.attendance import check_in, close_list, complete_ended
from backend.bookings.organiser import seat_by_name
from backend.bookings.standing_seats import make_regular
from backend.cards.actions import post_card
from backend.departures.former_members import remove_member
from backend.events.archive import archive_series
from backend.events.cancel import cancel_instance
from backend.events.edit import edit_series
from backend.events.pause import pause_series
from backend.events.reschedule import move_instance
from backend.people.queries import Person
from backend.people.sign_ins import insert_session
from backend.polls.closing import close_poll
from backend.polls.rules import Answer
from tests.webapp.staging import (
    CARD,
    NOON,
    TEXTS,
    Stage,
    StagedAccount,
    book,
    choose,
    in_groups,
    local_time_ahead,
    someone,
    time_ago,
)
from webapp.dashboard import cookies

Deed = Callable[[Page], Awaitable[Any]]
WEEKS = 4  # that the numbers are about


@dataclass(frozen=True, slots=True)
class State:
    """`path` may name what `StagedDashboard.names` holds. `reader` is one of its `readers`; "nobody" is not signed in."""

    name: str
    path: str
    act: Deed | None = None
    reader: str = "owner"

    @property
    def screen(self) -> str:
        """`event` of `event-full`."""
        return self.name.partition("-")[0]


@dataclass(frozen=True, slots=True)
class StagedDashboard:
    """What is set up in one language: the session of each reader, and the codes and ids that paths name."""

    language: str
    readers: dict[str, str]
    names: dict[str, Any]


async def stage_dashboard(language: str) -> StagedDashboard:
    """A club with something of everything, one that is empty, and a person without any."""
    texts = TEXTS[language]
    owner = await someone(texts.reader, language=language)
    stage = Stage(language, owner, _no_crowd)
    account = await stage.account(others=9, groups=2, owner=owner)
    founder, stranger = await someone("Pekka", language=language), await someone("Eeva", language=language)
    await create_own_account(founder, texts.accounts[0], zone="Europe/Helsinki", language=language)
    helper = await someone("Noora", language=language)
    stage.reader = helper
    await _join(account, helper, Role.HELPER, owner)
    gone = await someone("Ville", language=language)
    await _join(account, gone, Role.HELPER, owner)
    await remove_member(owner, account.id, await _membership(account, gone))
    link = await create_key(owner, account.id, label=texts.question, role=Role.MEMBER, uses=20)
    await bind_key(await someone("Kaisa", language=language), link)
    names = {"account": account.id, "member": await _membership(account, account.bob)}
    names |= await _season(stage, account)
    names |= await _dates(stage, account)
    names |= await _planned(stage, account)
    names |= await _polls(stage, account)
    names |= await _announced(stage, account)
    people = {"owner": owner, "helper": helper, "founder": founder, "stranger": stranger}
    return StagedDashboard(language, {name: await _session(person) for name, person in people.items()}, names)


async def _no_crowd(_: Stage) -> Any:
    raise AssertionError("no state of the dashboard has a crowd")


async def _join(account: StagedAccount, person: Person, role: Role, owner: Person) -> None:
    membership_id = await join(person, account.id, through=JoinedThrough.HAND)
    await in_groups(account, person)
    await change_role(owner, account.id, membership_id, role)


async def _membership(account: StagedAccount, person: Person) -> int:
    return int(
        await db.value(
            "SELECT id FROM memberships WHERE account_id = $1 AND user_id = $2", account.id, person.id
        )
    )


async def _session(person: Person) -> str:
    token = codes.new_secret()
    await insert_session(token, person.id, "Firefox · Linux")
    await insert_session(codes.new_secret(), person.id, "Safari · iPhone")
    return str(cookies._serializer(cookies.SESSION).dumps({"token": token}))


async def _series_of(code: str) -> int:
    return int(await db.value("SELECT series_id FROM event_instances WHERE code = $1", code))


async def _season(s: Stage, account: StagedAccount) -> dict[str, Any]:
    """A weekly evening of which some weeks are over, with full seats, no-shows and standing seats."""
    with time_ago(weeks=WEEKS, days=1):
        code = await s.event(
            account, -24 * (7 * WEEKS - 2), rule="FREQ=WEEKLY", capacity=6, description=s.texts.about
        )
    series_id = await _series_of(code)
    dates = await db.rows(
        "SELECT code, starts_at, ends_at FROM event_instances WHERE series_id = $1 ORDER BY starts_at LIMIT $2",
        series_id,
        WEEKS,
    )
    for date in dates:
        with clock.stopped(date["starts_at"] - timedelta(days=1)):
            await book(date["code"], *account.others[:7])
        with clock.stopped(date["ends_at"] + timedelta(minutes=5)):
            await complete_ended()
            for person in account.others[:4]:
                await check_in(date["code"], account.olga, await _membership(account, person))
            await close_list(date["code"], account.olga)
    for person in account.others[:2]:
        await make_regular(account.olga, account.id, series_id, await _membership(account, person))
    coming = await db.value(
        "SELECT code FROM event_instances WHERE series_id = $1 AND starts_at > $2 ORDER BY starts_at LIMIT 1",
        series_id,
        NOON,
    )
    return {"series": series_id, "closed": dates[-1]["code"], "weekly": coming}


async def _dates(s: Stage, account: StagedAccount) -> dict[str, Any]:
    """One date of each kind."""
    them, texts = account.others, s.texts
    soon = await s.event(account, 1, title=texts.run, emoji="🏃", capacity=10)
    await book(soon, (account.bob, 2), *them[:5])
    for person in them[:2]:
        await check_in(soon, account.olga, await _membership(account, person))
    with time_ago(days=2):
        over = await s.event(account, -5, title=texts.padel, emoji="🎾")
        await book(over, *them[:4])
    await complete_ended()
    full = await s.event(account, 53, title=texts.padel, emoji="🎾", capacity=5, cancel_before_minutes=60)
    await book(full, (account.bob, 1), *them[:3], (them[3], 1), them[4])
    await seats.answer(full, them[5], maybe=True, via=CARD)
    await seats.answer(full, them[6], maybe=False, via=CARD)
    await seat_by_name(full, account.olga, "Martti Ahtisaari-Kettunen")
    await post_card(account.olga, full)
    offer = await s.event(
        account, 29, title=texts.breakfast, emoji="☕", capacity=2, cancel_before_minutes=60
    )
    await book(offer, account.bob, them[0], (them[1], 0))
    with time_ago(minutes=6):
        await seats.leave(offer, account.bob, via=CARD)
    minimum = await s.event(account, 30, min_to_run=6, title=texts.breakfast, emoji="☕")
    await book(minimum, account.bob)
    cancelled = await s.event(account, 76)
    await book(cancelled, account.bob, them[0])
    await cancel_instance(cancelled, account.olga, texts.reason)
    moved = await s.event(account, 100, title=texts.run, emoji="🏃")
    await book(moved, account.bob, *them[:3])
    await move_instance(moved, account.olga, local_time_ahead(hours=125))
    empty = await s.event(account, 148, title=texts.long, emoji="", place=texts.long_place, capacity=None)
    return {
        "soon": soon,
        "over": over,
        "full": full,
        "offer": offer,
        "minimum": minimum,
        "cancelled": cancelled,
        "moved": moved,
        "empty": empty,
    }


async def _planned(s: Stage, account: StagedAccount) -> dict[str, Any]:
    """Series that drifted, are paused or archived."""
    owner, found = account.olga, {}
    first = await s.event(account, 78, rule="FREQ=WEEKLY", title=s.texts.padel, emoji="🎾")
    series_id = await _series_of(first)
    rows = await db.rows(
        "SELECT code FROM event_instances WHERE series_id = $1 ORDER BY starts_at LIMIT 3", series_id
    )
    for row in rows[1:]:
        await book(row["code"], account.bob, account.others[0])
    await edit_series(
        owner,
        account.id,
        series_id,
        s.draft(account, 102, rule="FREQ=WEEKLY", title=s.texts.padel, emoji="🎾"),
    )
    found["drifted"] = series_id
    found["paused"] = await _series_of(
        await s.event(account, 126, rule="FREQ=WEEKLY", title=s.texts.breakfast)
    )
    await pause_series(owner, account.id, found["paused"])
    found["archived"] = await _series_of(await s.event(account, 126, rule="FREQ=WEEKLY", title=s.texts.run))
    await archive_series(owner, account.id, found["archived"], s.texts.reason)
    return found


async def _polls(s: Stage, account: StagedAccount) -> dict[str, Any]:
    single = await s.poll(account)
    days = await s.dates(account, days=5)
    for i, person in enumerate((account.bob, *account.others[:5])):
        await choose(single, person, i % 3)
        answers = (Answer.YES, Answer.IF_NEED_BE, Answer.NO)
        await choose(days, person, *((day, answers[(i + day) % 3 if day else 0]) for day in range(5)))
    done = await s.poll(account, question=s.texts.long)
    await choose(done, account.bob, 1)
    await close_poll(done, account.olga)
    return {"poll": single, "days": days, "decided": done}


async def _announced(s: Stage, account: StagedAccount) -> dict[str, Any]:
    """Announcements of each state, messages that could not be sent, and a group the bot may not write in."""
    owner, found = account.olga, {}
    for name in ("sent", "later", "draft"):
        text = f"{s.texts.reason} {s.texts.about}"
        draft = AnnouncementDraft(text=text, to_members=True, groups=[(account.groups[0], None)])
        found[name] = await create_announcement(owner, account.id, draft)
        if name == "sent":
            await schedule_announcement(owner, found[name])
            await fan_out()
        elif name == "later":
            await schedule_announcement(owner, found[name], NOON + timedelta(days=1, hours=4))
    errors = (
        "Forbidden: bot was blocked by the user",
        "Bad Request: TOPIC_CLOSED",
        "Bad Request: something new",
    )
    for n, error in enumerate(errors):
        await db.execute(
            "INSERT INTO messages (account_id, user_id, kind, detail, dedupe, priority, state, due_at, created_at, error)"
            " VALUES ($1, $2, 'reminder', '{}', $3, 3, 'parked', $4, $4, $5)",
            account.id,
            account.others[n].id,
            f"parked {account.id} {n}",
            clock.now(),
            error,
        )
    await db.execute("UPDATE groups SET health = 'muted' WHERE id = $1", account.groups[1])
    return found


# --- what is done on a page ---


def fill(**typed: str) -> Deed:
    """Type into these fields of the form, by name."""

    async def do(page: Page) -> None:
        for name, text in typed.items():
            await page.locator(f"#work form [name={name}]").first.fill(text)

    return do


def submit(form: str, **typed: str) -> Deed:
    """Fill in the form and send it; it comes back with what is wrong."""

    async def do(page: Page) -> None:
        await page.locator(form).evaluate("form => { form.noValidate = true }")
        await fill(**typed)(page)
        await page.locator(f"{form} button:not([type=button])").last.click()
        await page.wait_for_selector(".fault, [aria-invalid=true], [role=alert]")

    return do


async def open_menu(page: Page) -> None:
    """The navigation of a phone; elsewhere it is there."""
    if await page.locator(".topbar button").is_visible():
        await page.locator(".topbar button").click()


def open_all(selector: str) -> Deed:
    """Unfold these parts."""

    async def do(page: Page) -> None:
        await page.evaluate(
            "all => document.querySelectorAll(all).forEach(one => { one.open = true })", selector
        )

    return do


async def see_seats(page: Page) -> None:
    """More seats for a date, with who would get them."""
    await page.locator("#seats-form [name=capacity]").fill("30")
    await expect(page.locator("#seats-what-if li").first).to_be_visible()


async def see_consequences(page: Page) -> None:
    """Another hour and fewer seats, with what saving would do."""
    await fill(starts_time="20:15", capacity="2")(page)
    await page.locator("#work form [name=capacity]").press("Tab")
    await expect(page.locator("#what-if li").first).to_be_visible()
    await page.wait_for_load_state("networkidle")


STATES: tuple[State, ...] = (
    State("week", "/dashboard"),
    State("week-menu", "/dashboard", act=open_menu),
    State("week-helper", "/dashboard", reader="helper"),
    State("week-empty", "/dashboard", reader="founder"),
    State("week-other", "/dashboard?week=2027-W30"),
    State("month", "/dashboard?view=month"),
    State("month-filtered", "/dashboard?view=month&series={series}"),
    State("list", "/dashboard?view=list"),
    State("list-empty", "/dashboard?view=list", reader="founder"),
    State("series", "/dashboard/series"),
    State("series-empty", "/dashboard/series", reader="founder"),
    State("series-new", "/dashboard/series/new"),
    State("series-new-faults", "/dashboard/series/new", act=submit("#series-form", title="")),
    State("series-edit", "/dashboard/series/{series}"),
    State("series-consequences", "/dashboard/series/{series}", act=see_consequences),
    State("series-date", "/dashboard/series/{series}?date={weekly}", act=see_consequences),
    State("series-drifted", "/dashboard/series/{drifted}"),
    State("series-paused", "/dashboard/series/{paused}", act=open_all("details.drop")),
    State("series-archived", "/dashboard/series/{archived}"),
    State("series-regulars", "/dashboard/series/{series}/regulars"),
    State("series-regulars-none", "/dashboard/series/{drifted}/regulars"),
    State("task-pause", "/dashboard/series/{series}/pause/new"),
    State("task-resume", "/dashboard/series/{paused}/resumption/new"),
    State("task-archive", "/dashboard/series/{series}/archive/new"),
    State("task-restore", "/dashboard/series/{archived}/restoration/new"),
    State("task-copy", "/dashboard/series/{series}/copies/new"),
    State("task-move-drifted", "/dashboard/series/{drifted}/drifted/move/new"),
    State("task-cancel-drifted", "/dashboard/series/{drifted}/drifted/cancellation/new"),
    State("event", "/dashboard/events/{full}"),
    State("event-seats", "/dashboard/events/{full}", act=see_seats),
    State("event-helper", "/dashboard/events/{full}", reader="helper"),
    State("event-offer", "/dashboard/events/{offer}"),
    State("event-minimum", "/dashboard/events/{minimum}"),
    State("event-cancelled", "/dashboard/events/{cancelled}"),
    State("event-moved", "/dashboard/events/{moved}"),
    State("event-over", "/dashboard/events/{over}"),
    State("event-empty", "/dashboard/events/{empty}"),
    State("event-cancel", "/dashboard/events/{full}/cancellation/new"),
    State("event-add", "/dashboard/events/{full}/bookings/new"),
    State("event-message", "/dashboard/events/{full}/message"),
    State("event-unanswered", "/dashboard/events/{full}/unanswered"),
    State("event-print", "/dashboard/events/{full}/people/print"),
    State("party", "/dashboard/events/{full}/bookings/{member}"),
    State("party-gone", "/dashboard/events/{offer}/bookings/{member}"),
    State("door", "/dashboard/events/{soon}/check-ins"),
    State("door-over", "/dashboard/events/{over}/check-ins"),
    State("door-empty", "/dashboard/events/{empty}/check-ins"),
    State("closure", "/dashboard/events/{over}/closure"),
    State("closure-closed", "/dashboard/events/{closed}/closure"),
    State("polls", "/dashboard/polls"),
    State("polls-empty", "/dashboard/polls", reader="founder"),
    State("polls-new", "/dashboard/polls/new"),
    State("polls-new-faults", "/dashboard/polls/new", act=submit("#work form[method=post]", question="")),
    State("poll", "/dashboard/polls/{poll}"),
    State("poll-dates", "/dashboard/polls/{days}"),
    State("poll-closed", "/dashboard/polls/{decided}"),
    State("members", "/dashboard/members"),
    State("members-found", "/dashboard/members?q=zzz"),
    State("members-none", "/dashboard/members?role=ADMIN"),
    State("member", "/dashboard/members/{member}"),
    State("members-alone", "/dashboard/members", reader="founder"),
    State("invites", "/dashboard/members/invites"),
    State("invites-empty", "/dashboard/members/invites", reader="founder"),
    State("invites-faults", "/dashboard/members/invites", act=submit("#work form.form", uses="many")),
    State("numbers", "/dashboard/numbers"),
    State("numbers-empty", "/dashboard/numbers", reader="founder"),
    State("announcements", "/dashboard/announcements"),
    State("announcements-empty", "/dashboard/announcements", reader="founder"),
    State("announcements-new", "/dashboard/announcements/new"),
    State(
        "announcements-faults", "/dashboard/announcements/new", act=submit("#work form[method=post]", text="")
    ),
    State("announcement-draft", "/dashboard/announcements/{draft}"),
    State("announcement-later", "/dashboard/announcements/{later}"),
    State("announcement-sent", "/dashboard/announcements/{sent}"),
    State("messages", "/dashboard/messages"),
    State("messages-empty", "/dashboard/messages", reader="founder"),
    State("groups", "/dashboard/groups"),
    State("groups-none", "/dashboard/groups", reader="founder"),
    State("keys", "/dashboard/keys"),
    State("keys-faults", "/dashboard/keys", act=submit("#work form.card", uses="many")),
    State("audit", "/dashboard/audit"),
    State("settings", "/dashboard/settings"),
    State("series-defaults", "/dashboard/settings/events"),
    State(
        "series-defaults-faults",
        "/dashboard/settings/events",
        act=submit("#work form[method=post]", guests_max="12"),
    ),
    State("ownership", "/dashboard/settings/ownership?membership={member}"),
    State("ownership-alone", "/dashboard/settings/ownership", reader="founder"),
    State("history", "/dashboard/settings/history"),
    State("closing", "/dashboard/settings/closing"),
    State("closing-faults", "/dashboard/settings/closing", act=submit("#work form[method=post]", name="x")),
    State("settings-helper", "/dashboard/settings", reader="helper"),
    State("refused", "/dashboard/keys", reader="helper"),
    State("missing", "/dashboard/events/nothing"),
    State("signin", "/dashboard/sign-in", reader="nobody"),
    State("signin-more", "/dashboard/sign-in", act=open_all("details"), reader="nobody"),
    State("signin-failed", "/dashboard/sign-in/telegram/return?error=access_denied", reader="nobody"),
    State("calendar-list-past-empty", "/dashboard?view=list&before=now", reader="founder"),
    State("signin-app-used-up", "/dashboard/sign-in/app", reader="nobody"),
    State("stranger", "/dashboard", reader="stranger"),
)
"""The list. Alike screens stand together; the gallery leafs through it in this order."""


def chosen(names: str) -> list[State]:
    """The states of these screens or with these names, comma-separated; all of them for ""."""
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    found = [state for state in STATES if not wanted or wanted & {state.screen, state.name}]
    unknown = wanted - {name for state in found for name in (state.screen, state.name)}
    if unknown:
        raise ValueError(f"no such screen or state: {', '.join(sorted(unknown))}")
    return found


async def open_state(
    page: Page, app: str, staged: StagedDashboard, state: State, *, in_place: bool = False
) -> None:
    """Open the state in this page, as its reader; `in_place` without loading anew what its pages share."""
    await _be(page.context, app, staged.readers.get(state.reader, ""))
    path = state.path.format_map(staged.names)
    status = await page.evaluate("path => sweep.go(path)", path) if in_place else 0
    if not status:
        answer = await page.goto(app + path)
        status = answer.status if answer else 500
    try:
        assert status < 500, f"{path}: {status}"
        await page.wait_for_selector("h1")
        if state.act:
            await state.act(page)
    except Exception as error:
        error.add_note(f"while opening {state.name} in {staged.language}")
        raise


async def _be(context: BrowserContext, app: str, session: str) -> None:
    await context.clear_cookies()
    if session:
        await context.add_cookies([{"name": cookies.SESSION, "value": session, "url": app}])
