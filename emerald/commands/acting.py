"""Acting from the command line as a person whom Emerald has met: their role decides, as at every door (`X4`)."""

import argparse
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from backend.accounts.queries import Club
    from backend.accounts.rules import Permission
    from backend.people.queries import Person

Result = TypeVar("Result")


def takes_actor(command: argparse.ArgumentParser) -> None:
    """Give a command its `--as` and its `--json`."""
    command.add_argument(
        "--as",
        dest="actor",
        type=int,
        required=True,
        metavar="TELEGRAM_ID",
        help="who acts: the number that /id tells them",
    )
    command.add_argument("--json", action="store_true", help="answer as JSON")


def act(given: argparse.Namespace, do: "Callable[[Person], Awaitable[Result]]") -> Result | None:
    """Run `do` as the person of `--as`, with a pool and a database; None when interrupted. Raises `NotFound`."""
    from backend.errors import NotFound
    from backend.i18n import N_
    from backend.people.queries import person_of_telegram
    from emerald.cli import database
    from emerald.runtime import complete_with_pool

    async def acting() -> Result:
        person = await person_of_telegram(given.actor)
        if person is None:
            raise NotFound(N_("Emerald has not met anybody with this Telegram number."))
        return await do(person)

    with database():
        return complete_with_pool("emerald command", acting)


async def club_named(person: "Person", name: str, to: "Permission") -> "Club":
    """The club with this name or number, in which the person may do this. Raises `NotFound`, `Forbidden`."""
    from backend.accounts.queries import authorize, find_account
    from backend.errors import NotFound
    from backend.i18n import N_

    account_id = await find_account(name)
    if account_id is None:
        raise NotFound(N_("There is no club with this name or number, or there are several."))
    return await authorize(person, account_id, to)


def say(given: argparse.Namespace, result: Any, sentence: str) -> int:
    """Answer: the sentence, or with `--json` the result; the exit code."""
    if result is None:
        return 130
    if given.json:
        print(json.dumps(_plain(result), ensure_ascii=False, default=str))
    else:
        print(sentence)
    return 0


def _plain(result: Any) -> Any:
    if isinstance(result, (list, tuple)):
        return [_plain(one) for one in result]
    return asdict(result) if is_dataclass(result) and not isinstance(result, type) else result
