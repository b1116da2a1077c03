"""Tests that feed what nobody would send: each looks at so many examples, the same ones each time, in a few seconds.
`bin/test PATH --fuzz 100` looks at a hundred times as many, others each time.
"""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

Example = TypeVar("Example")
times = 1  # --fuzz


def examples(number: int) -> settings:
    """Of a test with `given`: so many examples, by the measure of this run."""
    return settings(
        max_examples=number * times,
        derandomize=times == 1,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


def drawn(strategy: SearchStrategy[Example], number: int) -> list[Example]:
    """So many examples at once, for a test that awaits each."""
    found: list[Example] = []

    @settings(examples(number), database=None)
    @given(strategy)
    def draw(example: Example) -> None:
        found.append(example)

    draw()
    return found


class TooMuchWork(Exception):
    """More lines were run than the budget has."""


def lines_run(work: Callable[[], object], *, budget: int) -> int:
    """How many lines of Python it takes, however busy the machine is. Raises `TooMuchWork` beyond the budget."""
    ran, before = 0, sys.gettrace()

    def count(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal ran
        ran += event == "line"
        if ran > budget:
            raise TooMuchWork()
        return count

    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return ran
