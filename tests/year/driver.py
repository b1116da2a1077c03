"""Plays a script with a driven clock in the real core, worker and sandbox, and in the reference model.

Time moves to the next action of the script, or to the next moment at which something is due in the model.
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
from backend.announcements.actions import create_announcement, schedule_announcement
from backend.announcements.drafts import AnnouncementDraft
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
from emerald.schedule import SCHEDULE, run_due
from sandbox.telegram import Telegram as SandboxState
from tests.telegram import Telegram
from tests.year.reference_model import (
    DAY,
    MINUTE,
    AccountView,
    Announcement,
    Instance,
    Member,
    ReferenceModel,
    Series,
    State,
)
from tests.year.script import Action, Plan, Script

RULES = {
    "week": "FREQ=WEEKLY",
    "fortnight": "FREQ=WEEKLY;INTERVAL=2",
    "month": "FREQ=MONTHLY;BYDAY={nth}{day}",
    "once": "",
}
FIRST_PERSON, FIRST_CHAT = 700_000, -1002000000001

# What is to be sent or shown now. Cards of ended instances, which link to the next one, are updated in their
# own time.
UNSENT = """
SELECT EXISTS (SELECT 1 FROM messages WHERE state = 'due' AND due_at <= $1)
    OR EXISTS (SELECT 1 FROM cards WHERE state = 'due' AND next_try_at <= $1)
    OR EXISTS (SELECT 1 FROM cards c JOIN instance_seats s ON s.instance_id = c.instance_id
        JOIN event_instances i ON i.id = c.instance_id
        WHERE c.state = 'live' AND c.next_try_at < '9000-01-01 00:00:00+00'
            AND (s.version > c.shown_version OR c.next_try_at <= $1 AND i.state = 'SCHEDULED'))
"""


class Discrepancy(AssertionError):
    """The product answered or did something other than the reference model."""


class Driver:
    """The product, the sandbox and the reference model of one year."""

    def __init__(self, plan: Plan, accounts: list[AccountView], series: list[Series]) -> None:
        self.plan, self.accounts, self.series = plan, accounts, series
        self.model = ReferenceModel(plan.begins)
        self.script = Script(plan, accounts, series, self.model)
        self.history_lines: list[str] = []
        self.counts: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.telegram_id = {m: FIRST_PERSON + n for n, m in enumerate(self.all_members())}
        self.chat_id = {account: FIRST_CHAT - n for n, account in enumerate(accounts)}
        self.person: dict[Member, Person] = {}
        self.membership: dict[tuple[AccountView, Member], int] = {}
        self.account: dict[AccountView, int] = {}
        self.group_id: dict[AccountView, int] = {}
        self.sandbox_state: SandboxState
        self.series_of: dict[int, Series] = {}
        self.id_of: dict[Series, int] = {}
        self._last_tick = plan.begins - DAY
        self._sandbox_time = plan.begins
        self._materialize_at = plan.begins
        self._newest_id = 0

    def all_members(self) -> list[Member]:
        return list({member: None for account in self.accounts for member in account.members})

    @property
    def people(self) -> dict[int, str]:
        return {number: member.name for member, number in self.telegram_id.items()}

    @property
    def groups(self) -> dict[int, tuple[str, list[int]]]:
        return {
            chat_id: (account.name, [self.telegram_id[m] for m in account.members])
            for account, chat_id in self.chat_id.items()
        }

    # --- the first day ---

    async def set_up(self, telegram: Telegram) -> None:
        """Create clubs, members, groups and series."""
        self.telegram, self.sender = telegram, Sender(telegram.sending)
        await leases.register_jobs([job.name for job in SCHEDULE])
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
        for account in self.accounts:
            await self._set_up_account(account)
        for series in self.series:
            made = await create_series(
                self._owner(series.account), self.account[series.account], self._draft(series)
            )
            self._register(made.series_id, series)
        await self._read_new_instances()

    async def _set_up_account(self, account: AccountView) -> None:
        made = await create_account(account.name, zone=account.zone)
        self.account[account] = made.account_id
        owner = self._owner(account)
        await bind_key(owner, made.key)
        linked = await link_group(owner, made.account_id, chat_id=self.chat_id[account], title=account.name)
        self.group_id[account] = linked.id
        linked_group = await group(linked.id)
        assert linked_group is not None
        for member in account.members:
            self.membership[account, member] = await join(
                self.person[member], made.account_id, through=JoinedThrough.HAND
            )
            await mark_present(self.person[member], linked_group)
        for organiser in account.organisers[1:]:
            await db.execute(
                "UPDATE memberships SET role = 'ADMIN' WHERE id = $1",
                self.membership[account, organiser],
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
            group_id=self.group_id[series.account],
        )

    def _register(self, series_id: int, series: Series) -> None:
        series.updated_at = clock.now()
        self.series_of[series_id], self.id_of[series] = series, series_id

    def _owner(self, account: AccountView) -> Person:
        return self.person[account.organisers[0]]

    async def _read_new_instances(self) -> list[Instance]:
        """Add the instances that the product has made since to the model, by id, code and start."""
        made = []
        for row in await db.rows(
            "SELECT id, code, series_id, original_start FROM event_instances WHERE id > $1 ORDER BY id",
            self._newest_id,
        ):
            self._newest_id = row["id"]
            series = self.series_of[row["series_id"]]
            instance = Instance(self.model, row["id"], row["code"], series, row["original_start"])
            self.model.add(instance)
            for member in series.regulars:
                instance.seat_regular(member)
            made.append(instance)
        return made

    # --- time ---

    async def play(self, after_month: Callable[[], Awaitable[None]]) -> None:
        """Play from the first day to the last."""
        end = self.plan.begins + timedelta(weeks=self.plan.weeks)
        month = self.plan.begins + 28 * DAY
        await self._run_jobs()
        while True:
            wake_at = min(at for at in (self.model.next_wake(), self._materialize_at) if at)
            at = min(wake_at, self.script.next_at())
            if at >= end:
                return
            if at >= month:
                month += 28 * DAY
                await after_month()
            if wake_at <= at:
                await self._set_clock(max(wake_at, self._last_tick + MINUTE))
                await self._run_jobs()
            else:
                await self._set_clock(at)
                await self._perform(self.script.next_action())

    async def _set_clock(self, at: datetime) -> None:
        if at > clock.now():
            clock.advance(at - clock.now())
        self.model.now = clock.now()

    async def _run_jobs(self) -> None:
        """Run the jobs in the product and in the model; then let everything be sent."""
        now = self._last_tick = clock.now()
        self.model.now = now
        await run_due()
        await self._read_new_instances()
        jobs = {
            row["name"]: row
            for row in await db.rows("SELECT name, next_run_at, last_run_at, error FROM schedule")
        }
        errors = {name: row["error"] for name, row in jobs.items() if row["error"]}
        if errors:
            raise Discrepancy(f"jobs failed: {errors}")
        self._materialize_at = jobs["materialize instances"]["next_run_at"]
        self.model.run_jobs(regulars=jobs["seat regulars"]["last_run_at"] == now)
        self.script.schedule_list_closings()
        self.counts["job runs"] += 1
        await self._deliver()

    async def _deliver(self) -> None:
        for message in self.model.deliver_due():
            self.script.react_to(message)
        await self.drain()

    async def drain(self, left: str = UNSENT) -> None:
        """Let the sender work until nothing is left; where it waits, a second passes."""
        for _ in range(400):
            if not await db.value(left, clock.now()):
                self.model.now = clock.now()
                return
            await self._advance_sandbox()
            if await self.sender.step():
                await self.sender.settle()
            else:
                clock.advance(timedelta(seconds=1))
        raise Discrepancy(f"{clock.now()}: after 400 s something is still to be sent")

    async def _advance_sandbox(self) -> None:
        """The sandbox's limits count driven time."""
        passed = (clock.now() - self._sandbox_time).total_seconds()
        if passed > 0:
            await asyncio.to_thread(self.telegram.sandbox.advance, passed)
            self._sandbox_time = clock.now()

    # --- actions ---

    async def _perform(self, action: Action | None) -> None:
        if action is None:
            return
        verb = getattr(self, action.verb, None)
        self._record(action)
        try:
            answer, expected = await (verb(action) if verb else self._participant_action(action))
        except Exception as refusal:
            raise Discrepancy(
                f"{refusal!r} from the last of:\n{self.history_of(action.instance)}"
            ) from refusal
        self.counts["actions"] += 1
        self.answers[f"{action.verb}: {answer}"] += 1
        if answer != expected:
            raise Discrepancy(f"{answer}, but expected {expected}:\n{self.history_of(action.instance)}")
        await self._deliver()

    def _record(self, action: Action) -> None:
        value = action.value.name if isinstance(action.value, Member) else action.value
        about = (
            f"on {action.instance.title} {action.instance.id} ({action.instance.start:%d %b %H:%M})"
            if action.instance
            else ""
        )
        self.history_lines.append(
            f"{clock.now():%d %b %H:%M:%S} {action.who.name} {action.verb} {value} {about}"
        )

    def history_of(self, instance: Instance | None) -> str:
        """Everything that was done to an instance, to explain its state."""
        return "\n".join(
            line for line in self.history_lines if instance is None or f" {instance.id} (" in line
        )

    async def _participant_action(self, action: Action) -> tuple[str, str]:
        """A participant's action: the product's answer, and the one that the model expects."""
        assert action.instance is not None
        instance, who = action.instance, action.who
        instance.advance()
        if action.tapped and (button := await self._find_button(action)):
            message, label = button
            if label.startswith("Take"):
                action = replace(action, verb="take")
            expected = self._expected_answer(action)
            self.counts["taps"] += 1
            await self._advance_sandbox()
            answer = await self.telegram.tap(str(self.telegram_id[who]), message, label)
            return _meaning_of(answer["text"], expected), expected
        expected = self._expected_answer(action)
        return await _outcome_of(self._ask_product(action)), expected

    def _expected_answer(self, action: Action) -> str:
        instance, who = action.instance, action.who
        assert instance is not None
        match action.verb:
            case "book":
                return instance.book(who, action.value or 0)
            case "guests":
                return instance.set_guests(who, action.value)
            case "maybe":
                return instance.answer(who, "maybe")
            case "decline":
                return instance.answer(who, "declined")
            case verb:
                return str(getattr(instance, verb)(who))

    def _ask_product(self, action: Action) -> Awaitable[Any]:
        assert action.instance is not None
        code, person, via = action.instance.code, self.person[action.who], Via.MINIAPP
        match action.verb:
            case "book":
                return bookings.book(code, person, guests=action.value or 0, via=via)
            case "guests":
                return bookings.set_guests(code, person, guests=action.value, via=via)
            case "maybe" | "decline":
                return bookings.answer(code, person, maybe=action.verb == "maybe", via=via)
            case verb:
                act_of: Callable[..., Awaitable[Any]] = getattr(bookings, verb)
                return act_of(code, person, via=via)

    async def _find_button(self, action: Action) -> tuple[dict[str, Any], str] | None:
        """The message and label of a button that does this, on the card or under a private message."""
        assert action.instance is not None
        if action.who.blocked:
            return None
        shown = await db.row(
            "SELECT g.chat_id, c.message_id FROM cards c JOIN groups g ON g.id = c.group_id"
            " WHERE c.instance_id = $1 AND c.state = 'live'",
            action.instance.id,
        )
        answer = list(self.sandbox_state.messages_in(self.telegram_id[action.who]))[-20:]
        if shown is not None:
            answer += [
                m for m in self.sandbox_state.messages_in(shown["chat_id"]) if m.id == shown["message_id"]
            ]
        for message in reversed(answer):
            for button in (button for row in message.keyboard or [] for button in row):
                does = button.get("callback_data", "")
                if button["text"] in BUTTONS.get(action.verb, ()) and action.instance.code in does:
                    return {"chat_id": message.chat_id, "id": message.id}, button["text"]
        return None

    # what organisers do: each method returns the product's answer and the expected one

    async def remove(self, action: Action) -> tuple[str, str]:
        instance = self._instance_of(action)
        instance.advance()
        expected = instance.remove(action.value)
        membership = self.membership[instance.series.account, action.value]
        return await _outcome_of(
            bookings.remove(instance.code, self.person[action.who], membership)
        ), expected

    async def capacity(self, action: Action) -> tuple[str, str]:
        instance = self._instance_of(action)
        instance.advance()
        expected = instance.set_capacity(action.value)
        return await _outcome_of(
            bookings.set_capacity(instance.code, self.person[action.who], action.value)
        ), expected

    async def cancel(self, action: Action) -> tuple[str, str]:
        instance = self._instance_of(action)
        await cancel_instance(instance.code, self.person[action.who], "The hall is closed.")
        return "done", instance.cancel()

    async def restore(self, action: Action) -> tuple[str, str]:
        instance = self._instance_of(action)
        await restore_instance(instance.code, self.person[action.who])
        return "done", instance.restore()

    async def move(self, action: Action) -> tuple[str, str]:
        instance = self._instance_of(action)
        await move_instance(instance.code, self.person[action.who], action.value)
        return "done", instance.move(action.value)

    async def decide(self, action: Action) -> tuple[str, str]:
        instance = self._instance_of(action)
        if clock.now() >= instance.start:
            return "too late", "too late"
        if instance.state == State.CANCELLED and action.value:
            return "already", "already"
        answer = (
            (await decide_instance(instance.code, self.person[action.who], run=action.value)).kind
            if instance.state == State.SCHEDULED
            else "already"
        )
        return answer, instance.decide(run=action.value)

    async def edit_one(self, action: Action) -> tuple[str, str]:
        instance = self._instance_of(action)
        await edit_instance(instance.code, self.person[action.who], InstanceChanges(title=action.value))
        instance.own_title, instance.edited = action.value, True
        return "done", "done"

    async def edit_whole(self, action: Action) -> tuple[str, str]:
        instance = self._instance_of(action)
        title, capacity = action.value
        series = instance.series
        await edit_series(
            self.person[action.who],
            self.account[series.account],
            self.id_of[series],
            await self._edited_draft(series, title, capacity),
        )
        self._apply_edit(series, title, capacity)
        return "done", "done"

    async def edit_following(self, action: Action) -> tuple[str, str]:
        """S4: this instance and all that follow; from the first one on it is the whole series."""
        split_instance = self._instance_of(action)
        title, capacity = action.value
        original = split_instance.series
        draft = await self._edited_draft(original, title, capacity)
        series_id = await edit_following(split_instance.code, self.person[action.who], draft)
        if any(
            d.series is original and d.original < split_instance.original
            for d in self.model.instances.values()
        ):
            later = replace(original, regulars=list(original.regulars), follows=original)
            self.series.append(later)
            self._register(series_id, later)
            original.updated_at = clock.now()
            for instance in self.model.instances.values():
                if instance.series is original and instance.original >= split_instance.original:
                    instance.series = later
            self._apply_edit(later, title, capacity)
        else:
            self._apply_edit(original, title, capacity)
        return "done", "done"

    async def _edited_draft(self, series: Series, title: str, capacity: int | None) -> SeriesDraft:
        view = await series_view(self.account[series.account], self.id_of[series])
        assert view is not None
        return replace(view.draft, title=title, capacity=capacity)

    def _apply_edit(self, series: Series, title: str, capacity: int | None) -> None:
        """Give the future instances that nobody edited by hand the new values of the series."""
        old_capacity, series.title, series.capacity, series.updated_at = (
            series.capacity,
            title,
            capacity,
            clock.now(),
        )
        for instance in self.model.upcoming if old_capacity != capacity else ():
            if (
                instance.series is series
                and not instance.edited
                and instance.capacity == old_capacity
                and instance.state != State.ENDED
            ):
                instance.advance()
                instance.set_capacity(capacity)

    async def make_regular(self, action: Action) -> tuple[str, str]:
        series, who = self._instance_of(action).series, action.value
        await make_regular(
            self.person[action.who],
            self.account[series.account],
            self.id_of[series],
            self.membership[series.account, who],
        )
        if who not in series.regulars:
            series.regulars.append(who)
        for instance in self.model.upcoming:
            if instance.series is series and instance.start > clock.now():
                instance.seat_regular(who)
        return "done", "done"

    async def end_regular(self, action: Action) -> tuple[str, str]:
        series, who = self._instance_of(action).series, action.value
        if who in series.regulars:
            await end_regular(
                self.person[action.who],
                self.account[series.account],
                self.id_of[series],
                self.membership[series.account, who],
            )
            series.regulars.remove(who)
        return "done", "done"

    async def close_list(self, action: Action) -> tuple[str, str]:
        """Those who are present are checked in; the others are no-shows (B12)."""
        instance = self._instance_of(action)
        for who in action.value:
            await check_in(
                instance.code, self.person[action.who], self.membership[instance.series.account, who]
            )
        missing = await close_list(instance.code, self.person[action.who])
        return f"{missing} missing", f"{instance.close_list(action.value)} missing"

    # what people set in the bot

    async def block(self, action: Action) -> tuple[str, str]:
        user = self.telegram.person(str(self.telegram_id[action.who]))
        await self.telegram.during(user.block)
        action.who.blocked = True
        return "done", "done"

    async def unblock(self, action: Action) -> tuple[str, str]:
        await self._advance_sandbox()
        user = self.telegram.person(str(self.telegram_id[action.who]))
        await self.telegram.during(user.block, False)
        action.who.blocked = False
        return "done", "done"

    async def mute(self, action: Action) -> tuple[str, str]:
        on = action.value not in action.who.muted
        await mute(self.person[action.who], action.value, on)
        action.who.muted ^= {action.value}
        return "done", "done"

    async def choose_leads(self, action: Action) -> tuple[str, str]:
        await choose_reminders(self.person[action.who], action.value)
        action.who.leads, action.who.chosen_at = action.value, clock.now()
        for instance in self.model.upcoming:
            if action.who in instance.parties:
                instance.wake_for(action.who)
        return "done", "done"

    # announcements and polls

    async def announce(self, action: Action) -> tuple[str, str]:
        account, at = action.account, max(action.value, clock.now())
        assert account is not None
        draft = AnnouncementDraft(
            text="The cloakroom is in the cellar now.", to_members=True, all_groups=True
        )
        number = await create_announcement(self.person[action.who], self.account[account], draft)
        await schedule_announcement(self.person[action.who], number, at)
        self.model.announce(Announcement(number, account), max(at, self._last_tick + MINUTE))
        return "done", "done"

    async def hold_poll(self, action: Action) -> tuple[str, str]:
        """P4: a poll about three dates; closing it makes the best one; its yes-voters have claims."""
        account, organiser = action.account, self.person[action.who]
        assert account is not None
        days = [
            (clock.now() + timedelta(days=n)).replace(hour=12, minute=0, second=0, microsecond=0)
            for n in (4, 5, 6)
        ]
        options = tuple(OptionDraft(starts_at=day) for day in days)
        draft = PollDraft(
            question="When do we meet?", options=options, kind="dates", group_id=self.group_id[account]
        )
        code = await polls.create_poll(organiser, self.account[account], draft)
        view = await poll_for_card((await polls.find_poll(code)).id)
        assert view is not None
        voters = self.script.voters(account)
        for who in voters:
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
        local = days[1].astimezone(ZoneInfo(account.zone)).replace(tzinfo=None)
        series = Series(
            account, "Extra evening", account.zone, local, "once", 60, 3, announce_before=5 * 24 * 60
        )
        assert closed.made is not None
        self._register(
            await db.value("SELECT series_id FROM event_instances WHERE code = $1", closed.made.code),
            series,
        )
        [instance] = await self._read_new_instances()
        if instance.start != days[1]:
            raise Discrepancy(f"the poll about {days} made {instance.start}")
        instance.claims, instance.claim_until = set(voters), until
        self.model.schedule_wakes(instance)
        self.model.wake_at(self._last_tick + MINUTE)
        for who in voters:
            self.model.notify(who, "claim", instance)
        return closed.kind, "done"

    @staticmethod
    def _instance_of(action: Action) -> Instance:
        assert action.instance is not None
        return action.instance


async def _outcome_of(must_answer_move: Awaitable[Any]) -> str:
    """The kind of the product's answer, or the word of its refusal."""
    try:
        return str((await must_answer_move).kind)
    except Refusal as refusal:
        return refusal.outcome


BUTTONS = {
    "book": ("Join", "Wait for a seat", "Take the seat", "Take the seats"),
    "leave": ("Leave", "Not this time"),
    "take": ("Take the seat", "Take the seats"),
    "decline_offer": ("Pass on",),
    "stay": ("Still coming",),
    "find_replacement": ("Find my replacement",),
}
MEANINGS = {
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


def _meaning_of(text: str, expected: str) -> str:
    """`expected` when the text of a pop-up says so, else the text."""
    return expected if any(words in text for words in MEANINGS[expected]) else text
