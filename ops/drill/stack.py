"""Everything in front of the database: HAProxy, PgBouncer, web processes, workers, nginx, and the sandbox as Telegram."""

import json
import os
import re
import secrets
import signal
import socket
import sys
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from backend.embedded_files import Owner
from ops.drill.cluster import Cluster
from ops.drill.processes import Program, run, wait_until
from ops.drill.programs import find
from tests.nginx import front as fronts

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "42:DRILL_TOKEN_OF_NO_BOT"
HAPROXY, PGBOUNCER, SANDBOX, FIRST_WEB = 5000, 6432, 8081, 3001
DATABASE = "emerald"
EMERALD = [sys.executable, "-P", "-m", "emerald"]
Members = list[tuple[int, str]]  # membership and session
Instances = list[tuple[int, str]]  # id and code


class Stack:
    """The hosts of the application. `members` are the people of the load, as membership and session."""

    def __init__(self, folder: Path, cluster: Cluster, *, webs: int, workers: int) -> None:
        self.folder, self.cluster = folder, cluster
        self.web_count, self.worker_count = webs, workers
        self.database, self.secret_key = DATABASE, secrets.token_hex(32)
        self.programs: dict[str, Program] = {}
        self.front = fronts.write_configuration(folder / "nginx", [FIRST_WEB + n for n in range(webs)])
        self.members: Members = []
        self.instances: Instances = []
        (folder / "pgbouncer").mkdir()

    def address(self, role: str) -> str:
        """The address of the owner, the app or the backup, as `emerald create-roles` made it: it leads through HAProxy to
        whichever host is the primary, the app's through PgBouncer too."""
        kept = (self.folder / "roles" / role / "database_url").read_text().strip()
        return urlunsplit(urlsplit(kept)._replace(path=f"/{self.database}"))

    def passwords(self) -> set[str]:
        """Those of the database's roles."""
        files = (self.folder / "roles").glob("*/database_url")
        return {password for file in files if (password := urlsplit(file.read_text().strip()).password)}

    def several_hosts(self) -> str:
        """The app's address with the database hosts themselves: the application finds the primary."""
        app = urlsplit(self.address("app"))
        hosts = ",".join(host.address for host in self.cluster.hosts)
        return f"postgresql://{app.username}:{app.password}@{hosts}/{self.database}"

    def environment(self, **settings: str) -> dict[str, str]:
        """The environment of one of our processes, as in production."""
        return {
            "ENV": "production",
            "DATABASE_URL": self.address("app"),
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
        command = [*EMERALD, *arguments]
        settings = {"MIGRATE_DATABASE_URL": self.address("owner"), **settings}
        return run(command, self.environment(**settings), seconds=seconds)

    def start(self, members: int, instances: int) -> None:
        """Start everything, fill the database, and wait until all of it answers."""
        self._start_haproxy()
        self.make_database(DATABASE)
        self._start_pgbouncer()
        self.members, self.instances = self.fill(members, instances)
        self._start_ours()
        self.add("nginx", fronts.command(self.front)).start()
        self.await_ready()

    def add(
        self,
        name: str,
        command: list[str],
        environment: dict[str, str] | None = None,
        owner: Owner | None = None,
    ) -> Program:
        """A program of this host, which is started by the caller."""
        log = self.folder / "logs" / name.replace(" ", "-")
        self.programs[name] = Program(name, command, log, environment or {}, owner=owner, directory=ROOT)
        return self.programs[name]

    def _start_haproxy(self) -> None:
        addresses = {host.name.upper(): host.address for host in self.cluster.hosts}
        configuration = str(ROOT / "ops" / "patroni" / "haproxy.cfg")
        # -W: a master, which reads its configuration again without dropping anybody.
        self.add("haproxy", [find("haproxy"), "-W", "-f", configuration], addresses).start()
        wait_until(lambda: is_open(HAPROXY), 20, "HAProxy")

    def _start_pgbouncer(self) -> None:
        place = self.folder / "pgbouncer"
        text = (ROOT / "ops" / "pgbouncer" / "pgbouncer.ini").read_text()
        for line, ours in (
            (
                "emerald = host=postgres port=5432 dbname=emerald auth_user=admin",
                f"* = host=127.0.0.1 port={HAPROXY} auth_user=postgres",
            ),
            ("listen_addr = 0.0.0.0", "listen_addr = 127.0.0.1"),
            ("auth_file = /etc/emerald/users.txt", f"auth_file = {place}/users"),
            # A PgBouncer that takes over asks the one before at its socket.
            ("unix_socket_dir =", f"unix_socket_dir = {place}"),
            ("pidfile = /tmp/pgbouncer.pid", ""),
        ):
            text, n = re.subn(rf"(?m)^{re.escape(line)}$", ours, text)
            assert n == 1, f"ops/pgbouncer/pgbouncer.ini has no line {line}"
        (place / "pgbouncer.ini").write_text(text)
        (place / "users").write_text(f'"postgres" "{self.cluster.passwords["superuser"]}"\n')
        for path in (place, *place.iterdir()):
            os.chown(path, self.cluster.owner.uid, self.cluster.owner.gid)
        self._run_pgbouncer()
        wait_until(lambda: is_open(PGBOUNCER), 20, "PgBouncer")

    def _run_pgbouncer(self, *options: str) -> None:
        command = [find("pgbouncer"), *options, str(self.folder / "pgbouncer" / "pgbouncer.ini")]
        self.add("pgbouncer", command, owner=self.cluster.owner).start()

    def replace_pgbouncer(self) -> None:
        """Start another PgBouncer that takes over the connections of the first, which then ends. Raises `DrillError`, with what
        it said, when it ends instead."""
        before = self.programs["pgbouncer"]
        self._run_pgbouncer("-R")
        after = self.programs["pgbouncer"]
        wait_until(lambda: after.pid > 0 and not before.is_running, 30, "The end of the first PgBouncer")

    def make_database(self, name: str) -> None:
        """An empty database with the roles, which is ours from now on."""
        self.cluster.psql(f"CREATE DATABASE {name}")
        self.database = name
        place = self.folder / "roles"
        password = self.cluster.passwords["superuser"]
        superuser = f"postgresql://postgres:{password}@127.0.0.1:{HAPROXY}/{name}"
        command = ["create-roles", "--into", str(place), "--through", f"127.0.0.1:{PGBOUNCER}"]
        run([*EMERALD, *command], {"PYTHONPATH": str(ROOT), "DATABASE_URL": superuser, "ENV": "development"})

    def fill(self, members: int, instances: int, checkout: Path = ROOT) -> tuple[Members, Instances]:
        """Migrate our database, and make one club in it, by the benches' own module of a checkout."""
        # Until 0.3.0 it had another name.
        module = "bench.seed" if (checkout / "bench" / "seed.py").exists() else "bench.fill"
        command = [sys.executable, "-P", "-m", module, str(members), str(instances)]
        owner = self.address("owner")
        environment = self.environment(
            DATABASE_URL=owner, MIGRATE_DATABASE_URL=owner, PYTHONPATH=str(checkout)
        )
        filled: dict[str, Any] = json.loads(run(command, environment, seconds=180))
        people = [(membership, session) for membership, _, session in filled["members"]]
        return people, [tuple(filled["hot"]), *(tuple(pair) for pair in filled["cold"])]

    def _start_ours(self) -> None:
        python = [sys.executable, "-P", "-m"]
        trust = str(fronts.certificates(self.front.directory) / "fullchain.pem")
        telegram = ["--port", str(SANDBOX), "--app-url", self.front.url, "--token", TOKEN]
        telegram += ["--bot-name", "emerald_drill_bot", "--state", str(self.folder / "telegram.json")]
        # Its own environment: the sandbox never starts with ENV=production, and it has to trust our certificate.
        environment = {"PYTHONPATH": str(ROOT), "SSL_CERT_FILE": trust}
        self.add("sandbox", [*python, "tests.quick_sandbox", *telegram], environment).start()
        for number in range(self.web_count):
            self.add(f"web {number + 1}", [*EMERALD, "serve"])
        for number in range(self.worker_count):
            self.add(f"worker {number + 1}", [*EMERALD, "work"])
        self.configure(ROOT)
        for program in (*self.webs, *self.workers):
            program.start()

    def configure(self, checkout: Path) -> None:
        """Let the web processes and workers be of a checkout, and on our database, when they start next. The last web process
        finds the primary by itself; the others have PgBouncer and HAProxy for that."""
        for number, web in enumerate(self.webs):
            settings = {"PORT": str(FIRST_WEB + number), "HOST": "127.0.0.1", "PYTHONPATH": str(checkout)}
            if web is self.webs[-1] and checkout == ROOT:
                settings["DATABASE_URL"] = self.several_hosts()
            web.environment = self.environment(**settings)
        for worker in self.workers:
            worker.environment = self.environment(PYTHONPATH=str(checkout))

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
