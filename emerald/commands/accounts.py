"""`emerald create-account`."""

import json
from dataclasses import asdict

import click

from backend.accounts import actions
from emerald.commands.options import json_option
from emerald.runtime import database, result_with_pool


@click.command
@click.argument("name")
@json_option
def create_account(name: str, as_json: bool) -> None:
    """Make the club NAME and print its OWNER key, once."""
    with database():
        made = result_with_pool("emerald create-account", lambda: actions.create_account(name))
    if as_json:
        print(json.dumps(asdict(made), ensure_ascii=False))
    else:
        print(f"Club {made.account_id}: {made.name}")
        print(f"OWNER key, shown this once: {made.key}")
        print("Send it to the bot in a private chat, as: /start <key>")
