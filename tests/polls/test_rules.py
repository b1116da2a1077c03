"""Counting votes: the pure rules of `decide`."""

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
ALICE, BOB, FORMER_MEMBER = 1, 2, 3
YES, IF_NEED_BE, NO = Answer


def ballot_state(
    kind: PollKind = PollKind.SINGLE,
    choices_max: int = 1,
    limit: int | None = None,
    closes_at: datetime | None = None,
    closed_at: datetime | None = None,
) -> BallotState:
    """A poll with the options 11, 12 and 13, of which 11 takes `limit` votes. Alice and Bob can vote; one
    person has left."""
    texts = {11: "Monday", 12: "Tuesday", 13: "Never"}
    return BallotState(
        now=NOON,
        zone="Europe/Helsinki",
        kind=kind,
        choices_max=choices_max,
        closes_at=closes_at,
        closed_at=closed_at,
        options={i: Option(i, text, 0, limit if i == 11 else None) for i, text in texts.items()},
        voters={u: Voter(100 + u, u != FORMER_MEMBER, {}, {}) for u in (ALICE, BOB, FORMER_MEMBER)},
    )


def cast(at: BallotState, who: int, *options: int, tap: bool = False) -> str:
    return decide(at, Ballot(who, dict.fromkeys(options, YES), tap)).kind


def counts(at: BallotState) -> list[int]:
    return [option.votes for option in at.options.values()]


def test_a_vote_counts_and_changes() -> None:
    """P2: one vote per member and option, changeable."""
    at = ballot_state()
    assert cast(at, ALICE, 11) == "voted"
    assert cast(at, BOB, 11) == "voted"
    assert cast(at, ALICE, 12) == "voted"
    assert counts(at) == [1, 1, 0]


def test_voting_the_same_again_changes_nothing() -> None:
    at = ballot_state()
    cast(at, ALICE, 11)
    assert cast(at, ALICE, 11) == "already"
    assert counts(at) == [1, 0, 0]


def test_an_empty_ballot_withdraws_the_vote() -> None:
    at = ballot_state()
    assert cast(at, ALICE) == "already"
    cast(at, ALICE, 11)
    assert cast(at, ALICE) == "withdrawn"
    assert counts(at) == [0, 0, 0]


def test_a_single_choice_poll_takes_one_option() -> None:
    """P1."""
    with pytest.raises(Invalid):
        cast(ballot_state(), ALICE, 11, 12)


def test_several_choices_have_a_maximum() -> None:
    """P1."""
    at = ballot_state(PollKind.SEVERAL, choices_max=2)
    assert cast(at, ALICE, 11, 13) == "voted"
    with pytest.raises(Invalid):
        cast(at, ALICE, 11, 12, 13)
    assert counts(at) == [1, 0, 1]


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(Invalid):
        cast(ballot_state(), ALICE, 99)


def test_a_full_option_is_refused_and_the_earlier_choice_stands() -> None:
    """P2: a limit on an option holds."""
    at = ballot_state(limit=1)
    cast(at, ALICE, 11)
    cast(at, BOB, 12)
    with pytest.raises(OptionFull) as refusal:
        cast(at, BOB, 11)
    assert refusal.value.words.values["option"] == "Monday"
    assert counts(at) == [1, 1, 0]


def test_a_voter_keeps_a_full_option_when_adding_another() -> None:
    at = ballot_state(PollKind.SEVERAL, choices_max=2, limit=1)
    cast(at, ALICE, 11)
    assert cast(at, ALICE, 11, 12) == "voted"
    assert counts(at) == [1, 1, 0]


def test_changing_a_vote_makes_room_in_a_full_option() -> None:
    at = ballot_state(limit=1)
    cast(at, ALICE, 11)
    cast(at, ALICE, 12)
    assert cast(at, BOB, 11) == "voted"


def test_a_tap_on_ones_own_choice_withdraws_it() -> None:
    at = ballot_state()
    assert [cast(at, ALICE, 11, tap=True) for _ in range(3)] == ["voted", "withdrawn", "voted"]
    assert cast(at, ALICE, 12, tap=True) == "voted"
    assert counts(at) == [0, 1, 0]


def test_taps_toggle_options_where_several_may_be_chosen() -> None:
    at = ballot_state(PollKind.SEVERAL, choices_max=2)
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
    """P2: closed by hand or at its deadline, recorded or not."""
    with pytest.raises(PollClosed):
        cast(ballot_state(**ended), ALICE, 11)


def test_a_poll_is_open_until_its_deadline() -> None:
    assert ended_at(NOON + timedelta(microseconds=1), None, NOON) is None
    assert cast(ballot_state(closes_at=NOON + timedelta(seconds=1)), ALICE, 11) == "voted"


def test_only_members_can_vote() -> None:
    for who in (FORMER_MEMBER, 77):
        with pytest.raises(NotAVoter):
            cast(ballot_state(), who, 11)


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
def test_results_are_visible_by_the_polls_setting(
    results: str, is_open: bool, voted: bool, shown: bool
) -> None:
    """P1: live, or hidden until one has voted, or until it closes."""
    assert are_results_visible(results, is_open=is_open, voted=voted) is shown


def dates(limit: int | None = None) -> BallotState:
    return ballot_state(PollKind.DATES, choices_max=3, limit=limit)


def answer(at: BallotState, who: int, **answers: Answer) -> str:
    """Answer the dates `monday`, `tuesday` and `never`."""
    ids = {option.text.lower(): option.id for option in at.options.values()}
    choice = {ids[name]: answer for name, answer in answers.items()}
    return decide(at, Ballot(who, choice)).kind


def all_counts(at: BallotState) -> list[tuple[int, int, int]]:
    return [(o.votes, o.if_need_be, o.against) for o in at.options.values()]


def test_a_date_is_answered_yes_if_need_be_or_no() -> None:
    """P1: each answer has its own count, and a new ballot replaces the whole choice."""
    at = dates()
    assert answer(at, ALICE, monday=YES, tuesday=IF_NEED_BE, never=NO) == "voted"
    assert answer(at, BOB, monday=IF_NEED_BE, tuesday=IF_NEED_BE) == "voted"
    assert all_counts(at) == [(1, 1, 0), (0, 2, 0), (0, 0, 1)]
    assert answer(at, ALICE, monday=NO) == "voted"
    assert answer(at, ALICE, monday=NO) == "already"
    assert all_counts(at) == [(0, 1, 1), (0, 1, 0), (0, 0, 0)]
    assert cast(at, ALICE) == "withdrawn"


def test_taps_on_a_date_cycle_through_the_answers() -> None:
    """P3: yes, if need be, no, none; the other dates keep their answers."""
    at = dates()
    answer(at, ALICE, tuesday=NO)
    replies = []
    for _ in range(4):
        outcome = decide(at, Ballot(ALICE, {11: YES}, tap=True))
        replies.append(outcome.words.message.removeprefix("%(option)s: "))
    assert [reply.split(".")[0] for reply in replies] == [
        "yes",
        "if need be",
        "no",
        "your answer is taken back",
    ]
    assert all_counts(at) == [(0, 0, 0), (0, 0, 1), (0, 0, 0)]


def test_only_the_answer_yes_is_limited() -> None:
    """P2: later voters can still answer "if need be" or no, and yes once it is free again."""
    at = dates(limit=1)
    answer(at, ALICE, monday=YES)
    with pytest.raises(OptionFull):
        answer(at, BOB, monday=YES)
    assert answer(at, BOB, monday=IF_NEED_BE) == "voted"
    with pytest.raises(OptionFull):
        answer(at, BOB, monday=YES)
    assert all_counts(at)[0] == (1, 1, 0)
    answer(at, ALICE, monday=NO)
    assert answer(at, BOB, monday=YES) == "voted"
    assert all_counts(at)[0] == (1, 0, 1)


def test_a_tap_on_a_full_date_skips_yes() -> None:
    """If the first answer were refused, taps could never reach the other two."""
    at = dates(limit=1)
    cast(at, ALICE, 11, tap=True)
    outcome = decide(at, Ballot(BOB, {11: YES}, tap=True))
    assert "is full" in outcome.words.message
    assert all_counts(at)[0] == (1, 1, 0)
    outcome = decide(at, Ballot(ALICE, {11: YES}, tap=True))  # Alice held the last yes
    assert "is full" not in outcome.words.message


def test_only_dates_can_be_answered_with_no() -> None:
    """P1."""
    for kind in (PollKind.SINGLE, PollKind.SEVERAL):
        with pytest.raises(Invalid):
            decide(ballot_state(kind, choices_max=1), Ballot(ALICE, {11: NO}))


@pytest.mark.parametrize(
    ("counts", "winner"),
    [
        ([(1, 0), (3, 5), (2, 0)], 12),
        ([(3, 2), (3, 1), (1, 0)], 12),
        ([(0, 0), (2, 1), (2, 1)], 12),
        ([(0, 0), (0, 0), (0, 0)], None),
    ],
)
def test_the_winning_date(counts: list[tuple[int, int]], winner: int | None) -> None:
    """P4: the most yes, then the fewest no, then the earliest; never one without a yes."""
    options = [
        Option(11 + i, "", yes, None, 0, no, NOON + timedelta(days=1 + i))
        for i, (yes, no) in enumerate(counts)
    ]
    found = winning_date(options[::-1], NOON)
    assert (found and found.id) == winner


def test_a_past_date_cannot_win() -> None:
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
def test_counts_always_equal_the_choices(
    ballots: list[tuple[int, dict[int, Answer], bool]], kind: PollKind, several_max: int
) -> None:
    """P2: after any ballots in any order, counts equal choices and no limit or maximum is exceeded."""
    at = ballot_state(
        kind,
        choices_max={PollKind.SINGLE: 1, PollKind.SEVERAL: several_max, PollKind.DATES: 3}[kind],
        limit=1,
    )
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
