"""What one person does in `bench.abuse`: each of `ATTACKS` as fast as it is answered, from a process of its own."""

import asyncio
import json
import os
import re
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle

WEBHOOK_SECRET = "secret-of-the-bench-webhook"
ATTACKER_ADDRESS, TELEGRAM_ADDRESS = "127.0.0.2", "127.0.0.3"
WEBHOOK_CONNECTIONS = 40
UPDATES_A_SECOND = 100  # far more than Telegram passes on of one person
ATTACK_CONNECTIONS = 5  # of each attack
ROUND_TRIP = 0.02  # seconds to the attacker
ORGANISER = 1001  # as `bench.seed` makes her, in Telegram
LINE_BYTES = 12_500_000  # a second that the attacker can send: 100 Mbit
HOURS = ",".join(map(str, range(12)))
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


@dataclass(slots=True)
class Line:
    """A connection to nginx from one address, which is opened again when it breaks."""

    port: int
    trust: ssl.SSLContext
    address: str
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.trust, server_hostname="localhost", local_addr=(self.address, 0)
        )

    async def ask(self, request: bytes) -> int:
        """The status of the answer; 0 when there was none."""
        try:
            if self.writer is None:
                await self.open()
            assert self.reader and self.writer
            self.writer.write(request)
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"\r\ncontent-length: (\d+)", head.lower())
            await self.reader.readexactly(int(length[1]) if length else 0)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return 0
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return int(head[9:12])

    def close(self) -> None:
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None


def request(method: str, path: str, headers: str, body: str = "") -> bytes:
    length = len(body.encode())
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}".encode()


@dataclass(frozen=True)
class Target:
    """What the attacker knows: the server, the date, and how they are signed in."""

    port: int
    certificate: str
    code: str
    organiser: dict[str, str]

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.certificate)

    @property
    def app(self) -> str:
        return f"Authorization: Bearer {self.organiser['session']}\r\nHX-Request: true\r\n"

    @property
    def dashboard(self) -> str:
        return f"Cookie: {self.organiser['cookie']}\r\nX-CSRF-Token: {self.organiser['csrf']}\r\n"

    def huge_forms(self) -> Iterator[bytes]:
        """As many fields as a megabyte holds."""
        return cycle(
            [request("POST", f"/app/events/{self.code}/booking", self.app + FORM, "name=&" * 140_000)]
        )

    def names(self) -> Iterator[bytes]:
        """As many names as a form of 64 KiB holds, then as many as it may."""
        path = f"/app/events/{self.code}/booking"
        return cycle(request("POST", path, self.app + FORM, "guests=2" + "&name=a" * n) for n in (8_000, 198))

    def previews(self) -> Iterator[bytes]:
        """Dense rules that began long ago."""
        rule = f"FREQ%3DYEARLY%3BBYDAY%3DMO,TU,WE,TH,FR,SA,SU%3BBYHOUR%3D{HOURS}"
        fields = "title=x&zone=Europe/Helsinki&starts_on=2027-01-03&starts_time=18:00&repeats=own&rule="
        body = f"{fields}{rule}%0AEXRULE:FREQ%3DDAILY%3BBYHOUR%3D{HOURS}"
        return cycle([request("POST", "/dashboard/series/preview", self.dashboard + FORM, body)])

    def changes(self) -> Iterator[bytes]:
        """To book and to leave one date."""
        path = f"/app/events/{self.code}/booking"
        return cycle([request("POST", path, self.app + FORM, "guests=0"), request("DELETE", path, self.app)])

    def screens(self) -> Iterator[bytes]:
        """The longest list."""
        return cycle([request("GET", "/app/events", self.app)])

    def updates(self, numbers: Iterator[int]) -> Iterator[bytes]:
        """Commands to the bot, as Telegram passes them on."""
        sender = {"id": ORGANISER, "first_name": "Olga"}
        command = [{"type": "bot_command", "offset": 0, "length": 5}]
        for n in numbers:
            message = {"message_id": n, "date": int(time.time()), "text": "/help", "entities": command}
            message |= {"from": {**sender, "is_bot": False}, "chat": {**sender, "type": "private"}}
            headers = (
                f"X-Telegram-Bot-Api-Secret-Token: {WEBHOOK_SECRET}\r\nContent-Type: application/json\r\n"
            )
            body = json.dumps({"update_id": n, "message": message})
            yield request("POST", "/telegram/webhook", headers, body)


ATTACKS = ("huge_forms", "names", "previews", "changes", "screens", "updates")


async def attack(target: Target, names: list[str], seconds: float) -> dict[str, Counter[int]]:
    """Do everything named at once for so long; the statuses of the answers to each."""
    until = time.monotonic() + seconds
    trust = target.trust
    statuses: dict[str, Counter[int]] = {name: Counter() for name in names}
    numbers = count(time.time_ns() // 1_000_000)

    async def repeat(name: str, requests: Iterator[bytes], address: str, pause: float) -> None:
        line = Line(target.port, trust, address)
        while (began := time.monotonic()) < until:
            one = next(requests)
            statuses[name][await line.ask(one)] += 1
            sent = ATTACK_CONNECTIONS * len(one) / LINE_BYTES
            await asyncio.sleep(max(0, began + max(pause, sent) - time.monotonic()))
        line.close()

    async with asyncio.TaskGroup() as together:
        for name in names:
            if name == "updates":
                for _ in range(WEBHOOK_CONNECTIONS):
                    pause = WEBHOOK_CONNECTIONS / UPDATES_A_SECOND
                    together.create_task(repeat(name, target.updates(numbers), TELEGRAM_ADDRESS, pause))
            else:
                for _ in range(ATTACK_CONNECTIONS):
                    attacks = getattr(target, name)()
                    together.create_task(repeat(name, attacks, ATTACKER_ADDRESS, ROUND_TRIP))
    return statuses


def attack_in_process(target: Target, names: list[str], seconds: float) -> dict[str, Counter[int]]:
    """The same in a process of its own, which leaves the cores to who is measured: it would be another machine."""
    os.nice(19)
    return asyncio.run(attack(target, names, seconds))
