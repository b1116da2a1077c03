"""Sets up states of the Mini App: a reader and clubs of their own, by the domain's own actions, at noon.

The clock stands at `NOON`; earlier acts are done under `time_ago`. Nobody sees another's club (`A1`), so many
states share one database.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from backend import clock
from backend.accounts.actions import create_own_account
from backend.accounts.memberships import join
from backend.accounts.rules import JoinedThrough
from backend.bookings import actions as seats
from backend.events.create import create_series
from backend.events.drafts import SeriesDraft
from backend.linking.actions import link_group
from backend.people.actions import TelegramIdentity, choose_zone, register_person
from backend.people.queries import Person
from backend.polls import queries as polls
from backend.polls.actions import create_poll, vote
from backend.polls.drafts import OptionDraft, PollDraft
from backend.seats.requests import Via
from tests.conftest import are_in_group

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # a Monday; 14:00 in Helsinki
ZONE, TWO = "Europe/Helsinki", timedelta(hours=2)  # its offset from UTC in November
CARD = Via.CARD

_numbers = count(700_001)  # Telegram ids; each person and chat is a new one
FIRST = [
    "Aino",
    "Mikko",
    "Светлана",
    "Väinö",
    "Olga",
    "Pekka",
    "Bob",
    "Анна",
    "Juho",
    "Eeva",
    "Charlie",
    "Tuuli",
    "Иван",
    "Kaarina",
    "Ömer",
    "Siiri",
    "Александра",
    "Ville",
    "Noora",
    "Maximilian",
    "Мария",
    "Onni",
    "Zoë",
    "Hilla",
    "Дмитрий",
    "Sampo",
    "Lumi",
    "Екатерина",
    "Otso",
    "Helmi",
]
LAST = [
    "Virtanen",
    "Korhonen",
    "Иванова",
    "Nieminen",
    "Mäkinen",
    "Hämäläinen",
    "Smith",
    "Петров",
    "Laine",
    "Heikkinen",
]


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a club in one language."""

    account_name: str
    accounts: tuple[str, ...]
    groups: tuple[str, ...]
    reader: str
    yoga: str
    padel: str
    breakfast: str
    run: str
    long: str
    place: str
    long_place: str
    about: str
    reason: str
    question: str
    options: tuple[str, ...]
    bring: str
    when: str


TEXTS = {
    "en": Texts(
        "Kallio Yoga",
        ("Padel Pasila", "Sunday Runners", "The Very Long Named Association of Boardgame Friends"),
        ("Kallio Yoga", "Kallio beginners", "Teachers and stand-ins"),
        "Alice",
        "Evening flow yoga",
        "Padel Americano",
        "Breakfast after yoga",
        "Sunday run",
        "Introduction to counter-revolutionary thermodynamics and responsible micro-entrepreneurship for beginners",
        "Kallion kulttuuritalo, sali 2",
        "The old waterworks at Länsiväyläntie 1234, second yard, third staircase, behind the blue door that sticks",
        "A calm hour after work. Bring a mat if you have one; there are a few to borrow.\n\nThe door is locked at five past.",
        "A pipe burst in the hall.",
        "What do we cook at the Christmas party?",
        ("Karjalanpaisti", "Vegan ramen", "Пельмени, лепим вместе", "Sauna makkara"),
        "Who brings what?",
        "When do we have the autumn meeting?",
    ),
    "fi": Texts(
        "Kallion joogaseura",
        ("Padel Pasila", "Sunnuntaijuoksijat", "Pääkaupunkiseudun lautapeliharrastajien yhdistys"),
        ("Kallion joogaseura", "Aloittelijat", "Ohjaajat ja tuuraajat"),
        "Aino",
        "Rauhallinen iltajooga",
        "Padel Americano",
        "Joogan jälkeinen aamiainen",
        "Sunnuntailenkki",
        "Lentokonesuihkuturbiinimoottoriapumekaanikkoaliupseerioppilaiden epävirallinen virkistysiltapäivä",
        "Kallion kulttuuritalo, sali 2",
        "Vanha vesilaitos, Länsiväyläntie 1234, toinen sisäpiha, kolmas porraskäytävä, jumittavan sinisen oven takana",
        "Rauhallinen tunti työpäivän jälkeen. Ota oma matto, jos sinulla on; muutaman voi lainata.\n\nOvi lukitaan viisi yli.",
        "Salissa on vesivahinko.",
        "Mitä laitamme pikkujouluihin ruoaksi?",
        ("Karjalanpaisti", "Vegaaninen ramen", "Пельмени, лепим вместе", "Saunamakkara"),
        "Kuka tuo mitäkin nyyttikesteihin?",
        "Milloin pidämme syyskokouksen?",
    ),
    "ru": Texts(
        "Йога в Каллио",
        (
            "Падел Пасила",
            "Воскресные бегуны",
            "Объединение любителей настольных игр столичного региона",
        ),
        ("Йога в Каллио", "Начинающие", "Преподаватели и замены"),
        "Светлана",
        "Вечерняя спокойная йога",
        "Падел американо",
        "Завтрак после йоги",
        "Воскресная пробежка",
        "Достопримечательности: человеконенавистничество и частнопредпринимательское превысокомногорассмотрительствующее",
        "Дом культуры Каллио, зал 2",
        "Старая водопроводная станция, Ленинградское шоссе 1234, второй двор, третий подъезд, за синей дверью",
        "Спокойный час после работы. Возьмите коврик, если есть; несколько можно одолжить.\n\nДверь запирается в пять минут.",
        "В зале прорвало трубу.",
        "Что готовим на рождественскую вечеринку?",
        ("Карельское жаркое", "Веганский рамен", "Пельмени, лепим вместе", "Колбаски из сауны"),
        "Кто что принесёт?",
        "Когда проведём осеннее собрание?",
    ),
}


def time_ago(**back: float) -> AbstractContextManager[None]:
    """The clock this long before noon: `with time_ago(hours=4): …`."""
    return clock.stopped(NOON - timedelta(**back))


def local_time_ahead(**on: float) -> datetime:
    """The wall-clock time in Helsinki this long after noon."""
    return (NOON + TWO + timedelta(**on)).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class StagedAccount:
    """A club with its owner, some members, and a group for its events."""

    id: int
    olga: Person
    bob: Person
    others: tuple[Person, ...]
    groups: tuple[int, ...]


async def in_groups(account: StagedAccount, *people: Any) -> None:
    """They are in all of its groups (`A5`)."""
    for group_id in account.groups:
        await are_in_group(group_id, *people)


@dataclass
class Stage:
    """What one state is set up with: its reader, whose clubs use the same `language`."""

    language: str
    reader: Person
    many: Callable[["Stage"], Awaitable["LargeAccount"]]
    texts: Texts = field(init=False)

    def __post_init__(self) -> None:
        self.texts = TEXTS[self.language]

    async def account(
        self, name: str = "", *, others: int = 3, groups: int = 1, owner: Person | None = None
    ) -> StagedAccount:
        """A club the reader is a member of, with Olga, Bob and some others; `owner` takes Olga's place."""
        olga, bob = owner or await someone("Olga"), await someone("Bob")
        account = await create_own_account(
            olga, name or self.texts.account_name, zone=ZONE, language=self.language
        )
        members = tuple([await someone(FIRST[i % len(FIRST)]) for i in range(others)])
        for person in (bob, *members, *((self.reader,) if self.reader != olga else ())):
            await join(person, account, through=JoinedThrough.HAND)
        titles = self.texts.groups[:groups]
        linked = [
            await link_group(olga, account, chat_id=-1_001_000_000_000 - next(_numbers), title=title)
            for title in titles
        ]
        made = StagedAccount(account, olga, bob, members, tuple(group.id for group in linked))
        await in_groups(made, bob, *members, self.reader)
        return made

    async def event(self, account: StagedAccount, hours: float = 76, **about: Any) -> str:
        """An instance that starts this many hours after noon, yoga by default; its code."""
        made = await create_series(account.olga, account.id, self.draft(account, hours, **about))
        return str(made.first_code)

    def draft(self, account: StagedAccount, hours: float, **about: Any) -> SeriesDraft:
        """The draft of that event."""
        draft = {
            "title": self.texts.yoga,
            "emoji": "🧘",
            "place": self.texts.place,
            "duration_minutes": 75,
            "capacity": 12,
            "guests_max": 2,
            "cancel_before_minutes": 360,
            "group_id": account.groups[0],
            "zone": ZONE,
            "starts_local": local_time_ahead(hours=hours),
        }
        return SeriesDraft(**{**draft, **about})

    async def poll(self, account: StagedAccount, **about: Any) -> str:
        """A poll with one choice by default; its code."""
        draft: dict[str, Any] = {
            "question": self.texts.question,
            "options": tuple(OptionDraft(text) for text in self.texts.options),
            "closes_at": NOON + timedelta(days=4, hours=6),
            "group_id": account.groups[0],
        }
        return await create_poll(account.olga, account.id, PollDraft(**{**draft, **about}))

    async def dates(self, account: StagedAccount, days: int = 4, **about: Any) -> str:
        """A poll about dates, one a day at 18:00; its code."""
        options = tuple(OptionDraft(starts_at=NOON + timedelta(days=2 + day, hours=4)) for day in range(days))
        return await self.poll(account, question=self.texts.when, options=options, kind="dates", **about)

    async def elsewhere(self, zone: str) -> None:
        """The reader is in another zone."""
        await choose_zone(self.reader, zone)


async def book(code: str, *parties: Person | tuple[Person, int]) -> None:
    """Book one party after the other: a person alone, or with a number of guests."""
    for party in parties:
        person, guests = party if isinstance(party, tuple) else (party, 0)
        await seats.book(code, person, guests=guests, via=CARD)


async def choose(code: str, person: Person, *choice: int | tuple[int, Any]) -> None:
    """Vote for options by their index, or with an answer for each."""
    options = [option.id for option in (await polls.poll(code, person)).options]
    picked = {
        options[one[0]]: one[1] if isinstance(one, tuple) else None
        for one in (one if isinstance(one, tuple) else (one, None) for one in choice)
    }
    has_answers = any(answer is not None for answer in picked.values())
    await vote(code, person, picked if has_answers else list(picked), via=CARD)


async def someone(first: str, last: str = "", *, language: str = "en", may_write: bool = True) -> Person:
    """A new person with this name."""
    number = next(_numbers)
    return await register_person(
        TelegramIdentity(
            number,
            first,
            last or LAST[number % len(LAST)],
            language_code=language,
            may_write=may_write,
        )
    )


@dataclass(frozen=True, slots=True)
class LargeAccount:
    """A club of thousands: an instance nearly full, one with a long waitlist, and a poll."""

    big: str
    line: str
    poll: str
    account: int
    group: int


@dataclass
class LargeAccountFactory:
    """Creates that club on first use, once for all languages."""

    size: int
    _made: "LargeAccount | None" = None

    async def __call__(self, stage: Stage) -> LargeAccount:
        if self._made is None:
            self._made = await self._make(stage)
        await join(stage.reader, self._made.account, through=JoinedThrough.HAND)
        await are_in_group(self._made.group, stage.reader)
        return self._made

    async def _make(self, stage: Stage) -> LargeAccount:
        account = await stage.account(stage.texts.accounts[-1], others=0)
        people: list[Person] = []
        for first in range(0, self.size, 50):
            names = [FIRST[i % len(FIRST)] for i in range(first, min(first + 50, self.size))]
            people += await asyncio.gather(*map(someone, names))
        await _each(people, lambda person: join(person, account.id, through=JoinedThrough.HAND))
        await in_groups(account, *people)
        big = await stage.event(account, capacity=self.size + 20, title=stage.texts.run, emoji="🏃")
        line = await stage.event(
            account, capacity=max(2, self.size // 12), title=stage.texts.padel, emoji="🎾"
        )
        await _each(people, lambda person: seats.book(big, person, guests=int(person.id % 9 == 0), via=CARD))
        await _each(people[: self.size // 4], lambda person: seats.book(line, person, via=CARD))
        poll = await stage.poll(account)
        options = [option.id for option in (await polls.poll(poll, account.olga)).options]
        await _each(
            people[: self.size // 3],
            lambda person: vote(poll, person, [options[person.id % 5 % 4]], via=CARD),
        )
        return LargeAccount(big, line, poll, account.id, account.groups[0])


async def _each(people: list[Person], do: Callable[[Person], Awaitable[Any]]) -> None:
    for first in range(0, len(people), 100):
        await asyncio.gather(*map(do, people[first : first + 100]))
