"""The one way a vote is cast, changed or withdrawn (`P2`): lock the poll's tally, load, decide, write,
commit."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from backend import clock, db, failpoints
from backend.batching import TransactionBatcher
from backend.causes import caused_by, new_request_id, of_requests
from backend.errors import NotFound, Refusal
from backend.polls import store
from backend.polls.rules import Ballot, BallotState, Choice, VoteOutcome, decide


@dataclass(slots=True)
class _Submission:
    """A ballot, and what its last try decided it to mean: for another try when that one may have been
    committed."""

    poll_id: int
    ballot: Ballot
    decided: tuple[Choice, VoteOutcome] | None = None
    id: UUID = field(default_factory=new_request_id)


async def submit(poll_id: int, ballot: Ballot) -> VoteOutcome:
    """Cast a ballot. The outcome comes after the commit. Raises a `Refusal`, `Busy`, `Unavailable`."""
    return await _batcher.submit(_Submission(poll_id, ballot))


async def _process_once(
    poll_id: int, submissions: Sequence[_Submission], maybe_committed: bool
) -> list[VoteOutcome | Exception]:
    lock = "" if failpoints.on("ballots.no-lock") else store.lock(poll_id)
    with caused_by(of_requests(one.id for one in submissions)):
        async with db.transaction(lock):
            loaded = await store.load(poll_id, [one.ballot for one in submissions], clock.now())
            if loaded is None:
                return [NotFound() for _ in submissions]
            account_id, state = loaded
            await failpoints.reach("ballots.loaded")
            results = [_decide_or_refuse(state, one, maybe_committed) for one in submissions]
            if changed := state.changed:
                await store.write(poll_id, account_id, state, changed)
        return results


def _decide_or_refuse(
    state: BallotState, submission: _Submission, maybe_committed: bool
) -> VoteOutcome | Exception:
    ballot = submission.ballot
    try:
        if maybe_committed and submission.decided is not None:
            return _decide_again(state, ballot, *submission.decided)
        outcome = decide(state, ballot)
    except Refusal as refusal:
        return refusal
    submission.decided = (state.voters[ballot.user_id].choice, outcome)
    return outcome


def _decide_again(state: BallotState, ballot: Ballot, choice: Choice, outcome: VoteOutcome) -> VoteOutcome:
    """The outcome of a ballot that may be counted already. It is cast again as the whole choice it was
    decided to be, so that a tap is not undone by its own repetition."""
    voter = state.voters.get(ballot.user_id)
    if voter is not None and voter.choice == choice:
        return outcome
    return decide(state, replace(ballot, choice=choice, tap=False))


_batcher: TransactionBatcher[_Submission, VoteOutcome] = TransactionBatcher(
    "polls", _process_once, key=lambda one: one.poll_id
)
