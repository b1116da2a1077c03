"""Posting the card of a date or of a poll to its group: a deliberate act (`C1`, `C6`)."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.cards.actions import post_card, post_poll_card
from backend.i18n import N_, Words
from webapp.dashboard.frame import go, told
from webapp.dashboard.pages import events, polls
from webapp.dashboard.session import Visit
from webapp.respond import AnyRequest

ON_ITS_WAY = N_("The card is on its way to the group.")


@post("/events/{code:str}/cards", status_code=303)
async def create(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Redirect:
    """Post a date's card, also when there was one before."""
    visit = await events.of_event(visit, code, Permission.POST_CARDS)
    await post_card(visit.person, code)
    return go(request, visit.to(events.path_of(code)), told(visit, Words(ON_ITS_WAY)))


@post("/polls/{code:str}/cards", status_code=303)
async def create_for_poll(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Redirect:
    """Post a poll's card, also when there was one before."""
    visit = await polls.of_poll(visit, code, Permission.POST_CARDS)
    await post_poll_card(visit.person, code)
    return go(request, visit.to(polls.path_of(code)), told(visit, Words(ON_ITS_WAY)))
