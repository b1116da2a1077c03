"""Whether what the product holds and what people see in Telegram is what the reckoning says."""

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
from tests.year.reckoning import Announcement, Date, Key, Member, Series, by_person, instant

# Cards of the books' states, by the word that matters.
STATES = {"Cancelled": "off", "Ended": "over"}


STALE = """
SELECT EXISTS (SELECT 1 FROM cards WHERE state = 'live' AND next_try_at <= $1)
"""


class Truth:
    """Asked every four weeks, and at the end."""

    def __init__(self, driver: Driver) -> None:
        self.driver, self.books = driver, driver.books
        self.cards = 0
        self._began = time.monotonic()

    async def look(self) -> None:
        """The product agrees with itself and with the books, the cards show it, and nothing is left lying."""
        await self.driver.drain(STALE)
        assert await check_invariants() == []
        await self._seats()
        self._wall_clocks()
        await self._cards()
        left = await db.rows(
            "SELECT id, kind, state, error FROM messages WHERE state IN ('parked', 'sending', 'perhaps') OR state = 'due' AND due_at <= $1",
            clock.now(),
        )
        assert not left, [dict(row) for row in left]

    async def _seats(self) -> None:
        """B3, W1: everybody has the seats, the place and the offer that the books say."""
        found: dict[int, dict[int, tuple[Any, ...]]] = defaultdict(dict)
        for row in await db.rows(
            "SELECT b.instance_id, m.user_id, b.seats, b.waiting, b.offered, b.answer FROM bookings b JOIN memberships m ON m.id = b.membership_id"
        ):
            found[row["instance_id"]][row["user_id"]] = tuple(
                row[n] for n in ("seats", "waiting", "offered", "answer")
            )
        person = self.driver.person
        for date in self.books.dates.values():
            meant = {person[m].id: (p.seats, p.waiting, p.offered, p.answer) for m, p in date.parties.items()}
            assert found[date.id] == meant, (
                clock.now(),
                date.id,
                date.title,
                date.start,
                found[date.id],
                meant,
            )

    def _wall_clocks(self) -> None:
        """S2, S3: each series has the dates it should, at its own hour on the clocks of its zone, across their changes."""
        made: dict[Series, list[Date]] = defaultdict(list)
        for date in self.books.dates.values():
            made[date.series.first].append(date)
        for series, dates in made.items():
            starts, every = series.starts_local, series.every
            zone = dates[0].series.zone
            instants = sorted(date.original for date in dates)
            meant = [instant(local, zone) for local in locals_of(starts, every, len(instants))]
            assert instants == meant, (dates[0].title, zone, instants, meant)
            for date in dates:
                assert date.original.astimezone(ZoneInfo(zone)).time() == starts.time()

    async def _cards(self) -> None:
        """C3: each card in a group shows what a fresh drawing would, and what the books say."""
        for row in await db.rows(
            "SELECT c.*, g.chat_id FROM cards c JOIN groups g ON g.id = c.group_id WHERE c.instance_id IS NOT NULL ORDER BY c.id"
        ):
            assert row["state"] == "live", dict(row)
            date = self.books.dates[row["instance_id"]]
            said = self._message(row["chat_id"], row["message_id"])
            self._facts(date, said.text)
            drawing = await render_card(instance_id=date.id, poll_id=None)
            assert drawing is not None
            if row["next_try_at"].year < 9000:
                shown = (
                    said.text.strip(),
                    [[button["text"] for button in line] for line in said.keyboard],
                )
                meant = (
                    plain(drawing.sheet.text),
                    [[button.text for button in line] for line in drawing.sheet.rows],
                )
                # What ended leads on to the next date, and looks at it only now and then.
                if date.state == "on":
                    assert shown == meant
                else:
                    assert shown[0].split("Next:")[0].strip() == meant[0].split("Next:")[0].strip()
                self.cards += 1

    def _message(self, chat_id: int, message_id: int) -> Any:
        return next(m for m in self.driver.held.said_in(chat_id) if m.id == message_id)

    def _facts(self, date: Date, text: str) -> None:
        """What the books know, in the card's own words."""
        assert date.title in text, (date.title, text)
        now, booked, capacity = clock.now(), date.booked, date.capacity
        if date.state == "off":
            assert "\nCancelled by" in text or "\nCancelled:" in text, text
        elif date.state == "over":
            assert f"Ended · {date.came} came" in text, text
        elif now >= date.start - timedelta(minutes=date.series.closes_before):
            assert "\nClosed" in text, text
        elif capacity is None:
            assert "Room for all" in text and (not booked or f"{booked} come" in text), text
        else:
            first = "Full" if not date.free else f"{date.free} free"
            assert f"\n{first}" in text and f"{booked} of {capacity}" in text, (first, booked, text)
            waiting = len(date.line)
            assert bool(waiting) == bool(re.search(r"\d+ waits?\b", text)), (waiting, text)

    async def look_at_all(self) -> None:
        """At the end: once more, and at who got what."""
        await self.look()
        await self._messages()

    # --- who got what ---

    async def _messages(self) -> None:
        """Everybody got exactly what the rules say: nothing is missing, nothing too much, nothing late; and it is in their chat."""
        person = {p.id: m for m, p in self.driver.person.items()}
        club = {number: club for club, number in self.driver.group_id.items()}
        told = {e.about.id: e.about for e in self.books.expected if isinstance(e.about, Announcement)}
        rows = await db.rows("SELECT * FROM messages WHERE state = 'sent' ORDER BY sent_at, id")
        sent: dict[Key, list[datetime]] = defaultdict(list)
        for row in rows:
            to = person.get(row["user_id"]) or club[row["group_id"]]
            about = self.books.dates.get(row["instance_id"]) or told[row["announcement_id"]]
            sent[to, row["kind"], about].append(row["sent_at"])
        meant = by_person(self.books.expected)
        wrong, stories = [], {}
        for key in {*sent, *meant}:
            had, should = sent.get(key, []), meant.get(key, [])
            if len(had) != len(should) or any(
                not e.since <= at <= e.until for e, at in zip(should, had, strict=True)
            ):
                to, kind, about = key
                got, due = (
                    [f"{at:%d %b %H:%M:%S}" for at in had],
                    [f"{e.since:%d %b %H:%M:%S}" for e in should],
                )
                wrong.append(
                    f"{to.name}: {kind} about {about.title} {about.id}: got at {got}, should have at {due}"
                )
                if isinstance(about, Date):
                    stories[about.id] = self.driver.story_of(about)
        told_of = [f"\nThe story of {number}:\n{story}" for number, story in stories.items()]
        assert not wrong, f"{len(wrong)} of {len(meant)}\n" + "\n".join([*sorted(wrong)[:40], *told_of[:3]])
        self._chats(rows, person)
        self.sent = Counter(row["kind"] for row in rows)

    def _chats(self, rows: list[Any], person: dict[int, Member]) -> None:
        """What was sent is in the chats, in that order, with the title it had then."""
        told: dict[Member, list[Any]] = defaultdict(list)
        for row in rows:
            if row["user_id"] is not None:
                told[person[row["user_id"]]].append(row)
        titles = defaultdict(list)
        for one in self.books.expected:
            titles[one.to, one.kind, one.about].append(one.title)
        for member, number in self.driver.telegram_id.items():
            chat = [
                m for m in self.driver.held.said_in(number) if m.sender_id == self.driver.held.config.bot_id
            ]
            assert len(chat) == len(told[member]), (member.name, len(chat), len(told[member]))
            for row, said in zip(told[member], chat, strict=True):
                date = self.books.dates.get(row["instance_id"])
                if date is not None:
                    title = titles[member, row["kind"], date].pop(0)
                    assert title in said.history[0].text, (row["kind"], title, said.text)

    def figures(self) -> str:
        """What came of it, in numbers."""
        driver, spent = self.driver, time.monotonic() - self._began
        flood = driver.held.flood.refused
        return (
            f"\n{len(driver.series)} series, {len(driver.everybody())} members, {len(self.books.dates)} dates, "
            f"{driver.done['acts']} acts ({driver.done['taps']} taps on cards), {driver.done['moments']} moments of the clock, "
            f"{sum(self.sent.values())} messages {dict(self.sent.most_common())}, {self.cards} looks at cards, "
            f"{driver.held.call_count} calls to Telegram, {flood} of them too fast, in {spent:.0f} s\n{dict(driver.said.most_common())}"
        )


def plain(html: str) -> str:
    """A sheet's text without its marks."""
    from html import unescape

    return unescape(re.sub(r"<[^>]+>", "", html)).strip()


def locals_of(starts: datetime, every: str, count: int) -> list[datetime]:
    """The first so many dates of a series on the clock of its zone, counted by hand."""
    if every != "month":
        step = timedelta(weeks={"week": 1, "fortnight": 2, "once": 0}[every])
        return [starts + n * step for n in range(count)]
    found: list[datetime] = []
    first = starts.date().replace(day=1)
    while len(found) < count:
        # The same weekday, the second Tuesday after the second Tuesday; a month without a fifth one has none.
        days = (starts.weekday() - first.weekday()) % 7 + 7 * ((starts.day - 1) // 7)
        on = first + timedelta(days=days)
        if on.month == first.month:
            found.append(datetime.combine(on, starts.time()))
        first = (first + timedelta(days=31)).replace(day=1)
    return found
