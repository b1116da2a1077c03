"""Recording what became of a message that was claimed (`M1`–`M3`).

Everything here counts only while the message is still being sent under the epoch it was claimed with.
"""

import random
from datetime import datetime, timedelta

import structlog

from backend import clock, db
from backend.groups.rules import GroupHealth
from backend.linking.actions import move_group, record_topic, set_health
from backend.messages.claim import ATTEMPTS_MAX
from backend.messages.deliveries import Delivery
from backend.outbox.states import CallResult, MessageState, SendResult
from backend.people.actions import mark_blocked

log = structlog.get_logger()

RETRY_PAUSE_MAX = 300.0  # seconds between attempts
MISCONFIGURED_PAUSE = timedelta(minutes=1)
REASON_MAX = 500  # characters

HEALTH_SHOWN_BY = {
    SendResult.DONE: GroupHealth.WELL,
    SendResult.MUTED: GroupHealth.MUTED,
    SendResult.GONE: GroupHealth.REMOVED,
}

END = """
UPDATE messages SET state = $3, error = $4, sent_at = CASE WHEN $3 IN ('sent', 'perhaps') THEN $5::timestamptz END
WHERE id = $1 AND epoch = $2 AND state = 'sending'
"""
PUT_OFF = """
UPDATE messages SET state = 'due', due_at = $3, error = $4, attempts = attempts - $5
WHERE id = $1 AND epoch = $2 AND state = 'sending'
"""


async def record_result(delivery: Delivery, call: CallResult, at: datetime) -> None:
    """Record the result of a call that ended at the instant `at`, for the message, its person and its group.

    A message that certainly did not arrive, or may not have, is sent again, at least once (`M1`), unless its kind goes
    out at most once. After ten attempts, or when it can never be sent as it is, it is parked where an organiser sees it
    (`M2`). Having to wait is no attempt.
    """
    group = delivery.group
    if group is not None and not (call.result is SendResult.DONE and group.health is GroupHealth.WELL):
        await record_group_result(group.chat_id, group.topic_id, call)
    match call.result:
        case SendResult.DONE:
            await _end(delivery, MessageState.SENT, "")
        case SendResult.GONE if delivery.group is None:
            await _block(delivery)
        case SendResult.RATE_LIMITED:
            await _put_off(delivery, at + timedelta(seconds=call.retry_after), call.reason)
        case SendResult.MISCONFIGURED:
            log.error("telegram refuses the bot", reason=call.reason)
            await _put_off(delivery, at + MISCONFIGURED_PAUSE, call.reason)
        case SendResult.MIGRATED:
            await _put_off(delivery, at, "")
        case SendResult.UNKNOWN if delivery.kind.policy.at_most_once:
            await _end(delivery, MessageState.PERHAPS, call.reason)
        case SendResult.UNSENT | SendResult.UNKNOWN:
            await _retry(delivery, at, call.reason)
        case _:
            log.error("message refused", kind=delivery.kind, reason=call.reason)
            await park(delivery, call.reason)


async def record_group_result(chat_id: int, topic_id: int | None, call: CallResult) -> None:
    """Record what a message that was posted to a group, or refused by it, says of the group and its topic (`A6`)."""
    if call.result in HEALTH_SHOWN_BY:
        await set_health(chat_id, HEALTH_SHOWN_BY[call.result])
    elif call.result is SendResult.MIGRATED:
        await move_group(chat_id, call.new_chat_id)
    elif call.result in (SendResult.TOPIC_CLOSED, SendResult.NOT_FOUND) and topic_id is not None:
        await record_topic(chat_id, topic_id, None, closed=True)


async def park(delivery: Delivery, reason: str) -> None:
    """It can never be sent as it is: an organiser sees it (`M2`)."""
    await _end(delivery, MessageState.PARKED, reason)


async def put_back(delivery: Delivery, until: datetime) -> None:
    """It was not sent after all, and is due then; that costs no attempt."""
    await _put_off(delivery, until, "")


def retry_pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubling to five minutes, with jitter so that not all come back at once."""
    longest = min(RETRY_PAUSE_MAX, 2.0**attempts)
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret


async def _retry(delivery: Delivery, at: datetime, reason: str) -> None:
    if delivery.attempts >= ATTEMPTS_MAX:
        await park(delivery, reason)
    else:
        await _put_off(delivery, at + retry_pause(delivery.attempts), reason, counts=True)


async def _put_off(delivery: Delivery, until: datetime, reason: str, *, counts: bool = False) -> None:
    """Due again then; whether this `counts` as an attempt."""
    refund = 0 if counts else 1
    await db.execute_single(PUT_OFF, delivery.id, delivery.epoch, until, reason[:REASON_MAX], refund)


async def _end(delivery: Delivery, state: MessageState, reason: str) -> None:
    await db.execute_single(END, *_ending(delivery, state, reason))


async def _block(delivery: Delivery) -> None:
    """The person has blocked the bot: nothing more is sent to them, this and what is due included (`M3`)."""
    await mark_blocked(delivery.person.telegram_id)
    async with db.transaction():
        await db.execute(END, *_ending(delivery, MessageState.BLOCKED, "the bot is blocked"))
        await db.execute(
            "UPDATE messages SET state = 'blocked', error = 'the bot is blocked' WHERE user_id = $1 AND state = 'due'",
            delivery.person.id,
        )


def _ending(delivery: Delivery, state: MessageState, reason: str) -> tuple[int, int, str, str, datetime]:
    return delivery.id, delivery.epoch, state, reason[:REASON_MAX], clock.now()
