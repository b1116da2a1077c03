"""`/e/<code>`: an instance for anybody who has its link, and its preview picture for chats (`A5`)."""

from urllib.parse import quote

from litestar import Response, route
from litestar.params import FromPath, FromQuery

from backend.bookings.queries.event import next_instance, public_event
from backend.bookings.views import InstanceView
from backend.i18n import Voice
from backend.rule_sentences import recurrence_label
from webapp.assets import IMMUTABLE
from webapp.miniapp.labels import app_link, public_link
from webapp.public.kept_pictures import HEIGHT, WIDTH, PictureContent, TooManyWaiting, render_picture
from webapp.public.seat_labels import seats_label
from webapp.respond import AnyRequest, browser_language, page

PICTURE = ".png"
PAGE_AGE = 15  # seconds a page may be cached
PICTURE_AGE = 60  # seconds a picture may be cached under a URL without its etag
RETRY_AFTER = "5"  # seconds until a picture may be requested again
DEAD_ENDS = ("cancelled", "ended", "closed")


@route("/e/{name:str}", http_method=["GET", "HEAD"], include_in_schema=False)
async def show(
    request: AnyRequest, name: FromPath[str], v: FromQuery[str] = ""
) -> Response[str] | Response[bytes]:
    """The page of an instance, or `<code>.png`, its picture; `v` is the picture's etag.

    Raises the same `NotFound` for every code that has no public page.
    """
    if name.endswith(PICTURE):
        return await _picture_response(await public_event(name.removesuffix(PICTURE)), v)
    view = await public_event(name)
    # Telegram fetches a link preview without a language: then the page is in the club's.
    voice = Voice(browser_language(request) or view.account_language)
    picture = picture_content(view)
    return page(
        "public/events/show.html",
        voice,
        headers={"Cache-Control": f"public, max-age={PAGE_AGE}", "Vary": "Accept-Language"},
        view=view,
        next=await next_instance(view, None) if view.phase in DEAD_ENDS else None,
        rhythm=recurrence_label(voice, view.rule, view.starts_local),
        seats=seats_label(view, voice),
        city=voice.city(view.zone),
        app=app_link(f"e_{view.code}"),
        address=public_link(view.code),
        picture=f"{public_link(view.code)}{PICTURE}?v={quote(picture.etag)}",
        width=WIDTH,
        height=HEIGHT,
    )


async def _picture_response(view: InstanceView, etag: str) -> Response[bytes]:
    picture = picture_content(view)
    try:
        body = await render_picture(picture)
    except TooManyWaiting:
        return Response(b"", status_code=503, media_type="image/png", headers={"Retry-After": RETRY_AFTER})
    cache_control = IMMUTABLE if etag == picture.etag else f"public, max-age={PICTURE_AGE}"
    return Response(
        body,
        media_type="image/png",
        # Chats on other sites embed it.
        headers={"Cache-Control": cache_control, "Cross-Origin-Resource-Policy": "cross-origin"},
    )


def picture_content(view: InstanceView) -> PictureContent:
    """The texts of an instance's picture, in its club's language: everybody gets the same picture."""
    voice = Voice(view.account_language, view.account_zone)
    phase = view.phase
    return PictureContent(
        title=view.title,
        account_name=view.account_name,
        when=voice.span(view.starts_at, view.ends_at, view.zone),
        place=view.place,
        seats=seats_label(view, voice),
        state={"cancelled": "cancelled", "ended": "over"}.get(phase, "open"),
        capacity=view.capacity,
        booked=view.booked,
        offered=view.offered,
    )
