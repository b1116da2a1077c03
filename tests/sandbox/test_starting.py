"""Starting and stopping: never in production, and the state survives a restart."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox.client import Sandbox
from sandbox.config import Config
from sandbox.serve import serving
from tests.sandbox.conftest import TOKEN


@contextmanager
def running(*options: str, module: str = "sandbox", **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", module, *options],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=pathlib.Path(__file__).parents[2],
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_never_starts_in_production() -> None:
    with running(ENV="production") as process:
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors == "The sandbox never starts with ENV=production.\n"
    assert output == ""


@pytest.mark.parametrize("options", [("--token", "nonsense"), ("--app-url", "ftp://x")])
def test_says_what_is_wrong_with_its_options(options: tuple[str, str]) -> None:
    with running(*options) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "error: The " in errors


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, -15), (signal.SIGINT, 0)])
def test_stops_at_once_during_a_long_poll(sent: signal.Signals, status: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running("--port", str(port), "--token", TOKEN, module="tests.quick_sandbox") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"Sandbox: http://127.0.0.1:{port}/\n"
        polling = start_polling(port)
        process.send_signal(sent)
        _, errors = process.communicate(timeout=10)
        polling.close()
    assert (process.returncode, errors) == (status, "")


def start_polling(port: int) -> socket.socket:
    """A connection with a long poll under way."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(
        f"GET /bot{TOKEN}/getMe HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        + f"GET /bot{TOKEN}/getUpdates?timeout=50 HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    )
    connection.recv(1)
    return connection


def test_a_restart_keeps_messages_and_continues_numbering(tmp_path: pathlib.Path) -> None:
    state = tmp_path / "kept" / "state.json"
    config = Config(app_url="http://127.0.0.1:3000", token=TOKEN, port=0, state=state)
    with serving(config) as url:
        first = Sandbox(url)
        sent = first.person("Alice").start("key_1")
        first.make_chat("Sauna")
        before = len(first.get("chats"))
    assert json.loads(state.read_text("utf-8"))["people"]["1002"]["may_be_written_to"] is True
    with serving(config) as url:
        second = Sandbox(url)
        alice = second.person("Alice")
        assert alice.private.messages()[-1]["text"] == "/start key_1"
        assert len(second.get("chats")) == before
        assert alice.say("again")["id"] > sent["id"]
        # Updates that the bot had not fetched are still pending.
        assert second.counters()["pending_updates"] >= 2
    assert list(state.parent.iterdir()) == [state]


def test_does_not_overwrite_a_foreign_file(tmp_path: pathlib.Path) -> None:
    state = tmp_path / "notes.txt"
    state.write_text("my notes", "utf-8")
    with running("--state", str(state), module="tests.quick_sandbox") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "is not a state file of this sandbox" in errors
    assert state.read_text("utf-8") == "my notes"
