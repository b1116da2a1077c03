"""The person a command acts as: their role decides what may be done, as at every door (`X4`)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from backend.accounts.queries import AccountView, authorize, find_account
from backend.accounts.rules import Permission
from backend.errors import NotFound
from backend.i18n import N_
from backend.people.queries import Person, person_of_telegram
from emerald.commands.output import to_json
from emerald.runtime import database, result_with_pool

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Actor:
    """The person of `--as`, and whether they want JSON."""

    telegram_id: int
    as_json: bool

    def run(self, action: Callable[[Person], Awaitable[Result]]) -> Result:
        """Run `action` as this person, with a database and a pool. Raises `NotFound`, `Interrupted`."""

        async def run_as_person() -> Result:
            person = await person_of_telegram(self.telegram_id)
            if person is None:
                raise NotFound(N_("Emerald doesn’t know anyone with this Telegram ID."))
            return await action(person)

        with database():
            return result_with_pool("emerald command", run_as_person)

    def print(self, result: Any, sentence: str) -> None:
        """Print the sentence, or with `--json` the result."""
        print(to_json(result) if self.as_json else sentence)


async def find_managed_account(person: Person, name: str, to: Permission) -> AccountView:
    """The club with this name or number, in which the person may do this. Raises `NotFound`, `Forbidden`."""
    account_id = await find_account(name)
    if account_id is None:
        raise NotFound(N_("No club has this name or number, or several have it."))
    return await authorize(person, account_id, to)
