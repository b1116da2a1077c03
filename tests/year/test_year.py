"""A year of clubs, played through the real core, worker and sandbox, against an independent reckoning of docs/RULES.md.

In `bin/test` it is short: eight series in two zones over the autumn's two changes of the clock. Whole, with 60 series in
five zones and 400 members, it is played by `bin/test tests/year --whole-year`.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend import clock
from tests.year.script import SHORT, WHOLE, clubs_of


async def test_a_year_of_clubs(
    world: None, move_in: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.year.driver import Driver
    from tests.year.truth import Truth

    # What ended is looked at for what comes next every ten minutes: of a year, that would be most of the work.
    monkeypatch.setattr("bot.cards.NEXT_INSTANCE_REFRESH", timedelta(hours=12))
    plan = WHOLE if request.config.getoption("--whole-year") else SHORT
    plan = replace(plan, seed=request.config.getoption("--year-seed"))
    driver = Driver(plan, *clubs_of(plan))
    telegram, driver.held = await move_in(driver.people, driver.groups)
    with clock.stopped(plan.begins):
        await driver.found(telegram)
        truth = Truth(driver)
        await driver.play(truth.look)
        await truth.look_at_all()
    print(truth.figures())
