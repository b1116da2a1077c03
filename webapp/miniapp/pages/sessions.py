"""The public shell, and the exchange of `initData` for a session."""

from litestar import Response, get, post
from litestar.enums import MediaType

from backend import clock
from webapp.miniapp.authentication import issue_session, open_session
from webapp.refusals import check_address
from webapp.respond import AnyRequest, page, voice_of


def shell(request: AnyRequest) -> Response[str]:
    """The document that every address of the Mini App returns to a browser; it holds nothing personal."""
    return page("miniapp/shell.html", voice_of(request))


@get("/", include_in_schema=False)
async def show(request: AnyRequest) -> Response[str]:
    """The shell at `/app/`."""
    return shell(request)


async def shell_for_documents(request: AnyRequest) -> Response[str] | None:
    """Before any handler: a browser that loads an address of the Mini App as a document gets the shell.

    It cannot send a session, because the page holds that, not a cookie.
    """
    await check_address(request)
    headers = request.headers
    is_document = "text/html" in headers.get("accept", "") and "hx-request" not in headers
    if request.method == "GET" and is_document and "authorization" not in headers:
        return shell(request)
    return None


@post("/session", status_code=204, include_in_schema=False)
async def create(request: AnyRequest) -> Response[None]:
    """Exchange `Authorization: tma <initData>` for a session in `X-Session`; 401 for anything else (`X1`)."""
    headers = request.headers
    return await sign_in(headers.get("authorization", ""), headers.get("x-time-zone", ""))


async def sign_in(authorization: str, zone: str) -> Response[None]:
    """The session of these headers, as `create` answers it. Raises `NotAuthorizedException`."""
    person, signed_at = await open_session(authorization, zone)
    return Response(
        None,
        status_code=204,
        media_type=MediaType.HTML,
        headers={
            "X-Session": issue_session(person, clock.now(), signed_at),
            "Cache-Control": "no-store",
        },
    )
