"""What the forms for keys and for invite links share (`A3`)."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, time

from backend.accounts.keys import create_key
from backend.accounts.rules import Role
from backend.errors import Invalid
from backend.i18n import N_
from backend.settings import settings
from backend.zones import resolve_local
from webapp.dashboard.session import Visit
from webapp.forms import Faults


@dataclass(frozen=True, slots=True)
class InviteForm:
    """`uses` empty is no limit; `expires_on` is the last day in the club's zone, empty a year ahead."""

    label: str = ""
    uses: str = ""
    expires_on: str = ""


async def make_key(visit: Visit, form: InviteForm, role: Role | None, path: str, faults: Faults) -> str:
    """Make the key that was typed; "" when that has faults, which are added. Raises `ConfirmAgain`, which leads back to
    `path` with what was typed."""
    uses = faults.whole_number("uses", form.uses)
    expires_at = _end_of(form.expires_on, visit.account.zone, faults)
    if role is None:
        faults.add(Invalid(N_("Choose a role."), field="role"))
    if faults.by_field or role is None:
        return ""
    await visit.require_confirmation(path, **asdict(form))
    try:
        return await create_key(
            *(visit.person, visit.account.id), label=form.label, role=role, uses=uses, expires_at=expires_at
        )
    except Invalid as refusal:
        faults.add(refusal)
        return ""


def invite_link(key: str) -> str:
    """The address that opens the bot and sends it the key."""
    return f"https://t.me/{settings.telegram_bot_name}?start={key}"


def _end_of(text: str, zone: str, faults: Faults) -> datetime | None:
    """The last minute of that day in the club's zone, as an aware instant; None without a day."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        return resolve_local(datetime.combine(day, time(23, 59)), zone)
    except (ValueError, OverflowError):
        faults.add(Invalid(N_("Choose a day."), field="expires_at"))
        return None
