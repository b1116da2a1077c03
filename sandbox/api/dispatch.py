"""From a method's name to its answer: the one way every call takes."""

import inspect
from typing import Any

from sandbox.api import about, callbacks, chats, documents, messages, updates
from sandbox.api.access import chat_number
from sandbox.errors import BotApiError, Dropped
from sandbox.faults import Fault
from sandbox.params import read
from sandbox.telegram import Telegram
from sandbox.world import Json

# Every method that is played. What is not here is "method not found", never a made-up success.
_FUNCTIONS: dict[str, Any] = {
    "getMe": about.get_me,
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
    "setMyCommands": about.set_my_commands,
    "getMyCommands": about.get_my_commands,
    "deleteMyCommands": about.delete_my_commands,
    "setChatMenuButton": about.set_chat_menu_button,
    "getChatMenuButton": about.get_chat_menu_button,
    "setMyDescription": about.set_my_description,
    "getMyDescription": about.get_my_description,
    "setMyShortDescription": about.set_my_short_description,
    "getMyShortDescription": about.get_my_short_description,
    "savePreparedInlineMessage": about.save_prepared_inline_message,
}
_BY_LOWER = {name.lower(): name for name in _FUNCTIONS}


async def dispatch(telegram: Telegram, method: str, given: Json) -> Any:
    """The result of one call; raises BotApiError, or Dropped when the answer must get lost.

    The call and how it ended are written down for tests, fetching updates aside.
    """
    name = _BY_LOWER.get(method.lower())
    if name is None:
        raise BotApiError(404, "Not Found: method not found")
    if name == "getUpdates":
        return await _struck(telegram, name, given)
    call = telegram.note_call(name, given)
    try:
        result = await _struck(telegram, name, given)
    except BotApiError as refused:
        telegram.end_call(call, error=refused.body())
        raise
    except Dropped as lost:
        telegram.end_call(call, result=lost.args[0])
        raise
    telegram.end_call(call, result=result)
    return result


async def _struck(telegram: Telegram, name: str, given: Json) -> Any:
    number = chat_number(given.get("chat_id"))
    chat_id = number if isinstance(number, int) else None
    fault = telegram.faults.take(name, chat_id)
    if fault is None:
        return await _apply(telegram, name, given, chat_id)
    if fault.delay_ms:
        await telegram.clock.sleep_until(telegram.clock.now() + fault.delay_ms / 1000)
    if fault.drop_after_apply:
        result = await _apply(telegram, name, given, chat_id)
        raise Dropped(result, fault.hang)
    if fault.error_code is not None:
        raise _as_error(fault, fault.error_code)
    return await _apply(telegram, name, given, chat_id)


async def _apply(telegram: Telegram, name: str, given: Json, chat_id: int | None) -> Any:
    files: list[Any] = []
    if name == "sendDocument":
        given, file = documents.attached(given)
        files = [file]
    call = read(name, given)
    telegram.flood.check(name, chat_id)
    answer = _FUNCTIONS[name](telegram, call, *files)
    return await answer if inspect.isawaitable(answer) else answer


def _as_error(fault: Fault, code: int) -> BotApiError:
    more: dict[str, Any] = {}
    text = fault.description
    if fault.retry_after is not None:
        more["retry_after"] = fault.retry_after
        text = text or f"Too Many Requests: retry after {fault.retry_after}"
    if fault.migrate_to_chat_id is not None:
        more["migrate_to_chat_id"] = fault.migrate_to_chat_id
    return BotApiError(code, text or "Internal Server Error", **more)
