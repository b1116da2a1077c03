"""For each alert: series at which it is quiet, and then fires."""

from typing import Any, NamedTuple


class Case(NamedTuple):
    """Values a minute apart, in promtool's notation: well for an hour, then not. `away` is a series that ends instead."""

    alert: str
    series: dict[str, str]
    labels: dict[str, str] = {}  # of what fires, beside its severity  # noqa: RUF012
    fires_at: str = "3h"


WELL, ILL = "x60 ", "x1800"  # minutes


def steps(good: float, bad: float) -> str:
    """A gauge that is good for an hour, and then bad."""
    return f"{good}{WELL}{bad}{ILL}"


def rates(good: float, bad: float) -> str:
    """A counter that grows by so much a minute for an hour, and then by so much."""
    return f"0+{good}{WELL}{good * 60}+{bad}{ILL}"


def ends(value: float) -> str:
    """A series that is there for an hour, and then is not."""
    return f"{value}{WELL}_{ILL}"


UP = 'up{job="booking-system",process="%s",instance="1"}'
CALLS = 'emerald_telegram_calls_total{method="sendMessage",result="%s"}'
IN_DAYS = "29h"

CASES = (
    Case("ProcessDown", {UP % "app": "1x1900", UP % "worker": ends(1)}, {"process": "worker"}),
    Case("NoWorker", {'emerald_lease_seconds{lease="worker",holder="w"}': ends(9)}, {"lease": "worker"}),
    Case("NoSender", {'emerald_lease_seconds{lease="sender",holder="w"}': ends(6)}, {"lease": "sender"}),
    Case(
        "ProcessRestarts",
        {'process_start_time_seconds{job="booking-system",process="app"}': f"1{WELL}2+2{ILL}"},
        {"job": "booking-system", "process": "app"},
    ),
    Case(
        "MemoryHigh",
        {'process_resident_memory_bytes{job="booking-system"}': steps(95e6, 310e6)},
        {"job": "booking-system"},
    ),
    Case("NothingSent", {"emerald_messages_silent_seconds": steps(119, 130)}),
    Case("MessagesWait", {"emerald_messages_oldest_due_seconds": steps(599, 700)}),
    Case("MessagesParked", {"emerald_messages_parked": f"100x60 100+1{ILL}"}),
    Case("RateLimited", {CALLS % "rate-limited": rates(10, 20)}),
    Case("TelegramFails", {CALLS % "done": rates(60, 60), CALLS % "unknown": rates(10, 30)}),
    Case("TokenRefused", {CALLS % "misconfigured": rates(0, 1)}),
    Case(
        "CommandsSlow",
        {
            'emerald_update_seconds_bucket{kind="/book",le="2.5"}': rates(10, 0),
            'emerald_update_seconds_bucket{kind="/book",le="5"}': rates(10, 10),
            'emerald_update_seconds_bucket{kind="/book",le="+Inf"}': rates(10, 10),
        },
    ),
    Case("UpdatesFail", {'emerald_updates_failed_total{reason="fault"}': rates(0, 1)}),
    Case("CardsBehind", {"emerald_cards_stale_seconds": steps(119, 130)}),
    Case("JobLate", {"emerald_duty_late_seconds": steps(299, 400)}),
    Case("JobsFail", {"emerald_duties_failing": steps(0, 1)}),
    Case(
        "RequestsFail",
        {
            'emerald_http_requests_total{status="200"}': rates(1000, 1000),
            'emerald_http_requests_total{status="503"}': rates(5, 20),
        },
    ),
    Case(
        "RequestsSlow",
        {
            'emerald_http_request_seconds_bucket{path="/app/",le="1"}': rates(100, 0),
            'emerald_http_request_seconds_bucket{path="/app/",le="2.5"}': rates(100, 100),
            'emerald_http_request_seconds_bucket{path="/app/",le="+Inf"}': rates(100, 100),
        },
    ),
    Case(
        "DatabaseDown",
        {
            'emerald_database_up{process="app"}': steps(1, 0),
            'emerald_database_up{process="worker"}': "0x1900",
        },
    ),
    Case(
        "ConnectionsNearlyUsed",
        {"emerald_database_backends": steps(40, 50), "emerald_database_backends_most": "60x1900"},
    ),
    Case(
        "TransactionsSlow",
        {
            'emerald_database_transaction_seconds_bucket{outcome="committed",le="1"}': rates(100, 0),
            'emerald_database_transaction_seconds_bucket{outcome="committed",le="5"}': rates(100, 100),
            'emerald_database_transaction_seconds_bucket{outcome="committed",le="+Inf"}': rates(100, 100),
        },
    ),
    Case("Deadlocks", {"emerald_database_deadlocks_total": rates(0, 1)}),
    Case(
        "ReplicaBehind",
        {'emerald_database_replication_lag_seconds{replica="b"}': steps(5, 70)},
        {"replica": "b"},
    ),
    Case("InvariantsViolated", {"emerald_invariants_violated": steps(0, 2)}),
    Case("InvariantsUnchecked", {"emerald_invariants_age_seconds": steps(86_400, 180_000)}, fires_at=IN_DAYS),
    Case("BackupOld", {"emerald_backup_age_seconds": steps(90_000, 95_000)}),
    Case("BackupMissing", {"emerald_backup_age_seconds": ends(100)}, fires_at=IN_DAYS),
    Case("RestoreUnverified", {"emerald_backup_verified_age_seconds": steps(3e6, 3.1e6)}, fires_at=IN_DAYS),
    Case("BackupFails", {"emerald_backup_failing": steps(0, 1)}),
    Case("ChangesNotReceived", {"emerald_backup_wal_gap_seconds": steps(500, 700)}),
    Case(
        "BackupDiskNearlyFull",
        {"emerald_backup_free_bytes": steps(30e9, 10e9), "emerald_backup_bytes": "9e9x1900"},
    ),
    Case(
        "DiskNearlyFull",
        {
            'node_filesystem_avail_bytes{mountpoint="/",fstype="ext4"}': steps(20, 10),
            'node_filesystem_size_bytes{mountpoint="/",fstype="ext4"}': "100x1900",
        },
        {"mountpoint": "/"},
    ),
    Case(
        "ServerMemoryLow",
        {"node_memory_MemAvailable_bytes": steps(20, 9), "node_memory_MemTotal_bytes": "100x1900"},
    ),
    Case("ProcessorBusy", {'node_cpu_seconds_total{mode="idle"}': rates(30, 1)}),
)


def promtool_test(rules: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The tests as promtool reads them. Each alert's annotations are the rule's own."""
    return [
        {
            "name": case.alert,
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
            "alert_rule_test": [
                {"eval_time": "59m", "alertname": case.alert, "exp_alerts": []},
                {
                    "eval_time": case.fires_at,
                    "alertname": case.alert,
                    "exp_alerts": [
                        {
                            "exp_labels": {**rules[case.alert]["labels"], **case.labels},
                            "exp_annotations": rules[case.alert]["annotations"],
                        }
                    ],
                },
            ],
        }
        for case in CASES
    ]
