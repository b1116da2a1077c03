"""Ephemeral messages: in a group, for one person alone. Telegram documents the rules and not the words of its refusals;
those here are the sandbox's own."""

from aiogram.methods import DeleteEphemeralMessage, SendMessage
from aiogram.types import EphemeralMessageParameters

from sandbox import bot_api_types
from sandbox.api.access import require_bot_inside
from sandbox.errors import BotApiError, bad_request
from sandbox.telegram import Telegram
from sandbox.world import Chat

_WITHIN_SECONDS = 15.0  # of the person's tap, or of their ephemeral command


def read_receiver(telegram: Telegram, chat: Chat, call: SendMessage) -> int:
    """Who alone is to see a message; 0 for one that all see, as an older server takes every message.

    Raises 400 in a private chat, for somebody who is not in the group, and for a bot that is no administrator without a tap or
    an ephemeral command of the last seconds.
    """
    parameters = call.ephemeral_message_parameters
    reply_to = call.reply_parameters.ephemeral_message_id if call.reply_parameters is not None else None
    if not telegram.world.knows_ephemeral:
        return 0
    if parameters is None:
        if reply_to is not None:
            raise bad_request("a reply to an ephemeral message must be ephemeral")
        return 0
    if chat.type == "private":
        raise bad_request("ephemeral messages can be sent only in groups and supergroups")
    receiver = chat.members.get(parameters.receiver_user_id)
    if receiver is None or not receiver.is_inside:
        raise bad_request("receiver of the ephemeral message not found")
    if any(button.get("callback_data") for row in _rows(call) for button in row):
        raise bad_request("ephemeral messages with callback buttons are not modelled by the sandbox")
    if parameters.replace_callback_query_message:
        raise bad_request("replace_callback_query_message is not modelled by the sandbox")
    _check_occasion(telegram, chat, parameters, reply_to)
    return parameters.receiver_user_id


def _check_occasion(
    telegram: Telegram, chat: Chat, parameters: EphemeralMessageParameters, reply_to: int | None
) -> None:
    now = telegram.clock.now()
    if parameters.callback_query_id is not None:
        press = telegram.presses.get(parameters.callback_query_id)
        if press is None or press.user_id != parameters.receiver_user_id or now - press.at > _WITHIN_SECONDS:
            raise bad_request("callback query of the ephemeral message is too old or invalid")
    elif reply_to is not None:
        asked = bot_api_types.find_any_message(telegram.world, chat.id, reply_to)
        if asked is None or asked.seen_by != parameters.receiver_user_id or now - asked.at > _WITHIN_SECONDS:
            raise bad_request("ephemeral message to be replied is too old or not found")
    elif chat.bot.status != "administrator":
        raise bad_request("not enough rights to send ephemeral messages to the chat")


def _rows(call: SendMessage) -> list[list[dict[str, object]]]:
    rows = getattr(call.reply_markup, "inline_keyboard", [])
    return [[button.model_dump() for button in row] for row in rows]


def delete_ephemeral_message(telegram: Telegram, call: DeleteEphemeralMessage) -> bool:
    if not telegram.world.knows_ephemeral:
        raise BotApiError(404, "Not Found: method not found")
    chat = require_bot_inside(telegram, call.chat_id)
    found = bot_api_types.find_any_message(telegram.world, chat.id, call.ephemeral_message_id)
    if found is None or found.seen_by != call.receiver_user_id or found.sender_id != telegram.config.bot_id:
        raise bad_request("message to delete not found")
    found.deleted = True
    telegram.mark_changed()
    return True
