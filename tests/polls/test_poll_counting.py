"""Counting votes: the pure rules of the ballot box."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import Invalid
from backend.polls.replies import OptionFull, PollClosed
from backend.polls.rules import (
    Answer,
    Ballot,
    BallotState,
    NotAVoter,
    Option,
    PollKind,
    Voter,
    are_results_visible,
    decide,
    ended_at,
    winning_date,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALICE, BOB, GONE = 1, 2, 3
YES, IF_NEED_BE, NO = Answer


def box(
    kind: PollKind = PollKind.SINGLE,
    most: int = 1,
    limit: int | None = None,
    closes_at: datetime | None = None,
    closed_at: datetime | None = None,
) -> BallotState:
    """A box with options 11, 12, 13, of which 11 takes `limit` votes; Alice and Bob vote, one has left the club."""
    texts = {11: "Monday", 12: "Tuesday", 13: "Never"}
    return BallotState(
        now=NOON,
        zone="Europe/Helsinki",
        kind=kind,
        choices_max=most,
        closes_at=closes_at,
        closed_at=closed_at,
        options={i: Option(i, text, 0, limit if i == 11 else None) for i, text in texts.items()},
        voters={u: Voter(100 + u, u != GONE, {}, {}) for u in (ALICE, BOB, GONE)},
    )


def cast(at: BallotState, who: int, *options: int, tap: bool = False) -> str:
    return decide(at, Ballot(who, dict.fromkeys(options, YES), tap)).kind


def counts(at: BallotState) -> list[int]:
    return [option.votes for option in at.options.values()]


def test_a_vote_counts_and_changes() -> None:
    """P2: one vote per member and option, changeable."""
    at = box()
    assert cast(at, ALICE, 11) == "voted"
    assert cast(at, BOB, 11) == "voted"
    assert cast(at, ALICE, 12) == "voted"
    assert counts(at) == [1, 1, 0]


def test_voting_the_same_again_changes_nothing() -> None:
    at = box()
    cast(at, ALICE, 11)
    assert cast(at, ALICE, 11) == "already"
    assert counts(at) == [1, 0, 0]


def test_an_empty_ballot_takes_the_vote_back() -> None:
    at = box()
    assert cast(at, ALICE) == "already"
    cast(at, ALICE, 11)
    assert cast(at, ALICE) == "withdrawn"
    assert counts(at) == [0, 0, 0]


def test_a_single_choice_is_one() -> None:
    """P1."""
    with pytest.raises(Invalid):
        cast(box(), ALICE, 11, 12)


def test_several_choices_have_a_maximum() -> None:
    """P1."""
    at = box(PollKind.SEVERAL, most=2)
    assert cast(at, ALICE, 11, 13) == "voted"
    with pytest.raises(Invalid):
        cast(at, ALICE, 11, 12, 13)
    assert counts(at) == [1, 0, 1]


def test_what_is_not_listed_cannot_be_chosen() -> None:
    with pytest.raises(Invalid):
        cast(box(), ALICE, 99)


def test_a_full_option_refuses_and_the_old_choice_stands() -> None:
    """P2: a limit on an option holds."""
    at = box(limit=1)
    cast(at, ALICE, 11)
    cast(at, BOB, 12)
    with pytest.raises(OptionFull) as no:
        cast(at, BOB, 11)
    assert no.value.words.values["option"] == "Monday"
    assert counts(at) == [1, 1, 0]


def test_whoever_holds_a_full_option_keeps_it_beside_others() -> None:
    at = box(PollKind.SEVERAL, most=2, limit=1)
    cast(at, ALICE, 11)
    assert cast(at, ALICE, 11, 12) == "voted"
    assert counts(at) == [1, 1, 0]


def test_a_changed_mind_makes_room_in_a_full_option() -> None:
    at = box(limit=1)
    cast(at, ALICE, 11)
    cast(at, ALICE, 12)
    assert cast(at, BOB, 11) == "voted"


def test_a_tap_on_ones_own_choice_takes_it_back() -> None:
    at = box()
    assert [cast(at, ALICE, 11, tap=True) for _ in range(3)] == ["voted", "withdrawn", "voted"]
    assert cast(at, ALICE, 12, tap=True) == "voted"
    assert counts(at) == [0, 1, 0]


def test_taps_toggle_where_several_may_be_chosen() -> None:
    at = box(PollKind.SEVERAL, most=2)
    assert cast(at, ALICE, 11, tap=True) == "voted"
    assert cast(at, ALICE, 12, tap=True) == "voted"
    with pytest.raises(Invalid):
        cast(at, ALICE, 13, tap=True)
    assert cast(at, ALICE, 11, tap=True) == "voted"
    assert cast(at, ALICE, 12, tap=True) == "withdrawn"


@pytest.mark.parametrize(
    "ended",
    [{"closed_at": NOON}, {"closes_at": NOON}, {"closes_at": NOON - timedelta(days=1)}],
)
def test_a_closed_poll_takes_no_votes(ended: dict[str, Any]) -> None:
    """P2: until it closes, by hand or at its deadline, whether or not anyone has written that down."""
    with pytest.raises(PollClosed):
        cast(box(**ended), ALICE, 11)


def test_a_deadline_to_come_does_not_close() -> None:
    assert ended_at(NOON + timedelta(microseconds=1), None, NOON) is None
    assert cast(box(closes_at=NOON + timedelta(seconds=1)), ALICE, 11) == "voted"


def test_who_left_the_club_has_no_vote() -> None:
    for who in (GONE, 77):
        with pytest.raises(NotAVoter):
            cast(box(), who, 11)


@pytest.mark.parametrize(
    ("results", "is_open", "voted", "shown"),
    [
        ("live", True, False, True),
        ("voted", True, False, False),
        ("voted", True, True, True),
        ("voted", False, False, True),
        ("closed", True, True, False),
        ("closed", False, False, True),
    ],
)
def test_results_are_shown_when_they_should_be(results: str, is_open: bool, voted: bool, shown: bool) -> None:
    """P1: live, or hidden until one has voted, or until it closes."""
    assert are_results_visible(results, is_open=is_open, voted=voted) is shown


def dates(limit: int | None = None) -> BallotState:
    return box(PollKind.DATES, most=3, limit=limit)


def say(at: BallotState, who: int, **answers: Answer) -> str:
    """Say what one thinks of the dates `monday`, `tuesday`, `never`."""
    ids = {option.text.lower(): option.id for option in at.options.values()}
    choice = {ids[name]: answer for name, answer in answers.items()}
    return decide(at, Ballot(who, choice)).kind


def all_counts(at: BallotState) -> list[tuple[int, int, int]]:
    return [(o.votes, o.if_need_be, o.against) for o in at.options.values()]


def test_a_date_is_answered_yes_if_need_be_or_no() -> None:
    """P1: each answer is counted for itself, and a new ballot is the whole choice."""
    at = dates()
    assert say(at, ALICE, monday=YES, tuesday=IF_NEED_BE, never=NO) == "voted"
    assert say(at, BOB, monday=IF_NEED_BE, tuesday=IF_NEED_BE) == "voted"
    assert all_counts(at) == [(1, 1, 0), (0, 2, 0), (0, 0, 1)]
    assert say(at, ALICE, monday=NO) == "voted"
    assert say(at, ALICE, monday=NO) == "already"
    assert all_counts(at) == [(0, 1, 1), (0, 1, 0), (0, 0, 0)]
    assert cast(at, ALICE) == "withdrawn"


def test_taps_on_a_date_go_round() -> None:
    """P3: yes, if need be, no, nothing; the other dates keep their answers."""
    at = dates()
    say(at, ALICE, tuesday=NO)
    said = []
    for _ in range(4):
        outcome = decide(at, Ballot(ALICE, {11: YES}, tap=True))
        said.append(outcome.words.message.removeprefix("%(option)s: "))
    assert [sentence.split(".")[0] for sentence in said] == [
        "yes",
        "if need be",
        "no",
        "your answer is taken back",
    ]
    assert all_counts(at) == [(0, 0, 0), (0, 0, 1), (0, 0, 0)]


def test_only_yes_is_limited() -> None:
    """P2: whoever comes later can still say "if need be" or no, and moves up only when a yes is free."""
    at = dates(limit=1)
    say(at, ALICE, monday=YES)
    with pytest.raises(OptionFull):
        say(at, BOB, monday=YES)
    assert say(at, BOB, monday=IF_NEED_BE) == "voted"
    with pytest.raises(OptionFull):
        say(at, BOB, monday=YES)
    assert all_counts(at)[0] == (1, 1, 0)
    say(at, ALICE, monday=NO)
    assert say(at, BOB, monday=YES) == "voted"
    assert all_counts(at)[0] == (1, 0, 1)


def test_a_tap_on_a_full_date_says_if_need_be() -> None:
    """A refused first answer would keep the other two out of a tap's reach."""
    at = dates(limit=1)
    cast(at, ALICE, 11, tap=True)
    outcome = decide(at, Ballot(BOB, {11: YES}, tap=True))
    assert "every yes it takes" in outcome.words.message
    assert all_counts(at)[0] == (1, 1, 0)
    outcome = decide(at, Ballot(ALICE, {11: YES}, tap=True))  # who gives up the last yes knows
    assert "every yes it takes" not in outcome.words.message


def test_only_dates_can_be_answered_no() -> None:
    """P1."""
    for kind in (PollKind.SINGLE, PollKind.SEVERAL):
        with pytest.raises(Invalid):
            decide(box(kind, most=1), Ballot(ALICE, {11: NO}))


@pytest.mark.parametrize(
    ("counts", "best"),
    [
        ([(1, 0), (3, 5), (2, 0)], 12),
        ([(3, 2), (3, 1), (1, 0)], 12),
        ([(0, 0), (2, 1), (2, 1)], 12),
        ([(0, 0), (0, 0), (0, 0)], None),
    ],
)
def test_the_best_date(counts: list[tuple[int, int]], best: int | None) -> None:
    """P4: most yes, then fewest no, then the earliest; none that nobody said yes to."""
    options = [
        Option(11 + i, "", yes, None, 0, no, NOON + timedelta(days=1 + i))
        for i, (yes, no) in enumerate(counts)
    ]
    found = winning_date(options[::-1], NOON)
    assert (found and found.id) == best


def test_a_date_that_is_past_is_not_the_best() -> None:
    past, coming = (Option(i, "", 9 - i, None, starts_at=NOON + timedelta(days=i)) for i in (0, 1))
    found = winning_date([past, coming], NOON)
    assert found is coming


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ALICE, BOB]),
            st.dictionaries(st.sampled_from([11, 12, 13, 99]), st.sampled_from(Answer)),
            st.booleans(),
        ),
        max_size=30,
    ),
    st.sampled_from(PollKind),
    st.integers(1, 3),
)
def test_counts_are_always_those_of_the_choices(
    ballots: list[tuple[int, dict[int, Answer], bool]], kind: PollKind, most: int
) -> None:
    """P2: whatever is asked in whatever order, counts equal choices, and no limit or maximum is ever passed."""
    at = box(kind, most={PollKind.SINGLE: 1, PollKind.SEVERAL: most, PollKind.DATES: 3}[kind], limit=1)
    for who, choice, tap in ballots:
        before = all_counts(at)
        tapped = {min(choice, default=11): YES}
        try:
            decide(at, Ballot(who, tapped if tap else choice, tap))
        except (Invalid, OptionFull):
            assert all_counts(at) == before, "a refusal changes nothing"
        for option in at.options.values():
            chosen = [voter.choice.get(option.id) for voter in at.voters.values()]
            counted = (option.votes, option.if_need_be, option.against)
            assert counted == tuple(chosen.count(answer) for answer in Answer)
            assert option.votes <= (option.votes_max or option.votes)
        assert all(len(voter.choice) <= at.choices_max for voter in at.voters.values())
