"""Three database hosts: etcd, Patroni and PostgreSQL on each, with the configuration in ops/patroni."""

import json
import os
import re
import secrets
import signal
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from backend.embedded_files import Owner, postmaster
from ops.drill.hosts import Host
from ops.drill.processes import DrillError, Program, run, wait_until
from ops.drill.programs import Engine, find

CONFIGURATION = Path(__file__).resolve().parents[1] / "patroni"
SCRIPTS = Path(sys.executable).parent
STREAMING = ("streaming", "running")
START_TIMEOUT = 90.0  # seconds


class Cluster:
    """The database of the drill."""

    def __init__(self, folder: Path, engine: Engine, hosts: list[Host], owner: Owner) -> None:
        self.engine, self.hosts, self.owner = engine, hosts, owner
        self.folder = folder
        self.passwords = {role: secrets.token_urlsafe(18) for role in ("superuser", "replication", "rewind")}
        self.etcd: dict[str, Program] = {}
        self.patroni: dict[str, Program] = {}
        for host in hosts:
            self._prepare(host)

    def _prepare(self, host: Host) -> None:
        place = self.folder / host.name
        place.mkdir(mode=0o700)
        os.chown(place, self.owner.uid, self.owner.gid)
        values = {
            "name": host.name,
            "address": host.address,
            **{other.name: other.address for other in self.hosts},
            **{f"{role} password": password for role, password in self.passwords.items()},
        }
        text = re.sub(
            r"@([^@\n]+)@", lambda found: values[found[1]], _settings_of(CONFIGURATION / "host.env")
        )
        environment = dict(line.split("=", 1) for line in text.splitlines())
        environment["ETCD_DATA_DIR"] = str(place / "etcd")
        environment["PATRONI_POSTGRESQL_DATA_DIR"] = str(place / "data")
        environment["PATRONI_POSTGRESQL_PGPASS"] = str(place / "pgpass")
        environment["PATRONI_POSTGRESQL_BIN_DIR"] = str(self.engine.programs)
        log = self.folder / "logs"
        etcd, patroni = self.etcd, self.patroni
        etcd[host.name] = Program(f"etcd of {host.name}", [find("etcd")], log / f"etcd-{host.name}")
        # The script and not the module: Patroni starts itself once more, by the path of its first argument.
        command = [sys.executable, str(SCRIPTS / "patroni"), str(CONFIGURATION / "patroni.yml")]
        patroni[host.name] = Program(f"Patroni of {host.name}", command, log / f"patroni-{host.name}")
        for program in (etcd[host.name], patroni[host.name]):
            program.environment, program.host = environment, host
            program.owner, program.directory = self.owner, place

    def start(self) -> None:
        """Make the cluster, and wait until both replicas follow."""
        for host in self.hosts:
            self.start_host(host)
        self.await_whole()

    def start_host(self, host: Host) -> None:
        """Start what ended on this host, as at a boot."""
        for program in (self.etcd[host.name], self.patroni[host.name]):
            if not program.is_running:
                program.start()

    def kill_host(self, host: Host) -> None:
        """End every process of this host at once, as a power cut does."""
        pids = run([find("ip"), "netns", "pids", host.name]).split()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        for program in (self.etcd[host.name], self.patroni[host.name]):
            program.kill()

    def kill_postgres(self, data: Path) -> None:
        """Kill the server of these files."""
        pid = postmaster(data)
        if pid is None:
            raise DrillError(f"No server runs in {data}.")
        os.kill(pid, signal.SIGKILL)

    def await_whole(self, seconds: float = START_TIMEOUT) -> float:
        """Wait until there is a primary and every other host follows it. Returns the seconds."""

        def is_whole() -> bool:
            members = self.members()
            return len(members) == len(self.hosts) and self._is_led(members) and self._all_answer(members)

        try:
            return wait_until(is_whole, seconds, "A primary and its replicas")
        except DrillError as error:
            words = "; ".join(f"{one.name}: {one.last_words()}" for one in self.patroni.values())
            raise DrillError(f"{error} {self.members()} {words}") from None

    @staticmethod
    def _is_led(members: list[dict[str, Any]]) -> bool:
        leaders = [one for one in members if one["role"] == "leader" and one["state"] == "running"]
        followers = [one for one in members if one["role"] != "leader" and one["state"] in STREAMING]
        return (
            len(leaders) == 1
            and len(followers) == len(members) - 1
            and all(one.get("timeline") == leaders[0].get("timeline") for one in followers)
            and all("standby" in one["role"] for one in followers)
        )

    def _all_answer(self, members: list[dict[str, Any]]) -> bool:
        """Whether each host says itself what etcd says about it: etcd remembers the dead for a while."""
        role = {one["name"]: "primary" if one["role"] == "leader" else "replica" for one in members}
        return all(_get(f"http://{host.address}:8008/{role[host.name]}") is not None for host in self.hosts)

    def members(self) -> list[dict[str, Any]]:
        """The hosts as Patroni sees them; empty when none answers."""
        for host in self.hosts:
            found = _get(f"http://{host.address}:8008/cluster")
            if found is not None:
                members: list[dict[str, Any]] = found["members"]
                return members
        return []

    def primary(self) -> Host:
        """The host that takes writes, once there is one. Raises `DrillError` when there is none for a minute."""

        found: list[Host] = []

        def is_found() -> bool:
            found.extend(one for one in self.hosts if _get(f"http://{one.address}:8008/primary") is not None)
            return bool(found)

        wait_until(is_found, 60, "A primary")
        return found[0]

    def replicas(self) -> list[Host]:
        """The other hosts."""
        primary = self.primary()
        return [host for host in self.hosts if host != primary]

    def control(self, *command: str) -> str:
        """Run `patronictl`; what it printed."""
        environment = dict(self.patroni[self.hosts[0].name].environment)
        start = [sys.executable, str(SCRIPTS / "patronictl"), "-c", str(CONFIGURATION / "patroni.yml")]
        return run([*start, *command], environment)

    def superuser_url(self, host: Host, database: str = "postgres") -> str:
        """The address of one host for its superuser."""
        return f"postgresql://postgres:{self.passwords['superuser']}@{host.address}:5432/{database}"

    def psql(self, sql: str, *, database: str = "postgres", host: Host | None = None) -> str:
        """What a statement returns on the primary, or on the host that is given; unaligned."""
        url = self.superuser_url(host or self.primary(), database)
        return query(self.engine, url, sql)


def query(engine: Engine, url: str, sql: str) -> str:
    """What a statement returns at an address, as lines with `|` between columns. Raises `DrillError`."""
    command = [str(engine.programs / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, url]
    return run(command, {"PGCONNECT_TIMEOUT": "5"}).strip()


def _settings_of(path: Path) -> str:
    lines = path.read_text().splitlines()
    return "\n".join(line for line in lines if line and not line.startswith("#"))


def _get(url: str) -> Any:
    """The JSON that is answered with 200; None for every other answer and for none."""
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return json.loads(answer.read())
    except (urllib.error.URLError, OSError, ValueError):
        return None
