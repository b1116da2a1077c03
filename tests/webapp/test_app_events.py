"""The list of coming instances, one instance, and its attendees, as each reader may see them."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_own_account
from backend.accounts.memberships import end_membership, join
from backend.accounts.rules import JoinedThrough
from backend.bookings import actions as seats
from backend.events.create import create_series
from backend.events.drafts import SeriesDraft
from backend.people.actions import choose_zone
from backend.seats.requests import Via
from tests.webapp.test_app_bookings import text_of


def live_address(page: str) -> str:
    """The URL at which the screen asks whether it is fresh."""
    found = re.search(r'data-live hx-get="([^"]+)"', page)
    assert found is not None
    return found[1].replace("&amp;", "&")


async def test_the_list_has_the_instances_of_all_the_readers_clubs(
    app_of: Any, alice: Any, bob: Any, instance: Any
) -> None:
    """`A8`"""
    await instance(title="Evening flow yoga")
    games = await create_own_account(bob, "Board games", zone="Europe/Helsinki")
    await join(alice, games, through=JoinedThrough.HAND)
    start = (clock.now() + timedelta(days=2)).replace(tzinfo=None, microsecond=0)
    await create_series(
        bob, games, SeriesDraft(title="Carcassonne", zone="Europe/Helsinki", starts_local=start)
    )
    page = (await (await app_of(alice)).get("/app/events")).text
    assert page.index("Carcassonne") < page.index("Evening flow yoga")
    only = (await (await app_of(alice)).get(f"/app/events?club={games}")).text
    assert "Carcassonne" in only
    assert "Evening flow yoga" not in only


async def test_a_list_is_in_order_under_the_readers_days(
    app_of: Any, alice: Any, olga: Any, account: Any
) -> None:
    """S3: at one o'clock in the night of Tuesday in Helsinki it is Monday in London; neither two days are
    "Today", nor does the date of a zone put one behind another."""
    at = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    with clock.stopped(at):
        for title, zone, start in (
            ("Sauna", "Europe/Helsinki", datetime(2026, 11, 24, 3, 0)),
            ("Padel", "Europe/London", datetime(2026, 11, 23, 23, 45)),
            ("Late show", "America/New_York", datetime(2026, 11, 23, 21, 0)),
            ("Pilates", "Europe/Helsinki", datetime(2026, 11, 24, 18, 0)),
        ):
            await create_series(olga, account.id, SeriesDraft(title=title, zone=zone, starts_local=start))
        shown = {}
        for zone in ("Europe/Helsinki", "Europe/London"):
            await choose_zone(alice, zone)
            shown[zone] = text_of(await (await app_of(alice)).get("/app/events"))
        there, here = shown["Europe/London"], shown["Europe/Helsinki"]
        for page in (there, here):
            assert page.count("Today") == 1
            titles = ["Padel", "Sauna", "Late show", "Pilates"]
            assert sorted(titles, key=page.index) == titles
        assert "Tomorrow" not in here
        assert there.index("Padel") < there.index("Tomorrow") < there.index("Sauna")
        assert "03:00 (Helsinki)" in there and "03:00 (Helsinki)" not in here
        assert "Mon 23 Nov, 23:45 (London)" in here and "23:45 (London)" not in there
        assert "Mon 23 Nov, 21:00 (New York)" in there


async def test_a_stranger_sees_nothing_of_a_club(app_of: Any, charlie: Any, instance: Any) -> None:
    """`A1`: an instance of another club is not found, and on no list."""
    code = await instance()
    app = await app_of(charlie)
    assert "Evening flow yoga" not in (await app.get("/app/events")).text
    for method, path in [
        ("GET", ""),
        ("GET", "/people"),
        ("POST", "/booking"),
        ("PATCH", "/booking"),
        ("DELETE", "/booking"),
        ("POST", "/answer"),
        ("POST", "/free-seats"),
    ]:
        answer = await app.ask(method, f"/app/events/{code}{path}", data={"guests": "0", "answer": "maybe"})
        assert answer.status_code == 404, path
        assert "yoga" not in answer.text.lower()


async def test_the_link_of_an_open_event_shows_that_event_alone(
    app_of: Any, alice: Any, charlie: Any, instance: Any
) -> None:
    """`A5`, `A10`: without names; whoever books is a visitor of it."""
    from backend.bookings.actions import book
    from backend.seats.requests import Via

    code, secret = await instance(visibility="link"), await instance(title="Members’ evening")
    for one in (code, secret):
        await book(one, alice, via=Via.CARD)
    app = await app_of(charlie)
    shown = await app.get(f"/app/events/{code}")
    assert shown.status_code == 200
    assert "Evening flow yoga" in shown.text
    assert "Alice" not in shown.text
    assert f'/app/events/{code}/booking"' in shown.text
    assert (await app.get(f"/app/events/{code}/people")).status_code == 404
    assert "Evening flow yoga" not in (await app.get("/app/events")).text
    booked = await app.ask("POST", f"/app/events/{code}/booking", data={"guests": "0"})
    assert booked.status_code == 200
    assert "Alice" in (await app.get(f"/app/events/{code}/people")).text
    listed = (await app.get("/app/events")).text
    assert "Evening flow yoga" in listed
    assert "Members’ evening" not in listed
    assert (await app.get(f"/app/events/{secret}")).status_code == 404


async def test_titles_are_text_and_not_markup(app_of: Any, alice: Any, instance: Any) -> None:
    evil = "<img src=x onerror=alert(1)> \"'&amp;"
    code = await instance(title=evil, place=evil, description=evil)
    app = await app_of(alice)
    for path in ("/app/events", f"/app/events/{code}", f"/app/events/{code}/people"):
        page = (await app.get(path)).text
        assert "<img" not in page
        assert "&lt;img src=x onerror=alert(1)&gt; &#34;&#39;&amp;amp;" in page


async def test_a_club_without_instances_explains_the_empty_list(app_of: Any, alice: Any) -> None:
    assert "Nothing planned yet" in (await (await app_of(alice)).get("/app/events")).text


async def test_a_reader_without_a_club_learns_how_to_join_one(app_of: Any, charlie: Any) -> None:
    page = (await (await app_of(charlie)).get("/app/events")).text
    assert "You’re in no club yet" in page
    assert "Tap a button under an event" in page


async def test_a_long_list_is_paged(app_of: Any, alice: Any, series: Any) -> None:
    """Instances that start together are on one page, so that none is skipped."""
    for _ in range(9):
        await series(rule="FREQ=WEEKLY")
    app = await app_of(alice)
    page = (await app.get("/app/events")).text
    assert page.count('class="row"') == 6 * 9
    more = re.search(r'href="(/app/events\?after=\d+)"', page)
    assert more is not None
    dates = await db.value("SELECT count(*) FROM event_instances")
    assert (await app.get(more[1])).text.count('class="row"') == dates - 6 * 9


async def test_the_list_of_a_club_that_one_has_left_is_not_found(
    app_of: Any, olga: Any, alice: Any, account: Any, instance: Any
) -> None:
    """`A1`: whether there is such a club is not said."""
    app = await app_of(alice)
    await instance()
    path = f"/app/events?club={account.id}"
    assert (await app.get(path)).status_code == 200
    await end_membership(
        olga, account.id, await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)
    )
    left, none = await app.get(path), await app.get(f"/app/events?club={account.id + 999}")
    assert (left.status_code, none.status_code) == (404, 404)
    assert left.text == none.text
    assert 'href="/app/events"' in left.text


@pytest.mark.parametrize("query", ["club=x", "club=-1", f"club={2**63}", "after=-1", "after=x", "seen=%00"])
async def test_an_invalid_query_is_refused_or_ignored(app_of: Any, alice: Any, query: str) -> None:
    assert (await (await app_of(alice)).get(f"/app/events?{query}")).status_code in (200, 400)


@pytest.mark.parametrize("code", ["%00", "a%00b", "x" * 3000, "%F0%9F%A6%84", "' OR 1=1 --", "%25"])
async def test_an_invalid_code_is_not_found(app_of: Any, alice: Any, code: str) -> None:
    app = await app_of(alice)
    for method, path in (("GET", code), ("POST", f"{code}/booking")):
        answer = await app.ask(method, f"/app/events/{path}", data={"guests": "0"})
        assert answer.status_code in (400, 404)


async def test_an_instance_shows_its_time_in_both_zones(
    app_of: Any, alice: Any, instance: Any, noon: Any
) -> None:
    """`S3`"""
    code = await instance()
    app = await app_of(alice)
    here = (await app.get(f"/app/events/{code}")).text
    assert "Thu 26 Nov, 18:00–19:15" in here
    assert "where you are" not in here
    await app.ask("PATCH", "/app/me", data={"zone": "Europe/London"})
    assert "16:00 where you are (London)" in (await app.get(f"/app/events/{code}")).text
    await app.ask("PATCH", "/app/me", data={"zone": "Europe/Kyiv"})
    assert "where you are" not in (await app.get(f"/app/events/{code}")).text


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Tokyo", "Fri 27 Nov at 01:00 where you are (Tokyo)"),
        ("America/New_York", "11:00 where you are (New York)"),
    ],
)
async def test_another_day_in_the_readers_zone_is_named(
    app_of: Any, alice: Any, instance: Any, noon: Any, zone: str, expected: str
) -> None:
    """`S3`: Thursday at 18:00 in Helsinki."""
    code = await instance()
    app = await app_of(alice)
    await app.ask("PATCH", "/app/me", data={"zone": zone})
    assert expected in text_of(await app.get(f"/app/events/{code}"))


async def test_both_times_use_the_offset_of_that_day(
    app_of: Any, alice: Any, instance: Any, noon: Any
) -> None:
    """`S3`: in Helsinki the clock has gone back that morning, in New York not yet."""
    start = datetime(2027, 10, 31, 18)
    code = await instance(starts_local=start)
    app = await app_of(alice)
    await app.ask("PATCH", "/app/me", data={"zone": "America/New_York"})
    page = text_of(await app.get(f"/app/events/{code}"))
    assert "18:00–19:15" in page
    assert "12:00 where you are (New York)" in page


async def test_a_crowd_is_found_by_letter_and_by_name(
    app_of: Any, alice: Any, crowd: Any, olga: Any, instance: Any
) -> None:
    """Five hundred people: by first name, under their letters, a limited number at once; searched by what is
    shown of them."""
    code = await instance(capacity=600)
    people = await crowd(500)
    await db.execute(
        "UPDATE telegram_users SET first_name = (ARRAY['Anna','bertta','Émile','Юлия','7up'])[1 + id % 5] || ' ' || id,"
        " last_name = 'Zorro' WHERE id = ANY($1::bigint[])",
        [person.id for person in people],
    )
    await asyncio.gather(*(seats.book(code, one, via=Via.CARD) for one in people))
    app, path = await app_of(alice), f"/app/events/{code}/people"
    page = await app.get(path)
    assert re.findall(r'letter=([^"]+)"', page.text) == ["A", "B", "%C3%89", "%D0%AE", "%23"]
    assert "500 parties" in text_of(page)
    assert page.text.count('class="face') == 200
    assert "and 300 more parties: search, or choose a letter" in text_of(page)
    under = await app.get(f"{path}?letter=%D0%AE")
    assert under.text.count('class="face') == 100
    assert "Anna" not in under.text
    assert "more parties: search" not in under.text
    one = people[4].id
    found = await app.get(f"{path}?q=%20{one}%20")
    assert re.search(rf" {one}\b", text_of(found))
    for nobody in ("Zorro", "%25", "_"):
        assert "Nobody found" in (await app.get(f"{path}?q={nobody}")).text
    assert (await app.get(f"{path}?q=%00")).status_code == 400
    assert (await app.get("/app/events?q=%00")).status_code == 400


async def test_few_attendees_are_in_the_order_they_were_seated(
    app_of: Any, alice: Any, bob: Any, instance: Any
) -> None:
    code = await instance()
    for person in (bob, alice):
        await seats.book(code, person, via=Via.CARD)
    page = await (await app_of(alice)).get(f"/app/events/{code}/people")
    assert text_of(page).index(" Bob ") < text_of(page).index(" You ")
    assert "search" not in page.text


async def test_an_instance_counts_its_seats_and_names_attendees(
    app_of: Any, alice: Any, bob: Any, olga: Any, aino: Any, instance: Any
) -> None:
    code = await instance(capacity=6, guests_max=2)
    app = await app_of(alice)
    assert "No one yet. Be the first." in (await app.get(f"/app/events/{code}")).text
    await seats.book(code, bob, guests=1, via=Via.CARD)
    await seats.book(code, alice, via=Via.CARD)
    await seats.book(code, olga, via=Via.CARD)
    await seats.book(code, aino, via=Via.CARD)
    page = (await app.get(f"/app/events/{code}")).text
    assert "1 seat free" in page
    assert "5 of 6 taken" in page
    assert "Bob +1, You, Olga and 1 more" in page
    people = (await app.get(f"/app/events/{code}/people")).text
    assert "Aino" in people
    assert "+1" in people


async def test_a_full_instance_offers_the_waitlist(app_of: Any, alice: Any, bob: Any, instance: Any) -> None:
    code = await instance(capacity=1)
    await seats.book(code, bob, via=Via.CARD)
    page = (await (await app_of(alice)).get(f"/app/events/{code}")).text
    assert ">Join the line<" in page
    assert "<h2>Full</h2>" in re.sub(r">\s+|\s+<", lambda m: m[0].strip(), page)


async def test_a_cancelled_instance_shows_the_reason_and_the_next_one(
    app_of: Any, alice: Any, olga: Any, instance: Any
) -> None:
    """`S5`: there is no button to book, and a link to the next instance."""
    from backend.events.cancel import cancel_instance

    code = await instance(rule="FREQ=WEEKLY")
    await seats.book(code, alice, via=Via.CARD)
    await cancel_instance(code, olga, "A pipe burst in the hall")
    page = (await (await app_of(alice)).get(f"/app/events/{code}")).text
    assert "“A pipe burst in the hall” Olga cancelled this. Your seats are released" in page
    assert "Next time" in page
    assert "/booking" not in page


async def test_an_instance_not_open_yet_shows_when_booking_opens(
    app_of: Any, alice: Any, instance: Any, noon: Any
) -> None:
    """`B5`"""
    code = await instance(opens_before_minutes=24 * 60)
    page = (await (await app_of(alice)).get(f"/app/events/{code}")).text
    assert "It opens Wed 25 Nov at 18:00." in page
    assert 'id="join"' not in page


async def test_a_closed_instance_refers_to_organisers(
    app_of: Any, alice: Any, instance: Any, noon: Any
) -> None:
    """`B5`"""
    code = await instance(closes_before_minutes=60, rule="FREQ=WEEKLY")
    app = await app_of(alice)
    with clock.stopped(noon + timedelta(days=3, hours=3, minutes=30)):
        app = await app_of(alice)
        page = (await app.get(f"/app/events/{code}")).text
    assert "Booking has closed" in page
    assert "12 seats are still free: an organiser can add you by hand." in page
    assert "Next time" in page


async def test_an_instance_that_is_over_says_so(app_of: Any, alice: Any, instance: Any, noon: Any) -> None:
    code = await instance()
    await seats.book(code, alice, guests=1, via=Via.CARD)
    with clock.stopped(noon + timedelta(days=4)):
        app = await app_of(alice)
        page = (await app.get(f"/app/events/{code}")).text
        past = (await app.get("/app/bookings?show=past")).text
    assert "This date is over" in page
    assert "You were in, with 1 guest." in page
    assert "Evening flow yoga" in past


async def test_an_unlimited_instance_counts_people_not_seats(
    app_of: Any, alice: Any, bob: Any, instance: Any
) -> None:
    code = await instance(capacity=None)
    await seats.book(code, bob, via=Via.CARD)
    page = (await (await app_of(alice)).get(f"/app/events/{code}")).text
    assert "1 coming" in page
    assert 'class="seats"' not in page


async def test_many_seats_are_drawn_as_a_bar(app_of: Any, alice: Any, instance: Any) -> None:
    code = await instance(capacity=500)
    page = (await (await app_of(alice)).get(f"/app/events/{code}")).text
    assert 'viewBox="0 0 500 8"' in page
    assert 'class="free"' not in page.split("legend")[0]


async def test_over_capacity_is_shown(app_of: Any, alice: Any, bob: Any, olga: Any, instance: Any) -> None:
    """`W4`"""
    code = await instance(capacity=4)
    await seats.book(code, alice, guests=1, via=Via.CARD)
    await seats.book(code, bob, guests=1, via=Via.CARD)
    await seats.set_capacity(code, olga, 3)
    assert "4/3, over by 1" in (await (await app_of(alice)).get(f"/app/events/{code}")).text


@pytest.mark.parametrize("what", ["/app/events", "/app/events/{code}", "/app/bookings"])
async def test_a_screen_is_sent_again_only_when_it_has_changed(
    app_of: Any, alice: Any, bob: Any, instance: Any, what: str
) -> None:
    code = await instance(capacity=3)
    await seats.book(code, alice, via=Via.CARD)
    app = await app_of(alice)
    look = live_address((await app.get(what.format(code=code))).text)
    unchanged = await app.get(look)
    assert (unchanged.status_code, unchanged.text) == (204, "")
    await seats.book(code, bob, via=Via.CARD)
    assert (await app.get(look)).status_code == 200


async def test_a_screen_also_changes_with_the_clock(
    app_of: Any, alice: Any, instance: Any, noon: Any
) -> None:
    code = await instance(closes_before_minutes=60)
    look = live_address((await (await app_of(alice)).get(f"/app/events/{code}")).text)
    with clock.stopped(noon + timedelta(days=3, hours=3, minutes=30)):
        answer = await (await app_of(alice)).get(look)
    assert "Booking has closed" in answer.text


async def test_a_screen_follows_a_cancelled_date(app_of: Any, alice: Any, olga: Any, instance: Any) -> None:
    from backend.events.cancel import cancel_instance

    code = await instance()
    app = await app_of(alice)
    look = live_address((await app.get(f"/app/events/{code}")).text)
    await cancel_instance(code, olga, "Snow")
    assert "“Snow”" in (await app.get(look)).text


async def test_a_long_waitlist_shows_its_head_and_the_reader(
    app_of: Any, alice: Any, crowd: Any, instance: Any
) -> None:
    """`W5`"""
    code = await instance(capacity=1)
    people = await crowd(8)
    for person in (*people[:7], alice, people[7]):
        await seats.book(code, person, via=Via.CARD)
    page = (await (await app_of(alice)).get(f"/app/events/{code}")).text
    line = page[page.index("The line") :]
    assert re.findall(r'class="at num">(\d+)<', line) == ["1", "2", "7", "8"]
    assert "You’re 7th in line" in page
    assert "The only seat is taken. 6 parties are ahead of you." in re.sub(r"\s+", " ", page)


async def test_the_bot_sends_an_instance_where_files_cannot_be_saved(
    app_of: Any, alice: Any, charlie: Any, instance: Any, noon: datetime
) -> None:
    """`M1`, `M3`: the message is written with the tap; the response replaces the button."""
    code = await instance(visibility="link")
    answer = await (await app_of(alice)).ask("POST", f"/app/events/{code}/calendar")
    assert answer.headers["hx-retarget"] == "#in-chat"
    assert "It’s on its way: check your chat with the bot." in answer.text
    assert await db.value("SELECT kind FROM messages WHERE user_id = $1", alice.id) == "calendar"
    refused = await (await app_of(charlie)).ask("POST", f"/app/events/{code}/calendar")
    assert refused.status_code == 422 and "We can’t write to you yet" in refused.text
