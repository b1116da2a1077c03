"""Recording what became of a card that was claimed for posting, or edited (`C1`, `C2`, `C6`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from backend.cards.posting import (
    postpone_unlinked,
    record_edit_failure,
    record_lost,
    record_not_posted,
    record_posted,
    record_sent_to_general,
    record_shown,
    record_without_buttons,
)
from backend.cards.queries import CardJob
from backend.cards.rules import CardTrouble
from backend.messages.results import record_group_result
from backend.outbox.states import CallResult, SendResult

log = structlog.get_logger()

RETRY_PAUSE, RETRY_PAUSE_MAX = timedelta(seconds=3), timedelta(minutes=5)

# What a refusal means for a card; every other refusal is just that. (What is not found is a topic when a card
# is posted, and a message when it is edited.)
TROUBLES = {SendResult.GONE: CardTrouble.REMOVED, SendResult.MUTED: CardTrouble.MUTED}


@dataclass(frozen=True, slots=True)
class ShownCard:
    """What a card shows, and when it must be checked again though nobody acts."""

    digest: str
    check_at: datetime


async def record_post(job: CardJob, shown: ShownCard, call: CallResult, at: datetime) -> None:
    """Record the result of posting a card, a call that ended at the instant `at`.

    What is certainly not in the chat is due again; what may be there is lost, and never posted again by
    itself (`C1`).
    """
    match call.result:
        case SendResult.DONE:
            await record_posted(job, call.message_id, shown.digest, shown.check_at)
            await record_group_result(job.chat_id, job.topic_id, call)
        case SendResult.RATE_LIMITED:
            await record_not_posted(job, at + timedelta(seconds=call.retry_after), call.reason)
        case SendResult.UNSENT | SendResult.MISCONFIGURED:
            await record_not_posted(job, at + _retry_pause(job), call.reason)
        case SendResult.MIGRATED:
            await record_group_result(job.chat_id, job.topic_id, call)
            await record_not_posted(job, at, "")
        case SendResult.UNKNOWN:
            await record_lost(job, CardTrouble.UNKNOWN, f"may have been posted: {call.reason}")
        case SendResult.TOPIC_CLOSED:
            await record_group_result(job.chat_id, job.topic_id, call)
            await _lose(job, CardTrouble.TOPIC_CLOSED, call)
        case SendResult.NOT_FOUND:
            await record_group_result(job.chat_id, job.topic_id, call)
            if not await record_sent_to_general(job, at):
                await _lose(job, CardTrouble.TOPIC_GONE, call)
        case _:
            await _lose(job, TROUBLES.get(call.result, CardTrouble.REFUSED), call)


async def record_edit(job: CardJob, shown: ShownCard, call: CallResult, at: datetime) -> datetime | None:
    """Record the result of editing a card, a call that ended at `at`; when to try again, None when it need
    not be.

    An edit can be made twice, and a closed topic is opened again: those are tried again.
    """
    match call.result:
        case SendResult.DONE:
            await record_shown(job, shown.digest, shown.check_at)
        case SendResult.RATE_LIMITED:
            return at + timedelta(seconds=call.retry_after)
        case SendResult.UNSENT | SendResult.UNKNOWN | SendResult.MISCONFIGURED | SendResult.TOPIC_CLOSED:
            await record_edit_failure(job, call.reason)
            return at + _retry_pause(job)
        case SendResult.MIGRATED:  # the old chat's messages cannot be edited any more
            await record_group_result(job.chat_id, job.topic_id, call)
        case SendResult.NOT_FOUND:
            await _lose(job, CardTrouble.DELETED, call)
        case _:
            await _lose(job, TROUBLES.get(call.result, CardTrouble.REFUSED), call)
    return None


async def record_unlinked_edit(job: CardJob, digest: str, call: CallResult, at: datetime) -> None:
    """Record the result of taking the buttons of an unlinked card away. Nobody is told when that failed: the
    group is none of the club's, and a tap on a button that stayed takes them away too."""
    match call.result:
        case SendResult.RATE_LIMITED:
            await postpone_unlinked(job, at + timedelta(seconds=call.retry_after), call.reason)
        case SendResult.UNSENT | SendResult.UNKNOWN | SendResult.MISCONFIGURED | SendResult.TOPIC_CLOSED:
            await postpone_unlinked(job, at + _retry_pause(job), call.reason)
        case _:
            await record_without_buttons(job, digest)


async def _lose(job: CardJob, trouble: CardTrouble, call: CallResult) -> None:
    log.warning("card lost", card=job.card_id, trouble=trouble, reason=call.reason)
    await record_lost(job, trouble, call.reason)


def _retry_pause(job: CardJob) -> timedelta:
    """How long to wait after this many attempts: doubling to five minutes."""
    return min(RETRY_PAUSE_MAX, RETRY_PAUSE * 2.0 ** min(job.attempts, 10))
