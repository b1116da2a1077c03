"""Reads what a call brought along and holds it against aiogram's own class of that method."""

import json
import types
import typing
from typing import Any

import aiogram.methods
from aiogram.methods import TelegramMethod
from pydantic import BaseModel, ValidationError

from sandbox.errors import BotApiError, bad_request
from sandbox.world import Json

METHODS: dict[str, type[TelegramMethod[Any]]] = {
    name.lower(): getattr(aiogram.methods, name)
    for name in aiogram.methods.__all__
    if name not in {"TelegramMethod", "Request", "Response"}
}

# Real parameters of Telegram that mean something this sandbox does not play.
_NOT_PLAYED = frozenset(
    {
        "business_connection_id",
        "direct_messages_topic_id",
        "ephemeral_message_parameters",
        "receiver_user_id",
        "callback_query_message_id",
        "suggested_post_parameters",
        "message_effect_id",
        "allow_paid_broadcast",
        "inline_message_id",
        "certificate",
        "thumbnail",
        "disable_content_type_detection",
        "icon_custom_emoji_id",
        "checklist",
        "rich_message",
    }
)
_EMPTY = {"chat_id": "chat_id is empty", "text": "message text is empty"}


def read(method: str, given: Json) -> TelegramMethod[Any]:
    """The call as a typed object. Raises 400 for what Telegram would not understand.

    Stricter than Telegram on purpose: a parameter it would silently ignore is refused here, since
    in a test a misspelt name must not pass.
    """
    shape = METHODS[method.lower()]
    values: Json = {}
    for name, value in given.items():
        field = shape.model_fields.get(name)
        if field is None:
            raise bad_request(f'there is no parameter "{name}" in {shape.__api_method__}')
        if name in _NOT_PLAYED:
            raise bad_request(f'parameter "{name}" is not modelled by the sandbox')
        values[name] = _parse(name, value, field.annotation)
        if name == "reply_markup" and not isinstance(values[name], dict):
            raise bad_request("object expected as reply markup")
    try:
        call = shape.model_validate(values)
    except ValidationError as wrong:
        raise _worded(wrong) from wrong
    for name in values:
        _refuse_unknown(name, getattr(call, name))
    return call


def plain(value: Any) -> Any:
    """A typed value as the JSON Telegram would send back, empty fields left out."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True, by_alias=True)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def _parse(name: str, value: Any, annotation: Any) -> Any:
    if not isinstance(value, str) or not _wants_json(annotation):
        return value
    try:
        return json.loads(value)
    except ValueError:
        if name == "reply_markup":
            raise bad_request("can't parse reply keyboard markup JSON object") from None
        raise bad_request(f"can't parse {name} JSON object") from None


def _wants_json(annotation: Any) -> bool:
    origin = typing.get_origin(annotation)
    if origin is list:
        return True
    if origin is typing.Annotated:
        return _wants_json(typing.get_args(annotation)[0])
    if origin in {typing.Union, types.UnionType}:
        return any(_wants_json(part) for part in typing.get_args(annotation))
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _worded(wrong: ValidationError) -> BotApiError:
    first = wrong.errors()[0]
    place = [str(part) for part in first["loc"]]
    name = place[0] if place else "?"
    if first["type"] == "missing" and len(place) == 1:
        return bad_request(_EMPTY.get(name, f'parameter "{name}" is required'))
    return bad_request(f'invalid parameter "{".".join(place)}": {first["msg"]}')


def _refuse_unknown(path: str, value: Any) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_unknown(f"{path}[{index}]", item)
    elif isinstance(value, BaseModel):
        if value.model_extra:
            extra = next(iter(value.model_extra))
            raise bad_request(f'there is no field "{extra}" in {path}')
        for name in value.model_fields_set:
            _refuse_unknown(f"{path}.{name}", getattr(value, name))
