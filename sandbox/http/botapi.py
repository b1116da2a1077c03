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


@route("/{bot:str}/{method:str}", http_method=["GET", "POST"], status_code=200)
async def bot_api(
    request: AnyRequest,
    telegram: NamedDependency[Telegram],
    bot: FromPath[str],
    method: FromPath[str],
) -> Response[Any]:
    """GET or POST; parameters in the query, a form, multipart or JSON. 401 for another token."""
    try:
        _check_token(telegram, bot)
        result = await dispatch(telegram, method, await _read_parameters(request))
    except BotApiError as refused:
        return Response(refused.body(), status_code=refused.code, media_type=MediaType.JSON)
    except AnswerDropped as lost:
        return _LostResponse(lost.args[1])
    except Exception:
        # The bot must see a server's failure, not an answer it cannot read.
        log.exception("%s failed in the sandbox itself", method)
        failed = BotApiError(500, "Internal Server Error").body()
        return Response(failed, status_code=500, media_type=MediaType.JSON)
    return Response({"ok": True, "result": result}, media_type=MediaType.JSON)


def _check_token(telegram: Telegram, bot: str) -> None:
    prefix, _, token = bot.partition("bot")
    if prefix or not token:
        raise BotApiError(404, "Not Found")
    if not hmac.compare_digest(token.encode(), telegram.config.token.encode()):
        raise BotApiError(401, "Unauthorized")


async def _read_parameters(request: AnyRequest) -> Json:
    """All parameters of the call; of one given twice, the first counts. Empty means not given."""
    query = request.scope["query_string"].decode()
    pairs: list[tuple[str, Any]] = list(parse_qsl(query, keep_blank_values=True))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        pairs += _parse_json_object(await request.body()).items()
    elif kind == "application/x-www-form-urlencoded":
        pairs += parse_qsl((await request.body()).decode(), keep_blank_values=True)
    elif kind == "multipart/form-data":
        try:
            form = await request.form()
        except ClientException as broken:
            raise bad_request("can't parse multipart form data") from broken
        pairs += [(name, await _read_upload(value)) for name, value in form.multi_items()]
    given: Json = {}
    for name, value in pairs:
        if value is not None and value != "":
            given.setdefault(name, value)
    return given


async def _read_upload(value: Any) -> Any:
    """A part of a form; a file with all it holds."""
    if not isinstance(value, UploadFile):
        return value
    return Document(value.filename, value.content_type, await value.read())


def _parse_json_object(body: bytes) -> Json:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise bad_request("object expected in the request's body")
    return found


class _SilentAnswer(ASGIResponse):
    """Sends nothing: breaks the connection, or stays silent until the caller has had enough."""

    hang = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.hang:
            extensions: Any = scope.get("extensions") or {}
            extensions["sandbox.transport"]["transport"].abort()
        while (await receive())["type"] != "http.disconnect":
            pass


class _LostResponse(Response[None]):
    """The answer of a call that took effect and is never heard of."""

    def __init__(self, hang: bool) -> None:
        super().__init__(None)
        self._hang = hang

    def to_asgi_response(self, *args: Any, **more: Any) -> ASGIResponse:
        silence = _SilentAnswer()
        silence.hang = self._hang
        return silence
