"""`emerald event …`: one date of a series (`S4`–`S8`). Times are as the event's own clock shows them."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import click

from backend.bookings.calendar_entries import calendar_entry
from backend.bookings.queries.event import event as event_view
from backend.bookings.views import InstanceView
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.edit import keep_drifted
from backend.events.minimum import decide_instance
from backend.events.reschedule import move_instance, move_responses
from backend.i18n import Voice
from backend.ical import render_calendar
from backend.people.queries import Person
from backend.settings import settings
from backend.zones import wall_clock
from emerald.commands.actor import Actor
from emerald.commands.moments import parse_local, warn_of_clock_change
from emerald.commands.options import actor_options


@click.group
def event() -> None:
    """Show, move, cancel and keep one date."""


def instance_line(view: InstanceView) -> str:
    """One instance in one line of a list."""
    starts = f"{wall_clock(view.starts_at, view.zone):%Y-%m-%d %H:%M} {view.zone}"
    seats = f"{view.booked}/{view.capacity}" if view.capacity is not None else str(view.booked)
    held = f", {view.offered} held" if view.offered else ""
    marks = [view.state.lower()] if view.state != "SCHEDULED" else []
    marks += ["drifted"] if view.is_drifted else []
    marks += ["by hand"] if view.is_edited else []
    more = f"  ({', '.join(marks)})" if marks else ""
    return f"{view.code}  {starts}  {seats}{held}, {view.waiting} waiting{more}"


@event.command
@click.argument("code")
@actor_options
def show(actor: Actor, code: str) -> None:
    """Show a date."""
    found = actor.run(lambda person: event_view(code, person))
    actor.print(found, f"{instance_line(found)}  {found.title}")


@event.command
@click.argument("code")
@click.option("--starts-at", required=True, metavar="ISO", help="Like 2027-03-01T18:00.")
@click.option("--duration-minutes", type=int)
@actor_options
def move(actor: Actor, code: str, starts_at: str, duration_minutes: int | None) -> None:
    """Move a date to another time."""
    starts = parse_local(starts_at)

    async def reschedule(person: Person) -> None:
        await move_instance(code, person, starts, duration_minutes=duration_minutes)
        warn_of_clock_change(starts, (await event_view(code, person)).zone)

    _change(actor, code, reschedule, "Moved. Everyone booked will be asked whether they are still coming.")


@event.command
@click.argument("code")
@click.option("--reason", required=True)
@actor_options
def cancel(actor: Actor, code: str, reason: str) -> None:
    """Cancel a date and tell everyone why."""
    _change(actor, code, lambda person: cancel_instance(code, person, reason), "Cancelled.")


@event.command
@click.argument("code")
@actor_options
def restore(actor: Actor, code: str) -> None:
    """Undo a cancellation."""
    _change(actor, code, lambda person: restore_instance(code, person), "The date takes place again.")


@event.command
@click.argument("code")
@actor_options
def keep(actor: Actor, code: str) -> None:
    """Keep a date that no longer fits its rule."""
    _change(actor, code, lambda person: keep_drifted(code, person), "Kept.")


def _change(actor: Actor, code: str, action: Callable[[Person], Awaitable[object]], sentence: str) -> None:
    """Run `action`, and print the sentence, or the instance as it is then."""

    async def change(person: Person) -> InstanceView:
        await action(person)
        return await event_view(code, person)

    actor.print(actor.run(change), sentence)


@event.command
@click.argument("code")
@click.argument("word", type=click.Choice(["run", "off"]))
@actor_options
def decide(actor: Actor, code: str, word: str) -> None:
    """Decide whether a date goes ahead with too few people."""
    decision = actor.run(lambda person: decide_instance(code, person, run=word == "run"))
    sentence = Voice().translate(decision.words)
    actor.print({"kind": decision.kind, "told": sentence}, sentence)


@event.command
@click.argument("code")
@actor_options
def tally(actor: Actor, code: str) -> None:
    """Show who is still coming after a move."""
    responses = actor.run(lambda person: move_responses(code, person))
    lines = [f"asked: {responses.asked}"]
    for word, names in (
        ("stay", responses.stay),
        ("left", responses.left),
        ("silent", responses.silent),
    ):
        lines.append(f"{word}: {len(names)}" + (f" ({', '.join(names)})" if names else ""))
    actor.print(responses, "\n".join(lines))


@event.command
@click.argument("code")
@actor_options
def calendar(actor: Actor, code: str) -> None:
    """Print a date as a calendar file."""
    date = actor.run(lambda person: calendar_entry(code, person))
    host = urlsplit(settings.public_url).hostname or "emerald"
    text = render_calendar([date], host=host).decode()
    actor.print({"calendar": text}, text)
