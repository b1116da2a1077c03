"""Messages that could not be sent: to whom, why, and what to do about it (`M2`)."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.i18n import N_, Voice, Words
from backend.outbox.parked import ParkedMessage, drop_parked, parked_count, parked_messages, send_parked_again
from webapp.dashboard.message_words import kind_words, reason_words
from webapp.dashboard.people_lists import PAGE_SIZE, read_id
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import MESSAGES
from webapp.notices import Undo
from webapp.respond import AnyRequest


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message, what it was, and why it was not sent, in words."""

    message: ParkedMessage
    kind: str
    reason: str


@get("/messages")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """A page of them, newest first."""
    visit = await visit.authorize(Permission.ANNOUNCE)
    after = read_id(request.query_params.get("after", ""))
    found = await parked_messages(visit.account.id, after=after, limit=PAGE_SIZE + 1)
    rows = [_row(message, visit.voice) for message in found[:PAGE_SIZE]]
    return render_page(
        request,
        visit,
        "messages/index.html",
        rows=rows,
        total=await parked_count(visit.account.id),
        after=after,
        following=rows[-1].message.id if len(found) > PAGE_SIZE else None,
    )


@post("/messages/retry", status_code=303)
async def create_all(request: AnyRequest, visit: NamedDependency[Visit]) -> Redirect:
    """Try all of them again."""
    visit = await visit.authorize(Permission.ANNOUNCE)
    return _sent_again(request, visit, await send_parked_again(visit.person, visit.account.id))


@post("/messages/{message_id:int}/retry", status_code=303)
async def create(request: AnyRequest, message_id: FromPath[int], visit: NamedDependency[Visit]) -> Redirect:
    """Try one of them again."""
    visit = await visit.authorize(Permission.ANNOUNCE)
    return _sent_again(request, visit, await send_parked_again(visit.person, visit.account.id, message_id))


@post("/messages/{message_id:int}/removal", status_code=303)
async def destroy(request: AnyRequest, message_id: FromPath[int], visit: NamedDependency[Visit]) -> Redirect:
    """Give a message up."""
    visit = await visit.authorize(Permission.ANNOUNCE)
    await drop_parked(visit.person, visit.account.id, message_id)
    undo = Undo(f"{MESSAGES}/{message_id}/restoration", visit.voice.gettext(N_("Undo")))
    words = Words(N_("The message is dropped. It will not be sent."))
    return redirect(request, visit.url(MESSAGES), notice_of(visit, words, undo=undo))


@post("/messages/{message_id:int}/restoration", status_code=303)
async def restore(request: AnyRequest, message_id: FromPath[int], visit: NamedDependency[Visit]) -> Redirect:
    """List a dropped message again."""
    visit = await visit.authorize(Permission.ANNOUNCE)
    await drop_parked(visit.person, visit.account.id, message_id, undo=True)
    return redirect(request, visit.url(MESSAGES))


def _sent_again(request: AnyRequest, visit: Visit, count: int) -> Redirect:
    words = Words(
        N_("%(n)s message will be tried again."), {}, N_("%(n)s messages will be tried again."), count
    )
    return redirect(request, visit.url(MESSAGES), notice_of(visit, words))


def _row(message: ParkedMessage, voice: Voice) -> MessageRow:
    return MessageRow(
        message, voice.gettext(kind_words(message.kind)), voice.gettext(reason_words(message.error))
    )
