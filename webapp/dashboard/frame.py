"""How the dashboard answers: a page in its frame, or a redirect with a notice that the next page shows once."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.response import Redirect

from backend.i18n import Words
from backend.settings import settings
from webapp.dashboard import cookies
from webapp.dashboard.session import Visit
from webapp.freshness import etag_of
from webapp.respond import AnyRequest, page

BOT_APP = f"{settings.telegram_bot_name}/{settings.telegram_app_name}"  # the Mini App, behind t.me/
SECTIONS = frozenset({"series", "members", "polls", "keys", "settings"})
PACE = 5  # seconds between two looks
NOTICE_LIFE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Undo:
    """A way back that a notice offers: a form with one button."""

    action: str
    label: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """What just happened, told once. `tone` is `plain`, `yes`, `wait` or `no`."""

    text: str
    tone: str = "plain"
    undo: Undo | None = None


def show(
    request: AnyRequest,
    visit: Visit,
    template: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    notice: Notice | None = None,
    mark: str = "",
    **context: Any,
) -> Response[str]:
    """A page of the dashboard for this visit. Shows the notice that is given, else the one that waits.

    With a `mark` the page asks every few seconds whether it still shows what is; an answer to a form never does.
    """
    waiting = _waiting_notice(request) if notice is None else None
    answer = page(
        f"dashboard/{template}",
        visit.voice,
        status=status,
        headers=headers,
        **{"faults": {}, **context},
        visit=visit,
        to=visit.to,
        section=_section(request.url.path),
        notice=notice or waiting,
        live=_again(request, mark) if mark and request.method == "GET" else "",
        pace=PACE,
    )
    if waiting is not None:
        cookies.drop(request, answer, cookies.NOTICE)
    return answer


def _section(path: str) -> str:
    """The entry of the navigation that a page belongs to."""
    noun = path.removeprefix("/dashboard").strip("/").partition("/")[0]
    return f"/dashboard/{noun}" if noun in SECTIONS else "/dashboard"


def _again(request: AnyRequest, mark: str) -> str:
    """This page's own address, with what it shows."""
    query = {name: value for name, value in request.query_params.items() if name != "seen"}
    return f"{request.url.path}?{urlencode({**query, 'seen': mark})}"


def go(request: AnyRequest, path: str, notice: Notice | None = None) -> Redirect:
    """On to another page (303), which shows the notice."""
    answer = Redirect(path, status_code=303)
    if notice is not None:
        told: dict[str, Any] = {"text": notice.text, "tone": notice.tone}
        if notice.undo is not None:
            told["undo"] = [notice.undo.action, notice.undo.label, notice.undo.fields]
        cookies.write(request, answer, cookies.NOTICE, told, life=NOTICE_LIFE)
    return answer


def told(visit: Visit, words: Words, tone: str = "plain", undo: Undo | None = None) -> Notice:
    """A notice of an outcome's words."""
    return Notice(visit.voice.tell(words), tone, undo)


def _waiting_notice(request: AnyRequest) -> Notice | None:
    waiting = cookies.read(request, cookies.NOTICE, life=NOTICE_LIFE)
    if not waiting:
        return None
    undo = Undo(*waiting["undo"]) if "undo" in waiting else None
    return Notice(waiting["text"], waiting["tone"], undo)


def unless_seen(request: AnyRequest, *made_from: object) -> tuple[Response[Any] | None, str]:
    """How a page follows what others do: 204 when it shows all this already (`?seen=`), else the mark to come back with."""
    mark = etag_of(*made_from)
    if request.query_params.get("seen") == mark:
        return Response(None, status_code=204, headers={"Cache-Control": "no-store"}), mark
    return None, mark
