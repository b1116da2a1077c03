"""From a method's name to its answer: the one way every call takes."""

import inspect
from typing import Any

from sandbox.api import bot_profile, callbacks, chats, documents, messages, updates
from sandbox.api.access import parse_chat_id
from sandbox.errors import AnswerDropped, BotApiError
from sandbox.faults import Fault
from sandbox.params import parse_call
from sandbox.telegram import Telegram
from sandbox.world import Json

# Every method that is played. What is not here is "method not found", never a made-up success.
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
    "pinChatMessage": messages.pin_chat_message,
    "sendChatAction": messages.send_chat_action,
    "answerCallbackQuery": callbacks.answer_callback_query,
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


async def dispatch(telegram: Telegram, method: str, given: Json) -> Any:
    """The result of one call; raises BotApiError, or Dropped when the answer must get lost.

    The call and how it ended are written down for tests, fetching updates aside.
    """
    name = _NAME_BY_LOWER_CASE.get(method.lower())
    if name is None:
        raise BotApiError(404, "Not Found: method not found")
    if name == "getUpdates":
        return await _apply_with_fault(telegram, name, given)
    call = telegram.note_call(name, given)
    try:
        result = await _apply_with_fault(telegram, name, given)
    except BotApiError as refused:
        telegram.end_call(call, error=refused.body())
        raise
    except AnswerDropped as lost:
        telegram.end_call(call, result=lost.args[0])
        raise
    telegram.end_call(call, result=result)
    return result


async def _apply_with_fault(telegram: Telegram, name: str, given: Json) -> Any:
    number = parse_chat_id(given.get("chat_id"))
    chat_id = number if isinstance(number, int) else None
    fault = telegram.faults.take(name, chat_id)
    if fault is None:
        return await _apply(telegram, name, given, chat_id)
    if fault.delay_ms:
        await telegram.clock.sleep_until(telegram.clock.now() + fault.delay_ms / 1000)
    if fault.drop_after_apply:
        result = await _apply(telegram, name, given, chat_id)
        raise AnswerDropped(result, fault.hang)
    if fault.error_code is not None:
        raise _fault_error(fault, fault.error_code)
    return await _apply(telegram, name, given, chat_id)


async def _apply(telegram: Telegram, name: str, given: Json, chat_id: int | None) -> Any:
    files: list[Any] = []
    if name == "sendDocument":
        given, file = documents.split_upload(given)
        files = [file]
    call = parse_call(name, given)
    telegram.flood.check(name, chat_id)
    answer = _SUPPORTED_METHODS[name](telegram, call, *files)
    return await answer if inspect.isawaitable(answer) else answer


def _fault_error(fault: Fault, code: int) -> BotApiError:
    more: dict[str, Any] = {}
    text = fault.description
    if fault.retry_after is not None:
        more["retry_after"] = fault.retry_after
        text = text or f"Too Many Requests: retry after {fault.retry_after}"
    if fault.migrate_to_chat_id is not None:
        more["migrate_to_chat_id"] = fault.migrate_to_chat_id
    return BotApiError(code, text or "Internal Server Error", **more)
