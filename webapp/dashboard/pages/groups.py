"""The club's groups and their cards: whether all is well, and what to do if not (`A6`, `C6`)."""

from litestar import Response, get
from litestar.di import NamedDependency

from backend.accounts.rules import Permission
from backend.cards.queries import cards_of_account
from backend.groups.queries import groups
from webapp.dashboard.responses import render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.todo import load_todo
from webapp.respond import AnyRequest


@get("/groups")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """Every group with its topics and how many cards it shows; lost cards with the button that posts them again."""
    visit = await visit.authorize(Permission.POST_CARDS)
    shown: dict[int, int] = {}
    for card in await cards_of_account(visit.account.id):
        if card.state == "live" and card.group_id is not None:
            shown[card.group_id] = shown.get(card.group_id, 0) + 1
    linked = await groups(visit.account.id)
    return render_page(
        request,
        visit,
        "groups/index.html",
        groups=linked,
        cards=shown,
        todo=await load_todo(visit, linked),
    )
