"""`emerald create-poll`, `close-poll` and `poll`, as an organiser types them (`P1`, `P4`, `P5`)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from backend import clock
from backend.people.queries import Person
from backend.polls.actions import vote
from backend.polls.queries import poll
from backend.polls.rules import Answer
from tests.workers import Done, command

Emerald = Callable[..., Any]


@pytest.fixture
def emerald(account: Any) -> Emerald:
    """Run a command as Olga, on the tests' database."""

    async def run(*arguments: str, who: int = 1001) -> Done:
        return await command(*arguments, "--as", str(who))

    return run


def day(n: int) -> str:
    from datetime import timedelta

    return (clock.now() + timedelta(days=n)).strftime("%Y-%m-%dT18:00")


async def test_dates_from_the_question_to_the_date(
    emerald: Emerald, olga: Person, alice: Person, account: Any
) -> None:
    asked = ("create-poll", "--account", "Kallio Yoga", "--question", "When do we meet?")
    made = await emerald(*asked, "--date", day(9), "--date", day(5), "--closes", day(4))
    assert made.returncode == 0, made.stderr
    code = made.stdout.strip()
    first, second = (await poll(code, alice)).options
    assert first.starts_at is not None and second.starts_at is not None
    assert first.starts_at < second.starts_at
    from backend.seats.requests import Via

    await vote(code, alice, {first.id: Answer.NO, second.id: Answer.YES}, via=Via.CARD)
    shown = await emerald("poll", code, "--missing")
    assert "1 of 4 have voted." in shown.stdout
    assert "\t0 yes, 0 if need be, 1 no\n" in shown.stdout
    assert shown.stdout.endswith("missing\tAino\nmissing\tBob\nmissing\tOlga\n")
    reminded = await emerald("poll", code, "--remind")
    assert reminded.stdout.endswith("3 people will be reminded.\n")
    again = await emerald("poll", code, "--remind")
    assert again.returncode == 1 and "You can remind them again" in again.stderr
    closed = await emerald(
        "close-poll", code, "--make", "--capacity", "8", "--place", "Sali 2", "--minutes", "90"
    )
    assert closed.returncode == 0, closed.stderr
    sentence, date = closed.stdout.splitlines()
    assert sentence.startswith("The date is set: ")
    option = (await poll(code, alice)).event_option
    assert option is not None and (option.id, option.made) == (second.id, date)
    twice = await emerald("close-poll", code, "--make", "--json")
    assert json.loads(twice.stdout)["kind"] == "already"


async def test_choices_for_a_group(emerald: Emerald, alice: Person, account: Any) -> None:
    asked = ("create-poll", "--account", str(account.id), "--question", "Who brings what?")
    made = await emerald(
        *asked, "--option", "Tea", "--option", "Pie", "--option", "Soup", "--several", "2",
        "--limit", "3", "--anonymous", "--results", "voted", "--group", str(account.chat_id), "--json",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    view = await poll(json.loads(made.stdout)["code"], alice)
    assert (view.kind, view.choices_max, view.anonymous, view.results, view.group_id) == (
        "several",
        2,
        True,
        "voted",
        account.group_id,
    )
    assert [(o.text, o.votes_max) for o in view.options] == [("Tea", 3), ("Pie", 3), ("Soup", 3)]
    shown = await emerald("poll", view.code)
    assert "1\tTea\thidden\n" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--option", "Tea"), "options: Between 2 and 40 options, please."),
        (("--date", "tea", "--date", "2027-01-01T18:00"), "Enter the time like this: 2026-12-01T18:00"),
        (("--option", "Tea", "--option", "Pie", "--group", "77"), "Choose one of the club’s groups."),
    ],
)  # fmt: skip
async def test_a_fault_is_a_sentence(emerald: Emerald, arguments: tuple[str, ...], says: str) -> None:
    """X5."""
    refused = await emerald("create-poll", "--account", "Kallio Yoga", "--question", "?", *arguments)
    assert refused.returncode == 1 and says in refused.stderr and "Traceback" not in refused.stderr


async def test_members_and_strangers_are_refused(emerald: Emerald, account: Any) -> None:
    """X4, A1."""
    asked = ("create-poll", "--account", "Kallio Yoga", "--question", "?", "--option", "a")
    member = await emerald(*asked, "--option", "b", who=1002)
    assert member.returncode == 1 and "Only organisers can do this." in member.stderr
    stranger = await emerald(*asked, "--option", "b", who=1004)
    assert stranger.returncode == 1 and "No club has this name" in stranger.stderr
