"""How what a person must be told is worded: when it is sent, in the language they read at that moment (`M1`)."""

from datetime import datetime

from backend.bookings.queries import InstanceView, instance_for_card
from backend.i18n import N_
from backend.messages.queries import Letter
from bot.callbacks import Do
from bot.keyboards import decide_row, move_row, open_event, seat, see_date
from bot.sheets import Rows, Sheet, write

KINDS = frozenset(
    {
        "promoted",
        "seated",
        "removed",
        "cancelled",
        "restored",
        "moved",
        "minimum",
        "confirmed",
        "decide",
    }
)


async def compose(letter: Letter) -> Sheet:
    """The message as a sheet. Raises `LookupError` for a kind this version does not know, or a date that is gone."""
    if letter.kind not in KINDS or letter.instance_id is None:
        raise LookupError(f"a message of the kind {letter.kind!r}")
    found = await instance_for_card(letter.instance_id)
    if found is None:
        raise LookupError(f"the date {letter.instance_id} is gone")
    view, following = found
    voice = letter.person.voice
    return write(
        f"letters/{letter.kind}.html",
        voice,
        _rows(letter, view, following),
        view=view,
        following=following,
        when=f"{voice.date(view.starts_at, view.zone)}, {voice.hour(view.starts_at, view.zone)}",
        seats=letter.seats,
        reason=str(letter.detail.get("reason", "")),
        asked=bool(letter.detail.get("asked")),
        was=_known_before(letter, view),
    )


def _known_before(letter: Letter, view: InstanceView) -> datetime:
    """When its reader knew the date to be, before it moved (`S6`)."""
    was = letter.detail.get("was")
    return datetime.fromisoformat(str(was)) if was else view.original_start


def _rows(letter: Letter, view: InstanceView, following: InstanceView | None) -> Rows:
    voice = letter.person.voice
    if letter.kind == "cancelled":
        return [[see_date(following, voice, private=True)]] if following else []
    rows: Rows = [[open_event(view, voice, private=True)]]
    if letter.kind == "moved" and letter.detail.get("asked"):
        return [move_row(view, voice), *rows]
    if letter.kind == "decide":
        return [decide_row(view, voice), *rows]
    if letter.kind in ("promoted", "seated") and view.may_leave:
        rows[0].append(seat(voice.say(N_("I can’t come")), Do.CANT, view.code))
    return rows
