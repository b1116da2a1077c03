"""A year of clubs, played through the real core, worker and sandbox, against a reference model of
`docs/RULES.md`.

In `bin/test` it is short: eight series in two zones across two DST changes of autumn. `bin/test tests/year
--whole-year` plays it whole, with 60 series in five zones and 400 members.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend import clock
from tests.year.script import SHORT, WHOLE, make_accounts


async def test_a_year_of_clubs(
    world: None, start_sandbox: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.year.comparison import Comparison
    from tests.year.driver import Driver

    # Cards of ended instances are updated every ten minutes: in a year that would be most of the work.
    monkeypatch.setattr("bot.cards.NEXT_INSTANCE_REFRESH", timedelta(hours=12))
    plan = WHOLE if request.config.getoption("--whole-year") else SHORT
    plan = replace(plan, seed=request.config.getoption("--year-seed"))
    driver = Driver(plan, *make_accounts(plan))
    telegram, driver.sandbox_state = await start_sandbox(driver.people, driver.groups)
    with clock.stopped(plan.begins):
        await driver.set_up(telegram)
        comparison = Comparison(driver)
        await driver.play(comparison.compare)
        await comparison.compare_everything()
    print(comparison.summary())
