"""`emerald serve`."""

import click

from emerald import serve as web_server
from emerald.runtime import database


@click.command
def serve() -> None:
    with database():
        web_server.main()
