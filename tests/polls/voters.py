"""What one process of a crew does at a poll: many people vote at once."""

import asyncio
from collections import Counter
from typing import Any

from backend.errors import Refusal
from backend.people.queries import Person
from backend.polls.actions import tap_option, vote
from backend.polls.rules import Answer
from backend.seats.requests import Via
from tests.processes import meet


def known(user_id: int) -> Person:
    return Person(id=user_id, telegram_id=user_id, first_name="")


def chosen(option: Any) -> Any:
    if not isinstance(option, dict):
        return [option]
    return {int(each): Answer(answer) for each, answer in option.items()}


async def told(asked: Any) -> str:
    """How an answer is known to screens; `error` and its kind for what nobody expected."""
    try:
        return str((await asked).kind)
    except Refusal as no:
        return no.outcome
    except Exception as error:
        return f"error {type(error).__name__}"


async def rush(task: dict[str, Any]) -> dict[str, int]:
    """Everybody of `people` votes for each of `options` in turn, all at once; how often which answer came.

    An option of a poll about dates may be a whole choice, its answers by option.

    With `meet`, the first box of each process waits for those of the others to have looked too.
    """
    answers: Counter[str] = Counter()

    async def one(user_id: int) -> None:
        for option in task["options"]:
            asked = (
                tap_option(task["code"], known(user_id), option, via=Via.CARD)
                if task.get("tap")
                else vote(task["code"], known(user_id), chosen(option), via=Via.MINIAPP)
            )
            answers[await told(asked)] += 1

    if "meet" in task:
        await meet("box.looked", "looked", task["meet"])
    await asyncio.gather(*(one(user_id) for user_id in task["people"]))
    return dict(answers)
