"""Plays a script through the real core, worker and sandbox with a driven clock, and tells the reckoning of it.

Time goes from event to event: what people do, and the moments at which the reckoning says that the clock does something.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from backend import clock, db, leases
from backend.accounts.actions import create_account
from backend.accounts.keys import bind_key
from backend.accounts.memberships import join
from backend.accounts.rules import JoinedThrough
from backend.announcements.actions import AnnouncementDraft, create_announcement, schedule_announcement
from backend.bookings import actions as bookings
from backend.bookings.attendance import check_in, close_list
from backend.bookings.standing_seats import end_regular, make_regular
from backend.errors import Refusal
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.create import create_series
from backend.events.drafts import SeriesDraft
from backend.events.edit import InstanceChanges, edit_instance, edit_series
from backend.events.minimum import decide_instance
from backend.events.queries import series_by_id as series_view
from backend.events.reschedule import move_instance
from backend.events.split import edit_following
from backend.groups.presence import mark_present
from backend.groups.queries import group
from backend.linking.actions import link_group
from backend.people.actions import TelegramIdentity, choose_zone, register_person
from backend.people.preferences import choose_reminders, mute
from backend.people.queries import Person
from backend.polls import actions as polls
from backend.polls.closing import close_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.event_creation import EventDetails
from backend.polls.queries import poll_for_card
from backend.polls.rules import Answer
from backend.seats.requests import Via
from bot.delivery.sender import Sender
from emerald.schedule import SCHEDULE, tick
from tests.telegram import Telegram
from tests.year.reckoning import DAY, MINUTE, Announcement, Books, Club, Date, Member, Series
from tests.year.script import Act, Plan, Script

RULES = {
    "week": "FREQ=WEEKLY",
    "fortnight": "FREQ=WEEKLY;INTERVAL=2",
    "month": "FREQ=MONTHLY;BYDAY={nth}{day}",
    "once": "",
}
FIRST_PERSON, FIRST_CHAT = 700_000, -1002000000001

# What is to be sent or shown now. What ended leads on to the next date, which is looked at in its own time.
LEFT = """
SELECT EXISTS (SELECT 1 FROM messages WHERE state = 'due' AND due_at <= $1)
    OR EXISTS (SELECT 1 FROM cards WHERE state = 'due' AND next_try_at <= $1)
    OR EXISTS (SELECT 1 FROM cards c JOIN instance_seats s ON s.instance_id = c.instance_id
        JOIN event_instances i ON i.id = c.instance_id
        WHERE c.state = 'live' AND c.next_try_at < '9000-01-01 00:00:00+00'
            AND (s.version > c.shown_version OR c.next_try_at <= $1 AND i.state = 'SCHEDULED'))
"""


class Differs(AssertionError):
    """The product said or did something else than the reckoning expected."""


class Driver:
    """The product, the sandbox and the books of one year."""

    def __init__(self, plan: Plan, clubs: list[Club], series: list[Series]) -> None:
        self.plan, self.clubs, self.series = plan, clubs, series
        self.books = Books(plan.begins)
        self.script = Script(plan, clubs, series, self.books)
        self.story: list[str] = []
        self.done: Counter[str] = Counter()
        self.said: Counter[str] = Counter()
        self.telegram_id = {m: FIRST_PERSON + n for n, m in enumerate(self.everybody())}
        self.chat_id = {club: FIRST_CHAT - n for n, club in enumerate(clubs)}
        self.person: dict[Member, Person] = {}
        self.membership: dict[tuple[Club, Member], int] = {}
        self.account: dict[Club, int] = {}
        self.group_id: dict[Club, int] = {}
        self.series_of: dict[int, Series] = {}
        self.id_of: dict[Series, int] = {}
        self.welcomes: Counter[Member] = Counter()
        self._last_tick = plan.begins - DAY
        self._sandbox_at = plan.begins
        self._materialise_at = plan.begins
        self._seen = 0

    def everybody(self) -> list[Member]:
        return list({member: None for club in self.clubs for member in club.members})

    @property
    def people(self) -> dict[int, str]:
        return {number: member.name for member, number in self.telegram_id.items()}

    @property
    def groups(self) -> dict[int, tuple[str, list[int]]]:
        return {
            chat_id: (club.name, [self.telegram_id[m] for m in club.members])
            for club, chat_id in self.chat_id.items()
        }

    # --- the first day ---

    async def found(self, telegram: Telegram) -> None:
        """Clubs, members, groups and series, as their organisers set them up."""
        self.telegram, self.sender = telegram, Sender(telegram.sending)
        await leases.register_jobs([duty.name for duty in SCHEDULE])
        for member, number in self.telegram_id.items():
            self.person[member] = await register_person(
                TelegramIdentity(number, member.name, language_code="en", may_write=True)
            )
            if member.zone:
                await choose_zone(self.person[member], member.zone)
            if member.leads is not None:
                await choose_reminders(self.person[member], member.leads)
                member.chosen_at = clock.now()
            for kind in member.muted:
                await mute(self.person[member], kind, on=True)
        for club in self.clubs:
            await self._found_club(club)
        for series in self.series:
            made = await create_series(
                self._owner(series.club), self.account[series.club], self._draft(series)
            )
            self._know(made.series_id, series)
        await self._read_new_dates()

    async def _found_club(self, club: Club) -> None:
        made = await create_account(club.name, zone=club.zone)
        self.account[club] = made.account_id
        owner = self._owner(club)
        await bind_key(owner, made.key)
        linked = await link_group(owner, made.account_id, chat_id=self.chat_id[club], title=club.name)
        self.group_id[club] = linked.id
        where = await group(linked.id)
        assert where is not None
        for member in club.members:
            self.membership[club, member] = await join(
                self.person[member], made.account_id, through=JoinedThrough.HAND
            )
            await mark_present(self.person[member], where)
        for organiser in club.organisers[1:]:
            await db.execute(
                "UPDATE memberships SET role = 'ADMIN' WHERE id = $1",
                self.membership[club, organiser],
            )

    def _draft(self, series: Series) -> SeriesDraft:
        day = series.starts_local
        weekday = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[day.weekday()]
        return SeriesDraft(
            title=series.title,
            zone=series.zone,
            starts_local=day,
            rule=RULES[series.every].format(nth=(day.day - 1) // 7 + 1, day=weekday),
            duration_minutes=series.length,
            capacity=series.capacity,
            guests_max=series.guests_max,
            cancel_before_minutes=series.cancel_before or None,
            closes_before_minutes=series.closes_before,
            fill_gaps=series.fill_gaps,
            min_to_run=series.minimum,
            decide_before_minutes=series.decide_before,
            decide_by_itself=series.decide_by_itself,
            remind_before_minutes=series.leads,
            remind_unanswered=series.remind_unanswered,
            group_id=self.group_id[series.club],
        )

    def _know(self, series_id: int, series: Series) -> None:
        series.updated_at = clock.now()
        self.series_of[series_id], self.id_of[series] = series, series_id

    def _owner(self, club: Club) -> Person:
        return self.person[club.organisers[0]]

    async def _read_new_dates(self) -> list[Date]:
        """Dates that the product has made since: the books know them by their numbers and codes, and check their times."""
        made = []
        for row in await db.rows(
            "SELECT id, code, series_id, original_start FROM event_instances WHERE id > $1 ORDER BY id",
            self._seen,
        ):
            self._seen = row["id"]
            series = self.series_of[row["series_id"]]
            date = Date(self.books, row["id"], row["code"], series, row["original_start"])
            self.books.add(date)
            for member in series.regulars:
                date.seat_regular(member)
            made.append(date)
        return made

    # --- time ---

    async def play(self, month_over: Callable[[], Awaitable[None]]) -> None:
        """From the first day to the last."""
        ends = self.plan.begins + timedelta(weeks=self.plan.weeks)
        month = self.plan.begins + 28 * DAY
        await self._do_duties()
        while True:
            wake = min(at for at in (self.books.next_wake(), self._materialise_at) if at)
            at = min(wake, self.script.next_at())
            if at >= ends:
                return
            if at >= month:
                month += 28 * DAY
                await month_over()
            if wake <= at:
                await self._go_to(max(wake, self._last_tick + MINUTE))
                await self._do_duties()
            else:
                await self._go_to(at)
                await self._act(self.script.next())

    async def _go_to(self, at: datetime) -> None:
        if at > clock.now():
            clock.advance(at - clock.now())
        self.books.now = clock.now()

    async def _do_duties(self) -> None:
        """All that is due by the clock, in the product and in the books; then everything is sent."""
        now = self._last_tick = clock.now()
        self.books.now = now
        await tick()
        await self._read_new_dates()
        ran = {
            row["name"]: row
            for row in await db.rows("SELECT name, next_run_at, last_run_at, error FROM schedule")
        }
        troubles = {name: row["error"] for name, row in ran.items() if row["error"]}
        if troubles:
            raise Differs(f"duties failed: {troubles}")
        self._materialise_at = ran["make the dates of the weeks ahead"]["next_run_at"]
        self.books.do_duties(regulars=ran["seat regulars"]["last_run_at"] == now)
        self.script.close_lists()
        self.done["moments"] += 1
        await self._post()

    async def _post(self) -> None:
        for letter in self.books.post():
            self.script.reads(letter)
        await self.drain()

    async def drain(self, left: str = LEFT) -> None:
        """Let the sender send until nothing is left, second by second where it holds itself back."""
        for _ in range(400):
            if not await db.value(left, clock.now()):
                self.books.now = clock.now()
                return
            await self._tell_sandbox_the_time()
            if await self.sender.step():
                await self.sender.settle()
            else:
                clock.advance(timedelta(seconds=1))
        raise Differs(f"{clock.now()}: after 400 s there is still something to be sent")

    async def _tell_sandbox_the_time(self) -> None:
        """Telegram's limits are counted in driven time."""
        passed = (clock.now() - self._sandbox_at).total_seconds()
        if passed > 0:
            await asyncio.to_thread(self.telegram.sandbox.advance, passed)
            self._sandbox_at = clock.now()

    # --- acts ---

    async def _act(self, act: Act | None) -> None:
        if act is None:
            return
        verb = getattr(self, act.verb, None)
        self._note(act)
        try:
            said, meant = await (verb(act) if verb else self._at_the_desk(act))
        except Exception as no:
            raise Differs(f"{no!r} in answer to the last of:\n{self.story_of(act.date)}") from no
        self.done["acts"] += 1
        self.said[f"{act.verb}: {said}"] += 1
        if said != meant:
            raise Differs(f"{said}, but should be {meant}:\n{self.story_of(act.date)}")
        await self._post()

    def _note(self, act: Act) -> None:
        value = act.value.name if isinstance(act.value, Member) else act.value
        about = f"on {act.date.title} {act.date.id} ({act.date.start:%d %b %H:%M})" if act.date else ""
        self.story.append(f"{clock.now():%d %b %H:%M:%S} {act.who.name} {act.verb} {value} {about}")

    def story_of(self, date: Date | None) -> str:
        """All that was done to a date, for who wants to know how it came to be as it is."""
        return "\n".join(line for line in self.story if date is None or f" {date.id} (" in line)

    async def _at_the_desk(self, act: Act) -> tuple[str, str]:
        """A person's own act on a date: the product's answer, and what it had to be."""
        assert act.date is not None
        date, who = act.date, act.who
        date.tidy()
        if act.tapped and (button := await self._button(act)):
            message, label = button
            if label.startswith("Take"):
                act = replace(act, verb="take")
            meant = self._reckon(act)
            self.done["taps"] += 1
            await self._tell_sandbox_the_time()
            answer = await self.telegram.tap(str(self.telegram_id[who]), message, label)
            return _heard(answer["text"], meant), meant
        meant = self._reckon(act)
        return await _kind(self._ask(act)), meant

    def _reckon(self, act: Act) -> str:
        date, who = act.date, act.who
        assert date is not None
        match act.verb:
            case "book":
                return date.book(who, act.value or 0)
            case "guests":
                return date.set_guests(who, act.value)
            case "maybe":
                return date.answer(who, "maybe")
            case "decline":
                return date.answer(who, "declined")
            case verb:
                return str(getattr(date, verb)(who))

    def _ask(self, act: Act) -> Awaitable[Any]:
        assert act.date is not None
        code, person, via = act.date.code, self.person[act.who], Via.MINIAPP
        match act.verb:
            case "book":
                return bookings.book(code, person, guests=act.value or 0, via=via)
            case "guests":
                return bookings.set_guests(code, person, guests=act.value, via=via)
            case "maybe" | "decline":
                return bookings.answer(code, person, maybe=act.verb == "maybe", via=via)
            case verb:
                act_of: Callable[..., Awaitable[Any]] = getattr(bookings, verb)
                return act_of(code, person, via=via)

    async def _button(self, act: Act) -> tuple[dict[str, Any], str] | None:
        """The button that does this, on the date's card in the group or under a letter, if there is one."""
        assert act.date is not None
        if act.who.blocked:
            return None
        shown = await db.row(
            "SELECT g.chat_id, c.message_id FROM cards c JOIN groups g ON g.id = c.group_id"
            " WHERE c.instance_id = $1 AND c.state = 'live'",
            act.date.id,
        )
        said = list(self.held.said_in(self.telegram_id[act.who]))[-20:]
        if shown is not None:
            said += [m for m in self.held.said_in(shown["chat_id"]) if m.id == shown["message_id"]]
        for message in reversed(said):
            for button in (button for row in message.keyboard or [] for button in row):
                does = button.get("callback_data", "")
                if button["text"] in LABELS.get(act.verb, ()) and act.date.code in does:
                    return {"chat_id": message.chat_id, "id": message.id}, button["text"]
        return None

    held: Any  # what the sandbox holds

    # what organisers do: each is (the product's answer, what it had to be)

    async def remove(self, act: Act) -> tuple[str, str]:
        date = self._date(act)
        date.tidy()
        meant = date.remove(act.value)
        membership = self.membership[date.series.club, act.value]
        return await _kind(bookings.remove(date.code, self.person[act.who], membership)), meant

    async def capacity(self, act: Act) -> tuple[str, str]:
        date = self._date(act)
        date.tidy()
        meant = date.set_capacity(act.value)
        return await _kind(bookings.set_capacity(date.code, self.person[act.who], act.value)), meant

    async def cancel(self, act: Act) -> tuple[str, str]:
        date = self._date(act)
        await cancel_instance(date.code, self.person[act.who], "The hall is closed.")
        return "done", date.cancel()

    async def restore(self, act: Act) -> tuple[str, str]:
        date = self._date(act)
        await restore_instance(date.code, self.person[act.who])
        return "done", date.restore()

    async def move(self, act: Act) -> tuple[str, str]:
        date = self._date(act)
        await move_instance(date.code, self.person[act.who], act.value)
        return "done", date.move(act.value)

    async def decide(self, act: Act) -> tuple[str, str]:
        date = self._date(act)
        if clock.now() >= date.start:
            return "too late", "too late"
        if date.state == "off" and act.value:
            return "already", "already"
        said = (
            (await decide_instance(date.code, self.person[act.who], run=act.value)).kind
            if date.state == "on"
            else "already"
        )
        return said, date.settle(run=act.value)

    async def edit_one(self, act: Act) -> tuple[str, str]:
        date = self._date(act)
        await edit_instance(date.code, self.person[act.who], InstanceChanges(title=act.value))
        date.own_title, date.edited = act.value, True
        return "done", "done"

    async def edit_whole(self, act: Act) -> tuple[str, str]:
        date = self._date(act)
        title, capacity = act.value
        series = date.series
        await edit_series(
            self.person[act.who],
            self.account[series.club],
            self.id_of[series],
            await self._edited(series, title, capacity),
        )
        self._follow(series, title, capacity)
        return "done", "done"

    async def edit_following(self, act: Act) -> tuple[str, str]:
        """This date and those that follow are a series of their own; from the first on, it is the whole."""
        here = self._date(act)
        title, capacity = act.value
        former = here.series
        draft = await self._edited(former, title, capacity)
        series_id = await edit_following(here.code, self.person[act.who], draft)
        if any(d.series is former and d.original < here.original for d in self.books.dates.values()):
            later = replace(former, regulars=list(former.regulars), follows=former)
            self.series.append(later)
            self._know(series_id, later)
            former.updated_at = clock.now()
            for date in self.books.dates.values():
                if date.series is former and date.original >= here.original:
                    date.series = later
            self._follow(later, title, capacity)
        else:
            self._follow(former, title, capacity)
        return "done", "done"

    async def _edited(self, series: Series, title: str, capacity: int | None) -> SeriesDraft:
        view = await series_view(self.account[series.club], self.id_of[series])
        assert view is not None
        return replace(view.draft, title=title, capacity=capacity)

    def _follow(self, series: Series, title: str, capacity: int | None) -> None:
        """The dates to come that nobody edited by hand have what the series says now."""
        was, series.title, series.capacity, series.updated_at = (
            series.capacity,
            title,
            capacity,
            clock.now(),
        )
        for date in self.books.coming if was != capacity else ():
            if date.series is series and not date.edited and date.capacity == was and date.state != "over":
                date.tidy()
                date.set_capacity(capacity)

    async def make_regular(self, act: Act) -> tuple[str, str]:
        series, who = self._date(act).series, act.value
        await make_regular(
            self.person[act.who],
            self.account[series.club],
            self.id_of[series],
            self.membership[series.club, who],
        )
        if who not in series.regulars:
            series.regulars.append(who)
        for date in self.books.coming:
            if date.series is series and date.start > clock.now():
                date.seat_regular(who)
        return "done", "done"

    async def end_regular(self, act: Act) -> tuple[str, str]:
        series, who = self._date(act).series, act.value
        if who in series.regulars:
            await end_regular(
                self.person[act.who],
                self.account[series.club],
                self.id_of[series],
                self.membership[series.club, who],
            )
            series.regulars.remove(who)
        return "done", "done"

    async def close_list(self, act: Act) -> tuple[str, str]:
        """Who is here is checked in; the others are no-shows (B12)."""
        date = self._date(act)
        for who in act.value:
            await check_in(date.code, self.person[act.who], self.membership[date.series.club, who])
        missing = await close_list(date.code, self.person[act.who])
        return f"{missing} missing", f"{date.close_list(act.value)} missing"

    # what people settle with the bot

    async def block(self, act: Act) -> tuple[str, str]:
        somebody = self.telegram.person(str(self.telegram_id[act.who]))
        await self.telegram.during(somebody.block)
        act.who.blocked = True
        return "done", "done"

    async def come_back(self, act: Act) -> tuple[str, str]:
        await self._tell_sandbox_the_time()
        somebody = self.telegram.person(str(self.telegram_id[act.who]))
        await self.telegram.during(somebody.block, False)
        act.who.blocked = False
        return "done", "done"

    async def mute(self, act: Act) -> tuple[str, str]:
        on = act.value not in act.who.muted
        await mute(self.person[act.who], act.value, on)
        act.who.muted ^= {act.value}
        return "done", "done"

    async def choose_leads(self, act: Act) -> tuple[str, str]:
        await choose_reminders(self.person[act.who], act.value)
        act.who.leads, act.who.chosen_at = act.value, clock.now()
        for date in self.books.coming:
            if act.who in date.parties:
                date.wake_for(act.who)
        return "done", "done"

    # what a club tells and asks

    async def announce(self, act: Act) -> tuple[str, str]:
        club, at = act.club, max(act.value, clock.now())
        assert club is not None
        draft = AnnouncementDraft(
            text="The cloakroom is in the cellar now.", to_members=True, all_groups=True
        )
        number = await create_announcement(self.person[act.who], self.account[club], draft)
        await schedule_announcement(self.person[act.who], number, at)
        self.books.announce(Announcement(number, club), max(at, self._last_tick + MINUTE))
        return "done", "done"

    async def hold_poll(self, act: Act) -> tuple[str, str]:
        """Three days are asked about; the organiser closes the poll, makes the best one, and who said yes has first claim."""
        club, organiser = act.club, self.person[act.who]
        assert club is not None
        days = [
            (clock.now() + timedelta(days=n)).replace(hour=12, minute=0, second=0, microsecond=0)
            for n in (4, 5, 6)
        ]
        options = tuple(OptionDraft(starts_at=day) for day in days)
        draft = PollDraft(
            question="When do we meet?", options=options, kind="dates", group_id=self.group_id[club]
        )
        code = await polls.create_poll(organiser, self.account[club], draft)
        view = await poll_for_card((await polls.find_poll(code)).id)
        assert view is not None
        yes = self.script.voters(club)
        for who in yes:
            await polls.vote(
                code,
                self.person[who],
                {view.options[1].id: Answer.YES, view.options[0].id: Answer.NO},
                via=Via.MINIAPP,
            )
        closed = await close_poll(
            code, organiser, make=EventDetails(title="Extra evening", capacity=3, claim_minutes=24 * 60)
        )
        until = clock.now() + DAY
        local = days[1].astimezone(ZoneInfo(club.zone)).replace(tzinfo=None)
        made_of = Series(club, "Extra evening", club.zone, local, "once", 60, 3, announce_before=5 * 24 * 60)
        assert closed.made is not None
        self._know(
            await db.value("SELECT series_id FROM event_instances WHERE code = $1", closed.made.code),
            made_of,
        )
        [date] = await self._read_new_dates()
        if date.start != days[1]:
            raise Differs(f"the poll about {days} made {date.start}")
        date.claims, date.claim_until = set(yes), until
        self.books.watch(date)
        self.books.wake(self._last_tick + MINUTE)
        for who in yes:
            self.books.tell(who, "claim", date)
        return closed.kind, "done"

    @staticmethod
    def _date(act: Act) -> Date:
        assert act.date is not None
        return act.date


async def _kind(asked: Awaitable[Any]) -> str:
    """What became of what was asked, a refusal being one word too."""
    try:
        return str((await asked).kind)
    except Refusal as no:
        return no.outcome


LABELS = {
    "book": ("Join", "Wait for a seat", "Take the seat", "Take the seats"),
    "leave": ("Leave", "Not this time"),
    "take": ("Take the seat", "Take the seats"),
    "hand_on": ("Pass on",),
    "stay": ("Still coming",),
    "find_replacement": ("Find my replacement",),
}
SAYS = {
    "booked": ("You’re in", "your seat stays yours"),
    "waiting": (" in line",),
    "offered": ("held for you",),
    "already": ("already", "held for you", "nothing"),
    "left": ("You’ve left", "has your seat now"),
    "offer-declined": ("for the next one",),
    "offer-over": ("faster", "time is up"),
    "replacing": ("until someone takes",),
    "too-late": ("too late",),
    "cancelled": ("Cancelled",),
    "closed": ("closed", "over"),
    "full": ("fit", "you asked for"),
    "not-in": ("not in",),
}


def _heard(text: str, meant: str) -> str:
    """What a pop-up's words mean: what was meant, if they say so, else themselves."""
    return meant if any(words in text for words in SAYS[meant]) else text
