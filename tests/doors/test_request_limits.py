"""What one request may make the server do, at every route (`X8`): who asks is known before their form is
read, and a form is refused before anything is computed. Counted in bytes that were taken, not in time."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from litestar import Litestar, Request, post
from litestar.di import NamedDependency, Provide
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotAuthorizedException
from litestar.params import Body

from webapp.requests import FIELDS_MAX, FORM_MAX, BoundedRequest

FORM = "application/x-www-form-urlencoded"
CHUNK = 16 * 1024  # bytes
MANY_FIELDS = b"a=&" * 10_000
LARGE_FIELD = b"title=" + b"x" * 1_000_000
LARGE_BODY = b"title=" + b"x" * 6_000 + b"&a=1" * 250_000
SwitchOff = Callable[[str], None]
CHANGES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Answer:
    """The status, and how many bytes of the body the server has asked for."""

    status: int
    taken: int


@dataclass(frozen=True)
class Change:
    """A method and a path that change something."""

    method: str
    path: str

    @property
    def is_dashboards(self) -> bool:
        return self.path.startswith("/dashboard")


async def send(
    site: Any,
    change: Change,
    body: bytes,
    headers: dict[str, str] | None = None,
    *,
    encoding: str = FORM,
    query: bytes = b"",
) -> Answer:
    """Send a body piece by piece and without its length, as one who means harm would."""
    taken, status, rest = 0, 0, body

    async def receive() -> dict[str, Any]:
        nonlocal taken, rest
        piece, rest = rest[:CHUNK], rest[CHUNK:]
        taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": bool(rest)}

    async def answer(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    sent = {"host": "emerald.example", "content-type": encoding, "hx-request": "true", **(headers or {})}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": change.method,
        "scheme": "https",
        "server": ("emerald.example", 443),
        "client": ("203.0.113.7", 1),
        "root_path": "",
        "path": change.path,
        "raw_path": change.path.encode(),
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }
    await site(scope, receive, answer)
    return Answer(status, taken)


def changes(site: Any, codes: dict[str, str]) -> list[Change]:
    """Every route that changes something, those that end the session last; `codes` by the noun before them."""
    found = []
    for route in site.routes:
        for method in sorted(set(route.methods) & set(CHANGES)):
            path = route.path_format
            for noun, code in codes.items():
                path = path.replace(f"/{noun}/{{code}}", f"/{noun}/{code}")
            for parameter in route.path_parameters:
                path = path.replace(f"{{{parameter}}}", "1")
            found.append(Change(method, path))
    ends = (
        "/app/me/erasure",
        "/app/me/sessions",
        "/dashboard/settings/browsers/removal",
        "/dashboard/sign-out",
    )
    return sorted(found, key=lambda change: (change.path in ends, change.path))


@pytest.fixture
async def every_change(site: Any, instance: Any, account: Any) -> list[Change]:
    return changes(site, {"events": await instance()})


@pytest.fixture
async def signed_in(app_of: Any, dashboard: Any, olga: Any) -> AsyncIterator[dict[bool, dict[str, str]]]:
    """The headers of an organiser's requests; those of the dashboard under True."""
    app = await app_of(olga)
    cookies = "; ".join(f"{name}={value}" for name, value in dashboard.client.cookies.items())
    yield {False: {"authorization": f"Bearer {app.session}"}, True: {"cookie": cookies}}


async def refused(
    site: Any, changes: Iterable[Change], headers: dict[bool, dict[str, str]], body: bytes
) -> dict[Change, int]:
    """The status of every route that reads a form; no other takes a byte of the body."""
    answers = {}
    for change in changes:
        answer = await send(site, change, body, headers[change.is_dashboards])
        assert answer.taken <= FORM_MAX + CHUNK, change
        if answer.taken:
            answers[change] = answer.status
    return answers


async def test_nobodys_body_is_not_read(site: Any, every_change: list[Change]) -> None:
    assert len(every_change) > 60
    for change in every_change:
        for forged in ({}, {"authorization": "Bearer x", "cookie": "__Host-emerald-session=x"}):
            answer = await send(site, change, LARGE_BODY, forged)
            assert answer.taken == 0, change
            allowed = (200, 401, 422) if change.is_dashboards else (401,)
            assert answer.status in allowed, change


async def test_the_framework_alone_would_read_it_first() -> None:
    """The control of the test above: a handler that takes `data`, as the framework's own manual has it."""

    async def person() -> None:
        raise NotAuthorizedException()

    @post("/", dependencies={"person": Provide(person)})
    async def create(
        data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)],
        person: NamedDependency[None],
    ) -> None: ...

    plain = Litestar([create], request_max_body_size=None)
    assert await send(plain, Change("POST", "/"), LARGE_BODY) == Answer(401, len(LARGE_BODY))


def test_no_handler_takes_its_data_parsed(site: Any) -> None:
    handlers = [handler for route in site.routes for handler in route.route_handlers]
    assert len(handlers) > 100
    assert [h for h in handlers if "data" in h.parsed_fn_signature.parameters] == []


async def test_a_form_is_read_for_somebody_only(switch_off: SwitchOff) -> None:
    """Also where a route forgets to ask who is there."""

    @post("/")
    async def create(request: Request[Any, Any, Any]) -> None:
        await request.form()

    careless = Litestar([create], request_class=BoundedRequest, request_max_body_size=FORM_MAX)
    assert await send(careless, Change("POST", "/"), b"a=1") == Answer(401, 0)
    switch_off("forms.of-nobody")
    assert await send(careless, Change("POST", "/"), b"a=1") == Answer(201, 3)


@pytest.mark.parametrize("body", [MANY_FIELDS, LARGE_FIELD, LARGE_BODY], ids=["fields", "field", "body"])
async def test_too_much_is_refused_by_every_form(
    site: Any, every_change: list[Change], signed_in: dict[bool, dict[str, str]], body: bytes
) -> None:
    answers = await refused(site, every_change, signed_in, body)
    assert len(answers) > 40
    assert set(answers.values()) == {413}


async def test_the_number_of_fields_is_what_refuses_them(
    site: Any,
    every_change: list[Change],
    signed_in: dict[bool, dict[str, str]],
    switch_off: SwitchOff,
) -> None:
    switch_off("forms.unbounded")
    answers = await refused(site, every_change, signed_in, MANY_FIELDS)
    assert 413 not in answers.values()


async def test_as_many_fields_as_a_form_may_have_are_read(dashboard: Any) -> None:
    await dashboard.get("/dashboard")
    rest = {f"f{n}": "" for n in range(FIELDS_MAX - 2)}
    taken = await dashboard.post("/dashboard/settings/language", follow=False, language="en", **rest)
    assert taken.status_code == 303
    too_many = await dashboard.post(
        "/dashboard/settings/language", follow=False, language="en", more="", **rest
    )
    assert too_many.status_code == 413
    assert "That was too much at once." in dashboard.text(too_many)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (FORM, b"csrf=%ff&title=%ff"),
        (FORM, b"csrf=\xff"),
        ("multipart/form-data", b"x"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--\r\n',
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=klingon\r\n'
            b"\r\n1\r\n--x--\r\n",
        ),
    ],
)
async def test_what_no_page_of_ours_sends_is_a_plain_no(
    site: Any, every_change: list[Change], signed_in: dict[bool, dict[str, str]], encoding: str, body: bytes
) -> None:
    answers = [
        (await send(site, change, body, signed_in[change.is_dashboards], encoding=encoding)).status
        for change in every_change
    ]
    assert answers.count(400) > 40
    assert not [status for status in answers if status >= 500]


@pytest.mark.parametrize("path", ["/app/events", "/dashboard", "/e/none", "/calendar/none.ics"])
async def test_a_query_is_bounded_as_a_form_is(
    site: Any, world: None, path: str, switch_off: SwitchOff
) -> None:
    look = Change("GET", path)
    assert (await send(site, look, b"", query=b"a=" + b"x" * FORM_MAX)).status == 413
    assert (await send(site, look, b"", query=MANY_FIELDS)).status == 413
    switch_off("forms.unbounded")
    assert (await send(site, look, b"", query=MANY_FIELDS)).status != 413
