"""`emerald series …` and `emerald event …`: what organisers do with what repeats, and with one date of it (`S4`–`S9`).

Times are as the event's own clock shows them.
"""

import argparse
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from emerald.commands.acting import act, say, takes_actor

if TYPE_CHECKING:
    from datetime import datetime

    from backend.bookings.views import InstanceView
    from backend.events.queries import SeriesView
    from backend.people.queries import Person

NONE = "none"


def _number_or_none(text: str) -> int | None:
    return None if text == NONE else int(text)


def _minutes(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.split(",") if one)


# What can be set: the draft's field, how it is read, and what it means. Of the first part one date may have its own.
OF_A_DATE: tuple[tuple[str, Callable[[str], Any], str], ...] = (
    ("title", str, ""),
    ("emoji", str, "one, or empty"),
    ("description", str, ""),
    ("place", str, ""),
    ("map_url", str, "a link to a map"),
    ("guests_max", int, "guests a booking may bring, 0 to 9"),
    ("capacity", _number_or_none, "seats; `none` is no limit"),
    ("duration_minutes", int, ""),
)
OF_A_SERIES: tuple[tuple[str, Callable[[str], Any], str], ...] = (
    ("zone", str, "IANA time zone, like Europe/Helsinki"),
    ("rule", str, "how it repeats, like FREQ=WEEKLY"),
    ("visibility", str, "group or link"),
    ("opens_before_minutes", _number_or_none, "`none` is as soon as it is listed"),
    ("closes_before_minutes", int, ""),
    ("cancel_before_minutes", _number_or_none, "leaving is free until then; `none` is the start"),
    ("announce_before_minutes", int, ""),
    ("offers_before_minutes", int, "nearer than this, a free seat is offered"),
    ("offer_minutes", int, "how long it is held"),
    ("first_tap_before_minutes", int, "nearer than this, the first tap has it"),
    ("min_to_run", _number_or_none, "people it needs; `none` is no minimum"),
    ("decide_before_minutes", int, "when it is decided"),
    ("warn_before_minutes", int, "before the decision"),
    ("remind_before_minutes", _minutes, "like 1440,120"),
)
SWITCHES = ("decide_by_itself", "fill_gaps", "remind_unanswered")


def register(add: Callable[..., Any]) -> None:
    """Add these commands."""
    verbs = add("series", "what repeats: list, change, pause, put away", all_series).add_subparsers(
        required=True, metavar="VERB"
    )

    def series(name: str, help: str, command: Callable[..., int], *, one: bool = True) -> Any:
        made = verbs.add_parser(name, help=help, description=help)
        made.set_defaults(command=command)
        if one:
            made.add_argument("id", type=int, help="the series, by its number")
        takes_actor(made)
        return made

    made = series("list", "all series of your clubs", all_series, one=False)
    made.add_argument("--archived", action="store_true", help="those that were put away instead")
    series("show", "a series and its dates ahead", show_series)
    made = series("edit", "change a series whole, from one date on, or one date of it", edit)
    scope = made.add_mutually_exclusive_group()
    scope.add_argument("--following", metavar="CODE", help="this date and those after it")
    scope.add_argument("--only", metavar="CODE", help="this date alone")
    made.add_argument("--starts-at", metavar="ISO", help="the first date, like 2027-03-01T18:00")
    for field, read, help in (*OF_A_DATE, *OF_A_SERIES):
        made.add_argument(_option(field), dest=field, type=read, default=..., help=help)
    for field in SWITCHES:
        made.add_argument(_option(field), dest=field, action=argparse.BooleanOptionalAction, default=...)
    made = series("duplicate", "make another like it", duplicate)
    made.add_argument("--starts-at", required=True, metavar="ISO", help="its first date")
    series("pause", "no new dates, nothing announced", pause)
    series("resume", "go on, with the dates of the weeks ahead", resume)
    made = series("archive", "put it away", archive)
    made.add_argument("--reason", default="", help="what people read whose dates are cancelled")
    series("unarchive", "take it out again", unarchive)
    made = series("drift", "dates that their rule no longer has", drift, one=False)
    made.add_argument("id", type=int, nargs="?", help="of this series alone")

    verbs_of_date = add("event", "one date: show, move, cancel, keep", show).add_subparsers(
        required=True, metavar="VERB"
    )

    def event(name: str, help: str, command: Callable[..., int]) -> Any:
        made = verbs_of_date.add_parser(name, help=help, description=help)
        made.set_defaults(command=command)
        made.add_argument("code", help="the date's code")
        takes_actor(made)
        return made

    event("show", "a date as it stands", show)
    made = event("move", "let it take place at another time", move)
    made.add_argument("--starts-at", required=True, metavar="ISO", help="like 2027-03-01T18:00")
    made.add_argument("--duration-minutes", type=int)
    made = event("cancel", "call it off, and tell everybody why", cancel)
    made.add_argument("--reason", required=True)
    event("restore", "undo a cancellation", restore)
    event("keep", "keep it although its rule no longer has it", keep)
    made = event("decide", "say whether it runs with so few", decide)
    made.add_argument("word", choices=("run", "off"))
    event("tally", "who still comes since it was moved", tally)
    event("calendar", "print it as a calendar file", calendar)


def _option(field: str) -> str:
    return "--" + field.replace("_", "-")


def _local(text: str) -> "datetime":
    from datetime import datetime

    from backend.errors import Invalid
    from backend.i18n import N_

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise Invalid(N_("Give the start as 2026-12-01T18:00, in the event’s zone."), field="starts_at")
    return found


async def _series(person: "Person", series_id: int) -> "SeriesView":
    """The series, in whichever of their clubs it is (`A1`)."""
    from backend.accounts.queries import authorize, clubs
    from backend.accounts.rules import Permission
    from backend.errors import NotFound
    from backend.events.queries import series_by_id

    for club in await clubs(person):
        view = await series_by_id(club.id, series_id)
        if view is not None:
            await authorize(person, club.id, Permission.MANAGE_EVENTS)
            return view
    raise NotFound()


def _when(view: "InstanceView") -> str:
    from backend.zones import wall_clock

    return f"{wall_clock(view.starts_at, view.zone):%Y-%m-%d %H:%M} {view.zone}"


def _line(view: "InstanceView") -> str:
    seats = f"{view.booked}/{view.capacity}" if view.capacity is not None else str(view.booked)
    marks = [view.state.lower()] if view.state != "SCHEDULED" else []
    marks += ["drifted"] if view.is_drifted else []
    marks += ["by hand"] if view.is_edited else []
    more = f"  ({', '.join(marks)})" if marks else ""
    return f"{view.code}  {_when(view)}  {seats}, {view.waiting} waiting{more}"


def _summary(view: "SeriesView") -> str:
    state = ", archived" if view.archived_at else ", paused" if view.paused_at else ""
    drifted = f", {view.drifted} drifted" if view.drifted else ""
    return f"{view.id}  {view.draft.title}  ({view.dates_ahead} dates ahead{drifted}{state})"


# --- series ---


def all_series(given: argparse.Namespace) -> int:
    """`emerald series list`."""

    async def do(person: "Person") -> list["SeriesView"]:
        from backend.accounts.queries import clubs
        from backend.accounts.rules import Permission
        from backend.events.queries import all_series as series_of

        return [
            one
            for club in await clubs(person)
            if club.has_permission(Permission.MANAGE_EVENTS)
            for one in await series_of(club.id, archived=given.archived)
        ]

    found = act(given, do)
    return say(given, found, "\n".join(map(_summary, found or [])) or "There are none.")


def show_series(given: argparse.Namespace) -> int:
    """`emerald series show`."""

    async def do(person: "Person") -> dict[str, Any]:
        from dataclasses import asdict

        from backend.bookings.queries.lists import series_instances

        view = await _series(person, given.id)
        dates = await series_instances(view.id, person)
        return {
            "series": asdict(view),
            "dates": [asdict(one) for one in dates],
            "told": "\n".join([_summary(view), *map(_line, dates)]),
        }

    found = act(given, do)
    told = found.pop("told") if found else ""
    return say(given, found, told)


def edit(given: argparse.Namespace) -> int:
    """`emerald series edit`: whole, `--following CODE` or `--only CODE`."""
    changes = {
        name: getattr(given, name)
        for name in (*(field for field, _, _ in (*OF_A_DATE, *OF_A_SERIES)), *SWITCHES)
        if getattr(given, name) is not ...
    }
    if given.starts_at is not None:
        changes["starts_local"] = _local(given.starts_at)

    async def do(person: "Person") -> dict[str, Any]:
        return await _edit(given, changes, person)

    done = act(given, do)
    drifted = done["drifted"] if done else []
    told = "Saved." if not drifted else "Saved. No longer in the rule: " + ", ".join(drifted)
    return say(given, done, told)


async def _edit(given: argparse.Namespace, changes: dict[str, Any], person: "Person") -> dict[str, Any]:
    from dataclasses import replace

    from backend.bookings.queries.event import event
    from backend.bookings.queries.lists import drifted_instances
    from backend.errors import Invalid, NotFound
    from backend.events.edit import InstanceChanges, edit_instance, edit_series
    from backend.events.split import edit_following
    from backend.i18n import N_

    view = await _series(person, given.id)
    code = given.only or given.following
    if code and (await event(code, person)).series_id != view.id:
        raise NotFound(N_("This series has no such date."))
    if given.only:
        if not changes.keys() <= {field for field, _, _ in OF_A_DATE}:
            raise Invalid(N_("Only the whole series has that; a date is moved with `event move`."))
        await edit_instance(given.only, person, InstanceChanges(**changes))
        return {"series_id": view.id, "drifted": []}
    draft = replace(view.draft, **changes)
    if given.following:
        series_id = await edit_following(given.following, person, draft)
    else:
        series_id = view.id
        await edit_series(person, view.account_id, series_id, draft)
    lost = await drifted_instances(view.account_id, series_id)
    return {"series_id": series_id, "drifted": [one.code for one in lost]}


def duplicate(given: argparse.Namespace) -> int:
    """`emerald series duplicate`."""

    async def do(person: "Person") -> Any:
        from backend.events.create import duplicate_series

        view = await _series(person, given.id)
        starts = _local(given.starts_at)
        return await duplicate_series(person, view.account_id, view.id, starts)

    made = act(given, do)
    return say(given, made, f"{made.series_id}  {made.first_code}" if made else "")


def pause(given: argparse.Namespace) -> int:
    """`emerald series pause`."""

    async def do(person: "Person") -> dict[str, int]:
        from backend.events.pause import pause_series

        await pause_series(person, (await _series(person, given.id)).account_id, given.id)
        return {"series_id": given.id}

    return say(given, act(given, do), "Paused.")


def resume(given: argparse.Namespace) -> int:
    """`emerald series resume`."""

    async def do(person: "Person") -> dict[str, int]:
        from backend.events.pause import resume_series

        account_id = (await _series(person, given.id)).account_id
        return {"made": await resume_series(person, account_id, given.id)}

    done = act(given, do)
    return say(given, done, f"It goes on; new dates: {done['made']}." if done else "")


def archive(given: argparse.Namespace) -> int:
    """`emerald series archive`."""

    async def do(person: "Person") -> dict[str, int]:
        from backend.events.archive import archive_series

        account_id = (await _series(person, given.id)).account_id
        return {"cancelled": await archive_series(person, account_id, given.id, given.reason)}

    done = act(given, do)
    return say(given, done, f"Put away; cancelled dates: {done['cancelled']}." if done else "")


def unarchive(given: argparse.Namespace) -> int:
    """`emerald series unarchive`."""

    async def do(person: "Person") -> dict[str, int]:
        from backend.events.archive import restore_series

        account_id = (await _series(person, given.id)).account_id
        return {"made": await restore_series(person, account_id, given.id)}

    done = act(given, do)
    return say(given, done, f"Taken out; new dates: {done['made']}." if done else "")


def drift(given: argparse.Namespace) -> int:
    """`emerald series drift`."""

    async def do(person: "Person") -> list["InstanceView"]:
        from backend.accounts.queries import clubs
        from backend.accounts.rules import Permission
        from backend.bookings.queries.lists import drifted_instances

        if given.id is not None:
            return await drifted_instances((await _series(person, given.id)).account_id, given.id)
        mine = [club for club in await clubs(person) if club.has_permission(Permission.MANAGE_EVENTS)]
        return [one for club in mine for one in await drifted_instances(club.id)]

    found = act(given, do)
    told = "\n".join(f"{_line(one)}  {one.title}" for one in found or [])
    return say(given, found, told or "None.")


# --- one date ---


def show(given: argparse.Namespace) -> int:
    """`emerald event show`."""

    async def do(person: "Person") -> "InstanceView":
        from backend.bookings.queries.event import event

        return await event(given.code, person)

    found = act(given, do)
    return say(given, found, f"{_line(found)}  {found.title}" if found else "")


def _afterwards(given: argparse.Namespace, do: Callable[["Person"], Awaitable[object]], sentence: str) -> int:
    """Do something with a date; it as it stands then, or the sentence."""

    async def doing(person: "Person") -> "InstanceView":
        from backend.bookings.queries.event import event

        await do(person)
        return await event(given.code, person)

    return say(given, act(given, doing), sentence)


def move(given: argparse.Namespace) -> int:
    """`emerald event move`."""
    from backend.events.reschedule import move_instance

    starts, minutes = _local(given.starts_at), given.duration_minutes
    return _afterwards(
        given,
        lambda person: move_instance(given.code, person, starts, duration_minutes=minutes),
        "Moved. Who is booked is asked whether they still come.",
    )


def cancel(given: argparse.Namespace) -> int:
    """`emerald event cancel`."""
    from backend.events.cancel import cancel_instance

    return _afterwards(given, lambda person: cancel_instance(given.code, person, given.reason), "Cancelled.")


def restore(given: argparse.Namespace) -> int:
    """`emerald event restore`."""
    from backend.events.cancel import restore_instance

    return _afterwards(given, lambda person: restore_instance(given.code, person), "It is on again.")


def keep(given: argparse.Namespace) -> int:
    """`emerald event keep`."""
    from backend.events.edit import keep_drifted

    return _afterwards(given, lambda person: keep_drifted(given.code, person), "Kept.")


def decide(given: argparse.Namespace) -> int:
    """`emerald event decide`."""

    async def do(person: "Person") -> dict[str, str]:
        from backend.events.minimum import decide_instance as settle
        from backend.i18n import Voice

        done = await settle(given.code, person, run=given.word == "run")
        return {"kind": done.kind, "told": Voice().tell(done.words)}

    done = act(given, do)
    return say(given, done, done["told"] if done else "")


def tally(given: argparse.Namespace) -> int:
    """`emerald event tally`."""

    async def do(person: "Person") -> Any:
        from backend.events.reschedule import move_responses as count

        return await count(given.code, person)

    found = act(given, do)
    if found is None:
        return 130
    told = [f"asked: {found.asked}"]
    told += [
        f"{word}: {len(names)}" + (f" ({', '.join(names)})" if names else "")
        for word, names in (("stay", found.stay), ("left", found.left), ("silent", found.silent))
    ]
    return say(given, found, "\n".join(told))


def calendar(given: argparse.Namespace) -> int:
    """`emerald event calendar`."""

    async def do(person: "Person") -> dict[str, str]:
        from urllib.parse import urlsplit

        from backend.bookings.calendar_entries import calendar_date
        from backend.events.ical import render_calendar
        from backend.settings import settings

        date = await calendar_date(given.code, person)
        host = urlsplit(settings.public_url).hostname or "emerald"
        return {"calendar": render_calendar([date], host=host).decode()}

    found = act(given, do)
    return say(given, found, found["calendar"] if found else "")
