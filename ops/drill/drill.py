"""One drill: the stack, the people who use it, and the measuring of what they noticed."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from backend import embedded_files
from ops.drill import hosts, journal
from ops.drill.cluster import Cluster, query
from ops.drill.journal import Change, Lost, Seat
from ops.drill.load import Act
from ops.drill.processes import DrillError, Program, keep_running, wait_until
from ops.drill.programs import Engine
from ops.drill.stack import ROOT, TOKEN, Stack
from tests import unlogged
from tests.nginx import front as fronts

if TYPE_CHECKING:
    from ops.drill.backups import Backups

HELD = "SELECT membership_id, instance_id, seats FROM bookings WHERE seats > 0"
STORY = (
    "SELECT extract(epoch FROM at), verb, seats_after, request_id FROM event_participation_log"
    " WHERE membership_id = {} AND instance_id = {} ORDER BY id DESC LIMIT 6"
)

CHANGES = (
    "SELECT membership_id, instance_id, verb, extract(epoch FROM at) FROM event_participation_log"
    " WHERE verb IN ('book', 'leave') AND extract(epoch FROM at) > {}"
)


@dataclass(frozen=True, slots=True)
class Size:
    """How many people do something about every `pause` seconds, on how many dates, served by how many processes."""

    people: int
    instances: int
    pause: float
    webs: int
    workers: int
    patience: float  # how many times as long as the aim a recovery may take


FULL = Size(40, 12, 1.0, webs=3, workers=2, patience=1)
# For `bin/test`, where other tests keep the machine busy meanwhile.
SHORT = Size(12, 4, 2.0, webs=2, workers=1, patience=2)


@dataclass(slots=True)
class Window:
    """The time under load of one scenario. `fault_at` is set by the scenario when it breaks something; what people notice
    counts from then."""

    journal: Path
    began_at: float = field(default_factory=time.time)
    fault_at: float = 0.0
    ended_at: float = 0.0

    def break_now(self) -> None:
        """What follows is the fault."""
        self.fault_at = time.time()

    def acts(self) -> list[Act]:
        """What people have done so far."""
        return journal.read(self.journal)

    def await_changes(self, n: int = 10, seconds: float = 60) -> None:
        """Wait until that many bookings or leaves that began from now on were acknowledged."""
        now = time.time()

        def went_on() -> bool:
            return sum(a.acknowledged and a.verb in journal.SEATS and a.began > now for a in self.acts()) >= n

        wait_until(went_on, seconds, "Bookings after the fault")


@dataclass(frozen=True, slots=True)
class Measured:
    """What a scenario measured itself: seconds until everything worked again, and the seats that were there then, as of a Unix
    time. They are compared when everybody has been answered: what was asked and not answered is no loss either way."""

    recovery: float
    held: dict[Seat, int]
    until: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something that fails. `recovery_max` and `loss_max` are the aims, in seconds; `failures_max` is how many tries may fail.
    `around` is what it needs beforehand, and undoes that. What is damaged on purpose is not checked afterwards."""

    name: str
    sentence: str
    act: "Callable[[Drill, Window], Measured | None]"
    recovery_max: float
    loss_max: float = 0.0
    failures_max: int | None = None
    around: "Callable[[Drill], AbstractContextManager[object]]" = nullcontext
    leaves_damage: bool = False


@dataclass(slots=True)
class Result:
    """What one scenario did to those who used the stack. Times in seconds."""

    scenario: str
    engine: str
    took: float
    recovery: float = 0.0
    loss: float = 0.0
    slowest: float = 0.0
    acknowledged: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether the aims were met."""
        return not self.faults


class Drill:
    """The running stack, and all that was acknowledged on it."""

    def __init__(self, folder: Path, engine: Engine, size: Size) -> None:
        self.folder, self.engine, self.size = folder, engine, size
        self.acts: list[Act] = []
        self.window: Window | None = None
        self.backups: Backups | None = None
        self.started_at = time.monotonic()
        (folder / "logs").mkdir()
        folder.chmod(0o711)
        owner = embedded_files.owner_of(folder / "nothing")
        self.cluster = Cluster(folder, engine, hosts.make(["db1", "db2", "db3"]), owner)
        self.stack = Stack(folder, self.cluster, webs=size.webs, workers=size.workers)

    def say(self, words: str) -> None:
        """Print progress."""
        print(f"{time.monotonic() - self.started_at:6.1f} s  {words}", flush=True)

    def start(self) -> None:
        """Start the whole stack."""
        self.say(f"three database hosts with PostgreSQL {self.engine.version} are starting")
        self.cluster.start()
        threading.Thread(target=keep_running, args=(self.restarted,), daemon=True).start()
        self.say("the application is starting")
        self.stack.start(self.size.people, self.size.instances)
        self.say("everything answers")

    def restarted(self) -> list[Program]:
        """Those that end by themselves, and that Docker or systemd then start again: PgBouncer, of which some versions end when a
        statement is cancelled whose server has gone (https://github.com/pgbouncer/pgbouncer/issues/801), and Patroni, when it
        starts and finds no etcd."""
        pgbouncer = self.stack.programs.get("pgbouncer")
        return [*self.cluster.patroni.values(), *([pgbouncer] if pgbouncer is not None else [])]

    def query(self, url: str, sql: str) -> str:
        """What a statement returns at an address."""
        return query(self.engine, url, sql)

    def held(self, url: str = "") -> dict[Seat, int]:
        """The seats in the database at an address; by default the primary's."""
        url = url or self.cluster.superuser_url(self.cluster.primary(), self.stack.database)
        rows = (line.split("|") for line in self.query(url, HELD).splitlines())
        return {(int(membership), int(instance)): int(seats) for membership, instance, seats in rows}

    def changes(self, since: float) -> list[Change]:
        """What the participation log of the primary says has been done since a Unix time."""
        url = self.cluster.superuser_url(self.cluster.primary(), self.stack.database)
        rows = (line.split("|") for line in self.query(url, CHANGES.format(since)).splitlines())
        return [Change((int(who), int(what)), verb, float(at)) for who, what, verb, at in rows]

    @contextmanager
    def load(self, name: str) -> Iterator[Window]:
        """People use the stack until the end of the block."""
        self.window = window = Window(self.folder / f"journal-{len(self.acts)}-{name}")
        held: dict[int, list[int]] = {}
        for membership, instance in self.held():
            held.setdefault(membership, []).append(instance)
        plan = {
            "port": self.stack.front.secure,
            "certificate": str(fronts.certificates(self.stack.front.directory) / "fullchain.pem"),
            "journal": str(window.journal),
            "members": self.stack.members,
            "instances": self.stack.instances,
            "held": held,
            "pause": self.size.pause,
            "token": TOKEN,
        }
        file = self.folder / "plan.json"
        file.write_text(json.dumps(plan))
        command = [sys.executable, "-P", "-m", "ops.drill.load", str(file)]
        log = self.folder / "logs" / "load"
        crowd = Program("load", command, log, {"PYTHONPATH": str(ROOT)}, directory=ROOT)
        crowd.start()
        try:
            window.await_changes()
            yield window
            window.ended_at = time.time()
        finally:
            crowd.stop(90)
            self.acts += window.acts()

    def run(self, scenario: Scenario) -> Result:
        """Let one thing fail under load, and compare what people were told with what is there."""
        self.say(f"{scenario.name}: {scenario.sentence}")
        started = time.monotonic()
        result = Result(scenario.name, self.engine.version, 0.0)
        self.window = None
        try:
            self.repair()
            with scenario.around(self):
                with self.load(scenario.name) as window:
                    window.break_now()
                    measured = scenario.act(self, window)
                    window.await_changes()
                self._measure(result, window, measured)
                self._check(result, scenario)
        except (DrillError, OSError, subprocess.SubprocessError, AssertionError) as error:
            result.faults.append(f"{error}" if isinstance(error, DrillError) else f"{error!r}")
            if self.window is not None:
                result.failures = dict(journal.failures(self.window.acts()))
        result.took = time.monotonic() - started
        self.say("  " + (" ".join(result.faults) or f"good, {result.recovery:.1f} s without an answer"))
        return result

    def repair(self) -> None:
        """Put back what a scenario that failed left broken."""
        hosts.reunite(*self.cluster.hosts)
        for host in self.cluster.hosts:
            hosts.plug_in(host)
            self.cluster.start_host(host)
        for program in self.stack.programs.values():
            if not program.is_running:
                program.start()
        self.cluster.await_whole()
        self.stack.await_ready()

    def _measure(self, result: Result, window: Window, measured: Measured | None) -> None:
        acts = window.acts()
        result.slowest = journal.slowest(acts)
        result.acknowledged = sum(act.acknowledged for act in acts)
        result.failures = dict(journal.failures(acts))
        if measured is not None:
            missing = journal.lost(self.acts, measured.held, until=measured.until)
            result.recovery, result.loss = measured.recovery, self.age(missing, measured.until)
            return
        result.recovery = journal.longest_gap(acts, window.fault_at, window.ended_at)
        missing = journal.lost(self.acts, self.held())
        result.loss = self.age(missing, window.ended_at)
        if missing:
            result.faults.append(f"{len(missing)} acknowledged changes are lost, like {missing[0]}.")
            self.say("  " + self._story(missing[0].seat))
        if late := journal.late(acts, self.changes(window.began_at)):
            result.faults.append(f"{len(late)} changes were made too late, like {late[0]}.")
            self.say("  " + self._story(late[0].seat))
        if given_up := journal.given_up(acts):
            result.faults.append(f"{given_up} requests were never acknowledged.")

    def _story(self, seat: Seat) -> str:
        """What a person did about a seat, and what the database knows of it."""
        url = self.cluster.superuser_url(self.cluster.primary(), self.stack.database)
        acts = [act for act in self.acts if (act.membership, act.instance) == seat]
        return f"{acts[-4:]} The database says: {self.query(url, STORY.format(*seat))}"

    def private(self) -> set[str]:
        """What no program may log: tokens, sessions, passwords, and the members' names."""
        sessions = {session for _, session in self.stack.members}
        passwords = set(self.cluster.passwords.values()) | self.stack.passwords()
        names = {f"Member {number + 1}" for number in range(self.size.people)}
        return {TOKEN, self.stack.secret_key} | sessions | passwords | names

    @staticmethod
    def age(missing: list[Lost], at: float) -> float:
        """How much was lost at an instant: the seconds since the first acknowledgement that is not kept."""
        return max((at - one.at for one in missing), default=0.0)

    def _check(self, result: Result, scenario: Scenario) -> None:
        recovery_max = scenario.recovery_max * self.size.patience
        if result.recovery > recovery_max:
            result.faults.append(f"{result.recovery:.1f} s are more than {recovery_max:.0f}.")
        if result.loss > scenario.loss_max:
            result.faults.append(f"{result.loss:.1f} s of acknowledged bookings are lost.")
        if scenario.failures_max is not None and sum(result.failures.values()) > scenario.failures_max:
            result.faults.append(f"Tries failed: {result.failures}.")
        if told := unlogged.found_in(unlogged.lines_of(self.folder / "logs"), self.private()):
            result.faults.append(f"Logs hold what they may not: {told}.")
        self.stack.await_ready()
        self.cluster.await_whole()
        if scenario.leaves_damage:
            return
        try:
            self.stack.emerald("doctor", "--invariants", "--database-only")
        except DrillError as error:
            result.faults.append(str(error))
