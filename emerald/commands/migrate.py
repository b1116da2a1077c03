"""`emerald migrate`."""

import click

from emerald import migrate as migrations
from emerald.runtime import database, result_of


@click.command
@click.option("--check", is_flag=True, help="Only show what is missing; exit code 1 if anything is.")
def migrate(check: bool) -> int:
    with database():
        steps = result_of(lambda: migrations.migrate(check=check))
    for step in steps:
        print(f"missing: {step}" if check else f"taken: {step}")
    if not steps:
        print("The database is up to date.")
    return 1 if check and steps else 0
