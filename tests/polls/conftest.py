"""Fixtures for polls about dates. Importing the product reads its settings, so nothing of it is imported at
the top."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest


@pytest.fixture
def create_date_poll(olga: Any, account: Any, noon: datetime) -> Callable[..., Awaitable[str]]:
    """Make a poll about the evenings of 24, 25 and 26 November, 18:00 in Helsinki: `code = await
    create_date_poll()`."""
    from backend.polls.actions import create_poll
    from backend.polls.drafts import OptionDraft, PollDraft

    async def create(*, limits: tuple[int | None, ...] = (None,) * 3, **fields: Any) -> str:
        options = tuple(
            OptionDraft("", votes_max, noon + timedelta(days=1 + i, hours=4))
            for i, votes_max in enumerate(limits)
        )
        draft = {
            "question": "When do we meet?",
            "kind": "dates",
            "options": options,
            "group_id": account.group_id,
        }
        return await create_poll(olga, account.id, PollDraft(**{**draft, **fields}))

    return create


@pytest.fixture
def answer() -> Callable[[str, Any, str], Awaitable[str]]:
    """Answer a poll about dates with one mark for each: `await answer(code, alice, "y?n")`; `-` is no
    answer."""
    from backend.polls.actions import vote
    from backend.polls.queries import poll
    from backend.polls.rules import Answer
    from backend.seats.requests import Via

    marks = {"y": Answer.YES, "?": Answer.IF_NEED_BE, "n": Answer.NO}

    async def cast(code: str, who: Any, answers: str) -> str:
        options = (await poll(code, who)).options
        choice = {
            option.id: marks[mark] for option, mark in zip(options, answers, strict=True) if mark != "-"
        }
        return (await vote(code, who, choice, via=Via.MINIAPP)).kind

    return cast
