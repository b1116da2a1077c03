"""`emerald work`."""

import click

from emerald import worker
from emerald.runtime import database


@click.command
def work() -> None:
    with database():
        worker.main()
