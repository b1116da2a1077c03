"""Executes one call: finds the method, injects faults, records the call for tests."""

import inspect
from typing import Any

from sandbox.api import bot_profile, callbacks, chats, documents, ephemeral, inline, messages, updates
from sandbox.api.access import parse_chat_id
from sandbox.errors import AnswerDropped, BotApiError
from sandbox.faults import Fault
from sandbox.params import parse_call
from sandbox.telegram import Telegram
from sandbox.world import Json

# Every method the sandbox models. Any other is "method not found", never a made-up success.
_SUPPORTED_METHODS: dict[str, Any] = {
    "getMe": bot_profile.get_me,
    "getUpdates": updates.get_updates,
    "setWebhook": updates.set_webhook,
    "deleteWebhook": updates.delete_webhook,
    "getWebhookInfo": updates.get_webhook_info,
    "sendMessage": messages.send_message,
    "sendDocument": documents.send_document,
    "editMessageText": messages.edit_message_text,
    "editMessageReplyMarkup": messages.edit_message_reply_markup,
    "deleteMessage": messages.delete_message,
    "deleteEphemeralMessage": ephemeral.delete_ephemeral_message,
    "pinChatMessage": messages.pin_chat_message,
    "sendChatAction": messages.send_chat_action,
    "answerCallbackQuery": callbacks.answer_callback_query,
    "answerInlineQuery": inline.answer_inline_query,
    "getChat": chats.get_chat,
    "getChatMember": chats.get_chat_member,
    "getChatAdministrators": chats.get_chat_administrators,
    "getChatMemberCount": chats.get_chat_member_count,
    "leaveChat": chats.leave_chat,
    "createForumTopic": chats.create_forum_topic,
    "closeForumTopic": chats.close_forum_topic,
    "reopenForumTopic": chats.reopen_forum_topic,
    "setMyCommands": bot_profile.set_my_commands,
    "getMyCommands": bot_profile.get_my_commands,
    "deleteMyCommands": bot_profile.delete_my_commands,
    "setChatMenuButton": bot_profile.set_chat_menu_button,
    "getChatMenuButton": bot_profile.get_chat_menu_button,
    "setMyDescription": bot_profile.set_my_description,
    "getMyDescription": bot_profile.get_my_description,
    "setMyShortDescription": bot_profile.set_my_short_description,
    "getMyShortDescription": bot_profile.get_my_short_description,
    "savePreparedInlineMessage": bot_profile.save_prepared_inline_message,
}
_NAME_BY_LOWER_CASE = {name.lower(): name for name in _SUPPORTED_METHODS}


async def dispatch(telegram: Telegram, method: str, params: Json) -> Any:
    """The result of one call. Raises BotApiError, or AnswerDropped when the answer must get lost.

    Every call but getUpdates is recorded for tests, with its outcome.
    """
    name = _NAME_BY_LOWER_CASE.get(method.lower())
    if name is None:
        raise BotApiError(404, "Not Found: method not found")
    if name == "getUpdates":
        return await _apply_with_fault(telegram, name, params)
    call = telegram.record_call(name, params)
    try:
        result = await _apply_with_fault(telegram, name, params)
    except BotApiError as error:
        telegram.finish_call(call, error=error.body())
        raise
    except AnswerDropped as dropped:
        telegram.finish_call(call, result=dropped.result)
        raise
    telegram.finish_call(call, result=result)
    return result


async def _apply_with_fault(telegram: Telegram, name: str, params: Json) -> Any:
    parsed_id = parse_chat_id(params.get("chat_id"))
    chat_id = parsed_id if isinstance(parsed_id, int) else None
    fault = telegram.faults.take(name, chat_id)
    if fault is None:
        return await _apply(telegram, name, params, chat_id)
    if fault.delay_ms:
        await telegram.clock.sleep_until(telegram.clock.now() + fault.delay_ms / 1000)
    if fault.drop_after_apply:
        result = await _apply(telegram, name, params, chat_id)
        raise AnswerDropped(result, hang=fault.hang)
    if fault.error_code is not None:
        raise _fault_error(fault, fault.error_code)
    return await _apply(telegram, name, params, chat_id)


async def _apply(telegram: Telegram, name: str, params: Json, chat_id: int | None) -> Any:
    files: list[Any] = []
    if name == "sendDocument":
        params, file = documents.split_upload(params)
        files = [file]
    call = parse_call(name, params)
    telegram.flood.check(name, chat_id)
    answer = _SUPPORTED_METHODS[name](telegram, call, *files)
    return await answer if inspect.isawaitable(answer) else answer


def _fault_error(fault: Fault, code: int) -> BotApiError:
    parameters: dict[str, Any] = {}
    description = fault.description
    if fault.retry_after is not None:
        parameters["retry_after"] = fault.retry_after
        description = description or f"Too Many Requests: retry after {fault.retry_after}"
    if fault.migrate_to_chat_id is not None:
        parameters["migrate_to_chat_id"] = fault.migrate_to_chat_id
    return BotApiError(code, description or "Internal Server Error", **parameters)
