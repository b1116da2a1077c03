"""What the processes publish for Prometheus."""

import shutil
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from tests.ops.scraping import Published, all_processes

PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    not PROMTOOL, reason="promtool is not installed (Debian, Ubuntu: apt install prometheus)"
)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, database: None) -> Iterator[dict[str, Published]]:
    with all_processes(tmp_path_factory.mktemp("processes")) as found:
        yield found


def test_worker_and_bot_publish_too(published: dict[str, Published]) -> None:
    for name, answer in published.items():
        assert {
            "emerald_build_info",
            "emerald_database_up",
            "process_resident_memory_bytes",
        } <= answer.samples(), name
        assert answer.content_types == ["text/plain; version=0.0.4; charset=utf-8"], name
    for name in ("worker", "bot"):
        address = f"http://127.0.0.1:{published[name].port}"
        assert httpx.get(f"{address}/health").json() == {"status": "ok"}
        assert httpx.get(f"{address}/").status_code == 404
    assert httpx.get(f"http://127.0.0.1:{published['web'].port}/health").status_code == 404


@needs_promtool
def test_prometheus_finds_nothing_wrong_with_them(published: dict[str, Published]) -> None:
    for name, answer in published.items():
        done = subprocess.run(
            [str(PROMTOOL), "check", "metrics"], input=answer.text, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, ""), name
