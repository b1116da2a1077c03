"""Setting what new series begin with (`S12`)."""

from dataclasses import replace

from backend import db
from backend.accounts.closing import lock_account
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.editing import require_version, version_of
from backend.events.drafts import SeriesDraft
from backend.people.queries import Person
from backend.series_defaults.queries import SELECTED, draft_of_row
from backend.series_defaults.rules import BLANK, FIELDS

_NUMBERS = ", ".join(f"${number}" for number in range(2, len(FIELDS) + 2))
SAVE = f"""
INSERT INTO series_defaults (account_id, {", ".join(FIELDS)}) VALUES ($1, {_NUMBERS})
ON CONFLICT ON CONSTRAINT series_defaults_pkey DO UPDATE SET
    ({", ".join(FIELDS)}) = ROW({", ".join(f"excluded.{name}" for name in FIELDS)})
"""


def defaults_version(draft: SeriesDraft) -> str:
    """What identifies these values (`backend.editing`)."""
    return version_of(*(getattr(draft, name) for name in FIELDS))


async def edit_series_defaults(
    person: Person, account_id: int, draft: SeriesDraft, *, seen: str = ""
) -> None:
    """Let new series of the account begin with what this draft has of `FIELDS`; the series that exist stay as they are.
    `seen` is the version that was edited. Raises `InvalidForm`, `ChangedMeanwhile`, `Forbidden`, `NotFound`."""
    account = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    values = {name: getattr(draft, name) for name in FIELDS}
    replace(BLANK, title="-", **values).validate()
    async with db.transaction():
        # There may be no row yet: two who are the first to set them find each other here.
        await lock_account(account.id)
        require_version(seen, defaults_version(draft_of_row(await db.row(SELECTED, account.id))))
        leads = {"remind_before_minutes": list(draft.remind_before_minutes)}
        await db.execute(SAVE, account.id, *(values | leads).values())
        await record_audit(account.id, person.id, "edit", "series defaults", **values | leads)
