"""A proxy between us and PostgreSQL that loses COMMIT or its reply on purpose, as a network can, or ends connections with
the errors of a server that dies, restarts or becomes a replica.

It reads enough of the protocol to see where a command begins, and a simple query whose text is COMMIT; everything else passes
unchanged.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from backend.database_address import DatabaseAddress

HEADER = 5  # a message of the client: one letter, four bytes of length
COMMANDS = (b"Q", b"P", b"B")  # a simple query, and the first message of another


class Fault(StrEnum):
    """What happens to a COMMIT, once."""

    LOSE_REPLY = "the server commits, its reply is lost with the connection"
    LOSE_COMMIT = "the connection is lost before the server hears of it"
    SILENCE = "the server commits, its reply is lost, and the connection stays open without a word"


@dataclass
class FaultProxy:
    """`faults` are used up one by one, a COMMIT each; while `refusing`, new connections are turned away.

    With an SQLSTATE in `error`, `passing` more commands pass; each later one, and each new connection, is ended by that error.
    """

    server: DatabaseAddress
    port: int = 0
    faults: deque[Fault | None] = field(default_factory=deque)
    refusing: bool = False
    error: str = ""
    passing: int = 0
    happened: Counter[Fault] = field(default_factory=Counter)
    connections: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        """The database as seen through the proxy."""
        to = self.server
        return f"postgresql://{to.user}@127.0.0.1:{self.port}/{to.database}?sslmode=disable"

    def cut(self) -> None:
        """Break every connection that is open now."""
        for writer in list(self.connections):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        if self.error and not self.passing:
            await self._end(writer)
            return
        upstream_reader, upstream = await self._connect()
        silent = asyncio.Event()
        self.connections |= {writer, upstream}
        try:
            async with asyncio.TaskGroup() as both:
                back = both.create_task(self._replies(upstream_reader, writer, silent))
                both.create_task(self._requests(reader, writer, upstream, silent, back))
        except* (ConnectionError, asyncio.IncompleteReadError):
            pass  # one side has gone: that is what this proxy is for
        finally:
            self.connections -= {writer, upstream}
            for end in (writer, upstream):
                end.transport.abort()

    async def _end(self, writer: asyncio.StreamWriter) -> None:
        """Say the error as a server does that ends the connection."""
        fields = b"SFATAL\0VFATAL\0C" + self.error.encode() + b"\0Mterminating connection\0\0"
        writer.write(b"E" + (len(fields) + 4).to_bytes(4) + fields)
        await writer.drain()
        writer.close()

    def _fails(self, kind: bytes) -> bool:
        """Whether a message of the client begins a command that fails."""
        if not self.error or kind not in COMMANDS:
            return False
        if self.passing:
            self.passing -= 1
            return False
        return True

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        to = self.server
        if to.is_socket:
            return await asyncio.open_unix_connection(f"{to.host}/.s.PGSQL.{to.port}")
        return await asyncio.open_connection(to.host, to.port)

    async def _replies(
        self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: asyncio.Event
    ) -> None:
        while data := await upstream.read(65536):
            if silent.is_set():
                return
            writer.write(data)
            await writer.drain()
        writer.transport.abort()

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: asyncio.StreamWriter,
        silent: asyncio.Event,
        back: asyncio.Task[None],
    ) -> None:
        first = await reader.readexactly(4)  # the start-up message has no letter
        upstream.write(first + await reader.readexactly(int.from_bytes(first) - 4))
        while True:
            head = await reader.readexactly(HEADER)
            body = await reader.readexactly(int.from_bytes(head[1:]) - 4)
            if self._fails(head[:1]):
                await self._end(writer)
                raise ConnectionAbortedError
            fault = None
            if head[:1] == b"Q" and body.startswith(b"COMMIT"):
                fault = self.faults.popleft() if self.faults else None
            if fault is not None:
                self.happened[fault] += 1
            if fault is Fault.LOSE_COMMIT:
                raise ConnectionAbortedError
            if fault is not None:
                silent.set()
            upstream.write(head + body)
            await upstream.drain()
            if fault is not None:
                await back  # the server has answered, so it has committed
                if fault is Fault.LOSE_REPLY:
                    raise ConnectionAbortedError
                await reader.read()  # whoever waits for the reply gives up some day
                raise ConnectionAbortedError


@asynccontextmanager
async def fault_proxy(server: DatabaseAddress) -> AsyncIterator[FaultProxy]:
    """A proxy before this server, on a free port of this machine."""
    proxy = FaultProxy(server)
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        proxy.cut()
        with contextlib.suppress(asyncio.CancelledError):
            await listening.wait_closed()
