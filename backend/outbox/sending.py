"""Recording how the sending of a claimed message ended (`M1`–`M3`).

Everything here counts only while the message is still being sent under the epoch it was claimed with.
"""

import random
from datetime import datetime, timedelta

from backend import clock, db
from backend.outbox.claim import ATTEMPTS_MAX
from backend.outbox.deliveries import Delivery
from backend.outbox.states import MessageState

RETRY_PAUSE_MAX = 300.0  # seconds between attempts
REASON_MAX = 500  # characters

END = """
UPDATE messages SET state = $3, error = $4,
    sent_at = CASE WHEN $3 IN ('sent', 'perhaps') THEN $5::timestamptz END
WHERE id = $1 AND epoch = $2 AND state = 'sending'
"""
PUT_OFF = """
UPDATE messages SET state = 'due', due_at = $3, error = $4, attempts = attempts - $5
WHERE id = $1 AND epoch = $2 AND state = 'sending'
"""


async def end(delivery: Delivery, state: MessageState, reason: str = "") -> None:
    """Nothing more is done about it by itself."""
    await db.execute_single(END, *_ending(delivery, state, reason))


async def park(delivery: Delivery, reason: str) -> None:
    """It can never be sent as it is: an organiser sees it (`M2`)."""
    await end(delivery, MessageState.PARKED, reason)


async def retry(delivery: Delivery, at: datetime, reason: str) -> None:
    """The attempt that ended at the instant `at` failed: it is due again after a pause, and parked after
    ten attempts."""
    if delivery.attempts >= ATTEMPTS_MAX:
        await park(delivery, reason)
    else:
        await _put_off(delivery, at + retry_pause(delivery.attempts), reason, refund=0)


async def put_off(delivery: Delivery, until: datetime, reason: str = "") -> None:
    """It was not sent after all, and is due then; that costs no attempt."""
    await _put_off(delivery, until, reason, refund=1)


async def block(delivery: Delivery) -> None:
    """Neither this message nor what else is due is sent to its reader (`M3`)."""
    async with db.transaction():
        await db.execute(END, *_ending(delivery, MessageState.BLOCKED, "the bot is blocked"))
        await db.execute(
            "UPDATE messages SET state = 'blocked', error = 'the bot is blocked'"
            " WHERE user_id = $1 AND state = 'due'",
            delivery.person.id,
        )


def retry_pause(attempts: int) -> timedelta:
    """How long to wait after this many attempts: doubling to five minutes, with jitter so that not all come
    back at once."""
    longest = min(RETRY_PAUSE_MAX, 2.0**attempts)
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret


async def _put_off(delivery: Delivery, until: datetime, reason: str, *, refund: int) -> None:
    await db.execute_single(PUT_OFF, delivery.id, delivery.epoch, until, reason[:REASON_MAX], refund)


def _ending(delivery: Delivery, state: MessageState, reason: str) -> tuple[int, int, str, str, datetime]:
    return delivery.id, delivery.epoch, state, reason[:REASON_MAX], clock.now()
