"""What members do with seats: book, bring guests, leave, answer, take; and what organisers do for them
(`B1`–`B13`).

Every act is a request to the allocator; its outcome comes after the commit. All raise `NotFound`, `Busy`,
`Unavailable`, and the refusals of `seats.replies`.
"""

from collections.abc import Sequence

from backend import clock, db, failpoints
from backend.accounts.memberships import join, join_as_visitor
from backend.accounts.queries import AccountView, authorize
from backend.accounts.rules import JoinedThrough, Permission
from backend.addresses import Address
from backend.archive import of_archive
from backend.bookings.view_queries import OPEN_BY_LINK, READER
from backend.each import do_each
from backend.errors import Forbidden, Invalid, NotFound
from backend.events.drafts import CAPACITY_MAX, GUESTS_MAX
from backend.events.queries import find_instance
from backend.groups.presence import is_present
from backend.i18n import N_
from backend.people.queries import Person
from backend.seats import allocator, store
from backend.seats.decisions.checks import NotAMemberHere
from backend.seats.refusals import Ended, too_many_guests
from backend.seats.requests import Outcome, Request, Verb, Via
from backend.typed_text import clean_line


async def book(code: str, person: Person, *, guests: int = 0, names: Sequence[str] = (), via: Via) -> Outcome:
    """Book a party of 1 + `guests`, whose `names` may be given, or wait in line for it (`B1`–`B4`). A party
    that is in already stays as it is (`B2`)."""
    return await _submit(code, person, Verb.BOOK, via, guests=guests, names=names)


async def rejoin(
    code: str, person: Person, *, guests: int = 0, names: Sequence[str] = (), via: Via
) -> Outcome:
    """Take back having left: the same party is seated again, or refused; it never comes to stand in line by
    that."""
    return await _submit(code, person, Verb.RETURN, via, guests=guests, names=names)


async def add_guest(code: str, person: Person, *, via: Via) -> Outcome:
    """One guest more (`B7`); a person who is not in yet comes with one."""
    return await _submit(code, person, Verb.ADD_GUEST, via)


async def set_guests(
    code: str, person: Person, *, guests: int, names: Sequence[str] | None = None, via: Via
) -> Outcome:
    """Come with this many guests (`B7`), of these `names` in order; "" is a guest without one, None leaves them
    as they are."""
    return await _submit(code, person, Verb.SET_GUESTS, via, guests=guests, names=names)


async def name_guests(code: str, person: Person, names: Sequence[str], *, via: Via) -> Outcome:
    """Say what one's guests are called (`B1`), as many as there are by now; "" is a guest without a name."""
    return await _submit(code, person, Verb.NAMES, via, names=names)


async def leave(code: str, person: Person, *, via: Via) -> Outcome:
    """Give the seat, or the place in line, back (`B6`)."""
    return await _submit(code, person, Verb.LEAVE, via)


async def stop_waiting(code: str, person: Person, *, via: Via) -> Outcome:
    """Wait for no more seats, and keep those that are theirs (`B6`); a party that has none leaves the line."""
    return await _submit(code, person, Verb.STOP_WAITING, via)


async def answer(code: str, person: Person, *, maybe: bool, via: Via) -> Outcome:
    """ "Maybe", or "can't come" (`B13`): holds no seat."""
    return await _submit(code, person, Verb.MAYBE if maybe else Verb.DECLINE, via)


async def take_free(code: str, person: Person, *, via: Via) -> Outcome:
    """Take the seats that are free now and keep waiting for the rest (`W1`)."""
    return await _submit(code, person, Verb.TAKE_FREE, via)


async def take(code: str, person: Person, *, via: Via) -> Outcome:
    """Take the seats that are offered, or those that the first tap has (`W3`)."""
    return await _submit(code, person, Verb.TAKE, via)


async def decline_offer(code: str, person: Person, *, via: Via) -> Outcome:
    """Let an offer go to the next in line, and keep one's place for the next one (`W3`)."""
    return await _submit(code, person, Verb.DECLINE_OFFER, via)


async def find_replacement(code: str, person: Person, *, via: Via) -> Outcome:
    """After the deadline: the seat stays theirs until the waitlist takes it (`B6`). While leaving is free,
    they leave."""
    return await _submit(code, person, Verb.REPLACE, via)


async def keep_seat(code: str, person: Person, *, via: Via) -> Outcome:
    """Stop looking for a replacement (`B6`)."""
    return await _submit(code, person, Verb.KEEP, via)


async def stay(code: str, person: Person, *, via: Via) -> Outcome:
    """Say that one still comes although the instance has moved (`S6`)."""
    return await _submit(code, person, Verb.STAY, via)


def check_number_of_names(names: Sequence[str]) -> None:
    """Raises `Refusal` for more names than any event takes guests (`B1`); an event with a lower limit of guests
    refuses by its own."""
    if len(names) > GUESTS_MAX and not failpoints.on("names.any-number"):
        raise too_many_guests(GUESTS_MAX)


async def _submit(
    code: str,
    person: Person,
    verb: Verb,
    via: Via,
    guests: int = 0,
    names: Sequence[str] | None = None,
) -> Outcome:
    check_number_of_names(names or ())
    where = await find_instance(code)
    cleaned = None if names is None else tuple(clean_line(name) for name in names)
    request = Request(verb, via, by=person.id, user_id=person.id, guests=guests, names=cleaned)
    try:
        return await allocator.submit((where.id, request))
    except NotAMemberHere:
        await _admit_to_take_part(person, where)
        return await allocator.submit((where.id, request))
    except NotFound:
        if await _is_admitted(person, where):  # it is long over: of an old card, say
            raise Ended() from None
        raise


async def admit_to_event(code: str, person: Person) -> None:
    """Let the person see an instance: whoever is in its group becomes a member of the club (`A4`); whoever
    has the link of an open one may read it and becomes nothing by that (`A10`).

    A door calls it before it shows an instance to somebody who may be new: the queries admit nobody. Raises
    `NotFound`.
    """
    where = await find_instance(code)
    if not await _is_admitted(person, where):
        await _admit_from_group(person, where)


async def _admit_to_take_part(person: Person, where: Address) -> None:
    """Make the person a member if they are in the instance's group, else a visitor if its link is enough (`A10`).
    Raises `NotFound`."""
    try:
        await _admit_from_group(person, where)
    except NotFound:
        if not await _is_open_by_link(where):
            raise
        await join_as_visitor(person, where.account_id)


ADMITTED = f"""SELECT true FROM event_instances i JOIN event_series r ON r.id = i.series_id LEFT JOIN {READER}
WHERE i.id = $2 AND (m.id IS NOT NULL OR {OPEN_BY_LINK})"""


async def _is_admitted(person: Person, where: Address) -> bool:
    """Whether the person may see the instance as it is: as a member, as a visitor who takes part, or by its link."""
    return bool(
        await db.value(ADMITTED, person.id, where.id)
        or await db.value(of_archive(ADMITTED), person.id, where.id)
    )


async def _is_open_by_link(where: Address) -> bool:
    return bool(
        await db.value(
            "SELECT true FROM event_instances i JOIN event_series r ON r.id = i.series_id"
            " WHERE i.id = $1 AND r.visibility = 'link'",
            where.id,
        )
    )


async def _admit_from_group(person: Person, where: Address) -> None:
    group_id = await db.value(
        "SELECT r.group_id FROM event_instances i JOIN event_series r ON r.id = i.series_id WHERE i.id = $1",
        where.id,
    )
    if group_id is None or not await is_present(person, group_id):
        raise NotFound()
    await join(person, where.account_id, through=JoinedThrough.GROUP)


# --- what organisers do (`B10`); `membership_id` names the member ---


async def authorize_seating(person: Person, account_id: int, *, over: bool = False) -> AccountView:
    """The club, if the person may seat people there; going over the capacity takes an OWNER (`B3`).

    Raises `Forbidden`, `NotFound`.
    """
    account = await authorize(person, account_id, Permission.MANAGE_BOOKINGS)
    if over and not account.has_permission(Permission.OVERBOOK):
        raise Forbidden(N_("Only an owner can go over the number of seats."))
    return account


async def seat(
    code: str,
    person: Person,
    membership_id: int,
    *,
    guests: int = 0,
    over: bool = False,
    via: Via = Via.DASHBOARD,
) -> Outcome:
    """Seat a member, whether they wait in line or not. Going over the capacity takes an OWNER's word and is
    audited (`B3`)."""
    where = await find_instance(code)
    await authorize_seating(person, where.account_id, over=over)
    return await allocator.submit(
        (
            where.id,
            Request(
                Verb.SEAT,
                via,
                by=person.id,
                membership_id=membership_id,
                guests=guests,
                over=over,
                audited=True,
            ),
        )
    )


async def put_in_line(
    code: str,
    person: Person,
    membership_id: int,
    *,
    guests: int = 0,
    via: Via = Via.DASHBOARD,
) -> Outcome:
    """Book for a member as they would themselves: a seat when it is their turn, else a place in line."""
    where = await find_instance(code)
    await authorize(person, where.account_id, Permission.MANAGE_BOOKINGS)
    return await allocator.submit(
        (where.id, Request(Verb.BOOK, via, by=person.id, membership_id=membership_id, guests=guests))
    )


async def set_guests_of(
    code: str,
    person: Person,
    membership_id: int,
    *,
    guests: int,
    names: Sequence[str] | None = None,
    via: Via = Via.DASHBOARD,
) -> Outcome:
    """Change how many guests a member brings, and what they are called; None leaves their names as they are."""
    where = await find_instance(code)
    await authorize(person, where.account_id, Permission.MANAGE_BOOKINGS)
    if names is not None:
        check_number_of_names(names)
    request = Request(
        Verb.SET_GUESTS,
        via,
        by=person.id,
        membership_id=membership_id,
        guests=guests,
        names=None if names is None else tuple(map(clean_line, names)),
    )
    return await allocator.submit((where.id, request))


async def remove(code: str, person: Person, membership_id: int, *, via: Via = Via.DASHBOARD) -> Outcome:
    """Take a member's party off, seated or waiting; they are notified where the bot may write to them."""
    where = await find_instance(code)
    await authorize(person, where.account_id, Permission.MANAGE_BOOKINGS)
    return await allocator.submit(
        (where.id, Request(Verb.REMOVE, via, by=person.id, membership_id=membership_id, audited=True))
    )


async def set_capacity(
    code: str, person: Person, capacity: int | None, *, via: Via = Via.DASHBOARD
) -> Outcome:
    """Change the capacity of one instance (`W4`); None is no limit. It has a transaction of its own, so that it can be
    rehearsed. Raises `Invalid`, `Forbidden`."""
    where = await find_instance(code)
    await authorize(person, where.account_id, Permission.MANAGE_EVENTS)
    if capacity is not None and not 1 <= capacity <= CAPACITY_MAX:
        raise Invalid(
            N_("Between %(least)s and %(most)s, please."),
            field="capacity",
            least=1,
            most=CAPACITY_MAX,
        )
    request = Request(Verb.CAPACITY, via, by=person.id, capacity=capacity, audited=True)
    async with db.transaction(store.lock(where.id)):
        return (await allocator.process_or_raise([(where.id, request)]))[0]


async def fill_all() -> int:
    """The periodic net of `W2` and `W3`: fill every instance where somebody waits although a seat may be had,
    or where an offer has expired; how many there were."""
    rows = await db.rows(
        "SELECT s.instance_id FROM instance_seats s JOIN event_instances i ON i.id = s.instance_id"
        " WHERE i.state = 'SCHEDULED' AND (s.waiting > 0 AND (s.capacity IS NULL OR s.releasing > 0"
        " OR s.booked + s.offered < s.capacity) OR s.offered > 0 AND EXISTS ("
        "SELECT 1 FROM bookings b WHERE b.instance_id = s.instance_id AND b.offered > 0"
        " AND b.offer_until <= $1))"
        " ORDER BY s.instance_id",
        clock.now(),
    )
    return await do_each("seats to fill", [row["instance_id"] for row in rows], _fill)


async def _fill(instance_id: int) -> int:
    await allocator.submit((instance_id, Request(Verb.FILL, Via.SYSTEM)))
    return 1
