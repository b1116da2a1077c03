"""/groups: whether the bot can write in an organiser's groups, which topics it knows, and lost cards (`A6`, `C6`)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from aiogram import Router
from aiogram.types import Message

from backend.accounts.queries import permitted_accounts
from backend.accounts.rules import Permission
from backend.cards.queries import CardView, lost_cards
from backend.groups.queries import LinkedGroup, groups
from backend.i18n import N_, Voice
from backend.people.queries import Person
from bot.callbacks import RepostCardCallback
from bot.delivery.client import reply
from bot.filters import command_named, from_person
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.buttons import MAX_LABEL_LENGTH, make_callback_button
from bot.keyboards.groups import make_set_up_button
from bot.keyboards.links import make_add_to_group_button
from bot.rendering import RenderedMessage, Rows, render, shorten

_GROUPS_MAX = 15  # of each club, in a message
_TOPICS_MAX = 10
_ACCOUNTS_MAX = 3


async def index(message: Message, person: Person, voice: Voice) -> None:
    """/groups, in private. Raises `Forbidden`."""
    if not await redirect_from_group(message, voice, "groups"):
        await show(message, person, voice)


async def show(message: Message, person: Person, voice: Voice) -> None:
    """The groups of the clubs for which the person may post cards, a message for each club. Raises `Forbidden`."""
    for account in (await permitted_accounts(person, Permission.POST_CARDS))[:_ACCOUNTS_MAX]:
        lost: dict[int, list[CardView]] = defaultdict(list)
        for card in await lost_cards(account.id):
            lost[card.group_id].append(card)
        await reply(message, _render(account.name, await groups(account.id), lost, voice))


def _render(
    name: str, linked: Sequence[LinkedGroup], lost: Mapping[int, Sequence[CardView]], voice: Voice
) -> RenderedMessage:
    rows: Rows = []
    for group in linked[:_GROUPS_MAX]:
        # What was lost together is posted again by one tap, and comes together in this list.
        for lost_at in dict.fromkeys(card.lost_at for card in lost.get(group.id, ())):
            card = next(each for each in lost[group.id] if each.lost_at == lost_at)
            title = shorten(card.title, MAX_LABEL_LENGTH)
            label = voice.gettext(N_("Post again: %(title)s"), title=title)
            rows.append([make_callback_button(label, RepostCardCallback(card_id=card.id))])
        if group.forum:
            title = shorten(group.title, MAX_LABEL_LENGTH)
            label = voice.gettext(N_("Topics of %(group)s"), group=title)
            rows.append([make_set_up_button(group.chat_id, label)])
    return render(
        "groups.html",
        voice,
        [*rows[: 2 * _GROUPS_MAX], [make_add_to_group_button(voice)]],
        name=name,
        groups=linked[:_GROUPS_MAX],
        more=max(0, len(linked) - _GROUPS_MAX),
        lost={group_id: len(cards) for group_id, cards in lost.items()},
        topics_max=_TOPICS_MAX,
    )


def router() -> Router:
    made = Router(name="group health")
    made.message.register(index, command_named("groups"), from_person)
    return made
