"""What a desk answers to each request (`B1`–`B13`, `W1`–`W5`): pure functions over a `Desk`."""

from collections.abc import Callable
from dataclasses import replace

from backend.errors import NotFound
from backend.outbox.kinds import Kind
from backend.seats import replies, waitlist
from backend.seats.promotion import Stage
from backend.seats.state import NAME_MAX, Outcome, Party, Request, SeatState, Verb, fit_names


def decide(desk: SeatState, request: Request) -> Outcome:
    """Answer one request. Raises a `Refusal`, and then nothing has changed."""
    outcome = _DECIDERS[request.verb](desk, request)
    if request.audited and outcome.kind != "already":
        desk.acts.append(request)
    return outcome


def replay(desk: SeatState, request: Request) -> Outcome:
    """The answer to a request that the log shows to be done already, told as if for the first time."""
    party = desk.parties.get(request.membership_id or 0) or desk.by_user.get(request.user_id or 0)
    if party is None:
        return Outcome("done", replies.capacity_set(desk))
    if request.verb is Verb.REMOVE:
        return Outcome("left", replies.removed())
    if request.verb is Verb.HAND_ON and party.waiting and not party.offered:
        return _offer_declined(desk, party)
    if request.verb is Verb.REPLACE and party.replace_since is not None:
        return Outcome("replacing", replies.replacing(party), party.seats)
    if request.verb is Verb.REPLACE and not party.size and not _leaving_is_free(desk, party):
        return Outcome("left", replies.replaced_at_once())
    if party.size:
        return current_outcome(desk, party)
    if party.answer in ("maybe", "declined"):
        return Outcome(party.answer, replies.answered(party.answer))
    return Outcome("left", replies.left(desk, party, went_on=False))


# --- the verbs ---


def _book(desk: SeatState, request: Request) -> Outcome:
    party = _member(desk, request)
    if party.in_line and _could_take(desk, party):
        return _take(desk, request)
    if party.size:
        return _already(desk, party)
    _open_for_booking(desk)
    return _enter(desk, request, party, 1 + _guests(desk, request.guests))


def _return(desk: SeatState, request: Request) -> Outcome:
    """Take back having left, where that is still true: there are seats for the same party, or it does not come again."""
    party = _member(desk, request)
    if party.size:
        return _already(desk, party)
    _open_for_booking(desk)
    size = 1 + _guests(desk, request.guests)
    if size > sum(waitlist.room_for(desk, party)):
        raise replies.gone_meanwhile(size)
    return _enter(desk, request, party, size)


def _add_guest(desk: SeatState, request: Request) -> Outcome:
    party = _member(desk, request)
    if not party.size:
        return _book(desk, replace(request, guests=1))
    return _set_guests(desk, replace(request, guests=party.guests + 1))


def _set_guests(desk: SeatState, request: Request) -> Outcome:
    party = _member(desk, request)
    if not party.size:
        raise replies.NotIn()
    organiser = request.membership_id is not None  # whom only an organiser names so
    size = 1 + _guests(desk, request.guests, was=party.guests)
    more = size - party.size
    names = _names(request, size - 1, party)
    if not more:
        return _name_guests(desk, request)
    if more > 0 and organiser:
        _not_over(desk)
    elif more > 0:
        _open_for_booking(desk)
    if more > 0 and party.in_line:
        # Still in line: a bigger party keeps its place, and what it is offered, and waits for more.
        _fits_at_all(desk, size)
        waiting = party.waiting + more
        desk.change(party, request, "guests", seats=party.seats, waiting=waiting, offered=party.offered)
        waitlist.fill(desk, asking=party)
    elif more > 0:
        if more > (desk.free if organiser else waitlist.room_for(desk, party)[0]):
            raise replies.NoRoomForGuest(zone=desk.facts.zone)
        desk.change(party, request, "guests", seats=party.seats + more, waiting=0)
    else:
        waiting = max(0, party.waiting + more)
        offered = max(0, min(party.offered, size - party.seats - waiting))
        seats = size - waiting - offered
        if seats < party.seats and not organiser:
            _free_to_leave(desk, party)
        desk.change(party, request, "guests", seats=seats, waiting=waiting, offered=offered)
        waitlist.fill(desk, asking=party)
    party.names = fit_names(names, party.guests)
    return current_outcome(desk, party)


def _name_guests(desk: SeatState, request: Request) -> Outcome:
    """Say what the guests are called, until it is over (`B1`). The log knows who did, and no names: it is never rewritten."""
    party = _member(desk, request)
    if not party.size:
        raise replies.NotIn()
    names = _names(request, party.guests, party)
    if names == party.names:
        return _already(desk, party)
    _not_over(desk)
    desk.change(
        party,
        request,
        Verb.NAMES,
        seats=party.seats,
        waiting=party.waiting,
        offered=party.offered,
    )
    party.names = names
    return Outcome("named", replies.named(), party.seats, party.waiting, None, party.offered)


def _leave(desk: SeatState, request: Request) -> Outcome:
    party = _member(desk, request, gone_too=True)
    if not party.size:
        return Outcome("already", replies.nothing_to_leave())
    return _go(desk, request, party, "left")


def _stop_waiting(desk: SeatState, request: Request) -> Outcome:
    """Out of the line, with the seats that are theirs: free at any time (`B6`). Who has none yet leaves."""
    party = _member(desk, request, gone_too=True)
    if not party.seats:
        return _leave(desk, request)
    if not party.in_line:
        return _already(desk, party)
    desk.change(party, request, request.verb, seats=party.seats, waiting=0)
    waitlist.fill(desk)
    return Outcome("booked", replies.waits_no_more(party), party.seats)


def _answer(answer: str) -> Callable[[SeatState, Request], Outcome]:
    def answer_so(desk: SeatState, request: Request) -> Outcome:
        party = _member(desk, request)
        _not_over(desk)
        if party.answer == answer:
            return Outcome("already", replies.answered(answer))
        if party.size:
            _free_to_leave(desk, party)
        desk.change(party, request, answer, seats=0, waiting=0, answer=answer)
        waitlist.fill(desk)
        return Outcome(answer, replies.answered(answer))

    return answer_so


def _take_free(desk: SeatState, request: Request) -> Outcome:
    party = _member(desk, request)
    if party.offered:
        return _take(desk, request)
    if not party.waiting:
        return _already(desk, party) if party.size else _book(desk, request)
    _not_over(desk)
    free, of_others = waitlist.room_for(desk, party)
    take = min(party.waiting, free + of_others)
    # Nearer than the offers, who was passed over stands before others without being first.
    if not take or (desk.stage is Stage.AUTOMATIC and desk.place(party) != 1):
        raise replies.NothingToTake(zone=desk.facts.zone)
    waitlist.replace_releasing(desk, take - free)
    _promote(desk, request, party, take)
    waitlist.fill(desk, asking=party)
    return current_outcome(desk, party)


def _take(desk: SeatState, request: Request) -> Outcome:
    """Take what is offered; or, when the first tap has it, the whole party's seats (`W3`)."""
    party = _member(desk, request)
    if not party.in_line:
        return _already(desk, party) if party.size else _book(desk, request)
    _not_over(desk)
    if party.offered:
        desk.change(
            party,
            request,
            "take",
            seats=party.seats + party.offered,
            waiting=party.waiting,
        )
        party.promoted_at = desk.now
        return current_outcome(desk, party)
    free, of_others = waitlist.room_for(desk, party)
    if desk.stage is Stage.AUTOMATIC or not free + of_others:
        raise replies.offer_over(desk, party)
    if party.waiting > free + of_others:
        raise replies.too_few(desk, party, free + of_others)
    waitlist.replace_releasing(desk, party.waiting - free)
    _promote(desk, request, party, party.waiting)
    waitlist.fill(desk, asking=party)
    return current_outcome(desk, party)


def _could_take(desk: SeatState, party: Party) -> bool:
    """Whether joining again means taking: an offer, or a seat that the first tap has."""
    if party.offered:
        return True
    return desk.stage is not Stage.AUTOMATIC and sum(waitlist.room_for(desk, party)) >= party.waiting


def _promote(desk: SeatState, request: Request, party: Party, seats: int) -> None:
    desk.change(party, request, "take", seats=party.seats + seats, waiting=party.waiting - seats)
    party.promoted_at = desk.now


def _decline_offer(desk: SeatState, request: Request) -> Outcome:
    party = _member(desk, request)
    if not party.offered:
        return _already(desk, party) if party.size else Outcome("already", replies.nothing_offered())
    waitlist.mark_skipped(desk, party)
    desk.change(party, request, "hand on", seats=party.seats, waiting=party.waiting + party.offered)
    waitlist.fill(desk)
    # A date moved far away seats who waits, them too.
    return _offer_declined(desk, party) if party.waiting else current_outcome(desk, party)


def _offer_declined(desk: SeatState, party: Party) -> Outcome:
    place = desk.place(party)
    return Outcome("handed-on", replies.handed_on(desk, place), party.seats, party.waiting, place)


def _replace(desk: SeatState, request: Request) -> Outcome:
    """Too late to leave freely: the seats are theirs until the queue takes them (`B6`)."""
    party = _member(desk, request, gone_too=True)
    if not party.seats:
        return _leave(desk, request)
    _not_over(desk)
    if _leaving_is_free(desk, party):
        return _go(desk, request, party, "left")
    if desk.now >= desk.facts.starts_at:
        raise replies.Begun()
    if party.replace_since is None:
        desk.change(party, request, "replace", seats=party.seats, waiting=0)
        party.replace_since = desk.moment()
        desk.releasing += party.seats
        desk.sought = True
        waitlist.fill(desk, asking=party)
    if not party.seats:
        return Outcome("left", replies.replaced_at_once())
    return Outcome("replacing", replies.replacing(party), party.seats)


def _keep(desk: SeatState, request: Request) -> Outcome:
    party = _member(desk, request)
    if party.replace_since is None:
        return _already(desk, party) if party.size else Outcome("already", replies.nothing_to_leave())
    _not_over(desk)
    desk.change(party, request, "keep", seats=party.seats, waiting=party.waiting)
    desk.releasing -= party.seats
    party.replace_since = None
    return current_outcome(desk, party)


def _stay(desk: SeatState, request: Request) -> Outcome:
    party = _member(desk, request)
    if not party.size:
        raise replies.NotIn()
    _not_over(desk)
    if not party.asked:
        return _already(desk, party)
    desk.change(
        party,
        request,
        "stay",
        seats=party.seats,
        waiting=party.waiting,
        offered=party.offered,
    )
    party.stays_at = desk.now
    return Outcome("booked", replies.stays(desk), party.seats, party.waiting)


def _regular(desk: SeatState, request: Request) -> Outcome:
    """A standing seat: taken when the date is made, or in line like everybody's (`B11`). Any answer given stands."""
    party = _member(desk, request)
    if party.booking_id is not None or party.answer:
        return Outcome("already", replies.answered(party.answer))
    _not_over(desk)
    if waitlist.room_for(desk, party)[0]:
        desk.change(party, request, "regular", seats=1, waiting=0)
    else:
        _wait(desk, request, party, "regular", 1)
    return current_outcome(desk, party)


def _seat(desk: SeatState, request: Request) -> Outcome:
    party = _member(desk, request)
    _not_over(desk)
    if party.seats and not party.in_line:
        return _already(desk, party)
    wanted = party.waiting + party.offered or 1 + _guests(desk, request.guests)
    names = _names(request, party.seats + wanted - 1, party)
    if wanted > desk.free + party.offered and not request.over:
        raise replies.NoRoomLeft(zone=desk.facts.zone)
    desk.change(party, request, request.verb, seats=party.seats + wanted, waiting=0)
    party.names = names
    if request.over:
        desk.go_over()
    desk.tell(party, Kind.BROUGHT if request.verb is Verb.BRING else Kind.SEATED)
    return current_outcome(desk, party)


def _to_line(desk: SeatState, request: Request) -> Outcome:
    """From a seat to the head of the line, where more are booked than there is room for (`W4`)."""
    party = _member(desk, request)
    _not_over(desk)
    if not party.seats:
        return _already(desk, party) if party.size else Outcome("already", replies.nothing_to_leave())
    if not desk.over:
        raise replies.NobodyHasToMove()
    waiting, party.priority = party.size, 1
    desk.change(party, request, "to line", seats=0, waiting=waiting)
    desk.tell(party, Kind.WAITLISTED)
    waitlist.fill(desk)
    return current_outcome(desk, party)


def _remove(desk: SeatState, request: Request) -> Outcome:
    party = _member(desk, request, gone_too=True)
    if not party.size:
        return Outcome("already", replies.nothing_to_leave())
    if request.told:
        desk.tell(party, Kind.REMOVED)
    desk.change(party, request, "remove", seats=0, waiting=0, answer="left")
    waitlist.fill(desk)
    return Outcome("left", replies.removed())


def _set_capacity(desk: SeatState, request: Request) -> Outcome:
    if request.capacity != desk.capacity:
        before, replaceable = desk.free, desk.replaceable
        desk.capacity, desk.changed = request.capacity, True
        desk.over = 0
        desk.go_over()
        if desk.free > before:
            desk.freed, desk.freed_at = True, desk.moment()
        desk.sought = desk.sought or bool(desk.replaceable and not replaceable)
        waitlist.fill(desk)
    return Outcome("done", replies.capacity_set(desk))


def _fill(desk: SeatState, request: Request) -> Outcome:
    waitlist.fill(desk)
    return Outcome("done", replies.capacity_set(desk))


_DECIDERS: dict[Verb, Callable[[SeatState, Request], Outcome]] = {
    Verb.BOOK: _book,
    Verb.RETURN: _return,
    Verb.ADD_GUEST: _add_guest,
    Verb.SET_GUESTS: _set_guests,
    Verb.NAMES: _name_guests,
    Verb.LEAVE: _leave,
    Verb.STOP_WAITING: _stop_waiting,
    Verb.MAYBE: _answer("maybe"),
    Verb.DECLINE: _answer("declined"),
    Verb.TAKE_FREE: _take_free,
    Verb.TAKE: _take,
    Verb.HAND_ON: _decline_offer,
    Verb.REPLACE: _replace,
    Verb.KEEP: _keep,
    Verb.STAY: _stay,
    Verb.REGULAR: _regular,
    Verb.SEAT: _seat,
    Verb.BRING: _seat,
    Verb.TO_LINE: _to_line,
    Verb.REMOVE: _remove,
    Verb.CAPACITY: _set_capacity,
    Verb.FILL: _fill,
}


# --- what the verbs lean on ---


def _member(desk: SeatState, request: Request, *, gone_too: bool = False) -> Party:
    """The party the request is for. Raises `NotHere` for who is not a member of the club (any more)."""
    if request.membership_id is not None:
        party = desk.parties.get(request.membership_id)
    else:
        party = desk.by_user.get(request.user_id or 0)
    if party is None or not (party.live or gone_too):
        raise NotAMemberHere()
    return party


class NotAMemberHere(NotFound):
    """The person is not a member of the instance's club; `book` may let them in and ask again (`A4`)."""


def _enter(desk: SeatState, request: Request, party: Party, size: int) -> Outcome:
    """Seat a new party, or put it at the end of the line (`B4`)."""
    _fits_at_all(desk, size)
    names = _names(request, size - 1, party)
    free, of_others = waitlist.room_for(desk, party)
    if size <= free + of_others:
        waitlist.replace_releasing(desk, size - free)
        desk.change(party, request, "book", seats=size, waiting=0)
    else:
        _wait(desk, request, party, "wait", size)
    party.names = names
    return current_outcome(desk, party)


def _wait(desk: SeatState, request: Request, party: Party, verb: str, size: int) -> None:
    """Put a new party at the end of the line, or of those who have a claim (`P4`)."""
    party.priority = int(desk.claiming and party.claims)
    desk.change(party, request, verb, seats=0, waiting=size)
    waitlist.fill(desk, asking=party)


def _go(desk: SeatState, request: Request, party: Party, answer: str) -> Outcome:
    """Take a party off by its own will: always from the line, from seats until the deadline (`B6`)."""
    had_seats, names = party.seats, party.names
    gave = 0 if party.in_line else had_seats
    _free_to_leave(desk, party)
    desk.change(party, request, "leave", seats=0, waiting=0, answer=answer)
    told = len(desk.notices)
    waitlist.fill(desk)
    went_on = bool(had_seats) and any(n.kind is Kind.PROMOTED for n in desk.notices[told:])
    said = replies.left(desk, party, went_on=went_on, had_seats=bool(had_seats))
    return Outcome("left", said, gave=gave, names=names)


def _fits_at_all(desk: SeatState, size: int) -> None:
    if desk.capacity is not None and size > desk.capacity:
        raise replies.too_big(desk, size)


def _guests(desk: SeatState, guests: int, *, was: int = 0) -> int:
    if guests < 0 or guests > max(desk.facts.guests_max, was):
        raise replies.too_many_guests(desk.facts.guests_max)
    return guests


def _names(request: Request, guests: int, party: Party) -> tuple[str, ...]:
    """The names of so many guests: those told, else those there are."""
    told = party.names if request.names is None else request.names
    if any(len(name) > NAME_MAX for name in told):
        raise replies.name_too_long(NAME_MAX)
    return fit_names(told, guests)


def _not_over(desk: SeatState) -> None:
    facts = desk.facts
    if facts.state == "CANCELLED":
        raise replies.cancelled(facts.cancel_reason)
    if facts.state == "COMPLETED" or desk.now >= facts.ends_at:
        raise replies.Ended()


def _open_for_booking(desk: SeatState) -> None:
    """Raises the refusal that says when booking opens, or that it closed (`B5`, `S8`)."""
    facts = desk.facts
    _not_over(desk)
    windows = facts.windows
    state = windows.booking(desk.now)
    if state == "not-open" and windows.opens_at is not None:
        raise replies.NotOpen(opens=windows.opens_at, zone=facts.zone)
    if state == "closed":
        raise replies.Closed(closed=windows.closes_at, zone=facts.zone)


def _free_to_leave(desk: SeatState, party: Party) -> None:
    """Raises when seats can no longer be given back freely (`B6`); the line can always be left."""
    if not party.seats:
        return
    _not_over(desk)
    if not _leaving_is_free(desk, party):
        raise replies.TooLate(zone=desk.facts.zone)


def _leaving_is_free(desk: SeatState, party: Party) -> bool:
    """Until the deadline. After it, until the start: for who was asked, because the date has moved, until they have answered
    (`S6`); and for anybody while more are given than there are, since nobody can take their seats over (`W4`)."""
    if desk.facts.windows.leaving_is_free(desk.now):
        return True
    return desk.now < desk.facts.starts_at and (party.asked or desk.overfull)


def _already(desk: SeatState, party: Party) -> Outcome:
    place = desk.place(party) if party.waiting else None
    return Outcome(
        "already",
        replies.already(desk, party, place),
        party.seats,
        party.waiting,
        place,
        party.offered,
        party.offer_until,
    )


def current_outcome(desk: SeatState, party: Party) -> Outcome:
    """Where the party stands now, in words."""
    if party.offered:
        return Outcome(
            "offered",
            replies.held(desk, party),
            party.seats,
            party.waiting,
            None,
            party.offered,
            party.offer_until,
        )
    if party.waiting:
        place = desk.place(party)
        return Outcome("waiting", replies.waiting(desk, party, place), party.seats, party.waiting, place)
    return Outcome("booked", replies.booked(desk, party), party.seats)
