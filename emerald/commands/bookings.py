"""Seats that an organiser gives and takes, and standing seats (`B10`, `B11`, `W4`)."""

from collections.abc import Callable
from typing import Any

import click

from backend.bookings import actions, organiser, standing_seats
from backend.i18n import Voice
from backend.people.queries import Person
from backend.seats.requests import Outcome
from emerald.commands.actor import Actor
from emerald.commands.options import actor_options, member_option, require_one

over_option = click.option("--over", is_flag=True, help="Go over the limit of seats; owners only.")


def member_required(decorated: Callable[..., Any]) -> Callable[..., Any]:
    """`--member`, which must be given."""
    option = click.option(
        "--member", type=int, required=True, metavar="N", help="The member, by number: see `people`."
    )
    return option(decorated)


@click.command
@click.argument("code")
@actor_options
def people(actor: Actor, code: str) -> None:
    """List the people of the date CODE: booked, in line, and other answers."""
    found = actor.run(lambda person: organiser.authorized_attendance(code, person))
    lines = [
        f"{one.membership_id}\t{one.name}\t{one.answer}\tseats {one.seats}, waiting for {one.waiting}"
        for one in found
    ]
    actor.print(found, "\n".join(lines) or "No one has answered yet.")


@click.command
@click.argument("code")
@member_option
@click.option("--name", help="Someone without Telegram, by name.")
@click.option("--guests", type=int, default=0)
@over_option
@actor_options
def seat(actor: Actor, code: str, member: int | None, name: str | None, guests: int, over: bool) -> None:
    """Give a member a seat on the date CODE, or book for someone by name."""
    require_one(member=member, name=name)

    async def give(person: Person) -> Outcome:
        if name is not None:
            return await organiser.seat_by_name(code, person, name, guests=guests)
        assert member is not None
        return await actions.seat(code, person, member, guests=guests, over=over)

    _print_outcome(actor, actor.run(give))


@click.command
@click.argument("code")
@member_required
@actor_options
def unseat(actor: Actor, code: str, member: int) -> None:
    """Remove a member from the date CODE or its line."""
    _print_outcome(actor, actor.run(lambda person: actions.remove(code, person, member)))


@click.command
@click.argument("code")
@member_required
@click.option("--to", required=True, metavar="CODE", help="The date they go to.")
@over_option
@actor_options
def bring(actor: Actor, code: str, member: int, to: str, over: bool) -> None:
    """Move a member's party from the date CODE to another."""
    outcome = actor.run(lambda person: organiser.move_party(code, person, member, to=to, over=over))
    _print_outcome(actor, outcome)


@click.command
@click.argument("code")
@actor_options
def make_room(actor: Actor, code: str) -> None:
    """Move the last people booked beyond the limit of the date CODE to the head of its line."""
    parties = actor.run(lambda person: organiser.make_room(code, person))
    actor.print(parties, f"Parties moved to the head of the line: {parties}")


@click.command
@click.argument("series", type=int)
@member_required
@click.option("--end", is_flag=True, help="End the standing seat.")
@actor_options
def regular(actor: Actor, series: int, member: int, end: bool) -> None:
    """Give a member a standing seat on SERIES (its number), or end it."""

    async def change(person: Person) -> int:
        account_id = await standing_seats.account_of_series(series)
        if end:
            await standing_seats.end_regular(person, account_id, series, member)
            return 0
        return await standing_seats.make_regular(person, account_id, series, member)

    dates = actor.run(change)
    actor.print(dates, "The standing seat has ended." if end else f"Dates: {dates}")


def _print_outcome(actor: Actor, outcome: Outcome) -> None:
    sentence = Voice().translate(outcome.words)
    result = {
        "kind": outcome.kind,
        "seats": outcome.seats,
        "waiting": outcome.waiting,
        "place": outcome.place,
        "said": sentence,
    }
    actor.print(result, sentence)
