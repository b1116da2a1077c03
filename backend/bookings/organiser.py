"""What organisers do with seats beyond one member of one instance (`B10`, `W4`)."""

from backend import db
from backend.accounts.memberships import ensure_named_member
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.bookings.actions import authorize_seating
from backend.bookings.queries.people import Attendee, attendance
from backend.errors import Invalid, NotFound
from backend.events.queries import find_instance
from backend.i18n import N_
from backend.people.queries import Person
from backend.seats import allocator, store
from backend.seats.attendance import record_note
from backend.seats.requests import Outcome, Request, Verb, Via
from backend.typed_text import clean_line

NAME_MAX = 80
NOTE_MAX = 300


async def move_party(
    code: str, person: Person, membership_id: int, *, to: str, over: bool = False
) -> Outcome:
    """Move a member's party to another instance of the club, whole or not at all, and notify the member.

    Raises `Invalid` when it is the same instance, `NoRoomLeft`, `NotIn`, `Forbidden`, `NotFound`.
    """
    here, there = await find_instance(code), await find_instance(to)
    account = await authorize_seating(person, here.account_id, over=over)
    if there.account_id != account.id:
        raise NotFound()
    if there.id == here.id:
        raise Invalid(N_("Choose a different date."), field="to")
    async with db.transaction(store.lock_rows((here.id, there.id))):
        party = await db.row(
            "SELECT seats + waiting + offered AS size, guest_names FROM bookings"
            " WHERE instance_id = $1 AND membership_id = $2",
            here.id,
            membership_id,
        )
        if party is None or not party["size"]:
            raise NotFound(N_("This member is neither in nor in line."))
        remove = Request(
            Verb.REMOVE,
            Via.DASHBOARD,
            by=person.id,
            membership_id=membership_id,
            notify=False,
            audited=True,
        )
        bring = Request(
            Verb.BRING,
            Via.DASHBOARD,
            by=person.id,
            membership_id=membership_id,
            guests=party["size"] - 1,
            names=tuple(party["guest_names"]),
            over=over,
            audited=True,
        )
        _, seated = await allocator.process_or_raise([(here.id, remove), (there.id, bring)])
    return seated


async def make_room(code: str, person: Person) -> int:
    """Move the parties seated last to the head of the waitlist until the capacity holds the rest, and notify
    them (`W4`). Returns how many parties. Raises `Forbidden`, `NotFound`, `Busy`."""
    where = await find_instance(code)
    await authorize_seating(person, where.account_id)
    async with db.transaction(store.lock(where.id)):
        last = await db.rows(
            "SELECT membership_id FROM ("
            " SELECT b.membership_id, b.seated_at, b.id, s.over,"
            " sum(b.seats) OVER (ORDER BY b.seated_at DESC, b.id DESC) - b.seats AS behind"
            " FROM bookings b JOIN instance_seats s ON s.instance_id = b.instance_id"
            " WHERE b.instance_id = $1 AND b.seats > 0) q WHERE behind < over ORDER BY seated_at, id",
            where.id,
        )
        requests = [
            Request(
                Verb.TO_WAITLIST,
                Via.DASHBOARD,
                by=person.id,
                membership_id=row["membership_id"],
                audited=True,
            )
            for row in last
        ]
        await allocator.process_or_raise([(where.id, request) for request in requests])
    return len(last)


async def seat_by_name(
    code: str,
    person: Person,
    name: str,
    *,
    guests: int = 0,
    line: bool = True,
    over: bool = False,
    via: Via = Via.DASHBOARD,
) -> Outcome:
    """Book for somebody without Telegram, whom the club knows by this name from now on (`B10`): a seat, or a
    place on the waitlist. Without `line` it is a seat or a refusal, even after booking has closed.

    Raises `Invalid`, `Forbidden`, `NotFound`, and what `book` does.
    """
    name = clean_line(name)
    if not name:
        raise Invalid(N_("Enter who is coming."), field="name")
    if len(name) > NAME_MAX:
        raise Invalid(N_("At most %(most)s characters, please."), field="name", most=NAME_MAX)
    where = await find_instance(code)
    account = await authorize_seating(person, where.account_id, over=over)
    async with db.transaction(store.lock(where.id)):
        membership_id = await ensure_named_member(account.id, name)
        request = Request(
            Verb.BOOK if line else Verb.SEAT,
            via,
            by=person.id,
            membership_id=membership_id,
            guests=guests,
            over=over,
            audited=True,
        )
        [outcome] = await allocator.process_or_raise([(where.id, request)])
    return outcome


async def note_party(code: str, person: Person, membership_id: int, note: str) -> None:
    """Note something about a party, which organisers and helpers read; "" removes it. Raises `Invalid`, `Forbidden`,
    `NotFound`."""
    note = clean_line(note)
    if len(note) > NOTE_MAX:
        raise Invalid(N_("At most %(most)s characters, please."), field="note", most=NOTE_MAX)
    where = await find_instance(code)
    await authorize(person, where.account_id, Permission.MANAGE_BOOKINGS)
    async with db.transaction(store.lock(where.id)):
        if not await record_note(where.id, membership_id, note):
            raise NotFound()


async def authorized_attendance(code: str, person: Person) -> list[Attendee]:
    """Everybody who ever answered, for a person who may see them. Raises `Forbidden`, `NotFound`."""
    where = await find_instance(code)
    await authorize(person, where.account_id, Permission.SEE_PEOPLE)
    return await attendance(where.id)
