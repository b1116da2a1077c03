"""`emerald doctor`."""

import sys

import click

from backend import zone_data
from emerald.doctor import check_invariants
from emerald.health_report import report
from emerald.runtime import database, result_with_pool
from emerald.surroundings import surroundings


@click.command
@click.option("--invariants", is_flag=True, help="Also recount every seat from the log.")
@click.option(
    "--database-only", is_flag=True, help="Only check whether the data agree, as of a restored copy."
)
def doctor(invariants: bool, database_only: bool) -> int:
    """Check settings, database and tables; exit code 1 if something is wrong."""
    print(f"Time zone data: {zone_data.current()}", file=sys.stderr)
    with database(needs_nothing_else=database_only):
        found = result_with_pool("emerald doctor", lambda: _findings(invariants, database_only))
    for line in found:
        print(line)
    if not found:
        print("All is well.")
    return 1 if found else 0


async def _findings(invariants: bool, database_only: bool) -> list[str]:
    if database_only:
        return await check_invariants(progress=_show_progress) if invariants else []
    return await report(invariants=invariants, progress=_show_progress, around=surroundings)


def _show_progress(done: int, of: int) -> None:
    """In one line, where somebody watches: with years of bookings the checks take many seconds."""
    if sys.stderr.isatty():
        end = "\r" if done < of else "\n"
        print(f"Checked {done} of {of}", end=end, file=sys.stderr, flush=True)
