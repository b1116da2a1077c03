"""`emerald create-roles` and `emerald database-url`."""

from pathlib import Path

import click

from backend.database_address import BadAddress, DatabaseAddress
from backend.settings import settings
from emerald.roles import create_roles as make
from emerald.runtime import database, result_of


@click.command
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIRECTORY",
    help="Keep each role's address there, as app/database_url and so on, instead of printing it.",
)
@click.option("--new-passwords", is_flag=True, help="Give roles that exist new passwords too.")
@click.option("--through", metavar="HOST:PORT", help="Let the app's address lead to PgBouncer there.")
def create_roles(into: Path | None, new_passwords: bool, through: str | None) -> None:
    """Create the database's roles (owner, app, archiver, reader, backup) as the user of DATABASE_URL."""
    with database(needs_nothing_else=True):
        made = result_of(lambda: make(into=into, new_passwords=new_passwords, through=_address(through)))
    for role in made:
        if role.address is None:
            print(f"{role.name} is there; its password stays.")
        elif role.address.user != role.name:
            print(f"{role.address.user} does the work of {role.name} too.")
        elif into is not None:
            print(f"{role.name} is there; its address is kept in {into}.")
        else:
            print(f"{role.name}, shown this once: {role.address.own_url()}")


@click.command
@click.option("--libpq", is_flag=True, help="As psql and pg_dump understand it.")
@click.option("--migrate", is_flag=True, help="That of MIGRATE_DATABASE_URL.")
def database_url(libpq: bool, migrate: bool) -> None:
    """Print the address of the database, with its password."""
    address = settings.migrate_database if migrate else settings.database
    print(address.url() if libpq else address.own_url())


def _address(place: str | None) -> DatabaseAddress | None:
    if not place:
        return None
    try:
        return DatabaseAddress.from_url(f"postgresql://nobody@{place}/nothing")
    except BadAddress as error:
        raise click.BadParameter("write HOST:PORT", param_hint="--through") from error
