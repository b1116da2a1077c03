"""Sending files that are uploaded with the call, as multipart form data."""

from aiogram.methods import SendDocument

from sandbox.api.access import require_writable
from sandbox.api.messages import find_replied_message_id, parse_text
from sandbox.errors import BotApiError, bad_request
from sandbox.keyboards import read_keyboard
from sandbox.telegram import Telegram
from sandbox.world import Document, Json

_MAX_FILE_BYTES = 50 * 1024 * 1024
_MAX_CAPTION_LENGTH = 1024  # characters, after entities are parsed
_ATTACH_PREFIX = "attach://"


def split_upload(params: Json) -> tuple[Json, Document | None]:
    """The parameters without the file, and the file, which is in `document` or in the part it names.

    Raises 400 for a file id or a URL: the sandbox does not model them.
    """
    document = params.get("document")
    if isinstance(document, str) and document.startswith(_ATTACH_PREFIX):
        part = document.removeprefix(_ATTACH_PREFIX)
        file = params.get(part)
        params = {name: value for name, value in params.items() if name != part}
    else:
        file = document
    if isinstance(file, Document):
        return params | {"document": f"{_ATTACH_PREFIX}{file.file_name}"}, file
    if document is not None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return params, None


def send_document(telegram: Telegram, call: SendDocument, file: Document) -> Json:
    chat = require_writable(telegram, call.chat_id, call.message_thread_id)
    if not file.content:
        raise bad_request("file must be non-empty")
    if len(file.content) > _MAX_FILE_BYTES:
        raise BotApiError(413, "Request Entity Too Large")
    text = ""
    entities: list[Json] = []
    if call.caption:
        text, entities = parse_text(telegram, call.caption, call.parse_mode, call.caption_entities)
        if len(text) > _MAX_CAPTION_LENGTH:
            raise bad_request("message caption is too long")
    keyboard = read_keyboard(telegram.config, call.reply_markup, private=chat.type == "private")
    message = telegram.post(
        chat,
        telegram.config.bot_id,
        text,
        entities,
        keyboard=keyboard,
        thread_id=call.message_thread_id,
        reply_to=find_replied_message_id(telegram, chat, call),
        document=file,
    )
    return telegram.to_message(message)
