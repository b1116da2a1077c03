"""`emerald series …`: what repeats (`S4`, `S9`). Times are as the event's own clock shows them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click
from click.core import ParameterSource

from backend.accounts.queries import accounts_with, authorize, joined_accounts
from backend.accounts.rules import Permission
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import drifted_instances, series_instances
from backend.bookings.views import InstanceView
from backend.errors import Invalid, NotFound
from backend.events.archive import archive_series, restore_series
from backend.events.create import NewSeries, duplicate_series
from backend.events.drafts import SeriesDraft
from backend.events.edit import InstanceChanges, edit_instance, edit_series
from backend.events.own_values import OwnValues, own_values
from backend.events.pause import pause_series, resume_series
from backend.events.queries import SeriesView, all_series, series_by_id
from backend.events.split import edit_following
from backend.i18n import N_
from backend.people.queries import Person
from backend.recurrence.retiming import retime
from emerald.commands.actor import Actor
from emerald.commands.instances import instance_line
from emerald.commands.moments import parse_local, warn_of_clock_change
from emerald.commands.options import actor_options, allow_one

NONE = "none"
Setting = tuple[str, click.ParamType[Any] | type, str]


class NumberOrNone(click.ParamType[int | None]):
    """A whole number, or `none`."""

    name = f"integer|{NONE}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        return None if value == NONE else click.INT.convert(value, param, ctx)


class Minutes(click.ParamType[tuple[int, ...]]):
    """Whole numbers with commas between."""

    name = "minutes,…"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(click.INT.convert(one, param, ctx) for one in value.split(",") if one)


NUMBER_OR_NONE, MINUTES = NumberOrNone(), Minutes()

# What can be set: the draft's field, its type, and what it means. An instance may have its own values of the
# first part.
INSTANCE_SETTINGS: tuple[Setting, ...] = (
    ("title", str, ""),
    ("emoji", str, "One emoji, or empty."),
    ("description", str, ""),
    ("place", str, ""),
    ("map_url", str, "A link to a map."),
    ("guests_max", int, "Guests per booking, 0 to 9."),
    ("capacity", NUMBER_OR_NONE, "Number of seats; `none` for no limit."),
    ("duration_minutes", int, ""),
)
SERIES_SETTINGS: tuple[Setting, ...] = (
    ("zone", str, "IANA time zone, like Europe/Helsinki."),
    ("rule", str, "How it repeats, like FREQ=WEEKLY."),
    ("visibility", str, "group or link."),
    ("opens_before_minutes", NUMBER_OR_NONE, "`none` for right away."),
    ("closes_before_minutes", int, ""),
    ("cancel_before_minutes", NUMBER_OR_NONE, "Free to leave until then; `none` for the start."),
    ("announce_before_minutes", int, ""),
    ("offers_before_minutes", int, "Closer to the start than this, a free seat is offered."),
    ("offer_minutes", int, "How long an offered seat is held."),
    ("first_tap_before_minutes", int, "Closer to the start than this, the first to tap gets the seat."),
    ("min_to_run", NUMBER_OR_NONE, "Minimum number of people; `none` for no minimum."),
    ("decide_before_minutes", int, "When to decide whether it goes ahead."),
    ("warn_before_minutes", int, "When to warn before the decision."),
    ("remind_before_minutes", MINUTES, "Like 1440,120."),
)
SWITCHES = ("decide_by_itself", "fill_gaps", "remind_unanswered")


def setting_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each setting."""
    for field in reversed(SWITCHES):
        option = _option_name(field)
        command = click.option(f"{option}/{option.replace('--', '--no-', 1)}", field, default=None)(command)
    for field, kind, help_line in reversed((*INSTANCE_SETTINGS, *SERIES_SETTINGS)):
        command = click.option(_option_name(field), field, type=kind, help=help_line or None)(command)
    return command


def _option_name(field: str) -> str:
    return "--" + field.replace("_", "-")


def _given_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Those that were typed: a typed `none` is a value."""
    source = click.get_current_context().get_parameter_source
    return {field: value for field, value in settings.items() if source(field) is ParameterSource.COMMANDLINE}


@click.group
def series() -> None:
    """List, change, pause and archive series."""


async def _find_series(person: Person, series_id: int) -> SeriesView:
    """The series, in any club where the person may manage it (`A1`). Raises `NotFound`, `Forbidden`."""
    for account in await joined_accounts(person):
        view = await series_by_id(account.id, series_id)
        if view is not None:
            await authorize(person, account.id, Permission.MANAGE_EVENTS)
            return view
    raise NotFound()


def _summary(view: SeriesView) -> str:
    state = ", archived" if view.archived_at else ", paused" if view.paused_at else ""
    drifted = f", {view.drifted} drifted" if view.drifted else ""
    return f"{view.id}  {view.draft.title}  ({view.dates_ahead} upcoming dates{drifted}{state})"


@series.command("list")
@click.option("--archived", is_flag=True, help="Show archived series instead.")
@actor_options
def list_series(actor: Actor, archived: bool) -> None:
    """List all series of your clubs."""

    async def find(person: Person) -> list[SeriesView]:
        return [
            one
            for account in await accounts_with(person, Permission.MANAGE_EVENTS)
            for one in await all_series(account.id, archived=archived)
        ]

    found = actor.run(find)
    actor.print(found, "\n".join(map(_summary, found)) or "No series.")


@series.command
@click.argument("series_id", metavar="ID", type=int)
@actor_options
def show(actor: Actor, series_id: int) -> None:
    """Show a series and its upcoming dates."""

    async def find(person: Person) -> tuple[SeriesView, list[InstanceView]]:
        view = await _find_series(person, series_id)
        return view, await series_instances(view.id, person)

    view, instances = actor.run(find)
    lines = [_summary(view), *map(instance_line, instances)]
    actor.print({"series": view, "dates": instances}, "\n".join(lines))


def _changed(was: SeriesDraft, changes: dict[str, Any]) -> SeriesDraft:
    """The draft with these changes; at another hour or in another zone, what the rule leaves out stays so
    (`S11`)."""
    draft = replace(was, **changes)
    if "rule" in changes:
        return draft
    return replace(draft, rule=retime(was.timing, draft.starts_local, draft.zone))


@series.command
@click.argument("series_id", metavar="ID", type=int)
@click.option("--following", metavar="CODE", help="This date and those after it.")
@click.option("--only", metavar="CODE", help="Only this date.")
@click.option("--starts-at", metavar="ISO", help="The first date, like 2027-03-01T18:00.")
@setting_options
@actor_options
def edit(
    actor: Actor,
    series_id: int,
    following: str | None,
    only: str | None,
    starts_at: str | None,
    **settings: Any,
) -> None:
    """Change a whole series, its dates from one on, or a single date."""
    allow_one(following=following, only=only)
    changes = _given_settings(settings)
    if starts_at is not None:
        changes["starts_local"] = parse_local(starts_at)

    async def save(person: Person) -> tuple[dict[str, Any], list[OwnValues]]:
        view = await _find_series(person, series_id)
        code = only or following
        if code and (await event(code, person)).series_id != view.id:
            raise NotFound(N_("This series has no such date."))
        if only:
            if not changes.keys() <= {field for field, _, _ in INSTANCE_SETTINGS}:
                raise Invalid(
                    N_("This setting belongs to the whole series. To move one date, use `event move`.")
                )
            await edit_instance(only, person, InstanceChanges(**changes))
            return {"series_id": view.id, "drifted": []}, []
        draft = _changed(view.draft, changes)
        if starts_at is not None:
            warn_of_clock_change(draft.starts_local, draft.zone)
        if following:
            saved_id = await edit_following(following, person, draft)
        else:
            saved_id = view.id
            await edit_series(person, view.account_id, saved_id, draft)
        drifted = await drifted_instances(view.account_id, saved_id)
        own = await own_values(view.account_id, saved_id)
        return {"series_id": saved_id, "drifted": [one.code for one in drifted]}, own

    saved, own = actor.run(save)
    lines = ["Saved."]
    if saved["drifted"]:
        lines = [f"Saved. No longer in the rule: {', '.join(saved['drifted'])}"]
        lines += ["Keep each with `emerald event keep CODE`, or move or cancel it."]
    lines += [f"{one.code} keeps its own {', '.join(one.values)}." for one in own]
    actor.print(saved, "\n".join(lines))


@series.command
@click.argument("series_id", metavar="ID", type=int)
@click.option("--starts-at", required=True, metavar="ISO", help="First date of the copy.")
@actor_options
def duplicate(actor: Actor, series_id: int, starts_at: str) -> None:
    """Copy a series."""

    async def copy(person: Person) -> NewSeries:
        view = await _find_series(person, series_id)
        starts = parse_local(starts_at)
        made = await duplicate_series(person, view.account_id, view.id, starts)
        warn_of_clock_change(starts, view.draft.zone)
        return made

    made = actor.run(copy)
    actor.print(made, f"{made.series_id}  {made.first_code}")


@series.command
@click.argument("series_id", metavar="ID", type=int)
@actor_options
def pause(actor: Actor, series_id: int) -> None:
    """Pause a series: no new dates, no announcements."""

    async def stop(person: Person) -> None:
        view = await _find_series(person, series_id)
        await pause_series(person, view.account_id, series_id)

    actor.run(stop)
    actor.print({"series_id": series_id}, "Paused.")


@series.command
@click.argument("series_id", metavar="ID", type=int)
@actor_options
def resume(actor: Actor, series_id: int) -> None:
    """Resume a paused series."""

    async def go_on(person: Person) -> int:
        view = await _find_series(person, series_id)
        return await resume_series(person, view.account_id, series_id)

    made = actor.run(go_on)
    actor.print({"made": made}, f"Resumed. New dates: {made}.")


@series.command
@click.argument("series_id", metavar="ID", type=int)
@click.option("--reason", default="", help="Reason shown to people whose dates are cancelled.")
@actor_options
def archive(actor: Actor, series_id: int, reason: str) -> None:
    """Archive a series."""

    async def put_away(person: Person) -> int:
        view = await _find_series(person, series_id)
        return await archive_series(person, view.account_id, series_id, reason)

    cancelled = actor.run(put_away)
    actor.print({"cancelled": cancelled}, f"Archived. Cancelled dates: {cancelled}.")


@series.command
@click.argument("series_id", metavar="ID", type=int)
@actor_options
def unarchive(actor: Actor, series_id: int) -> None:
    """Restore an archived series."""

    async def take_out(person: Person) -> int:
        view = await _find_series(person, series_id)
        return await restore_series(person, view.account_id, series_id)

    made = actor.run(take_out)
    actor.print({"made": made}, f"Restored. New dates: {made}.")


@series.command
@click.argument("series_id", metavar="[ID]", type=int, required=False)
@actor_options
def drift(actor: Actor, series_id: int | None) -> None:
    """List dates that no longer fit their rule, of all series or of one."""

    async def find(person: Person) -> list[InstanceView]:
        if series_id is not None:
            view = await _find_series(person, series_id)
            return await drifted_instances(view.account_id, series_id)
        return [
            one
            for account in await accounts_with(person, Permission.MANAGE_EVENTS)
            for one in await drifted_instances(account.id)
        ]

    found = actor.run(find)
    lines = [f"{instance_line(one)}  {one.title}" for one in found]
    actor.print(found, "\n".join(lines) or "None.")
