"""`emerald run`."""

import click

from emerald.run import run as run_all


@click.command
@click.option("--verbose", is_flag=True, help="Show requests and jobs here, not in log files.")
def run(verbose: bool) -> int:
    return run_all(verbose=verbose)
