"""nginx as production runs it, before the real application."""

import asyncio
import base64
import hashlib
import itertools
import json
import os
import re
import socket
import ssl
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from backend.settings import settings
from tests import forked
from tests.nginx import front as fronts
from tests.nginx.front import ROOT, Front, await_answer, command, free_port, running

pytestmark = pytest.mark.skipif(
    not (fronts.PROGRAM and fronts.OPENSSL),
    reason="needs nginx and openssl (Debian, Ubuntu: apt install nginx-light openssl)",
)
ONCE = (
    *("Strict-Transport-Security", "Content-Security-Policy", "X-Content-Type-Options"),
    *("Referrer-Policy", "Cache-Control"),
)


class Web:
    """A web process as in production, on its own port, and a directory for what it prints."""

    def __init__(self, log: Path) -> None:
        self.port, self.metrics_port, self.log = free_port(), free_port(), log
        self.start()

    def start(self) -> None:
        environ = {**os.environ, "ENV": "production", "PORT": str(self.port), "HOST": "127.0.0.1"}
        environ |= {"METRICS_PORT": str(self.metrics_port), "FAILPOINTS": ""}
        environ |= {"TELEGRAM_WEBHOOK": "true", "LOG_LEVEL": "info"}
        self.process = forked.start(environ, forked.emerald, ["serve"], self.log)

    def await_ready(self) -> None:
        await_answer(f"http://127.0.0.1:{self.port}/health", self.ended)

    def ended(self, seconds: float) -> int | None:
        """Its exit code, once it has ended; waits so long for that."""
        self.process.join(seconds)
        return self.process.exitcode

    def kill(self) -> None:
        self.process.kill()
        assert self.ended(10) is not None


@pytest.fixture(scope="module")
def webs(tmp_path_factory: pytest.TempPathFactory, database: None) -> Iterator[list[Web]]:
    """Two web processes on the tests' database."""
    started = [Web(tmp_path_factory.mktemp("web")) for _ in range(2)]
    try:
        for web in started:
            web.await_ready()
        yield started
    finally:
        for web in started:
            web.process.terminate()
        for web in started:
            assert web.ended(30) is not None


@pytest.fixture
def alive(webs: list[Web]) -> list[int]:
    """The ports of both, also after a test that killed one."""
    for web in webs:
        if web.ended(0) is not None:
            web.start()
            web.await_ready()
    return [web.port for web in webs]


@pytest.fixture
def front(tmp_path: Path, alive: list[int]) -> Iterator[Front]:
    """nginx before both, without any request counted yet."""
    with running(tmp_path, alive) as started:
        yield started


@pytest.fixture
def still(tmp_path: Path, alive: list[int]) -> Iterator[Front]:
    """The same, with limits that do not grow back."""
    with running(tmp_path, alive, still=True) as started:
        yield started


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that answers with the headers it received."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize, disable_nagle_algorithm = -1, True

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            body = json.dumps(dict(self.headers)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def do_PATCH(self) -> None:
            self.do_GET()

        def do_DELETE(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """No log: the test reads that of nginx."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join(10)


def test_the_configuration_is_valid(tmp_path: Path) -> None:
    front = fronts.write_configuration(tmp_path, [free_port()])
    done = subprocess.run([*command(front), "-t"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr and "[emerg]" not in done.stderr


def test_will_not_start_without_an_address(tmp_path: Path) -> None:
    for public_url in ("http://club.example", ""):
        with pytest.raises(subprocess.CalledProcessError) as refused:
            fronts.names(tmp_path, PUBLIC_URL=public_url)
        assert "PUBLIC_URL must be set" in refused.value.stderr


def test_starts_before_there_is_a_certificate(tmp_path: Path) -> None:
    """Whoever issues one asks at port 80; nobody is served without it."""
    with running(tmp_path, [free_port()], has_certificate=False) as front:
        asked = f"http://127.0.0.1:{front.plain}/.well-known/acme-challenge/"
        (tmp_path / "acme" / ".well-known" / "acme-challenge").mkdir(parents=True)
        (tmp_path / "acme" / ".well-known" / "acme-challenge" / "proof").write_text("mine")
        assert httpx.get(asked + "proof", headers={"Host": "localhost"}).text == "mine"
        assert httpx.get(asked + "other", headers={"Host": "localhost"}).status_code == 404
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", front.secure)) as raw, pytest.raises(ssl.SSLError):
            context.wrap_socket(raw, server_hostname="localhost")


def test_the_policy_allows_the_style_of_every_page() -> None:
    policy = (ROOT / "nginx/templates/site.conf.template").read_text()
    for page in sorted((ROOT / "nginx/pages").glob("*.html")):
        style = re.search(r"<style>(.*)</style>", page.read_text(), re.DOTALL)
        assert style, page
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy, page


def test_redirects_to_https(front: Front) -> None:
    answer = httpx.get(f"http://127.0.0.1:{front.plain}/app/?a=b", headers={"Host": "localhost"})
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"{front.url}/app/?a=b"


def test_answers_no_other_host_name(front: Front) -> None:
    """For another host name there is neither an answer nor a certificate."""
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{front.plain}/", headers={"Host": "elsewhere.example"})
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", front.secure)) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname="elsewhere.example")


@pytest.mark.parametrize("least", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_supports_modern_tls_and_http2(front: Front, least: ssl.TLSVersion) -> None:
    context = front.context()
    context.minimum_version = context.maximum_version = least
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", front.secure)) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as connection,
    ):
        assert connection.selected_alpn_protocol() == "h2"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_refuses_old_tls(front: Front) -> None:
    context = front.context()
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", front.secure)) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname="localhost")


def test_passes_health_on_and_hides_the_rest(front: Front) -> None:
    with front.client() as client:
        assert client.get("/health").json() == {"status": "ok"}
        for path in ("/metrics", "/ready", "/metrics?x", "/ready?x"):
            answer = client.get(path)
            assert answer.status_code == 404, path
            assert "emerald_" not in answer.text and "database" not in answer.text


# How else the guarded addresses could be spelled: `{}` stands for one, `{e}` for it with a letter escaped.
SPELLINGS = (
    "{0}/", "{0}//", "{0}/?x", "/{0}", "//{0}", "{0}%2f", "{0}%2F", "/%2f{0}", "{0}/.", "{0}/..", "{0}/%2e", "/.{0}",
    "/x/..{0}", "/x/%2e%2e{0}", "/app/..{0}", "/app{0}/../..{0}", "{e}", "{e}/",
)  # fmt: skip
GUARDED = ("/metrics", "/ready", "/telegram/webhook", "/dashboard/sign-in")


def ask_exactly(connection: HTTPConnection, path: str) -> HTTPResponse:
    """Ask for a path as it is written here: clients of more comfort take the dots out."""
    connection.request("POST" if "telegram" in path else "GET", path, headers={"Content-Length": "0"})
    with connection.getresponse() as answer:
        answer.read()
    return answer


def other_spellings(path: str) -> list[str]:
    escaped = path[:-1] + f"%{ord(path[-1]):x}"
    return [spelling.format(path, e=escaped) for spelling in SPELLINGS]


@pytest.mark.parametrize("path", GUARDED)
def test_guarded_addresses_have_one_spelling(tmp_path: Path, echo: int, path: str) -> None:
    """X11: whatever stands behind nginx, none of the others reaches it."""
    with running(tmp_path, [echo]) as front:
        made = HTTPSConnection("localhost", front.secure, context=front.context(), timeout=20)
        with closing(made) as connection:
            for spelling in other_spellings(path):
                answer = ask_exactly(connection, spelling)
                assert answer.status == 404 and answer.headers["Content-Security-Policy"], spelling
            assert ask_exactly(connection, "/anything").status == 200
            ask_exactly(connection, "/health")  # on the same connection, so all before is in the log now
        passed = [line["path"] for line in map(json.loads, front.log.splitlines()) if line["app"]]
        assert passed == ["/anything"]


def test_other_spellings_would_reach_what_stands_behind(tmp_path: Path, echo: int) -> None:
    """The control of the test before: rules for a name alone let some of its other spellings through."""
    rule = "    if ($no_such_address) {\n        return 404;\n    }\n"
    with running(tmp_path, [echo], without=rule) as front:
        made = HTTPSConnection("localhost", front.secure, context=front.context(), timeout=20)
        with closing(made) as connection:
            passed = {
                path
                for path in ("/ready/", "/ready%2f", "/ready")
                if ask_exactly(connection, path).status == 200
            }
    assert passed == {"/ready/", "/ready%2f"}


def test_the_application_knows_no_other_spelling_either(webs: list[Web]) -> None:
    """X11: a proxy with fewer rules, or none, lets nothing through."""
    with closing(HTTPConnection("127.0.0.1", webs[0].port, timeout=20)) as connection:
        for path, usual in (("/ready", (200, 503)), ("/telegram/webhook", (401,)), ("/metrics", (404,))):
            assert ask_exactly(connection, path).status in usual
        for spelling in itertools.chain(*map(other_spellings, GUARDED)):
            assert ask_exactly(connection, spelling).status == 404, spelling


def test_figures_have_a_port_of_their_own(front: Front, webs: list[Web]) -> None:
    """X11: nothing that a request says opens it at another."""
    of_metrics = webs[0].metrics_port
    with httpx.Client(base_url=f"http://127.0.0.1:{of_metrics}", timeout=20) as prometheus:
        assert "emerald_database_up 1.0" in prometheus.get("/metrics").text
        assert {prometheus.get(path).status_code for path in ("/", "/health", "/ready", "/app/")} == {404}
    claims = {"Host": f"localhost:{of_metrics}", "X-Forwarded-Port": str(of_metrics)}
    for url in (f"http://127.0.0.1:{webs[0].port}", front.url):
        with httpx.Client(base_url=url, verify=front.context(), timeout=20) as client:
            assert client.get("/metrics", headers=claims).status_code == 404
    configuration = "".join(path.read_text() for path in (ROOT / "nginx").rglob("*") if path.is_file())
    assert "METRICS_PORT" not in configuration and "9464" not in configuration


def test_sends_each_header_once(front: Front) -> None:
    """The application's headers, and nginx's own where nginx answers."""
    with front.client() as client:
        for path in (
            "/health",
            "/app/",
            "/dashboard/sign-in",
            "/no/such",
            "/metrics",
            asset(client),
        ):
            answer = client.get(path)
            for name in ONCE:
                found = answer.headers.get_list(name)
                assert len(found) == 1, (path, name, found)
            assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
            assert answer.headers.get("Server") in (None, "nginx"), path


def asset(client: httpx.Client) -> str:
    """The URL of a style sheet, from a page."""
    found = re.search(r'href="(/static/[^"]+\.css)"', client.get("/no/such").text)
    assert found
    return found[1]


def test_caches_static_files(front: Front, webs: list[Web]) -> None:
    with front.client() as client:
        path = asset(client)
        first = client.get(path, headers={"Accept-Encoding": "gzip, br"})
        assert "immutable" in first.headers["Cache-Control"]
        assert first.headers["Content-Encoding"] == "gzip"
        plain = client.get(path, headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        again = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert plain.content == first.content == again.content
        client.get("/health")  # on the same connection, so all before is in the log now
    served = [json.loads(line) for line in front.log.splitlines()]
    asked = [line["app"] for line in served if line["path"] == path]
    assert len(asked) == 3 and asked[0] and asked[1] and not asked[2], "the third came from nginx"


async def test_serves_public_pages_and_caches_their_pictures(front: Front, instance: Any) -> None:
    """`A5`: a picture is drawn for the first request and cached; a limit holds for the others."""
    code = await instance(visibility="link")
    with front.client() as client:
        page = client.get(f"/e/{code}")
        assert page.status_code == 200
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert client.head(f"/e/{code}").status_code == 200
        found = re.search(r'og:image" content="[^"]*(/e/[^"]+)"', page.text)
        assert found
        answers = [client.get(found[1]) for _ in range(3)]
        assert {answer.headers["Content-Type"] for answer in answers} == {"image/png"}
        assert all("immutable" in answer.headers["Cache-Control"] for answer in answers)
        assert len({answer.content for answer in answers}) == 1
        for name in ONCE:
            assert len(answers[-1].headers.get_list(name)) == 1, name
        # What the two read differently must not be kept under the other's name.
        etag = found[1].partition("?v=")[2]
        assert "immutable" in client.get(f"/e/{code}.png?V=&v={etag}").headers["Cache-Control"]
        assert client.get(f"/e/{code}.png").headers["Cache-Control"] == "public, max-age=60"
        missing = client.get("/e/23456789ab.png")
        assert missing.status_code == 404
        assert missing.headers["Cache-Control"] == "no-store"
        client.get("/health")  # on the same connection, so all before is in the log now
    served = [json.loads(line) for line in front.log.splitlines()]
    asked = [line["app"] for line in served if line["path"] == f"/e/{code}.png"]
    assert [bool(app) for app in asked] == [True, False, False, True, True]


def test_limits_requests_for_pictures(still: Front) -> None:
    """`X7`"""
    with still.client() as client:
        flood = [client.get(f"/e/23456789ab.png?v={n}").status_code for n in range(53)]
        assert flood == [404] * 51 + [429] * 2
        assert client.get("/e/23456789ab").status_code == 404


def test_compresses_pages_but_not_the_dashboards(front: Front) -> None:
    """A dashboard's page holds a token and typed input: compressed together they reveal the token
    (BREACH)."""
    with front.client() as client:
        assert client.get("/no/such").headers["Content-Encoding"] == "gzip"
        assert "Content-Encoding" not in client.get("/dashboard/sign-in").headers


def test_refuses_what_is_too_large(front: Front) -> None:
    with front.client() as client:
        answer = client.post("/app/session", content=b"x" * 1_100_000)
        assert answer.status_code == 413
        assert "That was too much at once." in answer.text


@pytest.mark.parametrize("size", [64 * 1024, 64 * 1024 + 1])
@pytest.mark.parametrize("has_length", [True, False])
def test_a_form_that_no_process_would_read_is_asked_of_none(
    front: Front, size: int, has_length: bool
) -> None:
    """`X8`: with its length given or in chunks; nothing of it lies on the disk."""
    asked = len(front.log.splitlines())
    content: Any = b"x" * size if has_length else iter([b"x" * size])
    with front.client() as client:
        status = client.post("/app/session", content=content).status_code
    assert status == (401 if size <= 64 * 1024 else 413)
    while len(written := front.log.splitlines()) == asked:  # a refused body is read to its end before
        sleep(0.01)
    assert bool(json.loads(written[asked])["app"]) == (status == 401)
    assert ON_DISK not in front.errors


ON_DISK = "a client request body is buffered to a temporary file"


@pytest.mark.parametrize(("without", "is_on_disk"), [("", False), ("proxy_request_buffering off;", True)])
def test_an_update_may_be_larger_and_a_strangers_is_not_kept(
    webs: list[Web], tmp_path: Path, without: str, is_on_disk: bool
) -> None:
    """Telegram's is read whole; then the control."""
    body = b'{"update_id": 1, "of a newer kind": "%s"}' % (b"x" * 300_000)
    with running(tmp_path, [web.port for web in webs], without=without) as front, front.client() as client:
        for secret, status in (("wrong", 401), (settings.webhook_secret, 200)):
            headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
            assert client.post("/telegram/webhook", content=body, headers=headers).status_code == status
        too_large = client.post("/telegram/webhook", content=b"x" * 1_100_000, headers=headers)
        assert too_large.status_code == 413
        assert (ON_DISK in front.errors) is is_on_disk


def test_a_page_says_that_it_was_too_much(still: Front) -> None:
    """X7: and when to try again; in Telegram's frame, too."""
    with still.client() as client:
        opens = {"Authorization": "tma x", "HX-Request": "true"}
        answers = [client.post("/app/session", headers=opens) for _ in range(700)]
        answers += [client.get("/app/events", headers=opens) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [401] * 701 + [429] * 4
        assert "That was a lot in a short time." in answers[-1].text
        assert answers[-1].headers["Retry-After"] == "1"
        assert answers[-1].headers["Cache-Control"] == "no-store"
        assert client.get("/health").status_code == 200


def session_of(person: int) -> dict[str, str]:
    """The headers of somebody with the app open."""
    return {"Authorization": f"Bearer claims.signature={person:016x}", "HX-Request": "true"}


HALL = 300


async def answer_ok(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An application that answers everything at once; requests have no body."""
    with suppress(asyncio.IncompleteReadError):  # when the connection ends
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok")
    writer.close()


async def come_in(front: Front, trust: ssl.SSLContext, person: int) -> list[int]:
    """Open the app and book, with the requests of a browser that has nothing cached; the statuses of the answers."""
    me = f"Authorization: Bearer claims.signature={person:016x}\r\n"
    requests = [("GET /app/", "")] + [(f"GET /static/{n}.css", "") for n in range(8)]
    requests += [("GET /app/events/x7k2", "Authorization: tma x\r\n"), ("POST /app/events/x7k2/booking", me)]
    requests += [("GET /app/events/x7k2?after=booked", me)] * 3
    reader, writer = await asyncio.open_connection("localhost", front.secure, ssl=trust)
    statuses = []
    for request, header in requests:
        writer.write(f"{request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n{header}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: (\d+)", head.lower())
        assert length
        await reader.readexactly(int(length[1]))
        statuses.append(int(head[9:12]))
    writer.close()
    return statuses


async def test_a_hall_behind_one_address_opens_the_app_and_books(tmp_path: Path) -> None:
    """X7: 300 people at once. However long they take, no limit grows back meanwhile."""
    async with await asyncio.start_server(answer_ok, "127.0.0.1", 0, backlog=HALL) as server:
        with running(tmp_path, [server.sockets[0].getsockname()[1]], still=True) as front:
            trust = front.context()
            came = await asyncio.gather(*(come_in(front, trust, person) for person in range(HALL)))
    assert Counter(itertools.chain(*came)) == {200: HALL * 14}


def test_one_session_changes_things_no_faster_than_a_person(tmp_path: Path, echo: int) -> None:
    """X7: and reads when to try again. Neither others at the same address nor the same person's reading are held up."""
    me, other = session_of(1), session_of(2)
    with running(tmp_path, [echo], still=True) as front, front.client() as client:
        did = [
            client.request(method, "/app/events/x7k2/booking", headers=me).status_code
            for _ in range(10)
            for method in ("POST", "PATCH", "DELETE")
        ]
        assert did == [200] * 21 + [429] * 9
        refused = client.post("/app/polls/x7k2/votes", headers=me)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        renewed = {"Authorization": f"bearer  later.signature={1:016x}"}
        assert client.post("/app/events/x7k2/booking", headers=renewed).status_code == 429
        assert client.get("/app/events", headers=me).status_code == 200
        assert client.post("/app/events/x7k2/booking", headers=other).status_code == 200


def test_sessions_of_0_3_0_count_each_by_itself(tmp_path: Path, echo: int) -> None:
    """Decision 0055: during an update a hall behind one address goes on with the sessions that it has."""
    me, other = ({"Authorization": f"Bearer .{claims}.sig-na_ture"} for claims in ("mine", "others"))
    with running(tmp_path, [echo], still=True) as front, front.client() as client:
        did = [client.post("/app/events/x7k2/booking", headers=me).status_code for _ in range(25)]
        assert did == [200] * 21 + [429] * 4
        assert client.post("/app/events/x7k2/booking", headers=other).status_code == 200


def test_one_session_would_change_things_as_fast_as_it_can(tmp_path: Path, echo: int) -> None:
    """The control of the test before."""
    rule = "    limit_req zone=changes burst=20 nodelay;\n"
    with running(tmp_path, [echo], still=True, without=rule) as front, front.client() as client:
        did = [
            client.delete("/app/events/x7k2/booking", headers=session_of(1)).status_code for _ in range(40)
        ]
    assert did == [200] * 40


def test_a_session_gets_a_few_changes_a_second(tmp_path: Path, echo: int) -> None:
    """X7: after a first handful, as production counts."""
    with running(tmp_path, [echo]) as front, front.client() as client:
        began, done = monotonic(), 0
        while (seconds := monotonic() - began) < 3:
            answer = client.delete("/app/events/x7k2/booking", headers=session_of(1))
            done += answer.status_code == 200
        assert 21 <= done <= 21 + 3 * seconds + 1


BROWSER = "eyJ0b2tlbiI6IngifQ"


@pytest.mark.parametrize(
    ("cookie", "counts_alone"),
    [
        (f"__Host-emerald-session={BROWSER}.a.b", True),
        (f"other=1; __Host-emerald-session=.{BROWSER}.a.b; more=2", True),
        ("", False),
        (f"x=emerald-session={BROWSER}.a.b", False),
        (f"emerald-session={BROWSER}.a.b; __Host-emerald-session=e.a.b", False),
        (f"emerald-session={BROWSER}.a.b; __Host-emerald-session =e.a.b", False),
        (f'__Host-emerald-session="{BROWSER}.a.b"', False),
        (f"__Host-emerald-session=%65{BROWSER}.a.b", False),
    ],
)
def test_a_browsers_session_is_counted_by_itself(
    tmp_path: Path, echo: int, cookie: str, counts_alone: bool
) -> None:
    """X7: in the dashboard, if it is plain which session it is. All others at an address count together."""
    with running(tmp_path, [echo], still=True) as front, front.client() as client:
        mine = {"Cookie": cookie} if cookie else {}
        did = [client.post("/dashboard/series", headers=mine).status_code for _ in range(22)]
        assert did == [200] * 21 + [429]
        nobody = client.post("/dashboard/series").status_code
        assert nobody == (200 if counts_alone else 429)
        somebody = {"Cookie": "__Host-emerald-session=eyJ0b2tlbiI6InkifQ.a.b"}
        assert client.post("/dashboard/series", headers=somebody).status_code == 200
        # A session of the one part of the site is none in the other.
        app = {**mine, **session_of(1)}
        assert client.post("/dashboard/series", headers=app).status_code == 429


def test_a_neighbours_sign_ins_keep_no_known_browser_out(tmp_path: Path, echo: int) -> None:
    """X7"""
    known = {"Cookie": "emerald-notice=e30.a.b; __Host-emerald-browser=eyJpZCI6IngifQ.a.b"}
    with running(tmp_path, [echo], still=True) as front, front.client() as client:
        flood = [client.get("/dashboard/sign-in").status_code for _ in range(23)]
        assert flood == [200] * 21 + [429] * 2
        assert client.get("/dashboard/sign-in", headers=known).status_code == 200
        twice = {"Cookie": f"emerald-browser=x.a.b; {known['Cookie']}"}
        assert client.get("/dashboard/sign-in", headers=twice).status_code == 429


def test_a_neighbours_flood_keeps_no_new_browser_out(tmp_path: Path, echo: int) -> None:
    """X7: of an organiser who comes by the bot's link. Each way counts by itself, and what could be read in two ways by the
    address."""
    by_link = "/dashboard/sign-in?pass=0123456789abcdef.1799999999.5f"
    waiting = {"Cookie": "__Host-emerald-sign-in=eyJrZXkiOiJ4In0.a.b"}
    with running(tmp_path, [echo], still=True) as front, front.client() as client:
        flood = [client.get("/dashboard/sign-in").status_code for _ in range(23)]
        flood += [client.get("/dashboard/sign-in/state").status_code for _ in range(803)]
        assert flood == [200] * 21 + [429] * 2 + [200] * 801 + [429] * 2
        assert [client.get(by_link).status_code for _ in range(22)] == [200] * 21 + [429]
        assert client.get(by_link.replace("0", "1")).status_code == 200
        assert client.get("/dashboard/sign-in", headers=waiting).status_code == 200
        polls = [client.get("/dashboard/sign-in/state", headers=waiting).status_code for _ in range(62)]
        assert polls == [200] * 61 + [429]
        for other in (
            "/dashboard/sign-in?pass=0123456789abcde.1.2",
            "/dashboard/sign-in?next=/pass=0123456789abcdef.1.2",
        ):
            assert client.get(other).status_code == 429
        twice = {"Cookie": f"emerald-sign-in=x.a.b; {waiting['Cookie']}"}
        assert client.get("/dashboard/sign-in", headers=twice).status_code == 429


def test_a_request_has_one_session(tmp_path: Path, echo: int) -> None:
    """X7: with two, another might be counted than the one that the application reads."""
    two = [("Authorization", f"Bearer claims.signature={n:016x}") for n in range(2)]
    with running(tmp_path, [echo]) as front, front.client() as client:
        assert client.get("/app/me", headers=two).status_code == 400
        assert client.get("/app/me", headers=two[:1]).status_code == 200


def test_never_limits_telegram(still: Front) -> None:
    with still.client() as client:
        flood = [client.get("/no/such").status_code for _ in range(805)]
        assert flood == [404] * 801 + [429] * 4
        assert client.post("/telegram/webhook", json={}).status_code == 401


def test_can_let_only_telegram_call(tmp_path: Path, webs: list[Web]) -> None:
    with (
        running(tmp_path, [webs[0].port], WEBHOOK_FROM_TELEGRAM_ONLY="yes") as front,
        front.client() as client,
    ):
        assert client.post("/telegram/webhook", json={}).status_code == 403
        assert client.get("/health").status_code == 200


def test_gives_the_application_the_clients_address(tmp_path: Path, echo: int) -> None:
    """An X-Forwarded-For from outside is not passed on."""
    forged = {"X-Forwarded-For": "8.8.8.8", "X-Real-IP": "8.8.8.8", "X-Forwarded-Proto": "gopher"}
    with running(tmp_path, [echo]) as front, front.client() as client:
        seen = client.get("/", headers=forged).json()
        assert seen["X-Forwarded-For"] == seen["X-Real-IP"] == "127.0.0.1"
        assert seen["X-Forwarded-Proto"] == "https"
        assert seen["Host"] == "localhost"


def test_logs_no_query_and_no_header(tmp_path: Path, echo: int) -> None:
    with running(tmp_path, [echo]) as front, front.client() as client:
        client.get("/events/abc?token=secret", headers={"Authorization": "tma secret"})
        client.get("/health")  # on the same connection, so all before is in the log now
        line = json.loads(front.log.splitlines()[-1])
        assert line["path"] == "/events/abc"
        assert line["status"] == 200
        assert "secret" not in front.log


SIGN_INS = (
    "/dashboard/sign-in/app?key=SECRET",
    "/dashboard/sign-in/telegram?code=SECRET&state=x",
)
SECRETS = (
    "/calendar/SECRET.ics",
    "/calendar/SECRET",
    "/calendar/dates/SECRET.ics?x",
    "/export/SECRET.json",
    "/%63alendar/SECRET.ics",
    "//calendar/SECRET.ics",
    "/app/../calendar/SECRET.ics",
    "/./calendar/SECRET.ics",
)


def test_logs_no_url_that_opens_private_data(tmp_path: Path, echo: int) -> None:
    """X6: neither when it is answered, however it is spelled, nor when it is refused or no server answers."""
    with running(tmp_path / "there", [echo], still=True) as front, front.client() as client:
        for path in SECRETS:
            answer = client.build_request("GET", front.url)
            answer.url = answer.url.copy_with(raw_path=path.encode())
            client.send(answer)
        assert "/calendar/…" in front.log and "/calendar/dates/…" in front.log
        flood = {client.get(SECRETS[0]).status_code for _ in range(805)}
        assert flood == {200, 429}
        client.get("/health")
        assert "SECRET" not in front.log + front.errors
    with running(tmp_path / "away", [free_port()]) as front, front.client() as client:
        for path in (*SECRETS[:4], *SIGN_INS):
            assert client.get(path).status_code == 503
        client.get("/nobody")
        assert "/nobody" in front.errors, "what is told of other addresses"
        assert "SECRET" not in front.log + front.errors


def test_without_their_own_rule_such_urls_would_stand_in_the_log_of_errors(tmp_path: Path) -> None:
    """The control."""
    rule = "        error_log stderr emerg;\n"
    with running(tmp_path, [free_port()], without=rule) as front, front.client() as client:
        for path in (SECRETS[0], *SIGN_INS):
            assert client.get(path).status_code == 503
            assert path in front.errors


def test_a_used_up_address_names_no_sign_in_in_any_log(tmp_path: Path, echo: int) -> None:
    """X6: nor when it is answered."""
    with running(tmp_path, [echo], still=True) as front, front.client() as client:
        statuses = [client.get(path).status_code for path in SIGN_INS * 25]
        assert set(statuses) == {200, 429}
        client.get("/health")
        assert "SECRET" not in front.log + front.errors


def test_a_killed_process_fails_no_request(front: Front, webs: list[Web]) -> None:
    """The other process answers, also to requests that change something; the first is used again when it is
    back."""
    with front.client() as client:
        for number in range(60):
            if number == 20:
                webs[0].kill()
            assert client.get("/health").status_code == 200
            assert client.post("/app/session").status_code == 401
        webs[0].start()
        webs[0].await_ready()
        for _ in range(100):
            assert client.get("/no/such").status_code == 404
            if f"127.0.0.1:{webs[0].port}" in front.log.splitlines()[-1]:
                break
            Event().wait(0.05)
        webs[1].kill()
        assert client.get("/health").status_code == 200


def test_what_nginx_gave_up_on_is_not_asked_again(tmp_path: Path) -> None:
    """B2: after half a minute without an answer people ask for something else, which a second request would undo."""
    asked: list[str] = []
    over = Event()

    class Silent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.command)
            over.wait()

        def do_POST(self) -> None:
            self.do_GET()

        def do_DELETE(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            with running(tmp_path, [server.server_port], patience="200ms") as front, front.client() as client:
                for method in ("DELETE", "POST", "GET"):
                    answer = client.request(method, "/app/events/x/booking")
                    assert answer.status_code == 503 and "Nothing is lost." in answer.text
        finally:
            over.set()
            server.shutdown()
    assert asked == ["DELETE", "POST", "GET"]


def test_answers_503_when_no_process_answers(tmp_path: Path) -> None:
    """With a page, also inside Telegram's frame, and with Retry-After."""
    with running(tmp_path, [free_port()]) as front, front.client() as client:
        assert client.post("/dashboard/series").status_code == 503
        assert "Nothing is lost." in client.post("/app/session").text
        answer = client.get("/app/")
        assert answer.status_code == 503
        assert "Nothing is lost." in answer.text and 'lang="fi"' in answer.text
        assert answer.headers["Retry-After"] == "2"
        for name in ONCE:
            assert len(answer.headers.get_list(name)) == 1, name
        assert "frame-ancestors https://web.telegram.org" in answer.headers["Content-Security-Policy"]
