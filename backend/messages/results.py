"""Recording the result of a call to Telegram: for the message, for its reader, and for its group
(`M1`–`M3`, `A6`)."""

from datetime import datetime, timedelta

import structlog

from backend.groups.rules import GroupHealth
from backend.linking.actions import forget_topic, move_group, record_topic, set_health
from backend.outbox import sending
from backend.outbox.deliveries import Delivery
from backend.outbox.states import CallResult, MessageState, SendResult
from backend.people.actions import mark_blocked

log = structlog.get_logger()

MISCONFIGURED_PAUSE = timedelta(minutes=1)

HEALTH_SHOWN_BY = {
    SendResult.DONE: GroupHealth.WELL,
    SendResult.MUTED: GroupHealth.MUTED,
    SendResult.GONE: GroupHealth.REMOVED,
}


async def record_result(delivery: Delivery, call: CallResult, at: datetime) -> None:
    """Record the result of a call that ended at the instant `at`, for the message, its person and its group.

    A message that certainly did not arrive, or may not have, is sent again, at least once (`M1`), unless its
    kind goes out at most once. After ten attempts, or when it can never be sent as it is, it is parked where
    an organiser sees it (`M2`). Having to wait is no attempt.
    """
    group = delivery.group
    if group is not None and not (call.result is SendResult.DONE and group.health is GroupHealth.WELL):
        await record_group_result(group.chat_id, group.topic_id, call)
    match call.result:
        case SendResult.DONE:
            await sending.end(delivery, MessageState.SENT)
        case SendResult.GONE if delivery.group is None:
            await mark_blocked(delivery.person.telegram_id)
            await sending.block(delivery)
        case SendResult.RATE_LIMITED:
            await sending.put_off(delivery, at + timedelta(seconds=call.retry_after), call.reason)
        case SendResult.MISCONFIGURED:
            log.error("telegram refuses the bot", reason=call.reason)
            await sending.put_off(delivery, at + MISCONFIGURED_PAUSE, call.reason)
        case SendResult.MIGRATED:
            await sending.put_off(delivery, at)
        case SendResult.UNKNOWN if delivery.kind.policy.at_most_once:
            await sending.end(delivery, MessageState.PERHAPS, call.reason)
        case SendResult.UNSENT | SendResult.UNKNOWN:
            await sending.retry(delivery, at, call.reason)
        case _:
            log.error("message refused", kind=delivery.kind, reason=call.reason)
            await sending.park(delivery, call.reason)


async def record_group_result(chat_id: int, topic_id: int | None, call: CallResult) -> None:
    """Record what a message that was posted to a group, or refused by it, says of the group and its topic
    (`A6`)."""
    if call.result in HEALTH_SHOWN_BY:
        await set_health(chat_id, HEALTH_SHOWN_BY[call.result])
    elif call.result is SendResult.MIGRATED:
        await move_group(chat_id, call.new_chat_id)
    elif call.result is SendResult.TOPIC_CLOSED and topic_id is not None:
        await record_topic(chat_id, topic_id, None, closed=True)
    elif call.result is SendResult.NOT_FOUND and topic_id is not None:
        await forget_topic(chat_id, topic_id)
