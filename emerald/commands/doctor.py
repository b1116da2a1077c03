"""`emerald doctor`."""

import sys

import click

from backend import zone_data
from emerald.health_report import report
from emerald.runtime import database, result_with_pool


@click.command
@click.option("--invariants", is_flag=True, help="Also recount every seat from the log.")
@click.option("--database-only", is_flag=True, help="Only check what is in the database.")
def doctor(invariants: bool, database_only: bool) -> int:
    """Check settings, database and tables; exit code 1 if something is wrong."""
    print(f"Time zone data: {zone_data.current()}", file=sys.stderr)
    with database(needs_nothing_else=database_only):
        found = result_with_pool(
            "emerald doctor", lambda: report(invariants=invariants, database_only=database_only)
        )
    for line in found:
        print(line)
    if not found:
        print("All is well.")
    return 1 if found else 0
