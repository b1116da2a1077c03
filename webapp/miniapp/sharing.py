"""Sharing from the Mini App: a prepared message that the person's client sends, with a button that opens the
Mini App.

The process passes in the function that prepares messages at Telegram (`set_share_provider`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Response
from litestar.enums import MediaType

from backend.bookings.views import InstanceView
from backend.errors import TooOften
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.people.rate_limits import RateLimit, spend
from backend.polls.views import PollView
from backend.sharing.rules import for_any_reader
from webapp.miniapp.labels import app_link
from webapp.rendering import render

# Takes a Telegram id and an InlineQueryResultArticle; the message's id, or "" when there is none.
ShareProvider = Callable[[int, dict[str, Any]], Awaitable[str]]
CONCURRENT_MAX = 8  # messages being prepared in a process; beyond that people share the link
OPTIONS_MAX = 12  # of a poll, named in the message

_share_provider: ShareProvider | None = None
_slots = asyncio.Semaphore(CONCURRENT_MAX)


def set_share_provider(provider: ShareProvider | None) -> None:
    """Prepare messages by calling this; None when Telegram cannot be called."""
    global _share_provider
    _share_provider = provider


async def share_event(view: InstanceView, person: Person) -> Response[str]:
    """An instance in its club's language: what, when and, where anybody may know it, where (`C9`); no counts, because the
    message is never edited."""
    voice = Voice(view.account_language, view.account_zone)
    text = render("miniapp/events/shared.html", voice, view=for_any_reader(view))
    about = f"{voice.span(view.starts_at, view.ends_at, view.zone)} · {view.account_name}"
    return await _prepare_message(person, f"e_{view.code}", view.title, about, text, voice)


async def share_poll(view: PollView, person: Person) -> Response[str]:
    """A poll: its question and its options; no counts either."""
    voice = Voice(view.account_language, view.zone)
    texts = [option.name(voice, view.zone) for option in view.options[:OPTIONS_MAX]]
    text = render("miniapp/polls/shared.html", voice, view=view, texts=texts)
    return await _prepare_message(person, f"p_{view.code}", view.question, view.account_name, text, voice)


async def _prepare_message(
    person: Person, start: str, title: str, about: str, text: str, voice: Voice
) -> Response[str]:
    """The id of the prepared message; 204 when only the link can be shared, whatever the reason."""
    prepared = ""
    if _share_provider is not None and not _slots.locked() and await _may_share(person):
        async with _slots:
            prepared = await _share_provider(
                person.telegram_id,
                _article(start, title, about, text, voice),
            )
    return Response(
        prepared,
        status_code=200 if prepared else 204,
        media_type=MediaType.TEXT,
        headers={"Cache-Control": "no-store"},
    )


def _article(start: str, title: str, about: str, text: str, voice: Voice) -> dict[str, Any]:
    """An `InlineQueryResultArticle` of the Bot API, with a button that opens the Mini App."""
    button = {"text": f"{voice.gettext(N_('Open in Emerald'))} ↗", "url": app_link(start)}
    return {
        "type": "article",
        "id": start,
        "title": title,
        "description": about,
        "input_message_content": {
            "message_text": _strip_lines(text),
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
        },
        "reply_markup": {"inline_keyboard": [[button]]},
    }


async def _may_share(person: Person) -> bool:
    """Count one more share of this person (`X7`)."""
    try:
        await spend(person, RateLimit.SHARES)
    except TooOften:
        return False
    return True


def _strip_lines(text: str) -> str:
    """The text without empty lines, and without spaces around its lines."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
