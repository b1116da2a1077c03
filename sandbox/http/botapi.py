"""`/bot<token>/<method>`: the Bot API over HTTP."""

import hmac
import json
import logging
from typing import Any
from urllib.parse import parse_qsl

from litestar import MediaType, Request, Response, route
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from sandbox.api.dispatch import dispatch
from sandbox.errors import AnswerDropped, BotApiError, bad_request
from sandbox.telegram import Telegram
from sandbox.world import Document, Json

log = logging.getLogger("sandbox.botapi")
AnyRequest = Request[Any, Any, Any]
TRANSPORT_EXTENSION = "sandbox.transport"  # set by `serve.Protocol`


@route("/{bot:str}/{method:str}", http_method=["GET", "POST"], status_code=200)
async def bot_api(
    request: AnyRequest,
    telegram: NamedDependency[Telegram],
    bot: FromPath[str],
    method: FromPath[str],
) -> Response[Any]:
    """Execute a call by GET or POST, its parameters in the query, a form, multipart or JSON.

    Answers 401 for another token.
    """
    try:
        _check_token(telegram, bot)
        result = await dispatch(telegram, method, await _read_parameters(request))
    except BotApiError as error:
        return Response(error.body(), status_code=error.code, media_type=MediaType.JSON)
    except AnswerDropped as dropped:
        return _DroppedResponse(hang=dropped.hang)
    except Exception:
        # The bot must see an error of the server, not an answer it cannot parse.
        log.exception("%s failed in the sandbox itself", method)
        body = BotApiError(500, "Internal Server Error").body()
        return Response(body, status_code=500, media_type=MediaType.JSON)
    return Response({"ok": True, "result": result}, media_type=MediaType.JSON)


def _check_token(telegram: Telegram, bot: str) -> None:
    prefix, _, token = bot.partition("bot")
    if prefix or not token:
        raise BotApiError(404, "Not Found")
    if not hmac.compare_digest(token.encode(), telegram.config.token.encode()):
        raise BotApiError(401, "Unauthorized")


async def _read_parameters(request: AnyRequest) -> Json:
    """All parameters of the call. The first of two values counts; an empty one counts as missing."""
    query = request.scope["query_string"].decode()
    pairs: list[tuple[str, Any]] = list(parse_qsl(query, keep_blank_values=True))
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/json":
        pairs += _parse_json_object(await request.body()).items()
    elif content_type == "application/x-www-form-urlencoded":
        pairs += parse_qsl((await request.body()).decode(), keep_blank_values=True)
    elif content_type == "multipart/form-data":
        try:
            form = await request.form()
        except ClientException as error:
            raise bad_request("can't parse multipart form data") from error
        pairs += [(name, await _read_form_value(value)) for name, value in form.multi_items()]
    params: Json = {}
    for name, value in pairs:
        if value is not None and value != "":
            params.setdefault(name, value)
    return params


async def _read_form_value(value: Any) -> Any:
    """A part of a form: its text, or the uploaded file as a Document."""
    if not isinstance(value, UploadFile):
        return value
    return Document(value.filename, value.content_type, await value.read())


def _parse_json_object(body: bytes) -> Json:
    try:
        params = json.loads(body or b"{}")
    except ValueError:
        params = None
    if not isinstance(params, dict):
        raise bad_request("object expected in the request's body")
    return params


class _NoAnswer(ASGIResponse):
    """Sends nothing: breaks the connection, or (`hang`) leaves it open until the caller gives up."""

    hang = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.hang:
            extensions: Any = scope.get("extensions") or {}
            extensions[TRANSPORT_EXTENSION]["transport"].abort()
        while (await receive())["type"] != "http.disconnect":
            pass


class _DroppedResponse(Response[None]):
    """The lost answer of a call that took effect."""

    def __init__(self, *, hang: bool) -> None:
        super().__init__(None)
        self._hang = hang

    def to_asgi_response(self, *args: Any, **more: Any) -> ASGIResponse:
        answer = _NoAnswer()
        answer.hang = self._hang
        return answer
