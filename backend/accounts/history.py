"""How long a club keeps who took part in its past dates (`A13`). `emerald archive` deletes what it keeps no longer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.editing import require_version, version_of
from backend.errors import Invalid
from backend.i18n import N_
from backend.people.queries import Person

# Years; a club may also keep everything. Numbers look two years back.
YEARS = (2, 3, 5, 10)
DELAY = timedelta(days=7)  # after a choice, before anything is deleted


@dataclass(frozen=True, slots=True)
class History:
    """For how many years after a date its people are kept, and since when that is chosen; None is for ever."""

    years: int | None = None
    chosen_at: datetime | None = None

    @property
    def begins_at(self) -> datetime | None:
        """From when on something is deleted."""
        return self.chosen_at + DELAY if self.years and self.chosen_at else None

    @property
    def is_undoable(self) -> bool:
        """Whether nothing was deleted yet by this choice."""
        return self.begins_at is not None and clock.now() < self.begins_at

    @property
    def version(self) -> str:
        """What identifies this choice (`backend.editing`)."""
        return version_of(self.years)


async def history_of(account_id: int) -> History:
    """What the account has chosen."""
    row = await db.row("SELECT history_years, history_chosen_at FROM accounts WHERE id = $1", account_id)
    return History(row["history_years"], row["history_chosen_at"]) if row is not None else History()


async def choose_history(person: Person, account_id: int, years: int | None, *, seen: str = "") -> History:
    """Choose for how many years the club keeps who took part in its past dates: one of `YEARS`, or None for ever. Nothing is
    deleted before `DELAY` has passed; the present choice chosen again changes nothing. `seen` is the version that was edited.
    Raises `Invalid`, `ChangedMeanwhile`, `Forbidden`, `NotFound`."""
    account = await authorize(person, account_id, Permission.MANAGE_OWNERS)
    if years is not None and years not in YEARS:
        raise Invalid(N_("Choose one of these."), field="years")
    async with db.transaction():
        await db.row("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account.id)
        now = await history_of(account.id)
        require_version(seen, now.version)
        if now.years == years:
            return now
        chosen = History(years, clock.now() if years else None)
        # What the choice before has deleted is remembered, for it has nothing to lose by another.
        deleting = now.years if now.begins_at is not None and not now.is_undoable else None
        await db.execute(
            "UPDATE accounts SET history_years = $2, history_chosen_at = $3, history_deleted_before ="
            " greatest(history_deleted_before, $5::timestamptz - make_interval(years => $4)) WHERE id = $1",
            account.id,
            chosen.years,
            chosen.chosen_at,
            deleting,
            clock.now(),
        )
        await record_audit(account.id, person.id, "keep history", "account", years=years)
        return chosen
