"""A reader who clicks everything: every link, form and hx- attribute that a page of ours shows leads to an answer, never to a
fault or to a second of work.

What a form sends is what its fields hold. `bin/test tests/doors/test_crawler.py --fuzz 20` clicks twenty times as much.
"""

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests import fuzzing
from tests.doors.test_routes_by_reader import READERS, Readers, world_of_readers

__all__ = ["world_of_readers"]

SITE = "https://emerald.example"
CLICKS = 40  # of one reader
WORK_MAX = 1.0  # seconds of the processor for one answer
STARTS = {
    "/app": ["/app/events", "/app/month", "/app/bookings", "/app/polls", "/app/me"],
    "/dashboard": ["/dashboard"],
}
LEAVES = re.compile(r"/(sign-out|erasure|removal)$|^/dashboard/sign-in")  # and nothing would be left to click


@dataclass(frozen=True)
class Click:
    """What one element does when it is clicked."""

    method: str
    url: str
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def place(self) -> tuple[str, str, tuple[str, ...]]:
        """The same for all rows of a list and all pages of it: another number in it is no other click."""
        path = re.sub(r"\d+|(?<=/)[a-z0-9]{6,}(?=/|$)", "*", urlsplit(self.url).path)
        return self.method, path, tuple(sorted({name for name, _ in self.fields}))


@dataclass
class Page(HTMLParser):
    """The clicks of a page."""

    at: str
    clicks: list[Click] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._form: tuple[str, str] | None = None
        self._fields: list[tuple[str, str]] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for method in ("get", "post", "put", "patch", "delete"):
            url = given.get(f"hx-{method}")
            if url is not None and tag != "form":
                self._add(method.upper(), url)
        if tag == "a" and "href" in given:
            self._add("GET", given["href"])
        if tag == "form":
            hx = next((m for m in ("post", "put", "patch", "delete", "get") if f"hx-{m}" in given), "")
            method = hx or given.get("method", "get")
            self._form = method.upper(), given.get(f"hx-{hx}", given.get("action", self.at))
            self._fields = []
        name = given.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self._fields.append((self._select, given.get("value", "")))
        elif tag == "input" and name:
            ticked = given.get("type") not in ("checkbox", "radio") or "checked" in given
            if ticked:
                self._fields.append((name, given.get("value", "")))
        elif tag == "textarea" and name:
            self._fields.append((name, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form is not None:
            self._add(*self._form, tuple(self._fields))
            self._form = None

    def _add(self, method: str, url: str, fields: tuple[tuple[str, str], ...] = ()) -> None:
        joined = urljoin(f"{SITE}{self.at}", url)
        parts = urlsplit(joined)
        if f"{parts.scheme}://{parts.netloc}" == SITE and not parts.path.startswith("/static/"):
            self.clicks.append(Click(method, joined.removeprefix(SITE).partition("#")[0], fields))


Ask = Callable[[Click], Any]


async def crawl(starts: list[str], ask: Ask, *, most: int) -> tuple[list[str], int]:
    """Click what there is, what is nearest first; the faults, and how many clicks there were."""
    waiting = deque(Click("GET", start) for start in starts)
    seen = {click.place for click in waiting}
    faults, clicked = [], 0
    while waiting and clicked < most:
        click = waiting.popleft()
        clicked += 1
        before = time.process_time()
        answer: httpx.Response = await ask(click)
        worked = time.process_time() - before
        if answer.status_code >= 500:
            faults.append(f"{click.method} {click.url}: {answer.status_code}")
        if worked > WORK_MAX:
            faults.append(f"{click.method} {click.url}: {worked:.1f} s of work")
        if "html" not in answer.headers.get("content-type", ""):
            continue
        page = Page(urlsplit(click.url).path)
        page.feed(answer.text)
        for one in page.clicks:
            if one.place not in seen and not LEAVES.search(urlsplit(one.url).path):
                seen.add(one.place)
                waiting.append(one)
    return faults, clicked


@pytest.mark.parametrize("part", STARTS)
@pytest.mark.parametrize("reader", ["stranger", "member", "helper", "admin", "owner"])
async def test_whatever_is_clicked_is_answered(
    web: httpx.AsyncClient, world_of_readers: Any, reader: str, part: str
) -> None:
    readers: Readers = await world_of_readers()
    headers = readers.headers_for(reader, f"{part}/")

    async def ask(click: Click) -> httpx.Response:
        web.cookies.clear()
        sent = {"data": _as_form(click.fields)} if click.method in ("POST", "PUT", "PATCH") else {}
        if click.method == "GET" and click.fields:
            sent = {"params": list(click.fields)}  # type: ignore[dict-item]  # a name may come twice
        return await web.request(click.method, click.url, headers=headers, **sent)  # type: ignore[arg-type]

    faults, clicked = await crawl(STARTS[part], ask, most=CLICKS * fuzzing.times)
    assert faults == [], "\n".join(["", *faults])
    if READERS[reader] > READERS["stranger"] and part == "/app":
        assert clicked > 20, "there was more to click"


def _as_form(fields: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    form: dict[str, list[str]] = {}
    for name, value in fields:
        form.setdefault(name, []).append(value)
    return form


async def test_a_fault_behind_a_form_would_be_found() -> None:
    """The control: two clicks away, in an hx- attribute and in a form."""
    pages = {
        "/app/events": '<a href="/app/two">on</a>',
        "/app/two": '<form method="post" action="/app/bad"><input name="a" value="1"></form><b hx-delete="/app/worse/7"></b>',
    }

    async def ask(click: Click) -> httpx.Response:
        if click.url in pages:
            return httpx.Response(200, html=pages[click.url])
        return httpx.Response(500 if click.fields == (("a", "1"),) or click.method == "DELETE" else 200)

    faults, clicked = await crawl(["/app/events"], ask, most=10)
    assert sorted(faults) == ["DELETE /app/worse/7: 500", "POST /app/bad: 500"]
    assert clicked == 4
