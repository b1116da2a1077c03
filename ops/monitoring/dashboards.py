"""Writes the dashboards of Grafana from the tables below: `.venv/bin/python ops/monitoring/dashboards.py`.

A panel is a title, a unit of Grafana's, and its expressions with the legend of each. tests/ops/test_monitoring.py holds
every metric to exist, and the written files to be these tables.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).resolve().parent / "grafana" / "dashboards"
WIDTH, HEIGHT, ACROSS = 8, 7, 24  # of a panel and of the page, in Grafana's units
SOURCE = {"type": "prometheus", "uid": "prometheus"}


class Panel(NamedTuple):
    """One panel: a number when `is_number`, else lines over time."""

    title: str
    unit: str
    lines: dict[str, str]  # legend to expression
    is_number: bool = False


def number(title: str, unit: str, expression: str) -> Panel:
    return Panel(title, unit, {title: expression}, is_number=True)


def quantiles(metric: str, by: str, chosen: str = "") -> dict[str, str]:
    """The middle and the slowest twentieth of a histogram."""
    rate = f"rate({metric}_bucket{chosen}[5m])"
    return {
        f"{share:.0%} {{{{{by}}}}}": f"histogram_quantile({share}, sum by (le, {by}) ({rate}))"
        for share in (0.5, 0.95)
    }


def mean(sums: str, counts: str, by: str) -> str:
    """The mean of what a summary or two counters hold."""
    return f"sum by ({by}) (rate({sums}[15m])) / sum by ({by}) (rate({counts}[15m]))"


EMERALD: dict[str, list[Panel]] = {
    "At a glance": [
        number("Messages due", "short", "max(emerald_messages_due)"),
        number("Oldest message due", "s", "max(emerald_messages_oldest_due_seconds)"),
        number("Given up", "short", "max(emerald_messages_parked)"),
        number("Last backup", "s", "min(emerald_backup_age_seconds)"),
        number("Last verified restore", "s", "min(emerald_backup_verified_age_seconds)"),
        number("Invariants violated", "short", "max(emerald_invariants_violated)"),
    ],
    "Clubs": [
        Panel(
            "Seats on dates to come",
            "short",
            {"booked": "max(emerald_seats_booked)", "offered": "max(emerald_seats_offered)"},
        ),
        Panel("Parties in line", "short", {"waiting": "max(emerald_parties_waiting)"}),
        Panel(
            "Clubs and dates",
            "short",
            {"clubs": "max(emerald_accounts)", "dates": "max(emerald_dates_to_come)"},
        ),
    ],
    "Bot": [
        Panel("Commands and taps", "s", quantiles("emerald_update_seconds", "kind")),
        Panel(
            "Updates a second",
            "reqps",
            {"{{kind}}": "sum by (kind) (rate(emerald_update_seconds_count[5m]))"},
        ),
        Panel(
            "Apologies",
            "short",
            {"{{reason}}": "sum by (reason) (increase(emerald_updates_failed_total[5m]))"},
        ),
        Panel(
            "Calls to Telegram by result",
            "reqps",
            {"{{result}}": "sum by (result) (rate(emerald_telegram_calls_total[5m]))"},
        ),
        Panel("Calls to Telegram", "s", quantiles("emerald_telegram_call_seconds", "method")),
        Panel(
            "Webhook", "s", quantiles("emerald_http_request_seconds", "path", '{path="/telegram/webhook"}')
        ),
    ],
    "Messages and cards": [
        Panel(
            "Waiting",
            "short",
            {"due": "max(emerald_messages_due)", "under way": "max(emerald_messages_sending)"},
        ),
        Panel(
            "Longest wait",
            "s",
            {
                "message": "max(emerald_messages_oldest_due_seconds)",
                "card": "max(emerald_cards_stale_seconds)",
                "nothing sent": "max(emerald_messages_silent_seconds)",
            },
        ),
        Panel(
            "Cards", "short", {"to be posted": "max(emerald_cards_due)", "behind": "max(emerald_cards_stale)"}
        ),
        Panel(
            "Jobs",
            "s",
            {
                "latest": "max(emerald_duty_late_seconds)",
                "{{job}}": mean("emerald_job_seconds_sum", "emerald_job_seconds_count", "job"),
            },
        ),
        Panel(
            "Failed jobs",
            "short",
            {
                "failing now": "max(emerald_duties_failing)",
                "{{job}}": "sum by (job) (increase(emerald_jobs_failed_total[15m]))",
            },
        ),
        Panel(
            "Who holds the leases",
            "s",
            {"{{lease}}: {{holder}}": "max by (lease, holder) (emerald_lease_seconds)"},
        ),
    ],
    "Web": [
        Panel(
            "Requests a second",
            "reqps",
            {"{{status}}": "sum by (status) (rate(emerald_http_requests_total[5m]))"},
        ),
        Panel("Time to answer", "s", quantiles("emerald_http_request_seconds", "method")),
        Panel("Being answered", "short", {"{{instance}}": "emerald_http_requests_in_flight"}),
        Panel(
            "Requests in one transaction",
            "short",
            {"{{lane}}": mean("emerald_batched_requests_total", "emerald_batches_total", "lane")},
        ),
        Panel(
            "Rows of lists", "reqps", {"{{source}}": "sum by (source) (rate(emerald_list_rows_total[5m]))"}
        ),
        Panel(
            "Screens of events",
            "reqps",
            {"{{source}}": "sum by (source) (rate(emerald_event_screens_total[5m]))"},
        ),
        Panel(
            "Calendar entries left out",
            "short",
            {"entries": "sum(increase(emerald_calendar_entries_left_out_total[1h]))"},
        ),
    ],
    "Backups": [
        Panel("Changes not received", "s", {"for": "min(emerald_backup_wal_gap_seconds)"}),
        Panel(
            "Room for backups",
            "bytes",
            {"free": "min(emerald_backup_free_bytes)", "newest": "max(emerald_backup_bytes)"},
        ),
        Panel("Failing", "short", {"the last run": "max(emerald_backup_failing)"}),
    ],
    "Processes": [
        Panel(
            "Memory",
            "bytes",
            {"{{process}} {{instance}}": 'process_resident_memory_bytes{job="booking-system"}'},
        ),
        Panel(
            "Processor time",
            "percentunit",
            {"{{process}} {{instance}}": 'rate(process_cpu_seconds_total{job="booking-system"}[5m])'},
        ),
        Panel("Version", "short", {"{{version}} {{process}}": "emerald_build_info"}),
    ],
}

DATABASE: dict[str, list[Panel]] = {
    "As Emerald sees it": [
        Panel("Statements", "s", quantiles("emerald_database_statement_seconds", "kind")),
        Panel("Transactions", "s", quantiles("emerald_database_transaction_seconds", "outcome")),
        Panel(
            "Connections of each process",
            "short",
            {
                "{{instance}} in use": "emerald_database_connections_in_use",
                "{{instance}} open": "emerald_database_connections_open",
            },
        ),
    ],
    "The server": [
        Panel(
            "Connections",
            "short",
            {"used": "max(emerald_database_backends)", "most": "max(emerald_database_backends_most)"},
        ),
        Panel(
            "Transactions a second",
            "reqps",
            {"{{outcome}}": "max by (outcome) (rate(emerald_database_transactions_total[5m]))"},
        ),
        Panel("Deadlocks", "short", {"deadlocks": "max(increase(emerald_database_deadlocks_total[5m]))"}),
        Panel(
            "Replication lag",
            "s",
            {"{{replica}}": "max by (replica) (emerald_database_replication_lag_seconds)"},
        ),
        Panel(
            "Not replayed",
            "bytes",
            {"{{replica}}": "max by (replica) (emerald_database_replication_lag_bytes)"},
        ),
        Panel(
            "Reads for a replica",
            "reqps",
            {"{{server}}": "sum by (server) (rate(emerald_replica_reads_total[5m]))"},
        ),
        Panel("Size", "bytes", {"database": "max(emerald_database_bytes)"}),
    ],
    "The machine": [
        Panel(
            "Processors", "percentunit", {"busy": '1 - avg(rate(node_cpu_seconds_total{mode="idle"}[5m]))'}
        ),
        Panel("Memory available", "bytes", {"available": "node_memory_MemAvailable_bytes"}),
        Panel(
            "Disk free",
            "bytes",
            {"{{mountpoint}}": 'node_filesystem_avail_bytes{fstype!~"tmpfs|overlay|ramfs"}'},
        ),
        Panel(
            "Network",
            "Bps",
            {
                "in {{device}}": 'rate(node_network_receive_bytes_total{device!="lo"}[5m])',
                "out {{device}}": 'rate(node_network_transmit_bytes_total{device!="lo"}[5m])',
            },
        ),
    ],
}

DASHBOARDS = {"emerald": ("Emerald", EMERALD), "database": ("Emerald: database and machine", DATABASE)}


def dashboard(name: str) -> dict[str, Any]:
    """A dashboard as Grafana reads it: rows of panels, three or six beside each other."""
    title, rows = DASHBOARDS[name]
    panels: list[dict[str, Any]] = []
    y = 0
    for heading, row in rows.items():
        panels.append(
            {
                "type": "row",
                "title": heading,
                "gridPos": {"x": 0, "y": y, "w": ACROSS, "h": 1},
                "collapsed": False,
                "panels": [],
            }
        )
        y += 1
        width = WIDTH if any(not panel.is_number for panel in row) else ACROSS // len(row)
        per_line = ACROSS // width
        for position, panel in enumerate(row):
            x, line = position % per_line * width, position // per_line
            panels.append(_panel(panel, {"x": x, "y": y + line * HEIGHT, "w": width, "h": HEIGHT}))
        y += HEIGHT * -(-len(row) // per_line)
    for number_, panel_ in enumerate(panels, 1):
        panel_["id"] = number_
    return {
        "uid": f"booking-{name}",
        "title": title,
        "tags": ["emerald"],
        "timezone": "utc",
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "schemaVersion": 39,
        "panels": panels,
    }


def _panel(panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    return {
        "type": "stat" if panel.is_number else "timeseries",
        "title": panel.title,
        "gridPos": place,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + place), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
            for place, (legend, expression) in enumerate(panel.lines.items())
        ],
    }


def written(name: str) -> str:
    """The text of a dashboard's file."""
    return json.dumps(dashboard(name), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each in DASHBOARDS:
        (FOLDER / f"{each}.json").write_text(written(each), encoding="utf-8")
