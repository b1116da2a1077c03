"""`emerald create-event`."""

import json
from dataclasses import asdict

import click

from emerald import scripts
from emerald.commands.options import json_option
from emerald.runtime import database, result_with_pool


@click.command
@click.argument("account")
@click.option("--title", required=True)
@click.option("--starts-at", required=True, metavar="ISO", help="Local, like 2027-03-01T18:00.")
@click.option("--zone", required=True, help="IANA time zone, like Europe/Helsinki.")
@click.option("--capacity", type=int, help="Number of seats; unlimited if left out.")
@click.option("--guests", type=int, default=0, help="Guests per booking, 0 to 9.")
@click.option("--rrule", default="", help="How it repeats, like FREQ=WEEKLY.")
@click.option("--visibility", type=click.Choice(["link", "group"]), default="group")
@json_option
def create_event(
    account: str,
    title: str,
    starts_at: str,
    zone: str,
    capacity: int | None,
    guests: int,
    rrule: str,
    visibility: str,
    as_json: bool,
) -> None:
    """Create an event in the club ACCOUNT (its name or number) and print the code of its first date."""
    with database():
        made = result_with_pool(
            "emerald create-event",
            lambda: scripts.create_event(
                account,
                title=title,
                starts_at=starts_at,
                zone=zone,
                capacity=capacity,
                guests=guests,
                rrule=rrule,
                visibility=visibility,
            ),
        )
    print(json.dumps(asdict(made), ensure_ascii=False) if as_json else made.first_code)
