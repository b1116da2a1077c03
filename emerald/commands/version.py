"""`emerald version`."""

import click

from emerald.version import VERSION, notes_before_updating


@click.command
@click.option("--notes", is_flag=True, help="Also print the tasks before its first start.")
@click.option("--since", metavar="VERSION", help="Include the tasks of all versions after this one.")
def version(notes: bool, since: str | None) -> None:
    print(f"Emerald {VERSION}")
    if notes or since:
        found = notes_before_updating(since)
        for note in found:
            print(f"- {note}")
        if not found:
            print("Nothing to do before you update.")
