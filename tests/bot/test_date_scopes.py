"""Which dates a change in chat can reach (`S4`)."""

from datetime import datetime

import pytest

from backend.events.drafts import SeriesDraft
from bot.date_scopes import Scope, changed_draft, scopes_of
from bot.organiser_callbacks import DateStep

START = datetime(2026, 11, 26, 18)
ONLY, FOLLOWING, ALL = Scope


def draft(rule: str) -> SeriesDraft:
    return SeriesDraft(title="Yoga", zone="Europe/Helsinki", starts_local=START, rule=rule)


@pytest.mark.parametrize(
    ("rule", "what", "starts", "scopes"),
    [
        ("", DateStep.TITLE, None, [ONLY]),
        ("FREQ=WEEKLY", DateStep.REASON, None, [ONLY]),
        ("FREQ=WEEKLY", DateStep.TITLE, None, [ONLY, FOLLOWING, ALL]),
        ("FREQ=WEEKLY;COUNT=5", DateStep.PLACE, None, [ONLY, FOLLOWING, ALL]),
        ("FREQ=WEEKLY", DateStep.STARTS, datetime(2026, 12, 3, 19), [ONLY, FOLLOWING, ALL]),
        ("FREQ=WEEKLY", DateStep.STARTS, datetime(2026, 12, 4, 18), [ONLY]),
        ("FREQ=WEEKLY;COUNT=5", DateStep.STARTS, datetime(2026, 12, 3, 19), [ONLY, ALL]),
    ],
)
def test_what_can_be_reached(rule: str, what: DateStep, starts: datetime | None, scopes: list[Scope]) -> None:
    assert scopes_of(draft(rule), what, starts, datetime(2026, 12, 3, 18)) == scopes


def test_the_series_begins_on_its_own_day_at_the_new_hour() -> None:
    weekly = draft("FREQ=WEEKLY")
    assert changed_draft(weekly, DateStep.STARTS, "2026-12-03T19:30:00", ALL).starts_local == datetime(
        2026, 11, 26, 19, 30
    )
    following = changed_draft(weekly, DateStep.STARTS, "2026-12-03T19:30:00", FOLLOWING)
    assert following.starts_local == datetime(2026, 12, 3, 19, 30)
