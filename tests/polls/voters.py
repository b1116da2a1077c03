"""The work of one process in a concurrency test of polls: many people vote at once."""

import asyncio
from collections import Counter
from typing import Any

from backend.errors import Refusal
from backend.people.queries import Person
from backend.polls.actions import tap_option, vote
from backend.polls.rules import Answer
from backend.seats.requests import Via
from tests.processes import meet


def person_with_id(user_id: int) -> Person:
    return Person(id=user_id, telegram_id=user_id, first_name="")


def choice_of(option: Any) -> Any:
    """The choice that an option of the task stands for: an option's id, or answers by option."""
    if not isinstance(option, dict):
        return [option]
    return {int(each): Answer(answer) for each, answer in option.items()}


async def outcome_of(vote: Any) -> str:
    """The kind of a vote's outcome or refusal; `error` with the exception's name for an unexpected one."""
    try:
        return str((await vote).kind)
    except Refusal as refusal:
        return refusal.outcome
    except Exception as error:
        return f"error {type(error).__name__}"


async def vote_at_once(task: dict[str, Any]) -> dict[str, int]:
    """All `people` vote at once, each for every one of `options` in turn; how often each outcome came.

    In a poll about dates an option may be a whole choice, as answers by option. With `meet`, the first batch
    of each process waits until this many processes have loaded the poll.
    """
    outcomes: Counter[str] = Counter()

    async def vote_for_all(user_id: int) -> None:
        for option in task["options"]:
            ballot = (
                tap_option(task["code"], person_with_id(user_id), option, via=Via.CARD)
                if task.get("tap")
                else vote(task["code"], person_with_id(user_id), choice_of(option), via=Via.MINIAPP)
            )
            outcomes[await outcome_of(ballot)] += 1

    if "meet" in task:
        await meet("ballots.loaded", "loaded", task["meet"])
    await asyncio.gather(*(vote_for_all(user_id) for user_id in task["people"]))
    return dict(outcomes)
