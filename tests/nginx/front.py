"""A real nginx with the configuration of production, before whatever the test puts behind it.

The image's nginx fills the templates in from its environment and asks the engine's DNS for the web processes.
Here the same script names the values, ports are free ones, and the processes are named one by one: nginx asks
DNS for upstreams since 1.27.3, older ones run these tests too.
"""

import re
import secrets
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from os import geteuid
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

ROOT = Path(__file__).parents[2]
PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
OPENSSL = shutil.which("openssl")
PORTS = ("8080", "8081", "8443")


def free_port() -> int:
    """A free port, of those that the system gives to no connection by itself: none takes it before nginx does."""
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(frozen=True, slots=True)
class Front:
    """A running nginx. `log` is its standard output."""

    directory: Path
    plain: int
    alive: int
    secure: int

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    @property
    def errors(self) -> str:
        """Its errors."""
        return (self.directory / "errors").read_text()

    @property
    def url(self) -> str:
        return f"https://localhost:{self.secure}"

    def context(self) -> ssl.SSLContext:
        """A context that trusts its certificate and no other."""
        return ssl.create_default_context(cafile=str(certificates(self.directory) / "fullchain.pem"))

    def client(self) -> httpx.Client:
        """A browser at the right address."""
        return httpx.Client(base_url=self.url, verify=self.context(), timeout=20)


def certificates(directory: Path) -> Path:
    """The directory with the self-signed certificate."""
    return directory / "letsencrypt" / "live" / "localhost"


def make_certificate(directory: Path) -> None:
    """Put a certificate for localhost there, which only the tests trust."""
    where = certificates(directory)
    where.mkdir(parents=True)
    for name, text in new_certificate().items():
        (where / name).write_text(text)


@cache
def new_certificate() -> dict[str, str]:
    """The files of a key and its certificate, made once for all tests."""
    assert OPENSSL
    asked = f"{OPENSSL} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
    asked += " -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    files = ("privkey.pem", "fullchain.pem")
    with TemporaryDirectory() as made:
        subprocess.run(
            [*asked.split(), "-keyout", files[0], "-out", files[1]], cwd=made, check=True, capture_output=True
        )
        return {name: (Path(made) / name).read_text() for name in files}


def names(directory: Path, **environ: str) -> dict[str, str]:
    """The values for the image's templates, as the script prints them."""
    done = subprocess.run(
        ["/bin/sh", "-c", f"set -eu; . {ROOT}/nginx/16-emerald.envsh; env"],
        env={"PATH": "/usr/bin:/bin", "EMERALD_LETSENCRYPT": f"{directory}/letsencrypt", **environ},
        check=True,
        capture_output=True,
        text=True,
    )
    pairs = (line.split("=", 1) for line in done.stdout.splitlines())
    return {name: value for name, value in pairs if name.startswith("EMERALD_")}


def write_configuration(
    directory: Path,
    behind: Sequence[int],
    *,
    still: bool = False,
    without: str = "",
    patience: str = "30s",
    has_certificate: bool = True,
    **environ: str,
) -> Front:
    """Everything nginx reads, filled in, for web processes at these ports. `still`: what a limit allows at
    once does not grow back while a test runs, however slow the machine is. `without` is a part of the site to
    leave out, for a test of what that part is there for; `patience` is how long nginx waits for an answer."""
    directory.mkdir(exist_ok=True)
    if has_certificate:
        make_certificate(directory)
    ports = {port: str(free_port()) for port in PORTS}
    front = Front(directory, int(ports["8080"]), int(ports["8081"]), int(ports["8443"]))
    values = names(directory, PUBLIC_URL=front.url, **environ)
    values |= {"EMERALD_PAGES": f"{ROOT}/nginx/pages", "NGINX_LOCAL_RESOLVERS": "127.0.0.11"}
    filled = directory / "conf.d"
    filled.mkdir()
    for template in sorted((ROOT / "nginx/templates").glob("*.template")):
        text = re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], template.read_text())
        if template.name == "site.conf.template":
            assert without in text
            text = text.replace(without, "").replace("/var/www/acme", f"{directory}/acme")
            text, n = re.subn(r"(proxy_read_timeout) 30s;", rf"\1 {patience};", text)
            assert n == 1
        if template.name == "app.conf.template":
            text = _named(text, behind)
        if version() < (1, 25, 1):
            text, n = re.subn(r"listen (\d+) ssl;\n\s*http2 on;", r"listen \1 ssl http2;", text)
            assert n == (template.name == "site.conf.template")
        text = re.sub(
            r"listen ((?:127\.0\.0\.1:)?)(\d+)",
            lambda found: f"listen 127.0.0.1:{ports[found[2]]}",
            text,
        )
        (filled / template.stem).write_text(text)
    frame = (ROOT / "nginx/nginx.conf").read_text()
    if still:
        frame, n = re.subn(r"rate=\d+r/s", "rate=1r/m", frame)
        assert n == 8
    frame = frame.replace("/tmp/", f"{directory}/").replace("/etc/nginx/conf.d", str(filled))
    (directory / "nginx.conf").write_text(frame.replace("/dev/stdout", f"{directory}/log"))
    return front


def _named(text: str, behind: Sequence[int]) -> str:
    """The upstream, with addresses in place of the name and of who resolves it."""
    text, resolvers = re.subn(r"    resolver .*;\n", "", text)
    servers = "".join(rf"    server 127.0.0.1:{port} \1;\n" for port in behind)
    text, lines = re.subn(r"    server app:3000 resolve (.*);\n", servers, text)
    assert (resolvers, lines) == (1, 1), "the template is not what this expects"
    return text


def version() -> tuple[int, ...]:
    """The version of the installed nginx."""
    assert PROGRAM
    output = subprocess.run([PROGRAM, "-v"], capture_output=True, text=True, check=True).stderr
    found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", output)
    assert found, output
    return tuple(map(int, found.groups()))


def command(front: Front) -> list[str]:
    """nginx with this configuration, in the foreground; as whoever runs the tests, who owns the files."""
    assert PROGRAM
    user = " user root;" if geteuid() == 0 else ""
    given = ["-p", str(front.directory), "-c", str(front.directory / "nginx.conf")]
    return [PROGRAM, *given, "-e", "stderr", "-g", f"daemon off;{user}"]


@contextmanager
def running(
    directory: Path,
    behind: Sequence[int],
    *,
    still: bool = False,
    without: str = "",
    patience: str = "30s",
    has_certificate: bool = True,
    **environ: str,
) -> Iterator[Front]:
    """nginx, ready to answer, until the end of the block."""
    front = write_configuration(
        directory,
        behind,
        still=still,
        without=without,
        patience=patience,
        has_certificate=has_certificate,
        **environ,
    )
    with (directory / "errors").open("wb") as errors:
        process = subprocess.Popen(command(front), stdout=errors, stderr=errors)

    def ended(seconds: float) -> int | None:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    try:
        await_answer(f"http://127.0.0.1:{front.alive}/alive", ended)
        yield front
    finally:
        process.terminate()
        process.wait(10)


def await_answer(url: str, ended: Callable[[float], int | None]) -> None:
    """Wait until a server answers 200 there. Raises when its process ends or takes 30 s. `ended` waits so many seconds for the
    end of it, and gives its exit code."""
    transport = httpx.HTTPTransport(retries=0, verify=False)  # no TLS, so no list of authorities is read
    with httpx.Client(transport=transport, timeout=5) as client:
        for _ in range(300):
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if (code := ended(0.1)) is not None:
                raise RuntimeError(f"what was to answer at {url} ended with {code}")
    raise TimeoutError(url)
