"""Reads the parameters of a call and validates them by aiogram's own class of that method."""

import json
import types
import typing
from typing import Any

import aiogram.methods
from aiogram.methods import TelegramMethod
from pydantic import BaseModel, ValidationError

from sandbox.errors import BotApiError, bad_request
from sandbox.world import Json

METHOD_CLASSES: dict[str, type[TelegramMethod[Any]]] = {
    name.lower(): getattr(aiogram.methods, name)
    for name in aiogram.methods.__all__
    if name not in {"TelegramMethod", "Request", "Response"}
}

# Parameters that exist at Telegram and mean something the sandbox does not model.
_UNSUPPORTED_PARAMETERS = frozenset(
    {
        "business_connection_id",
        "direct_messages_topic_id",
        "callback_query_message_id",
        "suggested_post_parameters",
        "message_effect_id",
        "allow_paid_broadcast",
        "certificate",
        "thumbnail",
        "disable_content_type_detection",
        "icon_custom_emoji_id",
        "checklist",
        "rich_message",
    }
)
# Those that are modelled in some methods only.
_MODELLED_IN = {
    "receiver_user_id": frozenset({"deleteephemeralmessage"}),
    "ephemeral_message_parameters": frozenset({"sendmessage"}),
    "inline_message_id": frozenset({"editmessagetext", "editmessagereplymarkup"}),
}
_MISSING_PARAMETER_TEXTS = {"chat_id": "chat_id is empty", "text": "message text is empty"}


def parse_call(method: str, params: Json) -> TelegramMethod[Any]:
    """The call as a typed object. Raises 400 for parameters that Telegram would reject.

    Stricter than Telegram on purpose: a parameter Telegram would silently ignore is rejected here,
    because in a test a misspelt name must not pass.
    """
    method_class = METHOD_CLASSES[method.lower()]
    values: Json = {}
    for name, value in params.items():
        field = method_class.model_fields.get(name)
        if field is None:
            raise bad_request(f'there is no parameter "{name}" in {method_class.__api_method__}')
        if name in _UNSUPPORTED_PARAMETERS or method.lower() not in _MODELLED_IN.get(name, (method.lower(),)):
            raise bad_request(f'parameter "{name}" is not modelled by the sandbox')
        values[name] = _parse_value(name, value, field.annotation)
        if name == "reply_markup" and not isinstance(values[name], dict):
            raise bad_request("object expected as reply markup")
    try:
        call = method_class.model_validate(values)
    except ValidationError as error:
        raise _to_bot_api_error(error) from error
    for name in values:
        _reject_unknown_fields(name, getattr(call, name))
    return call


def to_json(value: Any) -> Any:
    """A typed value as the JSON that Telegram would send, empty fields left out."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True, by_alias=True)
    if isinstance(value, list):
        return [to_json(item) for item in value]
    return value


def _parse_value(name: str, value: Any, annotation: Any) -> Any:
    if not isinstance(value, str) or not _is_json_parameter(annotation):
        return value
    try:
        return json.loads(value)
    except ValueError:
        if name == "reply_markup":
            raise bad_request("can't parse reply keyboard markup JSON object") from None
        raise bad_request(f"can't parse {name} JSON object") from None


def _is_json_parameter(annotation: Any) -> bool:
    origin = typing.get_origin(annotation)
    if origin is list:
        return True
    if origin is typing.Annotated:
        return _is_json_parameter(typing.get_args(annotation)[0])
    if origin in {typing.Union, types.UnionType}:
        return any(_is_json_parameter(part) for part in typing.get_args(annotation))
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _to_bot_api_error(error: ValidationError) -> BotApiError:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    name = path[0] if path else "?"
    if first["type"] == "missing" and len(path) == 1:
        return bad_request(_MISSING_PARAMETER_TEXTS.get(name, f'parameter "{name}" is required'))
    return bad_request(f'invalid parameter "{".".join(path)}": {first["msg"]}')


def _reject_unknown_fields(path: str, value: Any) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            _reject_unknown_fields(f"{path}[{index}]", item)
    elif isinstance(value, BaseModel):
        if value.model_extra:
            extra = next(iter(value.model_extra))
            raise bad_request(f'there is no field "{extra}" in {path}')
        for name in value.model_fields_set:
            _reject_unknown_fields(f"{path}.{name}", getattr(value, name))
