"""What the processes publish for Prometheus, the alerts made of it, and the dashboards."""

import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend import backup_status, clock
from backend.operations import Operation, record_run
from tests.ops import alerts
from tests.ops.scraping import Published, all_processes

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "ops" / "monitoring"
PROMTOOL, AMTOOL = shutil.which("promtool"), shutil.which("amtool")
needs_promtool = pytest.mark.skipif(
    not PROMTOOL, reason="promtool is not installed (Debian, Ubuntu: apt install prometheus)"
)
yaml: Any = importlib.import_module("yaml")  # a dependency of a dependency, without types
# Of Prometheus itself, of postgres_exporter and of node_exporter.
OUTSIDE = {
    *("up", "process_resident_memory_bytes", "process_cpu_seconds_total", "process_start_time_seconds"),
    "pg_stat_replication_pg_wal_lsn_diff",
    *("node_cpu_seconds_total", "node_filesystem_avail_bytes", "node_filesystem_size_bytes"),
    *("node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"),
    *("node_network_receive_bytes_total", "node_network_transmit_bytes_total"),
}
SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "info": ("_info",),
    "histogram": ("_bucket", "_sum", "_count"),
    "summary": ("_sum", "_count"),
}


@pytest.fixture(scope="module")
async def published(
    tmp_path_factory: pytest.TempPathFactory, database: None
) -> AsyncIterator[dict[str, Published]]:
    for operation in Operation:
        await record_run(operation)
    now = clock.now()
    await backup_status.record(backed_up_at=now, received_at=now, backup_bytes=1, free_bytes=2)
    with all_processes(tmp_path_factory.mktemp("processes")) as found:
        yield found


def rules() -> dict[str, dict[str, Any]]:
    """The alerts by their names."""
    read = yaml.safe_load((MONITORING / "rules.yml").read_text())
    return {rule["alert"]: rule for group in read["groups"] for rule in group["rules"]}


def metrics_of(expression: str) -> set[str]:
    """The names of metrics in an expression: each has an underscore, or is `up`."""
    without_labels = re.sub(r"\{[^}]*\}|\[[^]]*\]|(?:by|without|offset) (?:\([^)]*\)|\w+)", "", expression)
    words = set(re.findall(r"\b[a-z][a-zA-Z0-9_]*\b(?!\s*\()", without_labels))
    return {word for word in words if "_" in word or word == "up"}


def load_dashboards() -> Any:
    sys.path.insert(0, str(MONITORING))
    try:
        return importlib.import_module("dashboards")
    finally:
        sys.path.remove(str(MONITORING))


def test_worker_and_bot_publish_too(published: dict[str, Published]) -> None:
    wanted = {"emerald_build_info", "emerald_database_up", "process_resident_memory_bytes"}
    for name, answer in published.items():
        assert wanted <= answer.samples(), name
        assert len(answer.content_types) == 1, name
        assert answer.content_types[0].count("charset=utf-8") == 1, name
    for name in ("worker", "bot"):
        address = f"http://127.0.0.1:{published[name].port}"
        assert httpx.get(f"{address}/health").json() == {"status": "ok"}
        assert httpx.get(f"{address}/").status_code == 404
    assert httpx.get(f"http://127.0.0.1:{published['web'].port}/health").status_code == 404


@needs_promtool
def test_prometheus_finds_nothing_wrong_with_them(published: dict[str, Published]) -> None:
    for name, answer in published.items():
        done = subprocess.run(
            [str(PROMTOOL), "check", "metrics"], input=answer.text, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, ""), name


def existing(published: dict[str, Published]) -> set[str]:
    """The names that can be asked for."""
    return {
        family.name + suffix
        for answer in published.values()
        for family in answer.families()
        for suffix in SUFFIXES[family.type]
    } | OUTSIDE


def test_alerts_ask_for_what_is_published(published: dict[str, Published]) -> None:
    there = existing(published)
    for name, rule in rules().items():
        asked = metrics_of(rule["expr"])
        assert asked and asked <= there, name


def test_dashboards_ask_for_what_is_published_and_show_it_all(published: dict[str, Published]) -> None:
    there = existing(published)
    asked: set[str] = set()
    dashboards = load_dashboards()
    for name in dashboards.DASHBOARDS:
        for panel in dashboards.dashboard(name)["panels"]:
            for target in panel.get("targets", ()):
                found = metrics_of(target["expr"])
                assert found and found <= there, panel["title"]
                asked |= found
    ours = {name.removesuffix("_bucket") for name in there if name.startswith("emerald_")}
    of_parts = {name for name in ours if name.endswith(("_sum", "_count"))}
    shown = {name.removesuffix("_bucket") for name in asked}
    # Said by another panel, or by what happens: an alert, a version, a process that stopped.
    elsewhere = {
        *("emerald_database_up", "emerald_database_connections_most", "emerald_batch_largest"),
        *("emerald_zone_data_info", "emerald_list_rows_kept_bytes", "emerald_invariants_age_seconds"),
        "emerald_event_screens_kept_bytes",
    }
    assert ours - of_parts - shown == elsewhere


def test_the_guide_names_every_metric(published: dict[str, Published]) -> None:
    """`docs/OPERATIONS.md`: what each says."""
    text = (ROOT / "docs/OPERATIONS.md").read_text()
    for short in re.findall(r"`(emerald_\w*)\{([\w,]+)\}(?:\{\w+\})?", text):
        text += "".join(f" {short[0]}{end}" for end in short[1].split(","))
    families = {family.name for answer in published.values() for family in answer.families()}
    assert {name for name in families if name.startswith("emerald_") and name not in text} == set()


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ('max by (le) (rate(a_b_total{x="y_z"}[5m])) > 0.2 * up', {"a_b_total", "up"}),
        ("histogram_quantile(0.5, sum by (le, kind) (rate(a_bucket[5m])))", {"a_bucket"}),
        ("a_b - max(a_b offset 1h)", {"a_b"}),
    ],
)
def test_metrics_are_found_in_an_expression(expression: str, names: set[str]) -> None:
    assert metrics_of(expression) == names


def test_the_dashboards_are_what_their_tables_say() -> None:
    """Else: .venv/bin/python ops/monitoring/dashboards.py"""
    dashboards = load_dashboards()
    files = {path.stem: path.read_text() for path in dashboards.FOLDER.glob("*.json")}
    assert files == {name: dashboards.written(name) for name in dashboards.DASHBOARDS}
    for name in files:
        places = [panel["gridPos"] for panel in json.loads(files[name])["panels"]]
        cells = [
            (x, y)
            for place in places
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert len(cells) == len(set(cells)), "no panel lies on another"
        assert max(x for x, _ in cells) < dashboards.ACROSS


def test_every_alert_names_a_runbook_that_exists() -> None:
    for name, rule in rules().items():
        assert (ROOT / rule["annotations"]["runbook"]).is_file(), name
        assert rule["labels"]["severity"] in ("warning", "critical"), name


@needs_promtool
def test_every_alert_is_quiet_and_fires(tmp_path: Path) -> None:
    """`promtool check rules` and `promtool test rules`."""
    assert [case.alert for case in alerts.CASES] == list(rules())
    file = MONITORING / "rules.yml"
    checked = subprocess.run([str(PROMTOOL), "check", "rules", file], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    tests = {"rule_files": [str(file)], "evaluation_interval": "5m", "tests": alerts.promtool_test(rules())}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(tests))
    done = subprocess.run(
        [str(PROMTOOL), "test", "rules", tmp_path / "tests.yml"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_prometheus_understands_its_configuration(tmp_path: Path) -> None:
    text = (MONITORING / "prometheus.yml").read_text()
    (tmp_path / "prometheus.yml").write_text(text.replace("/etc/prometheus/", f"{MONITORING}/"))
    done = subprocess.run(
        [str(PROMTOOL), "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(
    not AMTOOL, reason="amtool is not installed (Debian: apt install prometheus-alertmanager)"
)
def test_alertmanager_understands_its_configuration() -> None:
    done = subprocess.run(
        [str(AMTOOL), "check-config", MONITORING / "alertmanager.yml"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
