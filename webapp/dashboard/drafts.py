"""Drafts of announcements, which more than one page writes (`C5`)."""

from contextlib import suppress

from backend.announcements.actions import AlreadySent, discard_draft
from backend.errors import NotFound
from webapp.dashboard.people_lists import read_id
from webapp.dashboard.session import Visit


async def discard_replaced(visit: Visit, draft: str) -> None:
    """Discard the draft that a changed one replaces, by its id as the form has it; one that is gone or sent meanwhile
    stays as it is."""
    draft_id = read_id(draft)
    if draft_id is not None:
        with suppress(NotFound, AlreadySent):
            await discard_draft(visit.person, draft_id)
