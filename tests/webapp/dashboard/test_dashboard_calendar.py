"""The club's week with its seats and waitlists, and what needs an organiser."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from backend.people.actions import choose_zone


async def book(code: str, *people: Any, guests: int = 0) -> None:
    from backend.bookings import actions
    from backend.seats.requests import Via

    for person in people:
        await actions.book(code, person, guests=guests, via=Via.CARD)


async def test_shows_the_week_with_seats_and_waiting_parties(
    noon: Any, dashboard: Any, instance: Any, alice: Any, bob: Any
) -> None:
    code = await instance(capacity=2)
    await book(code, alice, guests=1)
    await book(code, bob)
    shown = dashboard.text(await dashboard.get("/dashboard"))
    assert "23–29 November Week 48 · 1 event · 2 seats booked" in shown
    assert "Thu 26 18:00–19:15 🧘 Evening flow yoga 2 / 2 1 in line" in shown


async def test_an_empty_club_shows_where_to_begin(dashboard: Any) -> None:
    for path in ("/dashboard", "/dashboard?view=list"):
        shown = await dashboard.get(path)
        assert "Here will be your club’s dates" in dashboard.text(shown)
        assert 'href="/dashboard/series/new"' in shown.text


async def test_an_empty_week_leads_to_the_next_date(noon: Any, dashboard: Any, instance: Any) -> None:
    await instance()
    shown = await dashboard.get("/dashboard?week=2026-W40")
    assert "Nothing this week Next is Evening flow yoga, Thu 26 Nov at 18:00." in dashboard.text(shown)
    assert 'href="/dashboard?week=2026-W48"' in shown.text


async def test_an_instance_is_shown_on_the_readers_day(
    noon: Any, dashboard: Any, instance: Any, olga: Any
) -> None:
    """S3: Monday at 05:00 in Tokyo is still Sunday in Helsinki. The organiser's day heads it, and what it has
    of its own is written: day, hours, zone."""
    await instance(zone="Asia/Tokyo", starts_local=datetime(2026, 11, 30, 5, 0))
    assert "Evening flow yoga" not in dashboard.text(await dashboard.get("/dashboard?week=2026-W49"))
    for address in ("/dashboard?week=2026-W48", "/dashboard?view=list"):
        shown = dashboard.text(await dashboard.get(address))
        assert "Mon 30 Nov, 05:00–06:15 (Tokyo) 🧘 Evening flow yoga" in shown
        assert shown.index("29") < shown.index("Mon 30 Nov, 05:00")
    await choose_zone(olga, "Asia/Tokyo")
    shown = dashboard.text(await dashboard.get("/dashboard?week=2026-W49"))
    assert "Mon 30 05:00–06:15 🧘 Evening flow yoga" in shown


async def test_a_made_up_week_is_this_week(noon: Any, dashboard: Any, instance: Any) -> None:
    for week in ("", "2027-W53", "2026-W60", "2026-W00", "9999-W01", "x", "2026-W48; DROP"):
        assert "23–29 November" in dashboard.text(
            await dashboard.client.get("/dashboard", params={"week": week})
        )


async def test_weeks_across_months_and_years_name_both(dashboard: Any, noon: Any) -> None:
    assert "30 November – 6 December" in dashboard.text(await dashboard.get("/dashboard?week=2026-W49"))
    assert "28 December 2026 – 3 January 2027" in dashboard.text(
        await dashboard.get("/dashboard?week=2026-W53")
    )


@pytest.mark.parametrize("year", range(2020, 2033))
def test_each_week_of_a_year_has_its_page(year: int) -> None:
    """ISO 8601: 2020, 2026 and 2032 have 53 weeks; no other of these years has."""
    from webapp.dashboard.weeks import Week, week_named

    last = 53 if year in (2020, 2026, 2032) else 52
    for number in range(1, last + 1):
        name = f"{year}-W{number:02}"
        assert week_named(name, "UTC").name == name
    first_of_next = Week(date.fromisocalendar(year + 1, 1, 1))
    assert week_named(f"{year}-W{last}", "UTC").after == first_of_next
    for name in (f"{year}-W00", f"{year}-W{last + 1}"):
        assert week_named(name, "UTC") == week_named("", "UTC")


async def test_cancelled_and_overbooked_instances_say_so(
    noon: Any, dashboard: Any, instance: Any, olga: Any, alice: Any, bob: Any
) -> None:
    from backend.bookings.actions import set_capacity
    from backend.events.cancel import cancel_instance

    cancelled = await instance(title="Morning lengths")
    await cancel_instance(cancelled, olga, "A pipe burst.")
    full = await instance(capacity=2)
    await book(full, alice, bob)
    await set_capacity(full, olga, 1)
    shown = dashboard.text(await dashboard.get("/dashboard"))
    assert "Morning lengths Cancelled" in shown and "2 / 1 over by 1" in shown


async def test_an_instance_of_three_days_is_listed_on_each_until_its_end(
    noon: Any, dashboard: Any, instance: Any
) -> None:
    """From Friday 18:00 to Sunday 18:00, in the week and in the list; a night is one evening."""
    from backend import clock

    await instance(title="Camp", starts_local=datetime(2026, 11, 27, 18, 0), duration_minutes=48 * 60)
    await instance(title="Night run", starts_local=datetime(2026, 11, 25, 22, 0), duration_minutes=4 * 60)
    this_week = "/dashboard?week=2026-W48"

    def counts(answer: Any) -> tuple[int, int]:
        tiles = " ".join(re.findall(r'<a class="ev .*?</a>', answer.text, re.S))
        return tiles.count("Camp"), tiles.count("Night run")

    for path in (this_week, "/dashboard?view=list"):
        assert counts(await dashboard.get(path)) == (3, 1)
    clock.advance(datetime(2026, 11, 28, 10, 0, tzinfo=UTC) - clock.now())  # Saturday
    assert counts(await dashboard.get(this_week)) == (3, 1)
    page = await dashboard.get("/dashboard?view=list")
    shown = dashboard.text(page)
    assert counts(page) == (2, 0) and "Saturday, 28 November" in shown and "Sunday, 29 November" in shown
    clock.advance(datetime(2026, 11, 29, 15, 59, tzinfo=UTC) - clock.now())
    assert counts(await dashboard.get("/dashboard?view=list")) == (1, 0)
    clock.advance(timedelta(minutes=2))
    assert counts(await dashboard.get("/dashboard?view=list")) == (0, 0)


async def test_an_instance_over_two_weeks_is_in_both(noon: Any, dashboard: Any, instance: Any) -> None:
    await instance(title="Camp", starts_local=datetime(2026, 11, 28, 18, 0), duration_minutes=72 * 60)
    for week, days in (("2026-W48", 2), ("2026-W49", 2), ("2026-W50", 0)):
        shown = dashboard.text(await dashboard.get(f"/dashboard?week={week}"))
        assert shown.count("Camp") == days, week


async def test_the_list_has_pages(noon: Any, dashboard: Any, instance: Any) -> None:
    await instance(rule="FREQ=DAILY", capacity=5)
    first = await dashboard.get("/dashboard?view=list")
    assert "Thursday, 26 November 2026" in dashboard.text(first)
    from backend import db

    there = await db.value("SELECT count(*) FROM event_instances")
    assert there > 50 and first.text.count('class="ev ') == 50
    assert "Later dates" in dashboard.text(first)
    import html
    import re

    later = re.search(r'href="([^"]*after=[^"]*)"', first.text)
    assert later
    second = await dashboard.get(html.unescape(later[1]))
    assert second.text.count('class="ev ') == there - 50


async def test_the_list_goes_back_page_by_page(noon: Any, sign_in: Any, olga: Any, instance: Any) -> None:
    """The newest first, by start and id: each date once, also where the page ends among several of one start."""
    import html

    from backend import clock

    for title in ("Flow", "Slow"):
        await instance(rule="FREQ=DAILY;COUNT=40", title=title)
    clock.advance(timedelta(weeks=8))
    dashboard = await sign_in(olga)
    page = await dashboard.get("/dashboard?view=list&before=now")
    assert "Past dates" in dashboard.text(page) and page.text.count('class="ev ') == 25
    assert page.text.index("4 January 2027") < page.text.index("3 January 2027")
    seen = re.findall(r'href="/dashboard/events/(\w+)"', page.text)
    while earlier := re.search(r'href="([^"]*before=[^"]*&amp;id=[^"]*)"', page.text):
        page = await dashboard.get(html.unescape(earlier[1]))
        seen += re.findall(r'href="/dashboard/events/(\w+)"', page.text)
    assert len(seen) == len(set(seen)) == 80
    assert "Earlier dates" not in dashboard.text(page)
    assert 'href="/dashboard?view=list&amp;before=now"' in (await dashboard.get("/dashboard?view=list")).text


async def test_dates_to_come_are_not_among_the_past(noon: Any, dashboard: Any, instance: Any) -> None:
    await instance(rule="FREQ=WEEKLY")
    assert "No date is over yet" in dashboard.text(await dashboard.get("/dashboard?view=list&before=now"))
    assert (
        await dashboard.get("/dashboard?view=list&before=0001-01-01T00:00:00&id=" + "9" * 30)
    ).status_code == 200


async def test_the_past_is_filtered_as_the_past(noon: Any, dashboard: Any, instance: Any) -> None:
    """Another event or group leads to its past, and so does the way back to all."""
    for title in ("Flow", "Slow"):
        await instance(rule="FREQ=WEEKLY", title=title)
    chosen = await dashboard.get("/dashboard?view=list&before=now&group=999")
    form = chosen.text.partition('id="filters"')[2].partition("</form>")[0]
    assert '<input type="hidden" name="view" value="list">' in form
    assert '<input type="hidden" name="before" value="now">' in form
    assert 'href="/dashboard?view=list&amp;before=now"' in form
    assert "Nothing is over here yet" in dashboard.text(chosen)
    ahead = await dashboard.get("/dashboard?view=list&group=999")
    assert 'name="before"' not in ahead.text


async def test_titles_are_escaped(dashboard: Any, noon: Any, instance: Any) -> None:
    await instance(title='<script>alert(1)</script> & "more"')
    shown = await dashboard.get("/dashboard")
    assert "<script>alert" not in shown.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;more&#34;" in shown.text


async def test_the_calendar_follows_bookings(noon: Any, dashboard: Any, instance: Any, alice: Any) -> None:
    import html
    import re

    code = await instance()
    shown = await dashboard.get("/dashboard")
    again = re.search(r'id="live" hidden hx-get="([^"]+)"', shown.text)
    assert again
    address = html.unescape(again[1])
    assert (await dashboard.client.get(address)).status_code == 204
    await book(code, alice)
    changed = await dashboard.client.get(address)
    assert changed.status_code == 200 and "1 / 12" in dashboard.text(changed)


async def test_a_lost_card_is_shown_until_it_is_posted_again(
    dashboard: Any, olga: Any, instance: Any, noon: Any
) -> None:
    from backend import db
    from backend.cards.actions import post_card

    code = await instance()
    await post_card(olga, code)
    async with db.transaction():
        await db.execute("UPDATE cards SET state = 'lost', trouble = 'deleted', lost_at = created_at")
    shown = await dashboard.get("/dashboard")
    assert "A card is gone from “Kallio Yoga”" in dashboard.text(shown)
    assert f'href="/dashboard/events/{code}"' in shown.text
    await post_card(olga, code)
    assert "A card is gone" not in dashboard.text(await dashboard.get("/dashboard"))


async def test_a_group_without_the_bot_is_shown_once_and_not_for_each_card(
    noon: Any, dashboard: Any, instance: Any, account: Any, olga: Any
) -> None:
    """C6, A6: its cards cannot be posted again before the bot is back; the page of groups lists them."""
    from backend import db
    from backend.cards.actions import post_card
    from backend.groups.rules import GroupHealth
    from backend.linking.actions import set_health

    await post_card(olga, await instance())
    async with db.transaction():
        await db.execute("UPDATE cards SET state = 'lost', trouble = 'deleted', lost_at = created_at")
    await set_health(account.chat_id, GroupHealth.REMOVED)
    shown = dashboard.text(await dashboard.get("/dashboard"))
    assert "The bot is out of “Kallio Yoga”" in shown and "A card is gone" not in shown
    assert "Lost cards" in dashboard.text(await dashboard.get("/dashboard/groups"))


async def test_a_group_that_muted_the_bot_is_shown(dashboard: Any, account: Any) -> None:
    from backend.groups.rules import GroupHealth
    from backend.linking.actions import set_health

    await set_health(account.chat_id, GroupHealth.MUTED)
    assert "The bot isn’t allowed to write in “Kallio Yoga”" in dashboard.text(
        await dashboard.get("/dashboard")
    )
    await set_health(account.chat_id, GroupHealth.REMOVED)
    assert "The bot is out of “Kallio Yoga”" in dashboard.text(await dashboard.get("/dashboard"))


async def test_messages_that_could_not_be_sent_are_shown(
    dashboard: Any, account: Any, alice: Any, instance: Any
) -> None:
    from backend import db

    await instance()
    async with db.transaction():
        await db.execute(
            "INSERT INTO messages (account_id, user_id, instance_id, kind, detail, dedupe, priority, due_at,"
            " created_at, state)"
            " SELECT $1, $2, id, 'promoted', '{}', 'x', 1, $3, $3, 'parked' FROM event_instances",
            account.id,
            alice.id,
            datetime(2026, 11, 20, tzinfo=UTC) + timedelta(hours=1),
        )
    shown = dashboard.text(await dashboard.get("/dashboard"))
    assert "1 message could not be sent" in shown and "Alice · Evening flow yoga" in shown


async def test_finnish_readers_read_finnish_dates(sign_in: Any, olga: Any, noon: Any) -> None:
    from backend.people.actions import choose_language

    await choose_language(olga, "fi")
    shown = (await sign_in(olga)).text(await (await sign_in(olga)).get("/dashboard"))
    assert "23.–29. marraskuuta" in shown


async def test_shows_a_month_in_whole_weeks(noon: Any, dashboard: Any, series: Any) -> None:
    """From the Monday before the first to the Sunday after the last; the address names it, and its neighbours."""
    await series(title="Yoga", starts_local=datetime(2026, 11, 24, 18, 0), rule="FREQ=WEEKLY")
    page = await dashboard.get("/dashboard?view=month&month=2026-12")
    shown = dashboard.text(page)
    assert "December 2026" in shown
    tiles = re.findall(r'<a class="ev line.*?</a>', page.text, re.S)
    assert len(tiles) == 5  # 1, 8, 15, 22, 29 December
    assert "month=2026-11" in page.text and "month=2027-01" in page.text
    assert "Nothing this month" in dashboard.text(await dashboard.get("/dashboard?view=month&month=2030-05"))
    for odd in ("2026-13", "0001-01", "x"):
        assert "November 2026" in dashboard.text(await dashboard.get(f"/dashboard?view=month&month={odd}"))


@pytest.mark.parametrize("view", ["", "&view=month", "&view=list"])
async def test_an_address_names_one_series_or_group(
    noon: Any, dashboard: Any, series: Any, account: Any, view: str
) -> None:
    """The filters stand in the links of every view; another club's series is none of it."""
    yoga = await series(title="Yoga", group_id=account.group_id)
    await series(title="Chess", group_id=None, visibility="link")

    async def tiles(query: str) -> tuple[bool, bool]:
        answer = await dashboard.get(f"/dashboard?{query}{view}")
        found = " ".join(re.findall(r'<a class="ev .*?</a>', answer.text, re.S))
        return "Yoga" in found, "Chess" in found

    assert await tiles("x=") == (True, True)
    assert await tiles(f"series={yoga.series_id}") == (True, False)
    assert await tiles(f"group={account.group_id}") == (True, False)
    assert await tiles("series=999999") == (False, False)
    assert await tiles("series=x&group=-1") == (True, True)
    kept = await dashboard.get(f"/dashboard?series={yoga.series_id}{view}")
    assert kept.text.count(f"series={yoga.series_id}") >= 3
