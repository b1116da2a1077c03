"""What a new series begins with, at every door."""

from dataclasses import replace

from backend import db
from backend.events.drafts import SeriesDraft
from backend.series_defaults.rules import BLANK, FIELDS

SELECTED = f"SELECT {', '.join(FIELDS)} FROM series_defaults WHERE account_id = $1"


async def blank_draft(account_id: int) -> SeriesDraft:
    """The draft that a new series of this account is made of; it has no title and no start yet (`S12`)."""
    return draft_of_row(await db.row(SELECTED, account_id))


def draft_of_row(row: db.Row | None) -> SeriesDraft:
    """The blank draft with these values, or as it is without any."""
    if row is None:
        return BLANK
    values = dict(row)
    return replace(BLANK, **values | {"remind_before_minutes": tuple(values["remind_before_minutes"])})
