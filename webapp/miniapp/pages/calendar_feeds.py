"""The URL the reader's own calendar subscribes to: create it, show it, replace it, turn it off."""

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency

from backend.people import feeds
from backend.people.queries import Person
from webapp.ical_feeds import feed_url, google_url, open_url
from webapp.miniapp.responses import screen


@get("/me/calendar")
async def show(person: NamedDependency[Person]) -> Response[str]:
    """The URL and how to use it, or how to get one."""
    return await _screen(person)


@post("/me/calendar", status_code=200)
async def create(person: NamedDependency[Person]) -> Response[str]:
    """Create the URL; an existing one stays."""
    await feeds.create_feed(person)
    return await _screen(person, outcome="saved")


@put("/me/calendar")
async def update(person: NamedDependency[Person]) -> Response[str]:
    """Replace the URL: the old one stops working at once."""
    await feeds.renew_feed(person)
    return await _screen(person, outcome="saved")


@delete("/me/calendar", status_code=200)
async def destroy(person: NamedDependency[Person]) -> Response[str]:
    """Turn the feed off."""
    await feeds.delete_feed(person)
    return await _screen(person, outcome="saved")


async def _screen(person: Person, outcome: str = "") -> Response[str]:
    mine = await feeds.feed(person)
    token = mine.token if mine else ""
    return screen(
        "calendar_feeds/show.html",
        person,
        outcome=outcome,
        feed=mine,
        address=feed_url(token) if token else "",
        opening=open_url(token) if token else "",
        google=google_url(token) if token else "",
    )
