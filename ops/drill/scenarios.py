"""What fails: each scenario is one function, named as it is called by `bin/drill NAME`."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from backend import embedded_files
from ops.drill import hosts
from ops.drill.backups import Backups, with_backups
from ops.drill.drill import Drill, Measured, Scenario, Window
from ops.drill.hosts import Host
from ops.drill.processes import RESTART_AFTER, DrillError, Program, wait_until
from ops.drill.releases import BEFORE, release_before, with_something_to_lose
from ops.drill.stack import ROOT

SCENARIOS: dict[str, Scenario] = {}
SHORT = ("fail_over",)
Act = Callable[[Drill, Window], Measured | None]


def scenario(
    *,
    recovery_max: float,
    loss_max: float = 0.0,
    failures_max: int | None = None,
    around: Callable[[Drill], AbstractContextManager[object]] = nullcontext,
    leaves_damage: bool = False,
) -> Callable[[Act], Act]:
    """Register a scenario under the name of its function; its docstring says what fails."""

    def register(act: Act) -> Act:
        sentence = " ".join((act.__doc__ or "").split())
        SCENARIOS[act.__name__] = Scenario(
            act.__name__, sentence, act, recovery_max, loss_max, failures_max, around, leaves_damage
        )
        return act

    return register


def restart(drill: Drill, program: Program) -> None:
    """Stop one program in an orderly way and start it again."""
    program.stop()
    program.start()
    drill.stack.await_ready()


@scenario(recovery_max=5, failures_max=0)
def rolling_restart(drill: Drill, window: Window) -> None:
    """Every process is stopped in an orderly way and started again, one after the other."""
    for program in (*drill.stack.webs, *drill.stack.workers):
        restart(drill, program)
    for name in ("nginx", "haproxy"):
        drill.stack.reload(name)
    drill.stack.replace_pgbouncer()
    drill.cluster.control("pause", "--wait", "emerald")
    for patroni in drill.cluster.patroni.values():
        patroni.stop()
        patroni.start()
    wait_until(lambda: len(drill.cluster.members()) == len(drill.cluster.hosts), 60, "Patroni everywhere")
    drill.cluster.control("resume", "--wait", "emerald")
    for etcd in drill.cluster.etcd.values():
        etcd.stop()
        etcd.start()
        drill.cluster.await_whole()
    for replica in drill.cluster.replicas():
        drill.cluster.control("restart", "emerald", replica.name, "--force")
        drill.cluster.await_whole()


@scenario(recovery_max=15)
def kill_each(drill: Drill, window: Window) -> None:
    """Every process in front of the database is killed with -9, one after the other, and started again a second later."""
    for program in drill.stack.programs.values():
        program.kill()
        time.sleep(RESTART_AFTER)
        program.start()
        drill.stack.await_ready()
        window.await_changes(5)


@scenario(recovery_max=30)
def kill_each_of_database(drill: Drill, window: Window) -> None:
    """etcd, Patroni and PostgreSQL of the primary are killed with -9, one after the other."""
    for programs in (drill.cluster.etcd, drill.cluster.patroni):
        program = programs[drill.cluster.primary().name]
        program.kill()
        time.sleep(RESTART_AFTER)
        program.start()
        drill.cluster.await_whole()
    data = drill.folder / drill.cluster.primary().name / "data"
    pid = embedded_files.postmaster(data)
    assert pid is not None
    drill.cluster.kill_postgres(data)
    wait_until(lambda: embedded_files.postmaster(data) not in (None, pid), 60, "Another server")
    drill.cluster.await_whole()


@scenario(recovery_max=10)
def restart_database(drill: Drill, window: Window) -> None:
    """PostgreSQL of the primary is restarted."""
    drill.cluster.control("restart", "emerald", drill.cluster.primary().name, "--force")


@scenario(recovery_max=15)
def switch_over(drill: Drill, window: Window) -> None:
    """Another host becomes the primary on purpose, as before an update of the first."""
    before = drill.cluster.primary()
    drill.cluster.control("switchover", "emerald", "--leader", before.name, "--force")
    drill.cluster.await_whole()
    assert drill.cluster.primary() != before


@scenario(recovery_max=30)
def fail_over(drill: Drill, window: Window) -> None:
    """The primary's host dies: etcd, Patroni and PostgreSQL are killed at once. Later it comes back."""
    before = drill.cluster.primary()
    drill.cluster.kill_host(before)
    wait_until(lambda: _leads_elsewhere(drill, before), 60, "A new primary")
    window.await_changes()
    drill.cluster.start_host(before)
    drill.cluster.await_whole()


def _leads_elsewhere(drill: Drill, before: Host) -> bool:
    leaders = [one["name"] for one in drill.cluster.members() if one["role"] == "leader"]
    return bool(leaders) and leaders != [before.name]


@scenario(recovery_max=15)
def partition(drill: Drill, window: Window) -> None:
    """The primary and one replica no longer reach each other, for 30 s. Both reach everybody else."""
    primary, replica = drill.cluster.primary(), drill.cluster.replicas()[0]
    hosts.separate(primary, replica)
    time.sleep(30)
    hosts.reunite(primary, replica)
    drill.cluster.await_whole()


@scenario(recovery_max=30)
def isolated_primary(drill: Drill, window: Window) -> None:
    """The primary's cable is pulled, and put back when another host has taken over."""
    before = drill.cluster.primary()
    hosts.unplug(before)
    wait_until(lambda: _leads_elsewhere(drill, before), 60, "A new primary")
    window.await_changes()
    hosts.plug_in(before)
    drill.cluster.await_whole()


@scenario(recovery_max=5)
def etcd_lost(drill: Drill, window: Window) -> None:
    """All of etcd is away for 40 s, twice as long as a primary may be silent."""
    for etcd in drill.cluster.etcd.values():
        etcd.kill()
    time.sleep(40)
    for etcd in drill.cluster.etcd.values():
        etcd.start()
    drill.cluster.await_whole()


@scenario(recovery_max=15, around=release_before)
def upgrade_and_rollback(drill: Drill, window: Window) -> None:
    """The release before is replaced by this one, process by process, then this one by the release before, on the new
    tables, and once more."""
    before = drill.folder / BEFORE
    drill.stack.emerald("migrate")
    for checkout in (ROOT, before, ROOT):
        drill.stack.configure(checkout)
        for program in (*drill.stack.webs, *drill.stack.workers):
            restart(drill, program)
        window.await_changes()
    if ended := sum("401" in act.failures for act in window.acts()):
        raise DrillError(f"{ended} people had to sign in again.")


def backups_of(drill: Drill) -> Backups:
    """Those that `with_backups` has started."""
    assert drill.backups is not None
    return drill.backups


@scenario(recovery_max=300, loss_max=0, around=with_something_to_lose, leaves_damage=True)
def restore_before_bad_delete(drill: Drill, window: Window) -> Measured:
    """Somebody deletes every booking; the database is restored as it was ten seconds before."""
    window.await_changes(50)
    wanted, position = time.time(), drill.cluster.psql("SELECT pg_current_wal_lsn()")
    time.sleep(10)
    drill.cluster.psql("DELETE FROM bookings", database=drill.stack.database)
    window.break_now()
    backups_of(drill).await_received(position)
    return backups_of(drill).measure(wanted, wanted)


@scenario(recovery_max=300, loss_max=5, around=with_backups)
def all_databases_lost(drill: Drill, window: Window) -> Measured:
    """All three database hosts die at once, and only the backups are left."""
    window.await_changes(50)
    for host in drill.cluster.hosts:
        drill.cluster.kill_host(host)
    # From now on nothing can be done; until the last one was dead, it could.
    at = time.time()
    window.break_now()
    measured = backups_of(drill).measure(None, at)
    for host in drill.cluster.hosts:
        drill.cluster.start_host(host)
    drill.cluster.await_whole()
    return measured


@scenario(recovery_max=5, failures_max=0, around=with_backups)
def backup_volume_full(drill: Drill, window: Window) -> None:
    """The volume with the backups is full: a backup is refused with a sentence, and people notice nothing."""
    backups = backups_of(drill)
    backups.fill_volume()
    try:
        backups.run("backup")
    except DrillError as refusal:
        drill.say(f"  {refusal}")
        assert "is nearly full" in str(refusal)
    else:
        raise DrillError("A backup was made on a full volume.")
    window.await_changes(50)
    backups.filler.unlink()
    drill.say("  " + backups.run("backup").strip())
    drill.say("  " + backups.run("verify-backup").strip())
