"""`emerald demo`."""

import click

from emerald.demo import fill
from emerald.runtime import database, result_with_pool


@click.command
def demo() -> None:
    with database():
        result_with_pool("emerald demo", fill)
