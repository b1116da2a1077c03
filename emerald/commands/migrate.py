"""`emerald migrate`."""

import click

from emerald import migrate as migrations
from emerald.commands.options import allow_one
from emerald.runtime import database, result_of


@click.command
@click.option("--check", is_flag=True, help="Only show what is missing; exit code 1 if anything is.")
@click.option("--to", metavar="ID", help="Stop after this migration.")
def migrate(check: bool, to: str | None) -> int:
    allow_one(check=check or None, to=to)
    with database(needs_nothing_else=True):
        steps = result_of(migrations.missing_steps if check else lambda: migrations.migrate(to))
    for step in steps:
        print(f"missing: {step}" if check else f"taken: {step}")
    if not steps:
        print("The database is up to date." if to is None else f"The database has migration {to}.")
    return 1 if check and steps else 0
