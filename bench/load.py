"""A small HTTP/1.1 load generator: many keep-alive connections, each sending its next request when answered.

It runs as a process of its own, so that the server's event loop is the server's alone. Only 127.0.0.1 is ever called.
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
class Figures:
    """What one run showed: answers a second, milliseconds at the median, the 95th and the 99th percentile, answers by
    status."""

    rate: float
    p50: float
    p95: float
    p99: float
    answers: int
    statuses: dict[int, int]


class Connection(asyncio.Protocol):
    """One connection: sends prepared requests one after the other and times the answers."""

    def __init__(self, run: "Run") -> None:
        self.run = run
        self.buffer = b""
        self.sent_at = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def send_next(self) -> None:
        request = next(self.run.requests, None)
        if request is None or self.transport is None:
            self.run.finished()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self.buffer[:head_end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 : (head.find(b"\r\n", at) + 1 or len(head) + 1) - 1]) if at >= 0 else 0
        if len(self.buffer) < head_end + 4 + length:
            return
        self.run.times.append(time.perf_counter() - self.sent_at)
        self.run.statuses[int(self.buffer[9:12])] += 1
        self.buffer = b""
        self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self.run.broken += 1
            self.run.finished()


class Run:
    """All requests of one measurement, over all its connections."""

    def __init__(self, requests: list[bytes], connections: int) -> None:
        self.requests = iter(requests)
        self.connections = connections
        self.times: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.open = connections
        self.broken = 0
        self.done = asyncio.Event()

    def finished(self) -> None:
        self.open -= 1
        if self.open <= 0:
            self.done.set()

    async def go(self, port: int) -> Figures:
        loop = asyncio.get_running_loop()
        ready = [
            (await loop.create_connection(lambda: Connection(self), HOST, port))
            for _ in range(self.connections)
        ]
        began = time.perf_counter()
        for _, connection in ready:
            connection.send_next()
        async with asyncio.timeout(120):
            await self.done.wait()
        took = time.perf_counter() - began
        for transport, _ in ready:
            transport.close()
        if self.broken:
            raise RuntimeError(f"{self.broken} connections broke")
        times = sorted(self.times)
        return Figures(
            rate=len(times) / took,
            p50=times[len(times) // 2] * 1000,
            p95=times[int(len(times) * 0.95)] * 1000,
            p99=times[int(len(times) * 0.99)] * 1000,
            answers=len(times),
            statuses=dict(self.statuses),
        )


def main() -> None:
    """`python -m bench.load PORT CONNECTIONS FILE`: FILE holds a JSON list of raw requests; prints the figures as JSON."""
    import uvloop

    port, connections, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    requests = [text.encode() for text in json.loads(Path(path).read_text())]

    async def run() -> Figures:
        warm = list(islice(requests, 0, len(requests) // 10))
        await Run(warm, min(connections, max(1, len(warm)))).go(port)
        return await Run(requests[len(warm) :], connections).go(port)

    print(json.dumps(asdict(uvloop.run(run()))))


if __name__ == "__main__":
    main()
