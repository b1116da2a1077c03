"""What needs an organiser's hand, each with its one fix (`C6`, `A6`, `M2`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.accounts.rules import Permission
from backend.bookings.queries.event import instance_for_card
from backend.cards.queries import cards_of, lost_cards
from backend.groups.queries import LinkedGroup
from backend.groups.rules import GroupHealth
from backend.outbox.parked import ParkedMessage, parked_messages
from backend.polls.queries import poll_for_card
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import event_path, poll_path

LOST_MAX = 5  # cards; each that is posted again makes room for the next


@dataclass(frozen=True, slots=True)
class LostCard:
    """A card that is gone from its group, and the page on which it can be posted again, once the group lets the bot write."""

    title: str
    group_title: str
    path: str
    is_group_well: bool


@dataclass(frozen=True, slots=True)
class Todo:
    """All of one club; empty when all is well."""

    lost: tuple[LostCard, ...] = ()
    unwell: tuple[LinkedGroup, ...] = ()
    unsent: tuple[ParkedMessage, ...] = ()

    @property
    def any(self) -> bool:
        return bool(self.lost or self.unwell or self.unsent)


async def load_todo(visit: Visit, linked: Sequence[LinkedGroup]) -> Todo:
    """What needs a hand in the visited club, whose groups these are; empty for helpers, who could mend none of it."""
    if not visit.has_permission(Permission.POST_CARDS):
        return Todo()
    return Todo(
        lost=await _lost_cards(visit.account.id),
        unwell=tuple(group for group in linked if group.health is not GroupHealth.WELL),
        unsent=tuple(await parked_messages(visit.account.id)),
    )


async def _lost_cards(account_id: int) -> tuple[LostCard, ...]:
    """Lost cards whose subject has no newer one, posted or about to be."""
    found: dict[str, LostCard] = {}
    for card in await lost_cards(account_id):
        newest = (await cards_of(instance_id=card.instance_id, poll_id=card.poll_id))[0]
        if newest.state != "lost" or len(found) == LOST_MAX:
            continue
        is_well = newest.group_health == GroupHealth.WELL
        if card.instance_id is not None:
            shown = await instance_for_card(card.instance_id)
            if shown is not None:
                path = event_path(shown[0].code)
                found[path] = LostCard(shown[0].title, card.group_title, path, is_well)
        elif card.poll_id is not None:
            poll = await poll_for_card(card.poll_id)
            if poll is not None:
                path = poll_path(poll.code)
                found[path] = LostCard(poll.question, card.group_title, path, is_well)
    return tuple(found.values())
