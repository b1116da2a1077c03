"""The ballot box: the one way a vote is cast, changed or taken back (`P2`), as the desk is for seats (HOUSE 4b)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from backend import clock, db, failpoints
from backend.batching import Batcher
from backend.errors import Busy, NotFound, OutcomeUnknown, Refusal, Unavailable
from backend.polls import store
from backend.polls.rules import Ballot, BallotState, Choice, VoteOutcome, decide

# After a lost connection: ask again soon, then later; who waits longer than this is told the truth (503).
PATIENCE = (0.05, 0.2, 0.6, 1.5)

# What a ballot was decided to stand for, and its answer: for asking again when the commit's fate is unknown.
Decided = Mapping[UUID, tuple[Choice, VoteOutcome]]


async def submit(poll_id: int, ballot: Ballot) -> VoteOutcome:
    """Put a ballot into a poll's box. The answer comes after the commit. Raises a `Refusal`, `Busy`, `Unavailable`."""
    return await _lanes.ask(poll_id, ballot)


async def process_batch(
    poll_id: int, ballots: Sequence[Ballot], unsure: Decided | None = None
) -> list[VoteOutcome | Exception]:
    """One transaction for a list of ballots; an outcome or a refusal for each.

    When the connection was lost while committing, the ballots are put in again as the whole choices they were decided
    to be (`unsure`), so that a tap is not undone by its own repetition. When a list fails for another reason, its
    ballots are settled one by one, so that one bad ballot harms nobody else.
    """
    for pause in (*PATIENCE, None):
        decided: dict[UUID, tuple[Choice, VoteOutcome]] = {}
        try:
            return await _settle_once(poll_id, ballots, unsure or {}, decided)
        except (Unavailable, Busy) as error:
            if isinstance(error, OutcomeUnknown):
                unsure = {**decided, **(unsure or {})}
            if unsure and pause is None:
                raise OutcomeUnknown(str(error)) from error
            if pause is None or (not unsure and isinstance(error, Busy)):
                raise
            await asyncio.sleep(pause)
        except Exception:
            if len(ballots) == 1:
                raise
            return [await _alone(poll_id, ballot, unsure) for ballot in ballots]
    raise AssertionError("unreachable")


async def _alone(poll_id: int, ballot: Ballot, unsure: Decided | None) -> VoteOutcome | Exception:
    try:
        return (await process_batch(poll_id, [ballot], unsure))[0]
    except Exception as error:  # noqa: BLE001 - becomes this voter's answer
        return error


async def _settle_once(
    poll_id: int,
    ballots: Sequence[Ballot],
    unsure: Decided,
    decided: dict[UUID, tuple[Choice, VoteOutcome]],
) -> list[VoteOutcome | Exception]:
    async with db.transaction("" if failpoints.on("box.no-lock") else store.lock(poll_id)):
        opened = await store.look(poll_id, ballots, clock.now())
        if opened is None:
            return [NotFound() for _ in ballots]
        account_id, box = opened
        await failpoints.reach("box.looked")
        said: list[VoteOutcome | Exception] = []
        for ballot in ballots:
            try:
                outcome = _answer(box, ballot, unsure)
                decided[ballot.id] = (box.voters[ballot.user_id].choice, outcome)
                said.append(outcome)
            except Refusal as no:
                said.append(no)
        if changed := box.changed:
            await store.write(poll_id, account_id, box, changed)
    return said


def _answer(box: BallotState, ballot: Ballot, unsure: Decided) -> VoteOutcome:
    if ballot.id not in unsure:
        return decide(box, ballot)
    choice, first_said = unsure[ballot.id]
    voter = box.voters.get(ballot.user_id)
    if voter is not None and voter.choice == choice:
        return first_said
    return decide(box, replace(ballot, choice=choice, tap=False))


_lanes: Batcher[Ballot, VoteOutcome] = Batcher(process_batch)
