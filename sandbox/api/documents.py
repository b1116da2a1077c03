"""Sending files: uploaded with the call, as multipart form data."""

from aiogram.methods import SendDocument

from sandbox.api.access import require_writable
from sandbox.api.messages import find_replied_message_id, parse_text
from sandbox.errors import BotApiError, bad_request
from sandbox.keyboards import read_keyboard
from sandbox.telegram import Telegram
from sandbox.world import Document, Json

_MAX_FILE_BYTES = 50 * 1024 * 1024
_MAX_CAPTION_LENGTH = 1024  # UTF-16 units, after the marks are read
_ATTACH_PREFIX = "attach://"


def split_upload(given: Json) -> tuple[Json, Document | None]:
    """The call without its upload, and the upload: under `document` itself, or under the name that it attaches.

    Raises 400 for what is no upload: ids of files and addresses are not modelled.
    """
    named = given.get("document")
    if isinstance(named, str) and named.startswith(_ATTACH_PREFIX):
        part = named.removeprefix(_ATTACH_PREFIX)
        file = given.get(part)
        given = {name: value for name, value in given.items() if name != part}
    else:
        file = named
    if isinstance(file, Document):
        return given | {"document": f"{_ATTACH_PREFIX}{file.file_name}"}, file
    if named is not None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return given, None


def send_document(telegram: Telegram, call: SendDocument, file: Document) -> Json:
    room = require_writable(telegram, call.chat_id, call.message_thread_id)
    if not file.content:
        raise bad_request("file must be non-empty")
    if len(file.content) > _MAX_FILE_BYTES:
        raise BotApiError(413, "Request Entity Too Large")
    text = ""
    entities: list[Json] = []
    if call.caption:
        text, entities = parse_text(telegram, call.caption, call.parse_mode, call.caption_entities)
        if len(text.encode("utf-16-le")) // 2 > _MAX_CAPTION_LENGTH:
            raise bad_request("message caption is too long")
    keyboard = read_keyboard(telegram.config, call.reply_markup, private=room.type == "private")
    said = telegram.post(
        room,
        telegram.config.bot_id,
        text,
        entities,
        keyboard=keyboard,
        thread_id=call.message_thread_id,
        reply_to=find_replied_message_id(telegram, room, call),
        document=file,
    )
    return telegram.wire(said)
