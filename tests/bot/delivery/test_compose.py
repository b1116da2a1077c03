"""The text and buttons of every kind of message, in each language (`M1`)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from backend import clock
from backend.i18n import languages
from backend.outbox.kinds import About, Choice, Kind
from backend.outbox.staleness import Situation
from tests.snapshots import in_each_language, message_text
from tests.views import START, instance_view, own_booking

AHEAD = timedelta(hours=3)  # before the start
UNTIL = START - timedelta(hours=2, minutes=30)
SEAT, TWO_SEATS = {"mine": own_booking()}, {"mine": own_booking(seats=2)}
WAITS = {"booked": 12, "waiting": 3, "mine": own_booking(seats=0, waiting=1, place=2)}
CAN_TAKE = {"mine": own_booking(seats=0, waiting=1, place=1), "waiting": 1, "booked": 11}

# What the instance looks like to the reader, where it must be something else than free seats and no answer.
VIEWS: dict[Kind, dict[str, Any]] = {
    Kind.PROMOTED: SEAT,
    Kind.SEATED: TWO_SEATS,
    Kind.TRANSFERRED: SEAT,
    Kind.WAITLISTED: WAITS,
    Kind.REPLACED: {"mine": own_booking(is_releasing=True), "releasing": 1},
    Kind.OFFER: {
        "booked": 11,
        "offered": 1,
        "mine": own_booking(seats=0, offered=1, offer_until=UNTIL),
    },
    Kind.OFFER_EXPIRED: WAITS,
    Kind.FIRST_TAP: CAN_TAKE,
    Kind.PART_FREE: {**CAN_TAKE, "mine": own_booking(seats=0, waiting=2, place=1)},
    Kind.MOVED: SEAT,
    Kind.MINIMUM: SEAT,
    Kind.CONFIRMED: SEAT,
    Kind.REMINDER: TWO_SEATS,
}
DETAILS: dict[Kind, dict[str, object]] = {
    Kind.OFFER: {"seats": 1, "until": UNTIL.isoformat()},
    Kind.SEAT_CLAIM: {"until": UNTIL.isoformat()},
    Kind.CANCELLED: {"seats": 1, "reason": "A pipe <burst>"},
    Kind.CALLED_OFF: {"reason": "Too few people: 2 signed up, and at least 3 are needed."},
    Kind.MOVED: {"was": (START - timedelta(days=1)).isoformat(), "asked": True},
    Kind.REMINDER: {"starts_at": START.timestamp(), "lead": 180},
    Kind.CARD_LOST: {"card": 1, "others": 2},
    Kind.DEPARTED: {"others": 2, "kept": False},
    Kind.REJOINED: {"others": 1, "waiting": False},
    Kind.GROUP_LINKED: {"group": "Padel <club>", "account_name": "Kallio Yoga"},
    Kind.GROUP_TAKEN_BACK: {"group": "t.me/padel", "account_name": "Kallio & co"},
    Kind.TOPIC_GONE: {"group": "Padel <club>", "topic": "Courts & co", "account_name": "Kallio Yoga"},
    Kind.ACCOUNT_CLOSING: {
        "account_name": "Kallio <Yoga>",
        "zone": "Europe/Helsinki",
        "closing_at": START.isoformat(),
    },
    Kind.OWNERSHIP: {"account_name": "Kallio <Yoga>", "by": "Olga", "to": "t.me/bob", "is_new": True},
    Kind.ACCOUNT_KEPT: {
        "account_name": "Kallio <Yoga>",
        "zone": "Europe/Helsinki",
        "closing_at": START.isoformat(),
    },
    Kind.CLOCKS_CHANGED: {
        "title": "Evening <flow>",
        "zone": "Africa/Casablanca",
        "version": "2026f",
        "moves": [
            {
                "minutes": 60,
                "count": 14,
                "starts": [(START + timedelta(weeks=n)).isoformat() for n in range(3)],
            },
            {"minutes": -90, "count": 1, "starts": [(START + timedelta(days=1)).isoformat()]},
        ],
        "edited": 2,
        "edits": [{"at": START.isoformat(), "known": "2026-11-24T18:00:00"}],
    },
}


def delivery(kind: Kind, language: str, **fields: Any) -> Any:
    """A message of this kind to Alice, who reads this language."""
    from backend.outbox.deliveries import Delivery
    from backend.people.queries import Person

    mine = VIEWS.get(kind, {}).get("mine")
    situation = Situation(
        now=clock.now(),
        detail=DETAILS.get(kind, {"seats": 1}),
        instance_state="SCHEDULED",
        starts_at=START,
        is_over=False,
        free_to_leave_until=START,
        decides_at=None,
        is_decided=False,
        missing=2,
        seat_available=True,
        answer=mine.answer if mine else "",
        seats=mine.seats if mine else 0,
        waiting=mine.waiting if mine else 0,
        offer_until=mine.offer_until if mine else None,
        is_member=True,
        to_group=False,
        announcement_stopped=False,
        poll_closes_at=None,
        poll_settled=False,
        card_lost=True,
    )
    return Delivery(
        id=1,
        account_id=1,
        kind=kind,
        to=Person(1, 1002, "Alice", language=language, reachable=True),
        instance_id=1,
        announcement_id=1,
        priority=kind.policy.priority,
        attempts=1,
        epoch=1,
        account_language="en",
        account_zone="Europe/Helsinki",
        zone="Europe/Helsinki",
        muted=frozenset(),
        is_sent_at_night=False,
        went_on=False,
        situation=situation,
        **fields,
    )


def instance_message(kind: Kind, language: str) -> Any:
    from bot.delivery.compose import Subject, render_about_instance

    following = instance_view(code="followingx", starts_at=START + timedelta(days=7))
    view = instance_view(min_to_run=11, decides_at=UNTIL, **VIEWS.get(kind, {}))
    return render_about_instance(Subject(delivery(kind, language), view, following))


def calendar_message(kind: Kind, language: str) -> Any:
    from bot.delivery.compose import Subject, render_calendar_file
    from bot.rendering import File

    subject = Subject(delivery(kind, language), instance_view(), None)
    return render_calendar_file(subject, File("abcdefghjk.ics", b"BEGIN:VCALENDAR"))


def poll_message(kind: Kind, language: str) -> Any:
    from backend.polls.rules import PollKind, ResultVisibility
    from backend.polls.views import PollView
    from bot.delivery.compose import render_about_poll

    poll = PollView(
        now=clock.now(),
        id=1,
        code="pollcodexx",
        account_id=1,
        account_name="Kallio Yoga",
        account_language="en",
        zone="Europe/Helsinki",
        question="What do <we> cook?",
        kind=PollKind.SINGLE,
        choices_max=1,
        anonymous=False,
        results=ResultVisibility.LIVE,
        closes_at=START,
        closed_at=None,
        group_id=1,
        topic_id=None,
        voters=27,
        electors=41,
        version=1,
        options=(),
        role=None,
        voted=False,
        visible=True,
        open=True,
    )
    return render_about_poll(delivery(kind, language), poll)


def card_message(kind: Kind, language: str) -> Any:
    from backend.cards.queries import CardView
    from backend.cards.rules import CardState, CardTrouble
    from backend.groups.rules import GroupHealth
    from bot.delivery.compose import render_about_card

    card = CardView(
        id=1,
        account_id=1,
        instance_id=1,
        poll_id=None,
        group_id=1,
        group_title="Kallio <Yoga>",
        group_health=GroupHealth.WELL,
        topic_id=None,
        state=CardState.LOST,
        error="",
        created_at=START,
        posted_at=None,
        link="",
        title="Evening flow yoga",
        trouble=CardTrouble.DELETED,
        lost_at=START,
    )
    return render_about_card(delivery(kind, language), card)


def clocks_message(kind: Kind, language: str) -> Any:
    from bot.delivery.compose import render_about_clocks

    return render_about_clocks(delivery(kind, language))


def group_message(kind: Kind, language: str) -> Any:
    from bot.delivery.compose import render_about_group

    return render_about_group(delivery(kind, language))


def account_message(kind: Kind, language: str) -> Any:
    from bot.delivery.account_messages import render_about_account

    return render_about_account(delivery(kind, language))


def announcement_message(kind: Kind, language: str) -> Any:
    from backend.announcements.queries import Announcement
    from backend.announcements.rules import AnnouncementState
    from bot.announcements import render_announcement

    announcement = Announcement(
        id=1,
        account_id=1,
        account_name="Kallio Yoga",
        zone="Europe/Helsinki",
        text="The hall is <closed>.",
        maintenance=True,
        to_members=True,
        at_night=False,
        state=AnnouncementState.SENDING,
        due_at=START,
        created_at=START,
        ended_at=None,
    )
    return render_announcement(announcement, delivery(kind, language).voice, private=True)


RENDER: dict[About, Callable[[Kind, str], Any]] = {
    About.INSTANCE: instance_message,
    About.CALENDAR_FILE: calendar_message,
    About.POLL: poll_message,
    About.CARD: card_message,
    About.CLOCKS: clocks_message,
    About.GROUP: group_message,
    About.ACCOUNT: account_message,
    About.ANNOUNCEMENT: announcement_message,
}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_text_in_each_language(kind: Kind, snapshot: SnapshotAssertion) -> None:
    """`M1`: none is left in English, and none speaks of how its reader stands instead."""
    with clock.stopped(START - AHEAD):
        render = RENDER[kind.policy.about]
        texts = [message_text(render(kind, language)) for language in languages()]
        assert len(set(texts)) == len(languages()) >= 3
        assert in_each_language(lambda language: render(kind, language)) == snapshot


@pytest.mark.parametrize(
    "kind",
    [Kind.OFFER, Kind.OFFER_EXPIRED, Kind.WAITLISTED, Kind.FIRST_TAP, Kind.PART_FREE],
    ids=lambda kind: kind.name,
)
def test_a_reader_who_has_acted_meanwhile_reads_how_they_stand(kind: Kind) -> None:
    """`W3`: they tapped between the claim of the message and its rendering."""
    from bot.delivery.compose import Subject, render_about_instance

    with clock.stopped(START - AHEAD):
        subject = Subject(delivery(kind, "en"), instance_view(mine=own_booking()), None)
        assert render_about_instance(subject).text.endswith("You’re in.")
        still_true = replace(subject, view=instance_view(min_to_run=11, **VIEWS[kind]))
        assert not render_about_instance(still_true).text.endswith("You’re in.")


def test_every_choice_has_its_buttons_and_every_subject_its_composer() -> None:
    from bot.delivery.compose import BUTTONS, COMPOSERS

    assert set(BUTTONS) == set(Choice) and set(COMPOSERS) == set(About)
    assert {kind.policy.choice for kind in Kind} == set(Choice)
