"""What somebody sends on from the Mini App: a message that their client sends for them, with a button that leads back.

Whoever starts the process says how Telegram is given such a message (`set_share_provider`).
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from litestar import Response
from litestar.enums import MediaType

from backend import clock
from backend.bookings.views import InstanceView
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.polls.views import PollView
from webapp.miniapp.labels import app_link
from webapp.rendering import render

# Takes a Telegram id and an InlineQueryResultArticle; the message's id, or "" when there is none.
ShareProvider = Callable[[int, dict[str, Any]], Awaitable[str]]
CONCURRENT_MAX = 8  # messages being prepared in a process; who comes then shares by the link
SHARES_PER_MINUTE = (
    10  # messages of one person; the bot's other calls must not suffer from who taps for fun (X7)
)
REMEMBERED_PEOPLE = 5_000  # people
OPTIONS_MAX = 12  # of a poll, named in the message

_share_provider: ShareProvider | None = None
_slots = asyncio.Semaphore(CONCURRENT_MAX)
_shared: OrderedDict[int, deque[datetime]] = OrderedDict()


def set_share_provider(provider: ShareProvider | None) -> None:
    """Prepare messages by calling this; None when Telegram cannot be called."""
    global _share_provider
    _share_provider = provider


async def share_event(view: InstanceView, person: Person) -> Response[str]:
    """A date, as its club tells of it: what, when, where; no counts, for nobody will ever edit them."""
    voice = Voice(view.club_language)
    text = render("miniapp/events/shared.html", voice, view=view)
    about = f"{voice.span(view.starts_at, view.ends_at, view.zone)} · {view.club}"
    return await _prepare_message(person, f"e_{view.code}", view.title, about, text, voice)


async def share_poll(view: PollView, person: Person) -> Response[str]:
    """A poll: its question and what can be chosen; no counts either."""
    voice = Voice(view.club_language)
    text = render("miniapp/polls/shared.html", voice, view=view, most=OPTIONS_MAX)
    return await _prepare_message(person, f"p_{view.code}", view.question, view.club, text, voice)


async def _prepare_message(
    person: Person, start: str, title: str, about: str, text: str, voice: Voice
) -> Response[str]:
    """The message's id; 204 when it has to be the link, whatever the reason: that is no fault of whoever shares."""
    prepared = ""
    if _share_provider is not None and not _slots.locked() and _count_share(person):
        async with _slots:
            prepared = await _share_provider(
                person.telegram_id,
                {
                    "type": "article",
                    "id": start,
                    "title": title,
                    "description": about,
                    "input_message_content": {
                        "message_text": _strip_lines(text),
                        "parse_mode": "HTML",
                        "link_preview_options": {"is_disabled": True},
                    },
                    "reply_markup": {
                        "inline_keyboard": [
                            [
                                {
                                    "text": f"{voice.say(N_('Open in Emerald'))} ↗",
                                    "url": app_link(start),
                                }
                            ]
                        ]
                    },
                },
            )
    return Response(
        prepared,
        status_code=200 if prepared else 204,
        media_type=MediaType.TEXT,
        headers={"Cache-Control": "no-store"},
    )


def _count_share(person: Person) -> bool:
    """Whether this process has made few enough for this person; if so, one more is counted."""
    now = clock.now()
    theirs = _shared.setdefault(person.id, deque(maxlen=SHARES_PER_MINUTE))
    _shared.move_to_end(person.id)
    if len(_shared) > REMEMBERED_PEOPLE:
        _shared.popitem(last=False)
    if len(theirs) == SHARES_PER_MINUTE and now - theirs[0] < timedelta(minutes=1):
        return False
    theirs.append(now)
    return True


def _strip_lines(text: str) -> str:
    """No line empty, none with spaces around it."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
