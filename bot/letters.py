"""How what a person must be told is worded: when it is sent, in the language they read at that moment (`M1`)."""

from datetime import datetime

from aiogram.types import InlineKeyboardButton

from backend.bookings.queries import InstanceView, instance_for_card
from backend.i18n import N_
from backend.messages.queries import Letter
from backend.polls.queries import poll_for_card
from bot.callbacks import Do, ShowPoll
from bot.keyboards import open_event, open_poll, seat, see_date
from bot.sheets import Rows, Sheet, write

KINDS = frozenset({"promoted", "seated", "removed", "cancelled", "restored", "claim"})


async def compose(letter: Letter) -> Sheet:
    """The message as a sheet. Raises `LookupError` for a kind this version does not know, or a date that is gone."""
    if letter.kind == "poll-unanswered":
        return await _about_poll(letter)
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
        until=_until(letter, view),
    )


async def _about_poll(letter: Letter) -> Sheet:
    """Their answer to a poll is missing (`P5`)."""
    view = await poll_for_card(int(str(letter.detail["poll_id"])))
    if view is None:
        raise LookupError(f"the poll {letter.detail['poll_id']} is gone")
    voice = letter.person.voice
    rows = [
        [
            InlineKeyboardButton(
                text=voice.say(N_("Vote")), callback_data=ShowPoll(code=view.code).pack()
            )
        ],
        [open_poll(view, voice, private=True)],
    ]
    return write(f"letters/{letter.kind}.html", voice, rows, view=view)


def _until(letter: Letter, view: InstanceView) -> str:
    """Until when they have first claim (`P4`); empty when nobody comes first."""
    until = letter.detail.get("until")
    return (
        letter.person.voice.moment(datetime.fromisoformat(str(until)), view.zone) if until else ""
    )


def _rows(letter: Letter, view: InstanceView, following: InstanceView | None) -> Rows:
    voice = letter.person.voice
    if letter.kind == "cancelled":
        return [[see_date(following, voice, private=True)]] if following else []
    rows: Rows = [[open_event(view, voice, private=True)]]
    if letter.kind == "claim":
        rows[0].insert(0, seat(voice.say(N_("Join")), Do.JOIN, view.code))
    if letter.kind in ("promoted", "seated") and view.may_leave:
        rows[0].append(seat(voice.say(N_("I can’t come")), Do.CANT, view.code))
    return rows
