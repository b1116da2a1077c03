"""`emerald maintenance on | off | status`."""

from datetime import datetime

import click

from backend import clock
from backend import maintenance as windows
from backend.announcements.in_every_account import announce_maintenance
from backend.errors import Invalid
from backend.i18n import N_
from backend.maintenance import Window
from emerald.commands.moments import parse_instant
from emerald.runtime import database, result_with_pool


@click.group
def maintenance() -> None:
    """Close every door politely for a while.

    Mini App, dashboard, feeds and bot say when everything is back, and change nothing; nothing is sent and no job runs.
    What people did not do themselves, like leaving a group, Telegram delivers afterwards. At the end everything opens
    by itself. `emerald maintenance announce` tells every club beforehand.
    """


@maintenance.command
@click.option("--until", required=True, help="The end, like 2026-12-06T04:00+02:00; UTC without an offset.")
@click.option("--from", "start", help="The start, written the same way. Default: now.")
@click.option("--message", default="", help="A sentence that people read after ours.")
def on(until: str, start: str | None, message: str) -> int:
    """Begin maintenance, or plan it with --from."""
    starts_at = _moment(start, "from") if start else clock.now()
    ends_at = _moment(until, "until")
    with database():
        planned = result_with_pool("emerald", lambda: windows.plan(starts_at, ends_at, message))
    print(_described(planned))
    return 0


@maintenance.command
@click.option("--text", required=True, help="The text of the announcement.")
@click.option(
    "--members", is_flag=True, help="Each member too, in private; always so in clubs without a group."
)
@click.option(
    "--at", metavar="ISO", help="When, like 2026-12-04T18:00+02:00; UTC without an offset. Default: now."
)
def announce(text: str, members: bool, at: str | None) -> int:
    """Tell the groups of every club beforehand.

    A club that was told this text already is left out, so the command can be repeated. One club is told by `emerald
    announce --maintenance`.
    """
    moment = _moment(at, "at") if at else None
    with database():
        told = result_with_pool("emerald", lambda: announce_maintenance(text, at=moment, to_members=members))
    clubs = "1 club" if told.accounts == 1 else f"{told.accounts} clubs"
    print(f"Announced in {clubs}." + (f" {told.before} knew it before." if told.before else ""))
    return 0


@maintenance.command
def off() -> int:
    """End maintenance now, or drop the planned one."""
    with database():
        was = result_with_pool("emerald", windows.end)
    print("Maintenance is over." if was else "There was no maintenance.")
    return 0


@maintenance.command
def status() -> int:
    """Show whether maintenance is on or planned."""
    with database():
        found = result_with_pool("emerald", windows.window)
    print(_described(found) if found else "There is no maintenance.")
    return 0


def _described(window: Window) -> str:
    ends = f"{window.ends_at:%Y-%m-%d %H:%M} UTC"
    text = f" “{window.message}”" if window.message else ""
    if window.is_on:
        return f"Maintenance is on until {ends}.{text}"
    return f"Maintenance is planned from {window.starts_at:%Y-%m-%d %H:%M} to {ends}.{text}"


def _moment(text: str, field: str) -> datetime:
    try:
        return parse_instant(text, "UTC")
    except (ValueError, OverflowError):
        raise Invalid(N_("Write it like this: 2026-12-06T04:00+02:00."), field=field) from None
