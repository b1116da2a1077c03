"""No number, date or text that a client can send is a fault of ours (`X5`, `X8`): every parameter of every route and
every field of every form gets what no page of ours would send."""

import importlib
import pkgutil
from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from aiogram.filters.callback_data import CallbackData
from litestar.connection import ASGIConnection
from litestar.datastructures import MultiDict
from pydantic import ValidationError

import webapp
from backend import clock, db
from bot import callbacks
from webapp.series_form import SeriesForm

NUMBERS = [str(number) for number in (0, -1, 2**31, 2**63, 2**64, 10**30)]
ODD_NUMBERS = ["²", "١", "1.5", "1e400", "nan", "9" * 5_000]
DATES = ["0001-01-01", "9999-12-31", "9999-W53", "0001-01-01T00:00", "9999-12-31T23:59:59.999999+14:00"]
IN_ADDRESSES = ["", "'", "\ufdd0", "-1", str(2**63), str(10**30), "²", "1.5", "nan", *DATES[:3]]
EXTREMES = ["", "'", "\ufdd0", *NUMBERS, *ODD_NUMBERS, *DATES]
# What decides which other names of its query the calendar reads.
VIEWS = ("", "?view=list", "?view=month")


def form_fields() -> list[str]:
    """The names of all fields of all forms."""
    names: set[str] = set()
    for module in pkgutil.walk_packages(webapp.__path__, "webapp."):
        for name, found in vars(importlib.import_module(module.name)).items():
            if is_dataclass(found) and name.endswith("Form"):
                names |= {field.name for field in fields(found)}
    assert {"guests", "starts_on", "option", "answer"} <= names
    return sorted(names)


def handlers(site: Any, *methods: str) -> list[tuple[str, Any, set[str]]]:
    """Method, route and names of the query of every handler, erasing oneself last."""
    found = []
    for route in site.routes:
        for method, (_, model) in getattr(route, "route_handler_map", {}).items():
            if method in methods:
                query = {one.field_alias for one in model.expected_query_params}
                found.append((method, route, query))
    return sorted(found, key=lambda one: ("erasure" in one[1].path, one[1].path))


@pytest.fixture
async def real(instance: Any, olga: Any, alice: Any) -> dict[str, str]:
    """What stands in paths, so that a handler comes as far as it can."""
    member = await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)
    return {
        "code": await instance(),
        "membership_id": str(member),
        "series_id": str(await db.value("SELECT id FROM event_series")),
        "group_id": str(await db.value("SELECT id FROM groups")),
        "account_id": str(await db.value("SELECT id FROM accounts")),
    }


def path_of(route: Any, values: dict[str, str]) -> str:
    path: str = route.path_format
    for name in route.path_parameters:
        path = path.replace(f"{{{name}}}", quote(values.get(name, "1"), safe=""))
    return path


class _Recorded(MultiDict[Any]):
    """A query that remembers which names a handler asks it for."""

    def __init__(self, query: MultiDict[Any], names: set[str]) -> None:
        super().__init__(query.multi_items())
        self._names = names

    def get(self, key: str, default: Any = None) -> Any:
        self._names.add(key)
        return super().get(key, default)

    def getall(self, key: str, *default: Any) -> list[Any]:
        self._names.add(key)
        return super().getall(key, *default)

    def __contains__(self, key: object) -> bool:
        self._names.add(str(key))
        return super().__contains__(key)


@pytest.fixture
def names_read(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names that handlers have looked for in queries by themselves."""
    names: set[str] = set()
    plain = vars(ASGIConnection)["query_params"].fget
    recorded = property(lambda request: _Recorded(plain(request), names))
    monkeypatch.setattr(ASGIConnection, "query_params", recorded)
    return names


async def test_in_addresses(
    site: Any, app_of: Any, dashboard: Any, olga: Any, real: dict[str, str], names_read: set[str]
) -> None:
    """In every part of the path, and in every name of the query that is declared or looked for."""
    app = await app_of(olga)
    faults: list[str] = []
    tried: set[str] = set()
    for method, route, names in handlers(site, "GET"):
        get = dashboard.client.get if route.path.startswith("/dashboard") else app.get
        plain = path_of(route, real)
        names_read.clear()
        for view in VIEWS if route.path == "/dashboard" else VIEWS[:1]:
            await get(plain + view)
        addresses = [
            path_of(route, {**real, name: value}) for name in route.path_parameters for value in IN_ADDRESSES
        ]
        addresses += [
            f"{plain}?{name}={quote(value)}" for name in names | names_read for value in IN_ADDRESSES
        ]
        tried |= names | names_read
        for address in addresses:
            answer = await get(address)
            if answer.status_code >= 500:
                faults.append(f"{method} {address[:200]}: {answer.status_code}")
    assert faults == []
    assert tried >= {"club", "view", "week", "month", "after", "q", "role", "next", "membership"}


@pytest.mark.parametrize("value", EXTREMES)
async def test_in_every_field_at_once(
    site: Any, app_of: Any, dashboard: Any, olga: Any, real: dict[str, str], value: str
) -> None:
    app = await app_of(olga)
    names = form_fields()
    await dashboard.get("/dashboard")
    faults = []
    for method, route, _ in handlers(site, "POST", "PUT", "PATCH"):
        address = path_of(route, real)
        sent = dict.fromkeys([*names, "lead", "when", "kind"], value)
        if "sign-out" in address:
            continue
        if address.startswith("/dashboard"):
            answer = await dashboard.client.post(address, data={**sent, "csrf": dashboard.csrf})
        else:
            answer = await app.ask(method, address, data=sent)
        if answer.status_code >= 500:
            faults.append(f"{method} {address}: {answer.status_code}")
    assert faults == []


ZONES = ["Europe/Helsinki", "America/New_York", "Pacific/Kiritimati", "Etc/GMT+12"]
ENDS = ["99991231T235959Z", "99991231T235959", "99991231", "00010101T000000Z", "00010101T000000", "00010101"]


@pytest.mark.parametrize("until", ENDS)
@pytest.mark.parametrize("zone", ZONES)
async def test_an_end_at_the_end_of_the_calendar(
    dashboard: Any, olga: Any, account: Any, zone: str, until: str
) -> None:
    """S1: it can be previewed, saved, opened, moved to another hour, copied and followed."""
    rules = [
        f"FREQ=WEEKLY;UNTIL={until}",
        f"FREQ=WEEKLY;BYHOUR=18,19;UNTIL={until}\nEXRULE:FREQ=DAILY;INTERVAL=2;UNTIL={until}",
    ]
    for rule in rules:
        form = series_form(zone=zone, repeats="own", rule=rule)
        assert (await dashboard.post("/dashboard/series/preview", **form)).status_code == 200
        saved = await dashboard.post("/dashboard/series", follow=False, **form)
        assert saved.status_code == 303, dashboard.text(saved)
        series_id = await db.value("SELECT max(id) FROM event_series")
        assert (await dashboard.get(f"/dashboard/series/{series_id}")).status_code == 200
        assert (await dashboard.get(f"/dashboard/series/new?copy={series_id}")).status_code == 200
        moved = await dashboard.post(
            f"/dashboard/series/{series_id}", follow=False, **{**form, "starts_time": "19:30"}
        )
        assert moved.status_code in (200, 303), dashboard.text(moved)
        copied = await dashboard.post("/dashboard/series", copy=str(series_id), **form)
        assert copied.status_code < 500


def series_form(**typed: str) -> dict[str, str]:
    starts = clock.now() + timedelta(days=4)
    fields = {"title": "Sauna", "zone": "Europe/Helsinki", "starts_on": f"{starts:%Y-%m-%d}"}
    return {**fields, "starts_time": "18:00", "duration_minutes": "60", **typed}


@pytest.mark.parametrize(
    "repeats",
    [
        {"repeats": "weekly", "ends": "on", "until": "2199-01-01"},
        {
            "repeats": "nth",
            "ends": "after",
            "count": "3",
            "left_out": "20301231",
            "extra": "20301231T120000Z",
        },
        {"repeats": "own", "rule": "FREQ=YEARLY"},
    ],
)
async def test_in_one_field_of_a_series(dashboard: Any, repeats: dict[str, str]) -> None:
    faults = []
    for name in [field.name for field in fields(SeriesForm)]:
        for value in EXTREMES:
            sent = series_form(**{**repeats, name: value})
            answer = await dashboard.post("/dashboard/series/preview", **sent)
            if answer.status_code >= 500:
                faults.append(f"{name}={value[:40]}")
    assert faults == []


async def test_the_end_of_the_calendar_would_be_a_fault(dashboard: Any, switch_off: Any) -> None:
    """The control: `datetime` itself does not reach further."""
    switch_off("rules.any-year")
    form = series_form(repeats="own", rule="FREQ=WEEKLY;BYHOUR=18;UNTIL=99991231T235959Z")
    await dashboard.post("/dashboard/series", **form)
    series_id = await db.value("SELECT max(id) FROM event_series")
    moved = await dashboard.post(f"/dashboard/series/{series_id}", **{**form, "starts_time": "19:30"})
    assert moved.status_code == 500


def test_no_button_names_a_number_that_no_row_can_have() -> None:
    kinds = [kind for kind in CallbackData.__subclasses__() if kind.__module__ == callbacks.__name__]
    numbers = [
        (kind, name) for kind in kinds for name, field in kind.model_fields.items() if field.annotation is int
    ]
    assert len(numbers) > 8
    for kind, name in numbers:
        for number in (-1, 2**63, 10**30):
            with pytest.raises(ValidationError, match=name):
                kind.model_validate({name: number})


async def test_a_count_is_bounded(dashboard: Any, switch_off: Any) -> None:
    """X8: they are counted from the start, whenever any dates are looked for."""
    counting = "RRULE:FREQ=DAILY;COUNT=1500\nRRULE:FREQ=DAILY;BYHOUR=9,12;COUNT=%s"
    few, many = (series_form(repeats="own", rule=counting % count) for count in (500, 501))
    assert (await dashboard.post("/dashboard/series", follow=False, **few)).status_code == 303
    refused = await dashboard.post("/dashboard/series", follow=False, **many)
    assert "end it on a day instead" in dashboard.text(refused)
    switch_off("rules.any-count")
    assert (await dashboard.post("/dashboard/series", follow=False, **many)).status_code == 303
