"""`emerald post` and `emerald cards`: posting a card again, and seeing what became of each (`C1`, `C6`)."""

import argparse
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from emerald.commands.acting import act, club_named, say, takes_actor

if TYPE_CHECKING:
    from backend.people.queries import Person


def register(add: Any) -> None:
    """Add both commands."""
    made = add("post", "post a card of a date or a poll to its group, also again", post)
    made.add_argument("code", help="of the date or the poll, as in its links")
    takes_actor(made)
    made = add("cards", "list a club's cards with their state, and what is wrong", index)
    made.add_argument("--account", required=True, metavar="NAME", help="the club, by name or number")
    takes_actor(made)


@dataclass(frozen=True, slots=True)
class Posted:
    """What was asked for."""

    code: str
    posting: str  # "date" or "poll"


def post(given: argparse.Namespace) -> int:
    """`emerald post`."""
    return say(
        given,
        act(given, lambda person: _post(person, given.code)),
        "The card is on its way to the group.",
    )


async def _post(person: "Person", code: str) -> Posted:
    """Raises `NotFound` when neither a date nor a poll has this code, and what posting raises."""
    from backend.cards.actions import post_card, post_poll_card
    from backend.errors import NotFound
    from backend.polls.actions import find_poll

    try:
        await find_poll(code)
    except NotFound:
        await post_card(person, code)
        return Posted(code, "date")
    await post_poll_card(person, code)
    return Posted(code, "poll")


def index(given: argparse.Namespace) -> int:
    """`emerald cards`."""
    found = act(given, lambda person: _index(person, given.account))
    lines = [_line(card) for card in found or ()]
    return say(given, found, "\n".join(lines) or "There are no cards.")


async def _index(person: "Person", account: str) -> list[dict[str, Any]]:
    """The club's cards of what is not over. Raises `NotFound`, `Forbidden`."""
    from backend.accounts.rules import Permission
    from backend.cards.queries import cards_of_account

    club = await club_named(person, account, Permission.POST_CARDS)
    return [asdict(card) for card in await cards_of_account(club.id)]


def _line(card: dict[str, Any]) -> str:
    state = f"{card['state']} ({card['trouble']})" if card["trouble"] else card["state"]
    where = card["group_title"]
    if card["topic_id"] is not None:
        where += f", topic {card['topic_id']}"
    shown = [str(card["id"]), state, card["title"], where, card["link"], card["error"]]
    return "  ".join(part for part in shown if part)
