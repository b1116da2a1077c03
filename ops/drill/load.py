"""People who book and leave through nginx while things fail: `python -m ops.drill.load FILE`.

FILE holds a plan as JSON. Each person repeats a request that was not acknowledged until it is, as people do; what was
acknowledged, and when, goes to the journal, one JSON object a line. SIGTERM lets the running requests end.
"""

import asyncio
import hmac
import json
import random
import signal
import ssl
import sys
import time
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlencode

HOST = "localhost"
FIRST_TELEGRAM_ID = 1_000_001  # of the members that bench/seed.py makes
GIVE_UP_AFTER = 60.0  # seconds of repeating one request
ANSWER_TIMEOUT = 35.0  # seconds; nginx gives up after 30
PAUSE_AFTER_FAILURE = 0.25  # seconds
# What a booking is answered with, and one that is repeated because nobody knew what had become of it (B2).
BOOKED = (b'data-outcome="booked"', "You’re in already".encode())
Answer = tuple[int, bytes, dict[str, str]]  # status, body and headers


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a person did, over all tries. `began` and `ended` are Unix times. `membership` is 0 for a screen that was only
    read. `failures` says how the tries before the last ended: a status, or the name of an error."""

    verb: str  # book, leave or read
    membership: int
    instance: int
    began: float
    ended: float
    acknowledged: bool
    failures: tuple[str, ...]


class Client:
    """One browser: a connection over TLS that is kept, and opened again when it breaks."""

    def __init__(self, port: int, trust: ssl.SSLContext) -> None:
        self.port, self.trust = port, trust
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, authorization: str, body: str = "") -> Answer:
        """An answer. Raises `OSError`, `TimeoutError`, `asyncio.IncompleteReadError`."""
        head = f"{method} {path} HTTP/1.1\r\nHost: {HOST}:{self.port}\r\nAuthorization: {authorization}\r\n"
        head += "HX-Request: true\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        request = f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                return await self._exchange_as_browsers_do(request)
        except BaseException:
            self.hang_up()
            raise

    def hang_up(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def _exchange_as_browsers_do(self, request: bytes) -> Answer:
        # A server may close a connection that was kept, in the moment in which it is used again: browsers then send the
        # request once more on a new one, and nobody notices.
        if self._streams is not None:
            try:
                return await self._exchange(request)
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                if getattr(error, "partial", b""):
                    raise
                self.hang_up()
        return await self._exchange(request)

    async def _exchange(self, request: bytes) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                HOST, self.port, ssl=self.trust, server_hostname=HOST
            )
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if first.split()[1] == "204":
            body = b""
        elif fields.get("transfer-encoding") == "chunked":
            body = await self._chunks(reader)
        else:
            body = await reader.readexactly(int(fields.get("content-length", "0")))
        if fields.get("connection") == "close":
            self.hang_up()
        return int(first.split()[1]), body, fields

    @staticmethod
    async def _chunks(reader: asyncio.StreamReader) -> bytes:
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
        return body


class Person:
    """One member, who books and leaves dates by turns and looks at a screen in between."""

    def __init__(self, plan: dict[str, Any], number: int, client: Client, journal: TextIO) -> None:
        self.membership, self.session = plan["members"][number]
        self.telegram_id, self.token = FIRST_TELEGRAM_ID + number, plan["token"]
        self.instances: list[tuple[int, str]] = plan["instances"]
        self.pause: float = plan["pause"]
        self.client, self.journal = client, journal
        self.random = random.Random(number)
        self.held: set[int] = set(plan["held"].get(str(self.membership), ()))

    async def live(self, ended: asyncio.Event) -> None:
        """Do one thing after the other until it has ended."""
        await self._rest(ended, self.random.random())
        for turn in cycle(("change", "read", "change")):
            if ended.is_set():
                break
            instance, code = self.random.choice(self.instances)
            changing = "leave" if instance in self.held else "book"
            act = await self._do(changing if turn == "change" else "read", instance, code)
            if act.verb == "book":
                self.held.add(instance)
            elif act.verb == "leave":
                self.held.discard(instance)
            self.journal.write(json.dumps(asdict(act)) + "\n")
            self.journal.flush()
            await self._rest(ended, self.random.uniform(0.5, 1.5))
        self.client.hang_up()

    async def _rest(self, ended: asyncio.Event, times: float) -> None:
        try:
            async with asyncio.timeout(self.pause * times):
                await ended.wait()
        except TimeoutError:
            return

    async def _do(self, verb: str, instance: int, code: str) -> Act:
        failures: list[str] = []
        began = time.time()
        while True:
            failure = await self._try(verb, code)
            if failure:
                failures.append(failure)
            ended = time.time()
            if not failure or ended - began > GIVE_UP_AFTER:
                membership = 0 if verb == "read" else self.membership
                return Act(verb, membership, instance, began, ended, not failure, tuple(failures))
            await asyncio.sleep(PAUSE_AFTER_FAILURE)

    async def _try(self, verb: str, code: str) -> str:
        """Why it was not acknowledged; "" when it was."""
        try:
            status, body, headers = await self._ask(verb, code)
            if status == 401:
                # As the Mini App does. It counts as a failure: no session ends during a drill.
                await self._sign_in()
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            return type(error).__name__
        if status == 429:
            await asyncio.sleep(float(headers.get("retry-after", "1")))
        if status != 200:
            return str(status)
        if verb == "book" and not any(words in body for words in BOOKED):
            return "not booked"
        return ""

    async def _ask(self, verb: str, code: str) -> Answer:
        path, bearer = f"/app/events/{code}", f"Bearer {self.session}"
        if verb == "read":
            return await self.client.ask("GET", path, bearer)
        if verb == "book":
            return await self.client.ask("POST", f"{path}/booking", bearer, "guests=0")
        return await self.client.ask("DELETE", f"{path}/booking", bearer)

    async def _sign_in(self) -> None:
        """Open another session with launch data that are signed as Telegram does (`X1`)."""
        user = json.dumps({"id": self.telegram_id, "first_name": f"Member {self.telegram_id}"})
        fields = {"auth_date": str(int(time.time())), "user": user}
        text = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
        key = hmac.digest(b"WebAppData", self.token.encode(), "sha256")
        fields["hash"] = hmac.digest(key, text.encode(), "sha256").hex()
        _, _, headers = await self.client.ask("POST", "/app/session", f"tma {urlencode(fields)}")
        self.session = headers.get("x-session", self.session)


async def live_all(plan: dict[str, Any], trust: ssl.SSLContext, journal: TextIO) -> None:
    """All people of the plan, until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with asyncio.TaskGroup() as crowd:
        for number in range(len(plan["members"])):
            person = Person(plan, number, Client(plan["port"], trust), journal)
            crowd.create_task(person.live(ended))


def main() -> None:
    """Read the plan and live it."""
    plan = json.loads(Path(sys.argv[1]).read_text())
    trust = ssl.create_default_context(cafile=plan["certificate"])
    with Path(plan["journal"]).open("a") as journal:
        asyncio.run(live_all(plan, trust, journal))


if __name__ == "__main__":
    main()
