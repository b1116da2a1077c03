"""`emerald post` and `emerald cards`: post a card again, and see the state of each (`C1`, `C6`)."""

from dataclasses import asdict, dataclass
from typing import Any

import click

from backend.accounts.rules import Permission
from backend.cards.actions import post_card, post_poll_card
from backend.cards.queries import cards_of_account
from backend.errors import NotFound
from backend.people.queries import Person
from backend.polls.actions import find_poll
from emerald.commands.actor import Actor, find_managed_account
from emerald.commands.options import account_option, actor_options


@dataclass(frozen=True, slots=True)
class Posted:
    """The answer of `emerald post --json`."""

    code: str
    posting: str  # "date" or "poll"


@click.command
@click.argument("code")
@actor_options
def post(actor: Actor, code: str) -> None:
    """Post the card of the date or poll CODE to its group, or post it again."""
    actor.print(actor.run(lambda person: _post(person, code)), "The card is on its way to the group.")


async def _post(person: Person, code: str) -> Posted:
    """Raises `NotFound` when neither a date nor a poll has this code, and what posting raises."""
    try:
        await find_poll(code)
    except NotFound:
        await post_card(person, code)
        return Posted(code, "date")
    await post_poll_card(person, code)
    return Posted(code, "poll")


@click.command
@account_option
@actor_options
def cards(actor: Actor, account: str) -> None:
    """List a club's cards with their state and any problem."""

    async def find(person: Person) -> list[dict[str, Any]]:
        managed = await find_managed_account(person, account, Permission.POST_CARDS)
        return [asdict(card) for card in await cards_of_account(managed.id)]

    found = actor.run(find)
    actor.print(found, "\n".join(map(_line, found)) or "No cards.")


def _line(card: dict[str, Any]) -> str:
    state = f"{card['state']} ({card['trouble']})" if card["trouble"] else card["state"]
    where = card["group_title"]
    if card["topic_id"] is not None:
        where += f", topic {card['topic_id']}"
    parts = [str(card["id"]), state, card["title"], where, card["link"], card["error"]]
    return "  ".join(part for part in parts if part)
