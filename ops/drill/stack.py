"""Everything in front of the database: HAProxy, PgBouncer, web processes, workers, nginx, and the sandbox as Telegram."""

import json
import os
import secrets
import signal
import socket
import sys
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

from backend.embedded_files import Owner
from ops.drill.cluster import Cluster
from ops.drill.processes import Program, run, wait_until
from ops.drill.programs import find
from tests.nginx import front as fronts

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "42:DRILL_TOKEN_OF_NO_BOT"
HAPROXY, PGBOUNCER, SANDBOX, FIRST_WEB = 5000, 6432, 8081, 3001
OWNER, DATABASE = "emerald", "emerald"
# What asyncpg and we ask for at the start of a connection; behind a pool it belongs to the role.
STARTUP = "extra_float_digits,search_path,lock_timeout,statement_timeout"
STARTUP += ",idle_in_transaction_session_timeout,jit,plan_cache_mode"
POOLED = f"""[databases]
{DATABASE} = host=127.0.0.1 port={HAPROXY} dbname={DATABASE}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {PGBOUNCER}
unix_socket_dir = %(folder)s
auth_type = scram-sha-256
auth_file = %(folder)s/users
pool_mode = transaction
max_client_conn = 1000
default_pool_size = 25
ignore_startup_parameters = {STARTUP}
server_login_retry = 1
server_connect_timeout = 3
server_lifetime = 600
query_wait_timeout = 15
tcp_keepalive = 1
tcp_user_timeout = 10000
"""


class Stack:
    """The hosts of the application. `members` are the people of the load, as membership and session."""

    def __init__(self, folder: Path, cluster: Cluster, *, webs: int, workers: int) -> None:
        self.folder, self.cluster = folder, cluster
        self.web_count, self.worker_count = webs, workers
        self.password, self.secret_key = secrets.token_urlsafe(18), secrets.token_hex(32)
        self.programs: dict[str, Program] = {}
        self.front = fronts.write_configuration(folder / "nginx", [FIRST_WEB + n for n in range(webs)])
        self.members: list[tuple[int, str]] = []
        self.instances: list[tuple[int, str]] = []

    @property
    def direct_url(self) -> str:
        """The database's owner at whichever host is the primary, past PgBouncer."""
        return f"postgresql://{OWNER}:{self.password}@127.0.0.1:{HAPROXY}/{DATABASE}"

    @property
    def pooled_url(self) -> str:
        """What web processes and workers use."""
        return f"postgresql://{OWNER}:{self.password}@127.0.0.1:{PGBOUNCER}/{DATABASE}?pgbouncer=true"

    def environment(self, **settings: str) -> dict[str, str]:
        """The environment of one of our processes, as in production."""
        return {
            "ENV": "production",
            "DATABASE_URL": self.pooled_url,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_BOT_NAME": "emerald_drill_bot",
            "TELEGRAM_API_URL": f"http://127.0.0.1:{SANDBOX}",
            "TELEGRAM_WEBHOOK": "true",
            "SECRET_KEY": self.secret_key,
            "PUBLIC_URL": self.front.url,
            "PYTHONPATH": str(ROOT),
            "LOG_LEVEL": "warn",
            **settings,
        }

    def emerald(self, *arguments: str, seconds: float = 120, **settings: str) -> str:
        """Run one command of ours; what it printed."""
        command = [sys.executable, "-P", "-m", "emerald", *arguments]
        return run(command, self.environment(DATABASE_URL=self.direct_url, **settings), seconds=seconds)

    def start(self, members: int, instances: int) -> None:
        """Start everything, fill the database, and wait until all of it answers."""
        self._start_haproxy()
        self.cluster.psql(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{self.password}'")
        self.cluster.psql(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        self._start_pgbouncer()
        self._seed(members, instances)
        self._start_ours()
        self.add("nginx", fronts.command(self.front))
        self.await_ready()

    def add(
        self,
        name: str,
        command: list[str],
        environment: dict[str, str] | None = None,
        owner: Owner | None = None,
    ) -> Program:
        """Start a program of this host."""
        log = self.folder / "logs" / name.replace(" ", "-")
        self.programs[name] = Program(name, command, log, environment or {}, owner=owner, directory=ROOT)
        self.programs[name].start()
        return self.programs[name]

    def _start_haproxy(self) -> None:
        addresses = {host.name.upper(): host.address for host in self.cluster.hosts}
        configuration = str(ROOT / "ops" / "patroni" / "haproxy.cfg")
        # -W: a master, which reads its configuration again without dropping anybody.
        self.add("haproxy", [find("haproxy"), "-W", "-f", configuration], addresses)
        wait_until(lambda: is_open(HAPROXY), 20, "HAProxy")

    def _start_pgbouncer(self) -> None:
        place = self.folder / "pgbouncer"
        place.mkdir()
        (place / "pgbouncer.ini").write_text(POOLED % {"folder": place})
        (place / "users").write_text(f'"{OWNER}" "{self.password}"\n')
        for path in (place, *place.iterdir()):
            os.chown(path, self.cluster.owner.uid, self.cluster.owner.gid)
        self._run_pgbouncer()
        wait_until(lambda: is_open(PGBOUNCER), 20, "PgBouncer")

    def _run_pgbouncer(self, *options: str) -> None:
        command = [find("pgbouncer"), *options, str(self.folder / "pgbouncer" / "pgbouncer.ini")]
        self.add("pgbouncer", command, owner=self.cluster.owner)

    def replace_pgbouncer(self) -> None:
        """Start another PgBouncer that takes over the connections of the first, which then ends."""
        before = self.programs["pgbouncer"]
        self._run_pgbouncer("-R")
        wait_until(lambda: not before.is_running, 30, "The end of the first PgBouncer")

    def _seed(self, members: int, instances: int) -> None:
        """One club with these members, migrated and filled by the benches' own module."""
        command = [sys.executable, "-P", "-m", "bench.seed", str(members), str(instances)]
        filled: dict[str, Any] = json.loads(
            run(command, self.environment(DATABASE_URL=self.direct_url), seconds=120)
        )
        self.members = [(membership, session) for membership, _, session in filled["members"]]
        self.instances = [tuple(filled["hot"]), *(tuple(pair) for pair in filled["cold"])]

    def _start_ours(self) -> None:
        python = [sys.executable, "-P", "-m"]
        trust = str(fronts.certificates(self.front.directory) / "fullchain.pem")
        telegram = ["--port", str(SANDBOX), "--app-url", self.front.url, "--token", TOKEN]
        telegram += ["--bot-name", "emerald_drill_bot", "--state", str(self.folder / "telegram.json")]
        # Its own environment: the sandbox never starts with ENV=production, and it has to trust our certificate.
        self.add(
            "sandbox", [*python, "sandbox", *telegram], {"PYTHONPATH": str(ROOT), "SSL_CERT_FILE": trust}
        )
        for number in range(self.web_count):
            port = str(FIRST_WEB + number)
            self.add(
                f"web {number + 1}",
                [*python, "emerald", "serve"],
                self.environment(PORT=port, HOST="127.0.0.1"),
            )
        for number in range(self.worker_count):
            self.add(f"worker {number + 1}", [*python, "emerald", "work"], self.environment())

    @property
    def webs(self) -> list[Program]:
        """The web processes."""
        return [self.programs[f"web {number + 1}"] for number in range(self.web_count)]

    @property
    def workers(self) -> list[Program]:
        """The workers."""
        return [self.programs[f"worker {number + 1}"] for number in range(self.worker_count)]

    def await_ready(self, seconds: float = 90) -> None:
        """Wait until nginx answers and every web process says that it can work."""
        for number in range(self.web_count):
            ready = partial(self._is_ready, FIRST_WEB + number)
            wait_until(ready, seconds, f"/ready of web {number + 1}")
        alive = f"http://127.0.0.1:{self.front.alive}/alive"
        wait_until(lambda: status_of(alive) == 200, seconds, "nginx")

    @staticmethod
    def _is_ready(port: int) -> bool:
        return status_of(f"http://127.0.0.1:{port}/ready") == 200

    def reload(self, name: str) -> None:
        """Make nginx, HAProxy or PgBouncer read its configuration again."""
        number = signal.SIGUSR2 if name == "haproxy" else signal.SIGHUP
        self.programs[name].signal(number)


def status_of(url: str) -> int:
    """The status of an answer; 0 when there is none."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def is_open(port: int) -> bool:
    """Whether something listens at a local port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
