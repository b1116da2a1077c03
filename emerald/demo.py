"""Two clubs to look at the first time: the people of the sandbox, with dates, bookings, a waitlist and a
vote."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from backend import clock, db
from backend.accounts import actions as accounts
from backend.bookings.actions import book
from backend.cards.actions import post_card, post_poll_card
from backend.events.create import create_series
from backend.events.drafts import DAY, SeriesDraft
from backend.groups.presence import mark_present
from backend.groups.queries import LinkedGroup
from backend.linking.actions import link_group, record_topic
from backend.people.actions import TelegramIdentity, register_person
from backend.people.queries import Person
from backend.polls.actions import create_poll, vote
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.queries import poll
from backend.seats.requests import Via

ZONE = "Europe/Helsinki"
YOGA_CHAT, RUNNERS_CHAT, RUNS_TOPIC = -1001000000001, -1001000000002, 2
# The people of the sandbox: Telegram id, first name, language.
PEOPLE = (
    (1001, "Olga", "en"),
    (1002, "Alice", "en"),
    (1003, "Bob", "en"),
    (1004, "Светлана", "ru"),
    (1005, "Väinö", "fi"),
    (1006, "Aino", "fi"),
    (1007, "Mikko", "fi"),
    (1008, "Pekka", "fi"),
)


async def fill() -> bool:
    """Fill an empty database with the demo clubs. Returns whether it was empty. Doing it again changes
    nothing."""
    if await db.value("SELECT EXISTS (SELECT 1 FROM accounts)"):
        return False
    people = {
        name: await register_person(TelegramIdentity(telegram_id, name, language_code=language))
        for telegram_id, name, language in PEOPLE
    }
    await _yoga(people)
    await _runners(people)
    return True


async def _yoga(people: dict[str, Person]) -> None:
    olga = people["Olga"]
    account = await accounts.create_own_account(olga, "Kallio Yoga", zone=ZONE)
    group = await link_group(olga, account, chat_id=YOGA_CHAT, title="Kallio Yoga")
    for person in people.values():
        await mark_present(person, group)
    flow = await _series(
        olga, account, group, "🧘", "Evening flow yoga", "Kallion kulttuuritalo, sali 2", 1, time(18), 75, 12,
        guests=2, cancel=6 * 60,
        about="A calm hour after work. Bring a mat if you have one; there are a few to borrow.",
    )  # fmt: skip
    padel = await _series(
        olga, account, group, "🎾", "Padel Americano", "Padel Pasila, kentät 3–4", 3, time(19, 30), 120, 4,
        guests=1, about="Everybody plays with everybody. Rackets are there.",
    )  # fmt: skip
    await _series(
        olga,
        account,
        group,
        "☕",
        "Breakfast after yoga",
        "Café Sävy",
        6,
        time(10, 30),
        90,
        None,
        guests=3,
    )
    for name, guests in (("Aino", 0), ("Mikko", 1), ("Светлана", 0), ("Väinö", 1), ("Pekka", 0)):
        await book(flow, people[name], guests=guests, via=Via.CARD)
    for name, guests in (("Mikko", 1), ("Aino", 0), ("Pekka", 0), ("Väinö", 0), ("Светлана", 1)):
        await book(padel, people[name], guests=guests, via=Via.CARD)
    await post_card(olga, flow)
    await post_card(olga, padel)
    meal = await create_poll(
        olga,
        account,
        PollDraft(
            question="What do we cook at the Christmas party?",
            options=(
                OptionDraft("Karjalanpaisti", None),
                OptionDraft("Vegan ramen", None),
                OptionDraft("Пельмени, лепим вместе", 8),
                OptionDraft("Sauna makkara", None),
            ),
            kind="single",
            choices_max=1,
            anonymous=False,
            results="live",
            closes_at=clock.now() + timedelta(days=7),
            group_id=group.id,
            topic_id=None,
        ),
    )
    options = [option.id for option in (await poll(meal, olga)).options]
    for name, choice in (("Aino", 0), ("Mikko", 0), ("Светлана", 2), ("Väinö", 1)):
        await vote(meal, people[name], [options[choice]], via=Via.CARD)
    await post_poll_card(olga, meal)


async def _runners(people: dict[str, Person]) -> None:
    mikko = people["Mikko"]
    account = await accounts.create_own_account(mikko, "Sunday Runners", zone=ZONE)
    group = await link_group(mikko, account, chat_id=RUNNERS_CHAT, title="Sunday Runners", forum=True)
    await record_topic(RUNNERS_CHAT, RUNS_TOPIC, "Runs")
    await record_topic(RUNNERS_CHAT, 3, "Chatter")
    for name in ("Alice", "Bob", "Olga", "Mikko", "Aino"):
        await mark_present(people[name], group)
    run = await _series(
        mikko,
        account,
        group,
        "🏃",
        "Sunday run",
        "Töölönlahti",
        6,
        time(9),
        60,
        20,
        guests=2,
        topic=RUNS_TOPIC,
    )
    for name in ("Mikko", "Aino"):
        await book(run, people[name], via=Via.CARD)
    await post_card(mikko, run)


async def _series(
    organiser: Person,
    account: int,
    group: LinkedGroup,
    emoji: str,
    title: str,
    place: str,
    weekday: int,
    at: time,
    minutes: int,
    capacity: int | None,
    *,
    guests: int = 0,
    cancel: int | None = None,
    about: str = "",
    topic: int | None = None,
) -> str:
    """Create a weekly series from the next such weekday (Monday is 0) that is at least a day away. Returns
    its first code."""
    today = clock.now().astimezone(ZoneInfo(ZONE)).date()
    first = today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    made = await create_series(
        organiser,
        account,
        SeriesDraft(
            title=title,
            emoji=emoji,
            description=about,
            place=place,
            zone=ZONE,
            starts_local=datetime.combine(first, at),
            duration_minutes=minutes,
            rule="FREQ=WEEKLY",
            capacity=capacity,
            guests_max=guests,
            cancel_before_minutes=cancel,
            announce_before_minutes=2 * DAY,
            group_id=group.id,
            topic_id=topic,
        ),
    )
    return made.first_code
