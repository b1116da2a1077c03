"""Sign-ins, bookings and screens answered without the framework: byte by byte what the ordinary routes answer (decision 0034)."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend import causes, clock, maintenance
from backend.bookings import actions as seats
from backend.errors import Busy, Unavailable
from backend.events.cancel import cancel_instance
from backend.people import queries as people
from backend.seats.requests import Via
from tests.webapp.conftest import init_data, launch_of
from webapp.miniapp import event_screens, list_screens, short_routes

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Both:
    """Sends the same to both routes, each for an event of its own, and counts what the short one answered."""

    def __init__(self, app: Any, codes: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.app, self.codes, self.monkeypatch = app, codes, monkeypatch
        self.short = 0

    async def post(self, content: bytes = b"guests=0", headers: dict[str, str] = FORM) -> httpx.Response:
        """The answer to a booking, when both routes gave the same."""
        return await self.ask([f"/app/events/{code}/booking" for code in self.codes], content, headers)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """The answer to a screen's request, when both routes gave the same."""
        return await self.ask([path, path], b"", headers, method="GET")

    async def ask(
        self, paths: Sequence[str], content: bytes, headers: dict[str, str], *, method: str = "POST"
    ) -> httpx.Response:
        answers = []
        for path, addresses in zip(paths, (short_routes.ADDRESSES, {}), strict=True):
            with self.monkeypatch.context() as patch:
                patch.setattr(short_routes, "ADDRESSES", addresses)
                patch.setattr(short_routes, "_answer", self._counted(short_routes._answer))
                answer = await self.app.ask(method, path, content=content, headers=headers)
            answers.append(answer)
        short: httpx.Response = answers[0]
        ordinary: httpx.Response = answers[1]
        assert short.status_code == ordinary.status_code
        assert sorted(short.headers.raw) == sorted(ordinary.headers.raw)
        theirs, ours = (code.encode() for code in self.codes)
        content = short.content if paths[0] == paths[1] else short.content.replace(theirs, ours)
        assert content == ordinary.content
        return short

    def _counted(self, answer: Any) -> Any:
        async def counted(*request: Any) -> None:
            self.short += 1
            await answer(*request)

        return counted


@pytest.fixture
async def both(app_of: Any, alice: Any, instance: Any, noon: Any, monkeypatch: pytest.MonkeyPatch) -> Both:
    codes = (await instance(capacity=2, guests_max=3), await instance(capacity=2, guests_max=3))
    return Both(await app_of(alice), codes, monkeypatch)


async def test_a_seat_and_a_guest(both: Both) -> None:
    answer = await both.post(b"guests=1&name=%C3%84iti&name=")
    assert answer.status_code == 200 and 'data-outcome="booked"' in answer.text
    assert both.short == 1


async def test_a_second_tap_is_answered_with_the_screen(both: Both, alice: Any) -> None:
    await seats.book(both.codes[0], alice, via=Via.MINIAPP)
    both.codes = (both.codes[0], both.codes[0])
    answer = await both.post()
    assert answer.status_code == 200 and 'id="do-leave"' in answer.text
    assert both.short == 1


async def test_a_full_event_and_more_guests_than_it_takes(both: Both, bob: Any) -> None:
    for code in both.codes:
        await seats.book(code, bob, guests=1, via=Via.MINIAPP)
    refused = await both.post(b"guests=4")
    assert refused.status_code == 422 and refused.headers["HX-Retarget"] == "#notice"
    assert 'data-outcome="waiting"' in (await both.post(b"")).text
    assert both.short == 2


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"guests=many", 400),
        (b"guests=%FF", 400),
        (b"name=x&" * 200, 413),
        (b"guests=0&name=" + b"x" * 20_000, 422),
        (b"guests=99999999999999999999", 422),
    ],
)
async def test_what_cannot_be_read(both: Both, content: bytes, status: int) -> None:
    assert (await both.post(content)).status_code == status
    assert both.short == 1


async def test_what_is_cancelled_or_not_there(both: Both, olga: Any) -> None:
    for code in both.codes:
        await cancel_instance(code, olga, "Rain")
    assert (await both.post()).status_code == 422
    both.codes = ("nothere1", "nothere2")
    assert (await both.post()).status_code == 404
    assert both.short == 2


@pytest.mark.parametrize(
    ("error", "status"), [(Busy(), 422), (Unavailable("gone"), 503), (RuntimeError("a fault"), 500)]
)
async def test_a_fault(both: Both, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(seats, "_submit", fail)
    assert (await both.post()).status_code == status
    assert both.short == 1


@pytest.mark.parametrize(("error", "status"), [(Busy(), 422), (Unavailable("gone"), 503)])
async def test_a_session_that_cannot_be_looked_up(
    both: Both, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def fail(_: int) -> Any:
        raise error

    monkeypatch.setattr(people, "person", fail)
    answer = await both.post()
    assert answer.status_code == status and (status == 422 or answer.headers["Retry-After"])
    assert both.short == 1


async def test_an_old_session_is_renewed(both: Both, noon: Any) -> None:
    clock.advance(timedelta(minutes=6))
    assert "x-session" in (await both.post()).headers
    assert both.short == 1


async def test_a_person_nobody_knows_there(both: Both, app_of: Any, charlie: Any) -> None:
    both.app = await app_of(charlie)
    assert (await both.post()).status_code == 404
    assert both.short == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json"},
        FORM | {"Authorization": "Bearer forged"},
        FORM | {"Authorization": "tma hash=1"},
        FORM | {"Content-Length": "70000"},
    ],
)
async def test_anything_else_goes_the_ordinary_way(both: Both, headers: dict[str, str]) -> None:
    await both.post(headers=headers)
    assert both.short == 0


async def test_what_is_booked_bears_the_id_of_its_request(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short way is observed as the ordinary one is: one id finds everything."""
    submit, seen = seats._submit, []

    async def note(*request: Any, **more: Any) -> Any:
        seen.append(causes.current())
        return await submit(*request, **more)

    monkeypatch.setattr(seats, "_submit", note)
    await both.post()
    assert both.short == 1 and len(set(seen)) == 2
    assert all(re.fullmatch(r"[0-9a-f]{8}", cause) for cause in seen)


async def test_maintenance_closes_the_short_way_too(both: Both) -> None:
    await maintenance.plan(clock.now(), clock.now() + timedelta(minutes=5), "")
    try:
        assert (await both.post()).status_code == 503
        assert (await both.ask(["/app/session"] * 2, b"", {"Authorization": "tma x"})).status_code == 503
    finally:
        maintenance.forget()
    assert both.short == 0


@pytest.mark.parametrize("more", ["?x=1", "/", "%2f"])
async def test_another_address_goes_the_ordinary_way(both: Both, more: str) -> None:
    both.codes = (both.codes[0], both.codes[0])
    with both.monkeypatch.context() as patch:
        patch.setattr(short_routes, "_answer", both._counted(short_routes._answer))
        await both.app.ask("POST", f"/app/events/{both.codes[0]}/booking{more}", data={"guests": "0"})
    assert both.short == 0


@pytest.mark.parametrize(
    ("change", "zone", "status"),
    [
        ({}, "", 204),
        ({}, "Asia/Tokyo", 204),
        ({}, "Nowhere/At_All", 204),
        ({"first_name": ""}, "", 204),
        ({"auth_date": "1"}, "", 401),
    ],
)
async def test_signing_in(both: Both, change: dict[str, str], zone: str, status: int) -> None:
    fields = launch_of(770_001, change.get("first_name", "Newcomer")) | change
    fields.pop("first_name", None)
    headers = {"Authorization": f"tma {init_data(fields)}"} | ({"X-Time-Zone": zone} if zone else {})
    answer = await both.ask(["/app/session"] * 2, b"", headers)
    assert answer.status_code == status and ("x-session" in answer.headers) == (status == 204)
    assert both.short == 1


@pytest.mark.parametrize("authorization", ["", "tma", "tma hash=1", "Bearer x", "Basic eA=="])
async def test_nobody_signs_in(both: Both, authorization: str) -> None:
    answer = await both.ask(["/app/session"] * 2, b"", {"Authorization": authorization})
    assert answer.status_code == 401
    assert both.short == 1


async def test_a_sign_in_with_a_body_goes_the_ordinary_way(both: Both) -> None:
    await both.ask(["/app/session"] * 2, b"x=1", {"Authorization": "tma hash=1"})
    assert both.short == 0


async def test_the_list_of_events(both: Both) -> None:
    answer = await both.get("/app/events")
    assert answer.status_code == 200 and both.codes[0] in answer.text
    assert both.short == 1


async def test_an_event_and_what_a_booking_is_followed_by(both: Both, alice: Any) -> None:
    address = f"/app/events/{both.codes[0]}"
    assert 'id="do-join"' in (await both.get(address)).text
    await seats.book(both.codes[0], alice, via=Via.MINIAPP)
    assert 'data-outcome="booked"' in (await both.get(f"{address}?after=booked")).text
    assert both.short == 2


@pytest.mark.parametrize("address", ["/app/events", "/app/events/{code}"])
async def test_an_open_screen_asks_whether_it_is_fresh(both: Both, alice: Any, address: str) -> None:
    address = address.format(code=both.codes[0])
    seen = re.findall(r"[?&]seen=([0-9a-f]+-[0-9a-f]+)", (await both.get(address)).text)[0]
    assert (await both.get(f"{address}?seen={seen}")).status_code == 204
    await seats.book(both.codes[0], alice, via=Via.MINIAPP)
    assert "You’re in" in (await both.get(f"{address}?seen={seen}")).text
    assert both.short == 3


async def test_an_event_that_is_not_there_or_not_theirs(both: Both, app_of: Any, charlie: Any) -> None:
    assert (await both.get("/app/events/nothere1")).status_code == 404
    both.app = await app_of(charlie)
    assert (await both.get(f"/app/events/{both.codes[0]}")).status_code == 404
    assert "You’re in no club yet" in (await both.get("/app/events")).text
    assert both.short == 3


@pytest.mark.parametrize("session", ["Bearer forged", "tma hash=1", ""])
async def test_a_screen_for_nobody_goes_the_ordinary_way(both: Both, session: str) -> None:
    assert (await both.get("/app/events", Authorization=session)).status_code == 401
    assert both.short == 0


@pytest.mark.parametrize(
    "address",
    [
        "/app/events?q=yoga",
        "/app/events?after=1",
        "/app/events?after=booked",
        "/app/events?seen=",
        "/app/bookings",
    ],
)
async def test_another_screen_goes_the_ordinary_way(both: Both, address: str) -> None:
    await both.get(address)
    assert both.short == 0


async def test_a_document_is_no_screen(both: Both) -> None:
    """A browser that loads the address gets the page that loads the screen."""
    with both.monkeypatch.context() as patch:
        patch.setattr(short_routes, "_answer", both._counted(short_routes._answer))
        answer = await both.app.web.get("/app/events", headers={"Accept": "text/html"})
    assert answer.status_code == 200 and answer.text.startswith("<!doctype html>")
    assert both.short == 0


async def test_a_renewed_session_comes_with_a_screen(both: Both, noon: Any) -> None:
    clock.advance(timedelta(minutes=6))
    assert "x-session" in (await both.get("/app/events")).headers
    assert both.short == 1


@pytest.mark.parametrize(
    ("error", "status"), [(Busy(), 422), (Unavailable("gone"), 503), (RuntimeError("a fault"), 500)]
)
async def test_a_screen_with_a_fault(
    both: Both, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(event_screens, "event", fail)
    monkeypatch.setattr(list_screens, "home", fail)
    for address in ("/app/events", f"/app/events/{both.codes[0]}"):
        assert (await both.get(address)).status_code == status
    assert both.short == 2


async def test_maintenance_closes_the_screens_too(both: Both) -> None:
    await maintenance.plan(clock.now(), clock.now() + timedelta(minutes=5), "")
    try:
        assert (await both.get("/app/events")).status_code == 503
    finally:
        maintenance.forget()
    assert both.short == 0
