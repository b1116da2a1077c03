"""`/e/<code>`: a date for anybody who has its link, and its picture for whoever shows that link (`A5`)."""

from urllib.parse import quote

from litestar import Response, route
from litestar.params import FromPath, FromQuery

from backend.bookings.queries.event import next_instance, public_event
from backend.bookings.views import InstanceView
from backend.i18n import Voice
from webapp.assets import FOR_EVER
from webapp.miniapp.labels import app_link, city, public_link
from webapp.public.pictures import HEIGHT, WIDTH, Subject, TooManyWait, picture
from webapp.public.wording import seats_left
from webapp.respond import AnyRequest, language_asked, page
from webapp.rule_sentences import rhythm_of

PICTURE = ".png"
FRESH = 15  # seconds a page may be shown again unasked
TODAYS = 60  # and a picture under an address that is not its own
AGAIN = "5"  # seconds until a picture may be asked for again
DEAD_ENDS = ("cancelled", "ended", "closed")


@route("/e/{name:str}", http_method=["GET", "HEAD"], include_in_schema=False)
async def show(
    request: AnyRequest, name: FromPath[str], v: FromQuery[str] = ""
) -> Response[str] | Response[bytes]:
    """The page of a date, or `<code>.png`, its picture; `v` is the mark of what that shows.

    Raises `NotFound`, always the same, for every code that is not open to anybody.
    """
    if name.endswith(PICTURE):
        return await _picture(await public_event(name.removesuffix(PICTURE)), v)
    view = await public_event(name)
    # Whoever fetches a link to show it in a chat names no language: then it is told as the club speaks.
    voice = Voice(language_asked(request) or view.club_language)
    drawn = subject_of(view)
    return page(
        "public/events/show.html",
        voice,
        headers={"Cache-Control": f"public, max-age={FRESH}", "Vary": "Accept-Language"},
        view=view,
        next=await next_instance(view, None) if view.phase in DEAD_ENDS else None,
        rhythm=rhythm_of(voice, view.rule, view.starts_local),
        seats=seats_left(view, voice),
        city=city(view.zone),
        app=app_link(f"e_{view.code}"),
        address=public_link(view.code),
        picture=f"{public_link(view.code)}{PICTURE}?v={quote(drawn.mark)}",
        width=WIDTH,
        height=HEIGHT,
    )


async def _picture(view: InstanceView, mark: str) -> Response[bytes]:
    drawn = subject_of(view)
    try:
        body = await picture(drawn)
    except TooManyWait:
        return Response(b"", status_code=503, media_type="image/png", headers={"Retry-After": AGAIN})
    kept = FOR_EVER if mark == drawn.mark else f"public, max-age={TODAYS}"
    return Response(
        body,
        media_type="image/png",
        # Shown by whoever shows the link.
        headers={"Cache-Control": kept, "Cross-Origin-Resource-Policy": "cross-origin"},
    )


def subject_of(view: InstanceView) -> Subject:
    """What the picture of a date says, in its club's language: it is one picture for everybody."""
    voice = Voice(view.club_language)
    phase = view.phase
    return Subject(
        title=view.title,
        club=view.club,
        when=voice.span(view.starts_at, view.ends_at, view.zone),
        place=view.place,
        seats=seats_left(view, voice),
        state={"cancelled": "cancelled", "ended": "over"}.get(phase, "open"),
        capacity=view.capacity,
        booked=view.booked,
        offered=view.offered,
    )
