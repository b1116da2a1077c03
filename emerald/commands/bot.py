"""`emerald bot`."""

import click

from emerald import bot as polling_bot
from emerald.runtime import database


@click.command
def bot() -> None:
    with database():
        polling_bot.main()
