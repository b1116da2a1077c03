"""A real web process, worker and bot on the tests' database, and what each of them publishes."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests import forked
from tests.nginx.front import free_port

COMMANDS = {"web": "serve", "worker": "work", "bot": "bot"}


@dataclass(frozen=True, slots=True)
class Published:
    """The answer of one process to a scrape."""

    port: int
    text: str
    content_types: list[str]

    def families(self) -> list[Metric]:
        return list(text_string_to_metric_families(self.text))

    def samples(self) -> set[str]:
        """The names of its samples."""
        return {sample.name for family in self.families() for sample in family.samples}


@contextmanager
def process(command: str, log: Path, **environ: str) -> Iterator[None]:
    """One process of Emerald, until the end of the block."""
    log.mkdir()
    given = {**os.environ, "FAILPOINTS": "", "HOST": "127.0.0.1", **environ}
    started = forked.start(given, forked.emerald, [command], log)
    try:
        yield
    finally:
        started.kill()
        started.join()


def get(port: int, path: str, log: Path) -> httpx.Response:
    """What a process answers, once it listens."""
    deadline = time.monotonic() + 60
    while True:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}{path}", timeout=10)
        except httpx.TransportError:
            assert time.monotonic() < deadline, (log / "2").read_text()
            time.sleep(0.1)
            continue
        assert answer.status_code == 200
        return answer


def await_health(port: int, log: Path) -> None:
    """Wait until a process answers."""
    get(port, "/health", log)


def scrape(port: int, log: Path) -> Published:
    """What a process publishes, once it listens."""
    answer = get(port, "/metrics", log)
    return Published(port, answer.text, answer.headers.get_list("content-type"))


@contextmanager
def all_processes(directory: Path) -> Iterator[dict[str, Published]]:
    """All three, each at a port of its own. Telegram is away."""
    ports = {name: free_port() for name in COMMANDS}
    environ = {
        "TELEGRAM_API_URL": "http://127.0.0.1:9",
        "TELEGRAM_WEBHOOK": "false",
        "PORT": str(free_port()),
    }
    with ExitStack() as stack:
        for name, command in COMMANDS.items():
            log = directory / name
            stack.enter_context(process(command, log, METRICS_PORT=str(ports[name]), **environ))
        yield {name: scrape(port, directory / name) for name, port in ports.items()}
