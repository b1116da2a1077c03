"""What the forms for keys and for invite links share (`A3`)."""

from datetime import date, datetime, time

from backend.errors import Invalid
from backend.i18n import N_
from backend.settings import settings
from backend.zones import resolve_local
from webapp.forms import Faults


def end_of_key(text: str, zone: str, faults: Faults) -> datetime | None:
    """The last minute of that day in the club's zone, as an aware instant; None without a day."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        return resolve_local(datetime.combine(day, time(23, 59)), zone)
    except (ValueError, OverflowError):
        faults.add(Invalid(N_("Choose a day."), field="expires_at"))
        return None


def invite_link(key: str) -> str:
    """The address that opens the bot and sends it the key."""
    return f"https://t.me/{settings.telegram_bot_name}?start={key}"
