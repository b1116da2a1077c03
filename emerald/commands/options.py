"""Options that several commands share."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from emerald.commands.actor import Actor

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
account_option = click.option("--account", required=True, metavar="NAME", help="The club, by name or number.")


def actor_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--as` and `--json`, and pass both to it as `actor`."""

    @click.option(
        "--as",
        "telegram_id",
        type=int,
        required=True,
        metavar="TELEGRAM_ID",
        help="Act as this person: their Telegram ID, which /id shows.",
    )
    @json_option
    @functools.wraps(command)
    def with_actor(telegram_id: int, as_json: bool, **given: Any) -> None:
        command(actor=Actor(telegram_id, as_json), **given)

    return with_actor


def member_option(decorated: Decorated) -> Decorated:
    """`--member`, the member a command is about."""
    option = click.option("--member", type=int, metavar="N", help="The member, by number: see `people`.")
    return option(decorated)


def require_one(**given: object) -> None:
    """Raise `click.UsageError` unless exactly one of these options is given."""
    names = ", ".join(_option_name(name) for name in given)
    if sum(_is_given(value) for value in given.values()) != 1:
        raise click.UsageError(f"Give one of {names}.", click.get_current_context())


def allow_one(**given: object) -> None:
    """Raise `click.UsageError` if more than one of these options is given."""
    names = " and ".join(_option_name(name) for name in given)
    if sum(_is_given(value) for value in given.values()) > 1:
        raise click.UsageError(f"{names} cannot be combined.", click.get_current_context())


def _is_given(value: object) -> bool:
    return value is not None and value != ()


def _option_name(parameter: str) -> str:
    return "--" + parameter.replace("_", "-")
