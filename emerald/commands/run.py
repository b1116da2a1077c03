"""`emerald run`."""

import click

from emerald.run import run as run_all


@click.command
def run() -> int:
    return run_all()
