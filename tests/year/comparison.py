"""Compares what the product holds and what people see in Telegram with the reference model."""

import re
import time
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from backend import clock, db
from bot.cards import render_card
from emerald.doctor import check_invariants
from tests.year.driver import Driver
from tests.year.reference_model import (
    Announcement,
    Instance,
    Key,
    Member,
    Series,
    State,
    group_by_key,
    instant,
)

STALE = """
SELECT EXISTS (SELECT 1 FROM cards WHERE state = 'live' AND next_try_at <= $1)
"""


class Comparison:
    """The comparison, made every four weeks and at the end."""

    def __init__(self, driver: Driver) -> None:
        self.driver, self.model = driver, driver.model
        self.cards = 0
        self._began = time.monotonic()

    async def compare(self) -> None:
        """The product agrees with itself and with the model, the cards show it, no message is left over."""
        await self.driver.drain(STALE)
        assert await check_invariants() == []
        await self._seats()
        self._wall_clocks()
        await self._cards()
        unsent = await db.rows(
            "SELECT id, kind, state, error FROM messages"
            " WHERE state IN ('parked', 'sending', 'perhaps') OR state = 'due' AND due_at <= $1",
            clock.now(),
        )
        assert not unsent, [dict(row) for row in unsent]

    async def _seats(self) -> None:
        """B3, W1: everyone has the seats, the places in the waitlist and the offers of the model."""
        found: dict[int, dict[int, tuple[Any, ...]]] = defaultdict(dict)
        for row in await db.rows(
            "SELECT b.instance_id, m.user_id, b.seats, b.waiting, b.offered, b.answer FROM bookings b"
            " JOIN memberships m ON m.id = b.membership_id"
        ):
            found[row["instance_id"]][row["user_id"]] = tuple(
                row[n] for n in ("seats", "waiting", "offered", "answer")
            )
        person = self.driver.person
        for instance in self.model.instances.values():
            expected = {
                person[m].id: (p.seats, p.waiting, p.offered, p.answer) for m, p in instance.parties.items()
            }
            assert found[instance.id] == expected, (
                clock.now(),
                instance.id,
                instance.title,
                instance.start,
                found[instance.id],
                expected,
            )

    def _wall_clocks(self) -> None:
        """S2, S3: each series has its instances, at its own wall-clock time on both sides of a DST change."""
        instances_of: dict[Series, list[Instance]] = defaultdict(list)
        for instance in self.model.instances.values():
            instances_of[instance.series.first].append(instance)
        for series, dates in instances_of.items():
            starts, every = series.starts_local, series.every
            zone = dates[0].series.zone
            instants = sorted(instance.original for instance in dates)
            expected = [instant(local, zone) for local in expected_walls(starts, every, len(instants))]
            assert instants == expected, (dates[0].title, zone, instants, expected)
            for instance in dates:
                assert instance.original.astimezone(ZoneInfo(zone)).time() == starts.time()

    async def _cards(self) -> None:
        """C3: each card in a group shows what it would when rendered now, and what the model says."""
        for row in await db.rows(
            "SELECT c.*, g.chat_id FROM cards c JOIN groups g ON g.id = c.group_id"
            " WHERE c.instance_id IS NOT NULL ORDER BY c.id"
        ):
            assert row["state"] == "live", dict(row)
            instance = self.model.instances[row["instance_id"]]
            message = self._message(row["chat_id"], row["message_id"])
            self._check_facts(instance, message.text)
            rendered = await render_card(instance_id=instance.id, poll_id=None)
            assert rendered is not None
            if row["next_try_at"].year < 9000:
                shown = (
                    message.text.strip(),
                    [[button["text"] for button in line] for line in message.keyboard],
                )
                expected = (
                    strip_markup(rendered.message.text),
                    [[button.text for button in line] for line in rendered.message.rows],
                )
                # The card of an ended instance links to the next one, and is updated only now and then.
                if instance.state == State.SCHEDULED:
                    assert shown == expected
                else:
                    assert shown[0].split("Next:")[0].strip() == expected[0].split("Next:")[0].strip()
                self.cards += 1

    def _message(self, chat_id: int, message_id: int) -> Any:
        return next(m for m in self.driver.sandbox_state.messages_in(chat_id) if m.id == message_id)

    def _check_facts(self, instance: Instance, text: str) -> None:
        """The facts of the model in the text of the card."""
        assert instance.title in text, (instance.title, text)
        now, booked, capacity = clock.now(), instance.booked, instance.capacity
        if instance.state == State.CANCELLED:
            assert "\nCancelled by" in text or "\nCancelled:" in text, text
        elif instance.state == State.ENDED:
            assert f"Ended · {instance.came} came" in text, text
        elif now >= instance.start - timedelta(minutes=instance.series.closes_before):
            assert "\nClosed" in text, text
        elif capacity is None:
            assert "Room for all" in text and (not booked or f"{booked} coming" in text), text
        else:
            first = "Full" if not instance.free else f"{instance.free} free"
            assert f"\n{first}" in text and f"{booked} of {capacity}" in text, (first, booked, text)
            waiting = len(instance.waitlist)
            assert bool(waiting) == bool(re.search(r"\d+ in line\b", text)), (waiting, text)

    async def compare_everything(self) -> None:
        """The same, and the messages that everyone got: at the end."""
        await self.compare()
        await self._messages()

    # --- messages ---

    async def _messages(self) -> None:
        """Everyone got exactly the expected messages, none missing, too many or late, in their chat."""
        person = {p.id: m for m, p in self.driver.person.items()}
        account = {number: account for account, number in self.driver.group_id.items()}
        announcements = {
            e.about.id: e.about for e in self.model.expected if isinstance(e.about, Announcement)
        }
        rows = await db.rows("SELECT * FROM messages WHERE state = 'sent' ORDER BY sent_at, id")
        sent: dict[Key, list[datetime]] = defaultdict(list)
        for row in rows:
            to = person.get(row["user_id"]) or account[row["group_id"]]
            about = self.model.instances.get(row["instance_id"]) or announcements[row["announcement_id"]]
            sent[to, row["kind"], about].append(row["sent_at"])
        expected = group_by_key(self.model.expected)
        wrong, histories = [], {}
        for key in {*sent, *expected}:
            sent_at, expected_messages = sent.get(key, []), expected.get(key, [])
            if len(sent_at) != len(expected_messages) or any(
                not e.since <= at <= e.until for e, at in zip(expected_messages, sent_at, strict=True)
            ):
                to, kind, about = key
                sent_texts, expected_texts = (
                    [f"{at:%d %b %H:%M:%S}" for at in sent_at],
                    [f"{e.since:%d %b %H:%M:%S}" for e in expected_messages],
                )
                wrong.append(
                    f"{to.name}: {kind} about {about.title} {about.id}:"
                    f" sent at {sent_texts}, expected at {expected_texts}"
                )
                if isinstance(about, Instance):
                    histories[about.id] = self.driver.history_of(about)
        history_texts = [f"\nThe history of {number}:\n{story}" for number, story in histories.items()]
        assert not wrong, f"{len(wrong)} of {len(expected)}\n" + "\n".join(
            [*sorted(wrong)[:40], *history_texts[:3]]
        )
        self._chats(rows, person)
        self.sent = Counter(row["kind"] for row in rows)

    def _chats(self, rows: list[Any], person: dict[int, Member]) -> None:
        """The sent messages are in the chats in that order, with the title of that time."""
        announcements: dict[Member, list[Any]] = defaultdict(list)
        for row in rows:
            if row["user_id"] is not None:
                announcements[person[row["user_id"]]].append(row)
        titles = defaultdict(list)
        for one in self.model.expected:
            titles[one.to, one.kind, one.about].append(one.title)
        for member, number in self.driver.telegram_id.items():
            chat = [
                m
                for m in self.driver.sandbox_state.messages_in(number)
                if m.sender_id == self.driver.sandbox_state.config.bot_id
            ]
            assert len(chat) == len(announcements[member]), (
                member.name,
                len(chat),
                len(announcements[member]),
            )
            for row, message in zip(announcements[member], chat, strict=True):
                instance = self.model.instances.get(row["instance_id"])
                if instance is not None:
                    title = titles[member, row["kind"], instance].pop(0)
                    assert title in message.history[0].text, (row["kind"], title, message.text)

    def summary(self) -> str:
        """The year in numbers."""
        driver, spent = self.driver, time.monotonic() - self._began
        flood = driver.sandbox_state.flood.refusal_count
        return (
            f"\n{len(driver.series)} series, {len(driver.all_members())} members,"
            f" {len(self.model.instances)} instances,"
            f" {driver.counts['actions']} actions ({driver.counts['taps']} taps on cards),"
            f" {driver.counts['job runs']} runs of the jobs,"
            f" {sum(self.sent.values())} messages {dict(self.sent.most_common())},"
            f" {self.cards} comparisons of cards, {driver.sandbox_state.call_count} calls to Telegram,"
            f" {flood} of them too fast, in {spent:.0f} s\n"
            f"{dict(driver.answers.most_common())}"
        )


def strip_markup(html: str) -> str:
    """The text of a rendered message without its markup."""
    from html import unescape

    return unescape(re.sub(r"<[^>]+>", "", html)).strip()


def expected_walls(starts: datetime, every: str, count: int) -> list[datetime]:
    """The wall clocks of the first occurrences of a series, counted independently."""
    if every != "month":
        step = timedelta(weeks={"week": 1, "fortnight": 2, "once": 0}[every])
        return [starts + n * step for n in range(count)]
    found: list[datetime] = []
    first = starts.date().replace(day=1)
    while len(found) < count:
        # The same weekday of the month, like the second Tuesday; a month without a fifth one has none.
        days = (starts.weekday() - first.weekday()) % 7 + 7 * ((starts.day - 1) // 7)
        day = first + timedelta(days=days)
        if day.month == first.month:
            found.append(datetime.combine(day, starts.time()))
        first = (first + timedelta(days=31)).replace(day=1)
    return found
