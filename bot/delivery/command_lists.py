"""Setting the lists of commands of private chats whose people have got or lost a role."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError

from backend import clock
from backend.accounts.queries import accounts_with
from backend.accounts.rules import Permission
from backend.outbox.states import SendResult
from backend.people.command_lists import (
    DueCommandList,
    claim_command_lists,
    end_command_list,
    put_off_command_list,
)
from backend.people.queries import person_of_telegram
from backend.retry import retry_until_saved
from bot.command_names import commands_for
from bot.delivery.errors import classify_error
from bot.delivery.profile import set_commands_of_chat
from bot.delivery.rate_limit import RateLimiter

log = structlog.get_logger()

AGAIN_AFTER = timedelta(seconds=30)
_PASSING = (SendResult.RATE_LIMITED, SendResult.UNSENT, SendResult.UNKNOWN, SendResult.MISCONFIGURED)
Work = Coroutine[Any, Any, None]


class CommandListSetter:
    """The part of the sender that sets them, by the same limits as everything else."""

    def __init__(self, bot: Bot, limiter: RateLimiter) -> None:
        self.bot = bot
        self.limiter = limiter

    async def work(self, room: int) -> list[Work]:
        """Up to `room` lists to be set now, each ready to be run. They are no messages: the chat's own limit is not theirs."""
        due = await claim_command_lists(room, self.limiter.busy_chats())
        return [self._set(one) for one in due]

    async def _set(self, due: DueCommandList) -> None:
        """Once or more often: the list is what holds now, and everybody's when the person was erased meanwhile."""
        person = await person_of_telegram(due.chat_id)
        organises = person is not None and bool(await accounts_with(person, Permission.MANAGE_EVENTS))
        commands = commands_for(person, organises=organises) if person is not None else []
        try:
            await set_commands_of_chat(self.bot, due.chat_id, commands)
        except AiogramError as error:
            call = classify_error(error)
            log.info("list of commands not set", result=call.result, reason=call.reason)
            if call.result in _PASSING:
                # A chat is not left alone after a 429: messages have a limit of their own.
                is_limited = call.result is SendResult.RATE_LIMITED
                until = clock.now() + (timedelta(seconds=call.retry_after) if is_limited else AGAIN_AFTER)
                await retry_until_saved(lambda: put_off_command_list(due, until))
                return
        await retry_until_saved(lambda: end_command_list(due))
