"""Announcements from the dashboard: previewed, scheduled, followed, stopped (`C5`)."""

import re
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.announcements.fan_out import fan_out

PATH = "/dashboard/announcements"


async def test_nothing_is_sent_before_it_was_seen(noon: Any, dashboard: Any, account: Any) -> None:
    empty = dashboard.text(await dashboard.get(PATH))
    assert "Nothing announced yet" in empty
    shown = await dashboard.post(
        PATH, text="The hall is closed <b>on Friday</b>", members="1", group=str(account.group_id)
    )
    text = dashboard.text(shown)
    assert "Draft" in text and "📣 Kallio Yoga" in text and "&lt;b&gt;on Friday" in shown.text
    assert "3 members" in text or "4 members" in text
    assert await fan_out() == 0
    path = re.search(r'action="(/dashboard/announcements/\d+)/delivery"', shown.text)
    assert path
    shown = await dashboard.post(f"{path[1]}/delivery", at="")
    assert "It is on its way." in dashboard.text(shown)
    await fan_out()
    assert await db.value("SELECT count(*) FROM messages WHERE kind = 'announcement'") >= 4
    live = re.findall(r'id="live" hidden hx-get="([^"]+)"', (await dashboard.get(path[1])).text)
    assert live and (await dashboard.client.get(live[0].replace("&amp;", "&"))).status_code == 204
    shown = await dashboard.post(f"{path[1]}/stop")
    assert "Stopped." in dashboard.text(shown) and "messages were not sent" in dashboard.text(shown)
    again = await dashboard.post(f"{path[1]}/delivery", at="")
    assert again.status_code == 422


async def test_what_is_missing_is_said_beside_its_field(dashboard: Any, account: Any) -> None:
    shown = await dashboard.post(PATH, text="Hello", maintenance="1")
    assert (
        shown.status_code == 422 and 'id="fault-groups"' in shown.text and ">Hello</textarea>" in shown.text
    )
    shown = await dashboard.post(PATH, text="", group=str(account.group_id))
    assert shown.status_code == 422 and 'id="fault-text"' in shown.text
    assert f'value="{account.group_id}" checked' in shown.text
    assert (await dashboard.post(PATH, text="Hello", group="999999")).status_code == 422
    assert await db.value("SELECT count(*) FROM announcements") == 0


async def test_a_draft_is_changed_by_replacing_it(dashboard: Any, account: Any) -> None:
    await dashboard.post(PATH, text="Frist", group=str(account.group_id))
    number = await db.value("SELECT id FROM announcements")
    form = await dashboard.get(f"{PATH}/new?draft={number}")
    assert ">Frist</textarea>" in form.text and f'value="{account.group_id}" checked' in form.text
    await dashboard.post(PATH, text="First", group=str(account.group_id), draft=str(number))
    assert [row["text"] for row in await db.rows("SELECT text FROM announcements")] == ["First"]
    newest = await db.value("SELECT id FROM announcements")
    assert "The draft is discarded" in dashboard.text(await dashboard.post(f"{PATH}/{newest}/removal"))


async def test_it_waits_for_its_time(noon: Any, dashboard: Any, account: Any) -> None:
    await dashboard.post(PATH, text="Summer dates", members="1")
    number = await db.value("SELECT id FROM announcements")
    shown = await dashboard.post(f"{PATH}/{number}/delivery", at="2026-11-24T18:00")
    assert "It will be sent tomorrow at 18:00." in dashboard.text(shown)
    assert await fan_out() == 0
    page = await dashboard.get(f"{PATH}/{number}")
    assert 'name="at" type="datetime-local" value="2026-11-24T18:00"' in page.text, (
        "saved again, it is not sent now"
    )
    past = await dashboard.post(f"{PATH}/{number}/delivery", at="2026-11-20T18:00")
    assert past.status_code == 422 and 'id="fault-at"' in past.text
    clock.advance(timedelta(days=2))
    assert await fan_out() > 0


async def test_one_that_was_stopped_in_time_was_sent_to_nobody(
    noon: Any, dashboard: Any, account: Any
) -> None:
    """`C5`: no figures of what never began."""
    await dashboard.post(PATH, text="Summer dates", members="1")
    number = await db.value("SELECT id FROM announcements")
    await dashboard.post(f"{PATH}/{number}/delivery", at="2026-11-24T18:00")
    stopped = dashboard.text(await dashboard.post(f"{PATH}/{number}/stop"))
    assert "It will not be sent." in stopped and "It was stopped before anybody got it" in stopped
    assert "messages were not sent" not in stopped and "of 0" not in stopped
    assert "0 / 0" not in dashboard.text(await dashboard.get(PATH))


async def test_what_is_due_has_no_other_time(noon: Any, dashboard: Any, account: Any) -> None:
    """`C5`: between the button and the first message it is being sent, and can be stopped."""
    await dashboard.post(PATH, text="Summer dates", members="1")
    number = await db.value("SELECT id FROM announcements")
    shown = dashboard.text(await dashboard.post(f"{PATH}/{number}/delivery", at=""))
    assert "Being sent" in shown and "Don’t send it" in shown
    assert "Change the time" not in shown


async def test_each_part_of_the_people_says_how_many_it_has(
    noon: Any, dashboard: Any, instance: Any, account: Any, alice: Any, bob: Any
) -> None:
    """Also those a seat is held for and those who have not answered."""
    from backend.bookings.actions import book
    from backend.seats.requests import Via

    code = await instance(capacity=1, group_id=account.group_id)
    for person in (alice, bob):
        await book(code, person, via=Via.CARD)
    await db.execute(
        "UPDATE bookings SET waiting = 0, offered = 1, offer_until = now() WHERE waiting > 0 AND seats = 0"
    )
    shown = dashboard.text(await dashboard.get(f"/dashboard/events/{code}/message"))
    assert (
        "People with a seat 1 Not checked in yet 1 A seat is held for them 1 In line 0 Maybe 0 Can’t 0 Not answered yet 1"
        in shown
    )


async def test_of_many_who_have_not_answered_some_are_counted_until_the_readers_are_shown(
    noon: Any, dashboard: Any, instance: Any, account: Any, crowd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.announcements import instance_parts

    code = await instance(group_id=account.group_id)
    await crowd(5)
    await db.execute("UPDATE telegram_users SET may_write_at = now()")
    all_of_them = await db.value("SELECT count(*) FROM group_members WHERE present")
    path = f"/dashboard/events/{code}/message"
    monkeypatch.setattr(instance_parts, "COUNTED_MAX", all_of_them)
    assert f"Not answered yet {all_of_them} " in dashboard.text(await dashboard.get(path))
    monkeypatch.setattr(instance_parts, "COUNTED_MAX", all_of_them - 1)
    assert f"Not answered yet more than {all_of_them - 1} " in dashboard.text(await dashboard.get(path))
    draft = dashboard.text(await dashboard.post(path, text="Coming?", part="unanswered"))
    assert f"{all_of_them} members" in draft


async def test_some_of_the_people_of_a_date_are_written_to(
    noon: Any, dashboard: Any, instance: Any, alice: Any
) -> None:
    """From the page of the date; what was typed stays, and a draft can be changed."""
    from backend.bookings.actions import book
    from backend.people.actions import allow_writing
    from backend.seats.requests import Via

    code = await instance()
    await allow_writing(alice)
    await book(code, alice, via=Via.CARD)
    path = f"/dashboard/events/{code}/message"
    assert path in (await dashboard.get(f"/dashboard/events/{code}")).text
    nobody = await dashboard.post(path, text="Bring shoes")
    assert nobody.status_code == 422 and "Choose the people to tell." in dashboard.text(nobody)
    assert ">Bring shoes</textarea>" in nobody.text
    empty = await dashboard.post(path, text=" ", part="maybe")
    assert empty.status_code == 422 and 'value="maybe" checked' in empty.text
    shown = dashboard.text(draft := await dashboard.post(path, text="Bring shoes", part=["booked", "maybe"]))
    assert "To people of one date : People with a seat, Maybe" in shown and "1 member" in shown
    number = draft.url.path.rpartition("/")[2]
    again = await dashboard.get(f"{path}?draft={number}")
    assert ">Bring shoes</textarea>" in again.text and 'value="maybe" checked' in again.text
    elsewhere = await dashboard.get(f"/dashboard/announcements/new?draft={number}")
    assert elsewhere.status_code == 302 and elsewhere.headers["location"] == f"{path}?draft={number}"
    changed = await dashboard.post(path, text="Bring mats", part="booked", draft=number)
    assert "Bring mats" in dashboard.text(changed)
    assert (await dashboard.get(f"/dashboard/announcements/{number}")).status_code == 404
