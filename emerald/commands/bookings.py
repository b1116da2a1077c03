"""Seats by an organiser's hand, regulars, and who came (`B10`–`B12`, `W4`)."""

import argparse
from collections.abc import Callable
from typing import Any

from emerald.commands.acting import act, club_named, say, takes_actor

Add = Callable[..., Any]


def register(add: Add) -> None:
    """Put these commands on the command line."""
    made = add("people", "who comes to a date, who waits, and who answered what", people)
    _of_a_date(made)
    made = add("seat", "give a member a seat on a date, or book for somebody by name", seat)
    _of_a_date(made)
    _whom(made).add_argument("--name", help="somebody without Telegram, by name")
    made.add_argument("--guests", type=int, default=0)
    made.add_argument("--over", action="store_true", help="an owner may go over the seats there are")
    made = add("unseat", "take a member off a date, seated or waiting", unseat)
    _of_a_date(made)
    _whom(made)
    made = add("bring", "move a member's party from one date to another", bring)
    _of_a_date(made)
    _whom(made)
    made.add_argument("--to", required=True, metavar="CODE", help="the date they go to")
    made.add_argument("--over", action="store_true")
    made = add(
        "make-room",
        "send the last seated of a date that is over to the head of its line",
        make_room,
    )
    _of_a_date(made)
    made = add("regular", "give a member a standing seat on a series, or take it back", regular)
    takes_actor(made)
    made.add_argument("series", type=int, help="the series, by number")
    _whom(made)
    made.add_argument("--end", action="store_true", help="take it back")
    made = add("check-in", "a member is here: by number or by the code they show", check_in)
    _of_a_date(made)
    _whom(made).add_argument("--scan", metavar="TEXT", help="the code they show")
    made.add_argument("--came", type=int, help="how many of their party; all when left out")
    made.add_argument("--undo", action="store_true", help="it was a mistake")
    made = add("close-list", "settle who came to a date: the others were no-shows", close_list)
    _of_a_date(made)
    made.add_argument("--reopen", action="store_true", help="open it again")
    made = add("absences", "late cancellations nobody took, and no-shows", absences)
    takes_actor(made)
    made.add_argument("--account", required=True, help="the club, by name or number")
    made.add_argument("--pardon", type=int, metavar="N", help="let this one not count")


def _of_a_date(command: argparse.ArgumentParser) -> None:
    takes_actor(command)
    command.add_argument("code", help="the date's public code")


def _whom(command: argparse.ArgumentParser) -> Any:
    group = command.add_mutually_exclusive_group(required=True)
    group.add_argument("--member", type=int, metavar="N", help="the member, by number: see `people`")
    return group


def people(given: argparse.Namespace) -> int:
    """`emerald people`"""
    from backend.bookings.organiser import attendance_of

    found = act(given, lambda person: attendance_of(given.code, person))
    lines = [
        f"{c.membership_id}\t{c.name}\t{c.answer}\tseats {c.seats}, waits for {c.waiting}"
        for c in found or []
    ]
    return say(given, found, "\n".join(lines) or "Nobody has answered yet.")


def seat(given: argparse.Namespace) -> int:
    """`emerald seat`"""
    from backend.bookings import actions, organiser

    if given.name is not None:
        said = act(given, lambda p: organiser.seat_by_name(given.code, p, given.name, guests=given.guests))
    else:
        said = act(
            given,
            lambda p: actions.seat(given.code, p, given.member, guests=given.guests, over=given.over),
        )
    return _say_outcome(given, said)


def unseat(given: argparse.Namespace) -> int:
    """`emerald unseat`"""
    from backend.bookings.actions import remove

    return _say_outcome(given, act(given, lambda p: remove(given.code, p, given.member)))


def bring(given: argparse.Namespace) -> int:
    """`emerald bring`"""
    from backend.bookings import organiser

    said = act(given, lambda p: organiser.bring(given.code, p, given.member, to=given.to, over=given.over))
    return _say_outcome(given, said)


def make_room(given: argparse.Namespace) -> int:
    """`emerald make-room`"""
    from backend.bookings import organiser

    parties = act(given, lambda p: organiser.make_room(given.code, p))
    return say(given, parties, f"Parties that wait at the head of the line now: {parties}")


def regular(given: argparse.Namespace) -> int:
    """`emerald regular`"""
    from backend.bookings import standing_seats

    async def do(person: Any) -> int:
        account_id = await standing_seats.account_of(given.series)
        if given.end:
            await standing_seats.end_regular(person, account_id, given.series, given.member)
            return 0
        return await standing_seats.make_regular(person, account_id, given.series, given.member)

    dates = act(given, do)
    return say(given, dates, "The standing seat is ended." if given.end else f"Dates: {dates}")


def check_in(given: argparse.Namespace) -> int:
    """`emerald check-in`"""
    from backend.bookings import attendance

    async def do(person: Any) -> Any:
        if given.undo and given.member is not None:
            await attendance.undo_check_in(given.code, person, given.member)
            return {"undone": given.member}
        if given.scan is not None:
            return await attendance.check_in_by_code(given.code, person, given.scan)
        return await attendance.check_in(given.code, person, given.member, came=given.came)

    done = act(given, do)
    if done is None or isinstance(done, dict):
        return say(given, done, "Taken back.")
    return say(given, done, f"{done.name}: {done.came} of {done.seats} here")


def close_list(given: argparse.Namespace) -> int:
    """`emerald close-list`"""
    from backend.bookings import attendance

    async def do(person: Any) -> int:
        if given.reopen:
            await attendance.reopen_list(given.code, person)
            return 0
        return await attendance.close_list(given.code, person)

    missing = act(given, do)
    return say(given, missing, "Open again." if given.reopen else f"No-shows: {missing}")


def absences(given: argparse.Namespace) -> int:
    """`emerald absences`"""
    from backend.accounts.rules import Permission
    from backend.bookings.absences import absences as list_absences
    from backend.bookings.absences import pardon

    async def do(person: Any) -> Any:
        account_id = (await club_named(person, given.account, Permission.SEE_PEOPLE)).id
        if given.pardon is not None:
            await pardon(person, account_id, given.pardon)
        return await list_absences(account_id)

    found = act(given, do)
    lines = [
        f"{x.id}\t{x.name}\t{x.kind}\t{x.title}, {x.starts_at:%Y-%m-%d}\t{x.seats}"
        f"{' (pardoned)' if x.pardoned else ''}"
        for x in found or []
    ]
    return say(given, found, "\n".join(lines) or "None.")


def _say_outcome(given: argparse.Namespace, outcome: Any) -> int:
    if outcome is None:
        return 130
    from backend.i18n import Voice

    sentence = Voice().tell(outcome.words)
    plain = {
        "kind": outcome.kind,
        "seats": outcome.seats,
        "waiting": outcome.waiting,
        "place": outcome.place,
        "said": sentence,
    }
    return say(given, plain, sentence)
