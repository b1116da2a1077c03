"""How the dashboard answers: with a page in its frame, or with a redirect to one that shows a notice once."""

from dataclasses import astuple
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.response import Redirect

from backend.i18n import Words
from backend.settings import settings
from webapp.dashboard import cookies
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import section_of
from webapp.freshness import etag_of
from webapp.notices import Notice, Tone, Undo
from webapp.respond import AnyRequest, page

APP_LINK = f"https://t.me/{settings.telegram_bot_name}/{settings.telegram_app_name}"  # opens the Mini App
POLL_INTERVAL = 5  # seconds after which an open page asks again whether it is fresh
NOTICE_LIFE = timedelta(minutes=2)
CSV = "text/csv"  # Litestar adds the charset
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def render_page(
    request: AnyRequest,
    visit: Visit,
    template: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    notice: Notice | None = None,
    seen: str = "",
    **context: Any,
) -> Response[str]:
    """A page of the dashboard for this visit, with the notice that is given, else with the one a redirect
    left.

    With `seen` (`webapp.freshness.seen_token`) the page asks every few seconds whether it is fresh; an answer
    to a form never does.
    """
    left = _notice_left(request) if notice is None else None
    response = page(
        f"dashboard/{template}",
        visit.voice,
        status=status,
        headers=headers,
        **{"faults": {}, **context},
        visit=visit,
        url=visit.url,
        section=section_of(request.url.path),
        notice=notice or left,
        live=_live_url(request, seen) if seen and request.method == "GET" else "",
        pace=POLL_INTERVAL,
    )
    if left is not None:
        cookies.clear(request, response, cookies.NOTICE)
    return response


def _live_url(request: AnyRequest, seen: str) -> str:
    """This page's own address, with what it shows."""
    query = {name: value for name, value in request.query_params.items() if name != "seen"}
    return f"{request.url.path}?{urlencode({**query, 'seen': seen})}"


def redirect(request: AnyRequest, url: str, notice: Notice | None = None) -> Redirect:
    """To another page (303), which shows the notice."""
    response = Redirect(url, status_code=303)
    if notice is not None:
        content: dict[str, Any] = {"text": notice.text, "tone": notice.tone}
        if notice.undo is not None:
            content["undo"] = astuple(notice.undo)
        cookies.write(request, response, cookies.NOTICE, content, life=NOTICE_LIFE)
    return response


def notice_of(visit: Visit, words: Words, tone: Tone = "plain", undo: Undo | None = None) -> Notice:
    """A notice in the visitor's language."""
    return Notice(visit.voice.translate(words), tone, undo)


def _notice_left(request: AnyRequest) -> Notice | None:
    """The notice that the last redirect left for this page."""
    content = cookies.read(request, cookies.NOTICE, life=NOTICE_LIFE)
    if not content:
        return None
    undo = Undo(*content["undo"]) if "undo" in content else None
    return Notice(content["text"], content["tone"], undo)


def file_response(content: bytes, media_type: str, name: str) -> Response[bytes]:
    """A file to save under this name, which is of letters, digits and `-`."""
    return Response(
        content,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def etag_for(visit: Visit, version: str) -> str:
    """The etag of a page whose rows have this version, as this visitor sees it; "" without a version."""
    return version and etag_of(version, visit.person, visit.accounts)
