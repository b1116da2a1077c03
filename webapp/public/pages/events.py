"""`/e/<code>`: a date for anybody who has its link, and its picture for whoever shows that link (`A5`)."""

from urllib.parse import quote

from litestar import Response, route
from litestar.params import FromPath, FromQuery

from backend.bookings.queries.event import next_instance, public_event
from backend.bookings.views import InstanceView
from backend.i18n import Voice
from webapp.assets import IMMUTABLE
from webapp.miniapp.labels import app_link, city_of_zone, public_link
from webapp.public.pictures import HEIGHT, WIDTH, PictureText, TooManyWaiting, render_picture
from webapp.public.seat_labels import seats_label
from webapp.respond import AnyRequest, browser_language, page
from webapp.rule_sentences import recurrence_label

PICTURE = ".png"
PAGE_AGE = 15  # seconds a page may be shown again unasked
PICTURE_AGE = 60  # and a picture under an address that is not its own
RETRY_AFTER = "5"  # seconds until a picture may be asked for again
DEAD_ENDS = ("cancelled", "ended", "closed")


@route("/e/{name:str}", http_method=["GET", "HEAD"], include_in_schema=False)
async def show(
    request: AnyRequest, name: FromPath[str], v: FromQuery[str] = ""
) -> Response[str] | Response[bytes]:
    """The page of a date, or `<code>.png`, its picture; `v` is the mark of what that shows.

    Raises `NotFound`, always the same, for every code that is not open to anybody.
    """
    if name.endswith(PICTURE):
        return await _picture_response(await public_event(name.removesuffix(PICTURE)), v)
    view = await public_event(name)
    # Whoever fetches a link to show it in a chat names no language: then it is told as the club speaks.
    voice = Voice(browser_language(request) or view.club_language)
    drawn = picture_text(view)
    return page(
        "public/events/show.html",
        voice,
        headers={"Cache-Control": f"public, max-age={PAGE_AGE}", "Vary": "Accept-Language"},
        view=view,
        next=await next_instance(view, None) if view.phase in DEAD_ENDS else None,
        rhythm=recurrence_label(voice, view.rule, view.starts_local),
        seats=seats_label(view, voice),
        city=city_of_zone(view.zone),
        app=app_link(f"e_{view.code}"),
        address=public_link(view.code),
        picture=f"{public_link(view.code)}{PICTURE}?v={quote(drawn.mark)}",
        width=WIDTH,
        height=HEIGHT,
    )


async def _picture_response(view: InstanceView, mark: str) -> Response[bytes]:
    drawn = picture_text(view)
    try:
        body = await render_picture(drawn)
    except TooManyWaiting:
        return Response(b"", status_code=503, media_type="image/png", headers={"Retry-After": RETRY_AFTER})
    kept = IMMUTABLE if mark == drawn.mark else f"public, max-age={PICTURE_AGE}"
    return Response(
        body,
        media_type="image/png",
        # Shown by whoever shows the link.
        headers={"Cache-Control": kept, "Cross-Origin-Resource-Policy": "cross-origin"},
    )


def picture_text(view: InstanceView) -> PictureText:
    """What the picture of a date says, in its club's language: it is one picture for everybody."""
    voice = Voice(view.club_language)
    phase = view.phase
    return PictureText(
        title=view.title,
        club=view.club,
        when=voice.span(view.starts_at, view.ends_at, view.zone),
        place=view.place,
        seats=seats_label(view, voice),
        state={"cancelled": "cancelled", "ended": "over"}.get(phase, "open"),
        capacity=view.capacity,
        booked=view.booked,
        offered=view.offered,
    )
