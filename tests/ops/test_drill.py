"""`bin/drill`: a smaller stack whose primary dies is run for real; how losses are found is tested by itself."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from ops.drill import journal, programs
from ops.drill.drill import Result
from ops.drill.journal import Change
from ops.drill.load import Act
from ops.drill.report import add_to, table
from ops.drill.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
OBSTACLE = programs.obstacle(["debian"])
for_real = pytest.mark.skipif(bool(OBSTACLE), reason=OBSTACLE or "it can run")
COMMAND = [sys.executable, "-P", "-m", "ops.drill"]


def act(verb: str, began: float, ended: float, *, acknowledged: bool = True) -> Act:
    return Act(verb, 7, 3, began, ended, acknowledged, ())


def test_an_acknowledged_booking_that_is_not_there_is_lost() -> None:
    acts = [act("book", 1, 2)]
    assert journal.lost(acts, {(7, 3): 1}) == []
    assert [(one.seat, one.at) for one in journal.lost(acts, {})] == [((7, 3), 2)]


def test_an_acknowledged_leave_that_is_not_there_is_lost() -> None:
    acts = [act("book", 1, 2), act("leave", 3, 4)]
    assert journal.lost(acts, {}) == []
    assert [one.verb for one in journal.lost(acts, {(7, 3): 1})] == ["leave"]


def test_what_nobody_acknowledged_is_no_loss_either_way() -> None:
    acts = [act("book", 1, 2), act("leave", 3, 4, acknowledged=False)]
    assert journal.lost(acts, {}) == journal.lost(acts, {(7, 3): 1}) == []


def test_what_came_after_the_moment_of_a_restore_is_no_loss() -> None:
    acts = [act("book", 1, 2), act("leave", 5, 6)]
    assert journal.lost(acts, {(7, 3): 1}, until=4) == []
    assert [one.verb for one in journal.lost(acts, {}, until=4)] == ["book"]


def test_a_change_that_nobody_was_waiting_for_is_late() -> None:
    acts = [act("leave", 1, 5), act("book", 6, 7)]
    in_time = [Change((7, 3), "leave", 2), Change((7, 3), "book", 6.5)]
    assert journal.late(acts, in_time) == []
    again = Change((7, 3), "leave", 9)
    assert journal.late(acts, [*in_time, again]) == [again]


def test_the_longest_time_without_an_answer_counts_from_the_fault_to_the_end() -> None:
    acts = [act("book", 0, 1), act("leave", 2, 9), act("read", 9, 10), act("book", 9, 11, acknowledged=False)]
    assert journal.longest_gap(acts, 3, 13) == 6
    assert journal.longest_gap([], 3, 13) == 10


def test_the_table_says_why_a_scenario_failed() -> None:
    result = Result("fail_over", "15", 60.0, recovery=42.0, faults=["42.0 s are more than 30."])
    assert "| fail_over | 15 | 42.0 |" in table([result])
    assert table([result]).endswith("| 42.0 s are more than 30. |")
    assert not result.passed


def test_the_figures_of_both_engines_are_kept(tmp_path: Path) -> None:
    for engine in ("15", "18"):
        add_to(tmp_path / "figures.json", [Result("fail_over", engine, 60.0)])
    kept = json.loads((tmp_path / "figures.json").read_text())
    assert [(one["engine"], one["passed"]) for one in kept] == [("15", True), ("18", True)]


def test_every_scenario_says_what_fails() -> None:
    for name, one in SCENARIOS.items():
        assert one.sentence.endswith("."), name
        assert one.loss_max <= 5, name


def test_missing_programs_are_named_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(programs, "PATH", str(tmp_path))
    monkeypatch.setattr(programs, "DEBIAN", str(tmp_path))
    said = programs.obstacle(["debian"])
    assert said.startswith("The drill needs programs that are missing: apt install etcd-server file git")
    assert "postgresql" in said and said.count(".") == 1


@for_real
def test_nothing_acknowledged_is_lost_when_the_primary_dies(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    done = subprocess.run(
        [*COMMAND, "--short", "--json", str(file)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (figures,) = json.loads(file.read_text())
    assert figures["scenario"] == "fail_over"
    assert figures["recovery"] > 0
    assert figures["loss"] == 0
    assert figures["acknowledged"] > 50


@for_real
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_whatever_it_started_ends_with_it(how: signal.Signals) -> None:
    """Nor does it go on with the second engine."""
    with subprocess.Popen(
        COMMAND,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as drill:
        assert drill.stdout is not None
        assert "database hosts" in drill.stdout.readline()
        started = psutil.Process(drill.pid).children(recursive=True)
        folder = Path(next(word for word in started[0].cmdline() if word.startswith("/tmp/emerald-drill-")))
        drill.send_signal(how)
    _, alive = psutil.wait_procs(started, timeout=20)
    assert len(started) >= 3 and alive == []
    if how == signal.SIGTERM:
        assert not folder.exists()
    else:
        shutil.rmtree(folder)  # a program that is killed cannot tidy up
