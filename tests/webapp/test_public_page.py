"""The public page of an instance and its picture: what they show, and what they never show (`A5`)."""

import asyncio
import re
import threading
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from backend import clock
from backend.bookings import actions as seats
from backend.seats.requests import Via

VENDOR = Path("webapp/public/vendor")
NOWHERE = "23456789ab"


def meta_content(page: str, name: str) -> str:
    """The content of a meta tag of the page."""
    found = re.search(rf'<meta (?:property|name)="{name}" content="([^"]*)">', page)
    assert found is not None, name
    return found[1]


def picture_of(page: str) -> str:
    """The path of the picture on this server."""
    address = meta_content(page, "og:image")
    assert address.startswith("https://emerald.example/e/")
    return address.removeprefix("https://emerald.example")


@pytest.fixture
async def code(noon: Any, instance: Any) -> str:
    """An instance with visibility `link`, on Thursday 26 November at 18:00 in Helsinki."""
    return str(await instance(visibility="link", capacity=3, map_url="https://maps.example/kallio"))


async def test_shows_what_when_where_and_how_many_seats(web: httpx.AsyncClient, code: str) -> None:
    """`A5`: with a link into the Mini App, to this instance."""
    answer = await web.get(f"/e/{code}")
    page = answer.text
    assert answer.status_code == 200
    for words in (
        "Evening flow yoga",
        "Kallio Yoga",
        "Thu 26 Nov, 18:00–19:15",
        "In 3 days · shown in the time of Helsinki",
        "Kallion kulttuuritalo, sali 2",
        "https://maps.example/kallio",
        "3 seats free",
        "https://t.me/emerald_test_bot/app?startapp=e_" + code,
    ):
        assert words in page, words
    assert "<script" not in page
    assert "set-cookie" not in answer.headers


async def test_names_nobody(web: httpx.AsyncClient, code: str, alice: Any, bob: Any) -> None:
    """`A5`: it counts seats, not people."""
    await seats.book(code, alice, guests=1, via=Via.CARD)
    before = (await web.get(f"/e/{code}")).text
    await seats.book(code, bob, via=Via.CARD)
    page = (await web.get(f"/e/{code}")).text
    assert "1 seat free" in before
    assert re.search(r"<b>Full</b>", page)
    for name in ("Alice", "Bob", "Olga", "1002"):
        assert name not in page
    assert " taken" not in page


async def test_a_full_instance_shows_how_many_wait(
    web: httpx.AsyncClient, instance: Any, alice: Any, bob: Any
) -> None:
    code = await instance(visibility="link", capacity=1)
    await seats.book(code, alice, via=Via.CARD)
    await seats.book(code, bob, via=Via.CARD)
    assert "Full · 1 in line" in (await web.get(f"/e/{code}")).text


async def test_a_cancelled_instance_shows_the_reason_without_a_name(
    web: httpx.AsyncClient, noon: Any, series: Any, olga: Any, alice: Any
) -> None:
    """`S5`"""
    from backend.events.cancel import cancel_instance

    made = await series(visibility="link", rule="FREQ=WEEKLY")
    await seats.book(made.first_code, alice, via=Via.CARD)
    await cancel_instance(made.first_code, olga, "A pipe burst in the hall.")
    page = (await web.get(f"/e/{made.first_code}")).text
    assert "“A pipe burst in the hall.”" in page
    assert "Olga" not in page
    assert "seats free" not in page
    assert "Thu 3 Dec, 18:00–19:15" in page
    following = re.search(r'<a href="/e/([a-z0-9]+)">', page)
    assert following is not None
    assert (await web.get(f"/e/{following[1]}")).status_code == 200


async def test_a_closed_or_past_instance_says_so(web: httpx.AsyncClient, noon: Any, instance: Any) -> None:
    code = await instance(visibility="link", closes_before_minutes=60)
    clock.advance(timedelta(days=3, hours=3, minutes=30))
    page = (await web.get(f"/e/{code}")).text
    assert "Booking has closed" in page
    assert "seats free" not in page
    clock.advance(timedelta(hours=3))
    assert "This date is over" in (await web.get(f"/e/{code}")).text


async def test_booking_that_is_not_open_shows_when_it_opens(
    web: httpx.AsyncClient, noon: Any, instance: Any
) -> None:
    code = await instance(visibility="link", opens_before_minutes=24 * 60)
    page = (await web.get(f"/e/{code}")).text
    assert "It opens Wed 25 Nov at 18:00." in page
    assert meta_content(page, "og:description").count("Booking opens Wed 25 Nov at 18:00") == 1


async def test_every_other_code_gets_the_same_response(
    web: httpx.AsyncClient, noon: Any, instance: Any, series: Any, account: Any, olga: Any, alice: Any
) -> None:
    """`A1`, `A5`: the response does not reveal whether a code exists."""
    from backend.events.archive import archive_series

    members_only = await instance()
    put_away = await series(visibility="link")
    await seats.book(put_away.first_code, alice, via=Via.CARD)
    await archive_series(olga, account.id, put_away.series_id, "The hall is sold.")
    nothing = await web.get(f"/e/{NOWHERE}")
    assert nothing.status_code == 404
    assert "There is nothing here." in nothing.text or "Not found" in nothing.text
    for other in (members_only, put_away.first_code, "x" * 300, "%F0%9F%92%8E", "a%27b"):
        for path in (f"/e/{other}", f"/e/{other}.png"):
            answer = await web.get(path)
            assert answer.status_code == 404, path
            assert answer.text == nothing.text, path
            assert dict(answer.headers) == dict(nothing.headers), path


async def test_is_in_the_readers_language_and_marks_the_clubs(web: httpx.AsyncClient, code: str) -> None:
    page = (await web.get(f"/e/{code}", headers={"Accept-Language": "fi-FI,fi;q=0.9"})).text
    assert '<html lang="fi">' in page
    assert '<h1 lang="en">Evening flow yoga</h1>' in page
    assert "to 26.11. klo 18" in page, page


async def test_without_a_language_it_is_in_the_clubs(web: httpx.AsyncClient, noon: Any, people: Any) -> None:
    """Link previews are fetched without a language."""
    from backend.accounts.actions import create_own_account
    from backend.events.create import create_series
    from backend.events.drafts import SeriesDraft

    account = await create_own_account(people["aino"], "Kallion jooga", zone="Europe/Helsinki", language="fi")
    start = (clock.now() + timedelta(days=2)).replace(tzinfo=None)
    made = await create_series(
        people["aino"],
        account,
        SeriesDraft(title="Jooga", zone="Europe/Helsinki", starts_local=start, visibility="link"),
    )
    page = (await web.get(f"/e/{made.first_code}")).text
    assert '<html lang="fi">' in page
    asked = await web.get(f"/e/{made.first_code}", headers={"Accept-Language": "en"})
    assert '<html lang="en">' in asked.text


async def test_titles_are_text_and_not_markup(web: httpx.AsyncClient, noon: Any, instance: Any) -> None:
    code = await instance(visibility="link", title='<b>"Yoga" & tea</b>')
    page = (await web.get(f"/e/{code}")).text
    assert "<b>&#34;" not in page.replace("&lt;b&gt;", "")
    assert meta_content(page, "og:title") == "&lt;b&gt;&#34;Yoga&#34; &amp; tea&lt;/b&gt;"


async def test_the_page_has_all_meta_tags_for_previews(web: httpx.AsyncClient, code: str) -> None:
    page = (await web.get(f"/e/{code}")).text
    assert meta_content(page, "og:title") == "Evening flow yoga"
    assert meta_content(page, "og:description") == (
        "Thu 26 Nov, 18:00–19:15 · Kallion kulttuuritalo, sali 2 · 3 seats free · Kallio Yoga"
    )
    assert meta_content(page, "og:url") == f"https://emerald.example/e/{code}"
    assert meta_content(page, "og:type") == "website"
    assert meta_content(page, "twitter:card") == "summary_large_image"
    assert (meta_content(page, "og:image:width"), meta_content(page, "og:image:height")) == ("1200", "630")
    assert "Evening flow yoga" in meta_content(page, "og:image:alt")
    assert meta_content(page, "robots") == "noindex"


async def test_cannot_be_framed_and_runs_no_scripts(web: httpx.AsyncClient, code: str) -> None:
    """`X3`"""
    for path in (f"/e/{code}", f"/e/{code}.png", f"/e/{NOWHERE}"):
        sent = (await web.get(path)).headers
        assert "frame-ancestors 'none'" in sent["content-security-policy"]
        assert sent["x-frame-options"] == "DENY"
        assert sent["x-content-type-options"] == "nosniff"
    page = (await web.get(f"/e/{code}")).text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)


async def test_is_cached_briefly_by_language(web: httpx.AsyncClient, code: str) -> None:
    sent = (await web.get(f"/e/{code}")).headers
    assert (sent["cache-control"], sent["vary"]) == ("public, max-age=15", "Accept-Language")
    assert (await web.get(f"/e/{NOWHERE}")).headers["cache-control"] == "no-store"


async def test_head_is_answered(web: httpx.AsyncClient, code: str) -> None:
    for path in (f"/e/{code}", f"/e/{code}.png"):
        whole, head = await web.get(path), await web.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == whole.headers["content-type"]
    assert (await web.head(f"/e/{NOWHERE}")).status_code == 404
    assert (await web.post(f"/e/{code}")).status_code == 405


async def test_the_whole_page_is_small(web: httpx.AsyncClient, code: str) -> None:
    import gzip

    page = (await web.get(f"/e/{code}")).text
    loaded = len(gzip.compress(page.encode()))
    for address in re.findall(r'<link rel="stylesheet" href="([^"]+)"', page):
        loaded += len(gzip.compress((await web.get(address)).content))
    assert loaded < 15_000


# --- the picture ---


async def test_the_picture_has_the_stated_size(web: httpx.AsyncClient, code: str) -> None:
    answer = await web.get(picture_of((await web.get(f"/e/{code}")).text))
    assert answer.headers["content-type"] == "image/png"
    image = Image.open(BytesIO(answer.content))
    assert (image.size, image.format) == ((1200, 630), "PNG")
    assert len(answer.content) < 300_000


async def test_the_picture_is_immutable_under_its_etag(web: httpx.AsyncClient, code: str, alice: Any) -> None:
    before = picture_of((await web.get(f"/e/{code}")).text)
    kept = "public, max-age=31536000, immutable"
    first = await web.get(before)
    assert first.headers["cache-control"] == kept
    await seats.book(code, alice, via=Via.CARD)
    after = picture_of((await web.get(f"/e/{code}")).text)
    assert after != before
    now = await web.get(after)
    assert now.headers["cache-control"] == kept
    assert now.content != first.content
    old = await web.get(before)
    assert (old.content, old.headers["cache-control"]) == (now.content, "public, max-age=60")


async def test_concurrent_requests_draw_a_picture_once(
    web: httpx.AsyncClient, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webapp.public import kept_pictures, pictures

    drawn: list[kept_pictures.PictureContent] = []

    def draw(of: kept_pictures.PictureContent) -> bytes:
        drawn.append(of)
        return really(of)

    really = pictures.draw
    monkeypatch.setattr(pictures, "draw", draw)
    monkeypatch.setattr(kept_pictures, "_cache", type(kept_pictures._cache)())
    answers = await asyncio.gather(*(web.get(f"/e/{code}.png?v={n}") for n in range(12)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(drawn) == 1


async def test_too_many_waiting_requests_get_503(
    web: httpx.AsyncClient, noon: Any, instance: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webapp.public import kept_pictures, pictures

    begun, goes_on, really = threading.Event(), threading.Event(), pictures.draw

    def draw(of: kept_pictures.PictureContent) -> bytes:
        begun.set()
        goes_on.wait(30)
        return really(of)

    monkeypatch.setattr(pictures, "draw", draw)
    monkeypatch.setattr(kept_pictures, "WAITING_MAX", 1)
    monkeypatch.setattr(kept_pictures, "_cache", type(kept_pictures._cache)())
    codes = [await instance(visibility="link", title=f"Yoga {n}") for n in range(2)]
    first = asyncio.create_task(web.get(f"/e/{codes[0]}.png"))
    await asyncio.to_thread(begun.wait, 30)
    refused = await web.get(f"/e/{codes[1]}.png")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    goes_on.set()
    assert (await first).status_code == 200
    assert (await web.get(f"/e/{codes[1]}.png")).status_code == 200


LONG = "Пилатес для начинающих и продолжающих: растяжка, дыхание, осанка и немного медитации"


@pytest.mark.parametrize(
    "title",
    [
        "Yoga",
        LONG * 5,
        "Kahdenkymmenenkahdeksan" * 12,
        "🧘🏽‍♀️🎉",
        "漢字",
        "\u202eevil\u0000",
        "i " * 200,
    ],
)
def test_any_title_fits(title: str) -> None:
    """No line is wider than its column, and no glyph is missing from the font."""
    from webapp.public import kept_pictures, pictures

    size, lines = pictures._fit_title(pictures.drawable_text(title))
    assert len(lines) <= 3
    for line in lines:
        assert pictures._font(size, 700).getlength(line) <= pictures.TEXT_WIDTH
    assert "🎉" not in "".join(lines)
    of = kept_pictures.PictureContent(title, title, title, title, title, "open", 12, 13, 1)
    assert Image.open(BytesIO(pictures.draw(of))).size == (1200, 630)


def test_letters_of_our_languages_are_drawn_and_emoji_left_out() -> None:
    from webapp.public.pictures import drawable_text

    for text in ("Evening flow", "Äänekäs yö, Åbo", "Йога по вторникам: «18:00» – №5", "It’s 10 €"):
        assert drawable_text(text) == text
    assert drawable_text("🧘 Yoga 🎉  tonight\n") == "Yoga tonight"
    assert drawable_text("Jooga a\u0308") == "Jooga ä"


def test_cut_text_ends_with_an_ellipsis() -> None:
    from webapp.public.pictures import TEXT_WIDTH, _fit_lines, _font

    lines = _fit_lines(LONG, _font(50, 700), TEXT_WIDTH, 2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")
    assert not lines[-1].endswith(" …")


def test_the_font_is_unchanged() -> None:
    """Each vendored file has its row in VENDOR.md, with its checksum."""
    rows = dict(re.findall(r"^\| `([^`]+)` .*`([0-9a-f]{64})` \|$", (VENDOR / "VENDOR.md").read_text(), re.M))
    there = {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.name != "VENDOR.md"
    }
    assert there == rows
    assert (VENDOR / "inter-variable-4.1.woff2").stat().st_size < 400_000
