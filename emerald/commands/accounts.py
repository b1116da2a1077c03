"""`emerald create-account` and `emerald new-key`."""

import json
from dataclasses import asdict

import click

from backend.accounts import actions
from backend.accounts.keys import create_key_without_person
from backend.accounts.rules import Role
from emerald.commands.options import json_option
from emerald.runtime import database, result_with_pool
from emerald.scripts import account_named


@click.command
@click.argument("name")
@click.option(
    "--zone", default="UTC", show_default=True, help="Time zone of the club, such as Europe/Helsinki."
)
@json_option
def create_account(name: str, zone: str, as_json: bool) -> None:
    """Create the club NAME and print its OWNER key once."""
    with database():
        made = result_with_pool("emerald create-account", lambda: actions.create_account(name, zone=zone))
    if as_json:
        print(json.dumps(asdict(made), ensure_ascii=False))
    else:
        print(f"Club {made.account_id}: {made.name}")
        print(f"OWNER key, shown this once: {made.key}")
        print("Send it to the bot in a private chat, as: /start <key>")
        print(f"Time zone: {zone}. Owners change it in the dashboard's settings.")


@click.command
@click.argument("account")
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), default=Role.OWNER.value, show_default=True
)
@json_option
def new_key(account: str, role: str, as_json: bool) -> None:
    """Print a new key for the club ACCOUNT (its name or number) that has lost its only owner."""
    with database():
        key = result_with_pool("emerald new-key", lambda: _create_key(account, Role(role)))
    if as_json:
        print(json.dumps({"key": key, "role": role}))
    else:
        print(f"{role} key, shown this once: {key}")
        print("Send it to the bot in a private chat, as: /start <key>")


async def _create_key(account: str, role: Role) -> str:
    return await create_key_without_person(await account_named(account), role=role)
