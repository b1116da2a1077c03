"""How what a person must be told is worded: when it is sent, in the language they read at that moment (`M1`)."""

from backend.bookings.queries import InstanceView, instance_for_card
from backend.cards.queries import card
from backend.i18n import N_
from backend.messages.queries import Letter
from bot.callbacks import Do
from bot.keyboards import open_event, post_again_rows, seat, see_date
from bot.sheets import Rows, Sheet, write

KINDS = frozenset({"promoted", "seated", "removed", "cancelled", "restored"})


async def compose(letter: Letter) -> Sheet:
    """The message as a sheet. Raises `LookupError` for a kind this version does not know, or a date that is gone."""
    if letter.kind == "card-lost":
        return await _card_lost(letter)
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
    )


def _rows(letter: Letter, view: InstanceView, following: InstanceView | None) -> Rows:
    voice = letter.person.voice
    if letter.kind == "cancelled":
        return [[see_date(following, voice, private=True)]] if following else []
    rows: Rows = [[open_event(view, voice, private=True)]]
    if letter.kind in ("promoted", "seated") and view.may_leave:
        rows[0].append(seat(voice.say(N_("I can’t come")), Do.CANT, view.code))
    return rows


async def _card_lost(letter: Letter) -> Sheet:
    """What became of a card, and what an organiser can do about it (`C6`)."""
    lost = await card(letter.number("card"))
    if lost is None:
        raise LookupError("the card is gone, with its group")
    voice = letter.person.voice
    rows = post_again_rows(lost.id, voice)
    others = letter.number("others")
    return write("letters/card-lost.html", voice, rows, card=lost, others=others)
