"""A small HTTP/1.1 load generator: many keep-alive connections, each of which sends its next request when the
last is answered.

It runs as a process of its own, so that it does not share the server's event loop. It calls only 127.0.0.1.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import cast

HOST = "127.0.0.1"


@dataclass(frozen=True)
class LoadResult:
    """The result of one run: `rate` in answers a second, percentiles in milliseconds, answers by status."""

    rate: float
    p50: float
    p95: float
    p99: float
    answers: int
    statuses: dict[int, int]


class Connection(asyncio.Protocol):
    """One connection, which sends prepared requests one after the other and times the answers."""

    def __init__(self, run: "LoadRun") -> None:
        self.run = run
        self.buffer = b""
        self.sent_at = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def send_next(self) -> None:
        request = next(self.run.requests, None)
        if request is None or self.transport is None:
            self.run.finish_connection()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self.buffer[:head_end].lower()
        field = head.find(b"content-length:")
        length = (
            int(head[field + 15 : (head.find(b"\r\n", field) + 1 or len(head) + 1) - 1]) if field >= 0 else 0
        )
        if len(self.buffer) < head_end + 4 + length:
            return
        self.run.times.append(time.perf_counter() - self.sent_at)
        self.run.statuses[int(self.buffer[9:12])] += 1
        self.buffer = b""
        self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self.run.broken += 1
            self.run.finish_connection()


class LoadRun:
    """All requests of one measurement, over all its connections."""

    def __init__(self, requests: list[bytes], connections: int) -> None:
        self.requests = iter(requests)
        self.connections = connections
        self.times: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.open = connections
        self.broken = 0
        self.done = asyncio.Event()

    def finish_connection(self) -> None:
        self.open -= 1
        if self.open <= 0:
            self.done.set()

    async def measure(self, port: int) -> LoadResult:
        loop = asyncio.get_running_loop()
        connections = [
            (await loop.create_connection(lambda: Connection(self), HOST, port))
            for _ in range(self.connections)
        ]
        started = time.perf_counter()
        for _, connection in connections:
            connection.send_next()
        async with asyncio.timeout(120):
            await self.done.wait()
        seconds = time.perf_counter() - started
        for transport, _ in connections:
            transport.close()
        if self.broken:
            raise RuntimeError(f"{self.broken} connections broke")
        times = sorted(self.times)
        return LoadResult(
            rate=len(times) / seconds,
            p50=times[len(times) // 2] * 1000,
            p95=times[int(len(times) * 0.95)] * 1000,
            p99=times[int(len(times) * 0.99)] * 1000,
            answers=len(times),
            statuses=dict(self.statuses),
        )


def main() -> None:
    """`python -m bench.load_generator PORT CONNECTIONS FILE`: FILE holds a JSON list of raw requests; prints
    the result as JSON."""
    import uvloop

    port, connections, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    requests = [text.encode() for text in json.loads(Path(path).read_text())]

    async def run() -> LoadResult:
        warm_up = list(islice(requests, 0, len(requests) // 10))
        await LoadRun(warm_up, min(connections, max(1, len(warm_up)))).measure(port)
        return await LoadRun(requests[len(warm_up) :], connections).measure(port)

    print(json.dumps(asdict(uvloop.run(run()))))


if __name__ == "__main__":
    main()
