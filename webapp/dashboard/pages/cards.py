"""Posting the card of an instance or of a poll to its group: a deliberate act (`C1`, `C6`)."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.cards.actions import post_card, post_poll_card
from backend.i18n import N_, Words
from webapp.dashboard.access import authorize_event, authorize_poll
from webapp.dashboard.event_page import event_url
from webapp.dashboard.responses import notice_of, redirect
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import poll_path
from webapp.respond import AnyRequest

ON_ITS_WAY = N_("The card is on its way to the group.")


@post("/events/{code:str}/cards", status_code=303)
async def create(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Redirect:
    """Post an instance's card, also when there was one before."""
    visit = await authorize_event(visit, code, Permission.POST_CARDS)
    await post_card(visit.person, code)
    return redirect(request, event_url(request, visit, code), notice_of(visit, Words(ON_ITS_WAY)))


@post("/polls/{code:str}/cards", status_code=303)
async def create_for_poll(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Redirect:
    """Post a poll's card, also when there was one before."""
    visit = await authorize_poll(visit, code, Permission.POST_CARDS)
    await post_poll_card(visit.person, code)
    return redirect(request, visit.url(poll_path(code)), notice_of(visit, Words(ON_ITS_WAY)))
