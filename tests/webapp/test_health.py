"""`/health`, `/ready` and `/metrics`, through the application as it runs."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from backend import clock, db, leases, zone_data
from backend.bookings.actions import book
from backend.cards.actions import post_card
from backend.errors import Unavailable
from backend.metrics import MetricsReader
from backend.operations import Operation, record_run
from backend.seats.requests import Via
from emerald import metrics, readiness
from emerald.doctor import count_violations
from webapp.metrics import answer_scrapes

METRICS = "https://emerald.example:9464/metrics"


@pytest.fixture
async def client(world: None, site: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(answer_scrapes(site, 9464, metrics.scrape))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="https://emerald.example") as asking:
        yield asking


async def figure(client: httpx.AsyncClient, name: str) -> float:
    """The value of one sample of /metrics, by name and labels."""
    text = (await client.get(METRICS)).text
    for line in text.splitlines():
        sample, _, value = line.rpartition(" ")
        if sample == name:
            return float(value)
    raise AssertionError(f"no {name} in\n{text}")


async def test_health_is_ok(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/health", "/", "/app/", "/dashboard/sign-in", "/ready"])
async def test_head_is_what_get_answers_without_the_body(client: httpx.AsyncClient, path: str) -> None:
    """RFC 9110 §9.3.2; monitors ask so."""
    whole, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert whole.status_code in (200, 302, 303, 503)
    assert {**head.headers, "set-cookie": ""} == {**whole.headers, "set-cookie": ""}
    assert (
        await figure(
            client,
            f'emerald_http_requests_total{{method="HEAD",path="{path.rstrip("/") or "/"}",status="{whole.status_code}"}}',
        )
        >= 1
    )


async def test_head_where_only_a_change_is_answered(client: httpx.AsyncClient) -> None:
    assert (await client.head("/nowhere")).status_code == 404


async def test_health_is_ok_without_a_database(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> Any:
        raise Unavailable("connection refused to db.example as admin")

    monkeypatch.setattr(db, "_run", away)
    assert (await client.get("/health")).status_code == 200
    answer = await client.get("/ready")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "unavailable",
        "checks": {"database": "does not answer"},
    }
    assert await figure(client, "emerald_database_up") == 0


async def test_metrics_has_its_own_counts_while_the_database_hangs(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang() -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(metrics, "_reader", SimpleNamespace(read=hang))
    monkeypatch.setattr(metrics, "READ_TIMEOUT", 0.01)
    assert await figure(client, "emerald_database_up") == 0
    assert "emerald_http_requests_total" in (await client.get(METRICS)).text


async def test_ready_with_a_working_worker(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "database": "ok",
        "migrations": "ok",
        "worker": "none is running",
        "sending": "ok",
    }
    await leases.take("worker", "somebody", timedelta(seconds=10))
    answer = await client.get("/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


async def test_not_ready_when_the_worker_lease_has_expired(client: httpx.AsyncClient) -> None:
    with clock.stopped(clock.now()):
        await leases.take("worker", "somebody", timedelta(seconds=10))
        assert (await client.get("/ready")).status_code == 200
        clock.advance(timedelta(seconds=11))
        assert (await client.get("/ready")).status_code == 503


async def test_ready_names_missing_migrations(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_up_to_date", False)
    newest = await db.value("SELECT max(name) FROM migration WHERE app_name = 'emerald'")
    await db.execute("UPDATE migration SET app_name = 'gone' WHERE name = $1", newest)
    try:
        answer = await client.get("/ready")
        assert answer.status_code == 503
        assert answer.json()["checks"]["migrations"] == "1 missing: run emerald migrate"
    finally:
        await db.execute("UPDATE migration SET app_name = 'emerald' WHERE name = $1", newest)


async def test_counts_answers_by_route_and_status(client: httpx.AsyncClient) -> None:
    good = 'emerald_http_requests_total{method="GET",path="/health",status="200"}'
    await client.get("/health")
    before = await figure(client, good)
    await client.get("/health?token=secret")
    assert await figure(client, good) == before + 1

    for method, path, status in (("GET", "/no/such/page", 404), ("DELETE", "/health", 405)):
        assert (await client.request(method, path)).status_code == status
        await figure(
            client,
            f'emerald_http_requests_total{{method="{method}",path="(none)",status="{status}"}}',
        )
    text = (await client.get(METRICS)).text
    assert "secret" not in text and "no/such" not in text


async def test_metrics_is_at_its_own_port_and_nothing_else_is(client: httpx.AsyncClient) -> None:
    """`X11`"""
    assert (await client.get("/metrics")).status_code == 404
    assert (await client.get(METRICS.replace("/metrics", "/health"))).status_code == 404


async def test_metrics_names_the_zone_data_version(client: httpx.AsyncClient) -> None:
    """S10."""
    used = zone_data.current()
    sample = f'emerald_zone_data_info{{source="{used.source}",version="{used.version}"}}'
    assert await figure(client, sample) == 1


async def test_metrics_shows_due_work(
    client: httpx.AsyncClient, instance: Any, olga: Any, alice: Any, bob: Any
) -> None:
    code = await instance(capacity=1)
    before = await figure(client, 'emerald_batched_requests_total{lane="bookings"}')
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    assert await figure(client, 'emerald_batched_requests_total{lane="bookings"}') == before + 2
    assert await figure(client, "emerald_database_up") == 1
    assert await figure(client, "emerald_database_connections_open") >= 1
    assert await figure(client, "emerald_cards_stale") == 0

    account = await db.value("SELECT account_id FROM instance_seats LIMIT 1")
    insert = (
        "INSERT INTO messages (account_id, user_id, kind, detail, dedupe, priority, state, due_at, created_at)"
        " VALUES ($1, $2, 'promoted', '{}', $3, 0, $4, $5, $5)"
    )
    long_ago = clock.now() - timedelta(seconds=90)
    await db.execute(insert, account, alice.id, "a", "due", long_ago)
    await db.execute(insert, account, alice.id, "b", "parked", long_ago)
    await db.execute(insert, account, alice.id, "c", "due", clock.now() + timedelta(hours=1))
    assert await figure(client, "emerald_messages_due") == 1
    assert await figure(client, "emerald_messages_parked") == 1
    assert 90 <= await figure(client, "emerald_messages_oldest_due_seconds") < 120


async def test_says_when_nothing_is_sent_though_something_is_due(
    client: httpx.AsyncClient, account: Any, alice: Any, noon: Any
) -> None:
    """`X9`: for two minutes; one that was sent meanwhile shows that the sender works."""
    await leases.take("worker", "somebody", timedelta(days=1))

    async def write(name: str, state: str, ago: int) -> None:
        await db.execute(
            "INSERT INTO messages (account_id, user_id, kind, detail, dedupe, priority, state, due_at, created_at, sent_at)"
            " VALUES ($1, $2, 'removed', '{}', $3, 0, $4, $5, $5, CASE WHEN $4 = 'sent' THEN $5::timestamptz END)",
            account.id,
            alice.id,
            name,
            state,
            clock.now() - timedelta(seconds=ago),
        )

    await write("long ago", "sent", 5000)
    assert (await client.get("/ready")).json()["checks"]["sending"] == "ok"
    assert await figure(client, "emerald_messages_silent_seconds") == 0
    await write("waits", "due", 110)
    assert (await client.get("/ready")).status_code == 200
    clock.advance(timedelta(seconds=20))
    answer = await client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["sending"] == "nothing was sent for 2 minutes"
    assert await figure(client, "emerald_messages_silent_seconds") == 130
    await write("just now", "sent", 30)
    assert (await client.get("/ready")).status_code == 200
    assert await figure(client, "emerald_messages_silent_seconds") == 30


async def test_metrics_counts_stale_cards(
    client: httpx.AsyncClient, instance: Any, account: Any, alice: Any
) -> None:
    code = await instance(capacity=5)
    await db.execute(
        "INSERT INTO cards (account_id, group_id, instance_id, state, message_id, shown_version, next_try_at, created_at)"
        " SELECT account_id, $2, id, 'live', 7, 1, $3, $3 FROM event_instances WHERE code = $1",
        code,
        account.group_id,
        clock.now(),
    )
    await db.execute("UPDATE cards SET shown_version = (SELECT max(version) FROM instance_seats)")
    assert await figure(client, "emerald_cards_stale") == 0
    await book(code, alice, via=Via.MINIAPP)
    assert await figure(client, "emerald_cards_stale") == 1


async def test_metrics_has_no_secret(client: httpx.AsyncClient) -> None:
    from backend.settings import settings

    for path in ("/health", "/ready", METRICS):
        text = (await client.get(path)).text
        for secret in (settings.telegram_bot_token, settings.secret_key, settings.database_url):
            assert secret not in text


async def test_metrics_shows_how_much_the_product_is_used(
    client: httpx.AsyncClient, instance: Any, alice: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_reader", MetricsReader())
    code = await instance(capacity=1)
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    for name in ("accounts", "dates_to_come", "seats_booked", "parties_waiting"):
        assert await figure(client, f"emerald_{name}") == 1, name
    assert await figure(client, "emerald_database_bytes") > 1_000_000
    assert (
        1
        <= await figure(client, "emerald_database_backends")
        <= await figure(client, "emerald_database_backends_most")
    )
    assert await figure(client, 'emerald_database_transactions_total{outcome="committed"}') > 0
    assert await figure(client, 'emerald_database_transaction_seconds_count{outcome="committed"}') > 0
    assert await figure(client, 'emerald_database_statement_seconds_count{kind="read"}') > 0


async def test_usage_is_counted_once_a_minute(
    client: httpx.AsyncClient, instance: Any, alice: Any, noon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_reader", MetricsReader())
    code = await instance(capacity=1)
    assert await figure(client, "emerald_seats_booked") == 0
    await book(code, alice, via=Via.MINIAPP)
    clock.advance(timedelta(seconds=59))
    assert await figure(client, "emerald_seats_booked") == 0
    clock.advance(timedelta(seconds=1))
    assert await figure(client, "emerald_seats_booked") == 1


async def test_metrics_names_the_holders_of_leases(client: httpx.AsyncClient, noon: Any) -> None:
    await leases.take("sender 42", "host-a:7:beef", timedelta(seconds=8))
    await leases.take("worker", "worker", timedelta(seconds=1))
    clock.advance(timedelta(seconds=2))
    assert await figure(client, 'emerald_lease_seconds{holder="host-a:7:beef",lease="sender"}') == 6
    assert 'lease="worker"' not in (await client.get(METRICS)).text


async def test_metrics_says_since_when_a_card_is_behind(
    client: httpx.AsyncClient, olga: Any, alice: Any, account: Any, instance: Any, noon: Any
) -> None:
    """`C2`: a card whose picture changes meanwhile is not behind, however often it is found so."""
    await post_card(olga, await instance())
    await db.execute("UPDATE cards SET state = 'live', message_id = 7, posted_at = $1", clock.now())
    await db.execute("UPDATE instance_seats SET version = 5")
    assert await figure(client, "emerald_cards_stale_seconds") == 0
    clock.advance(timedelta(seconds=30))
    assert await figure(client, "emerald_cards_stale_seconds") == 30
    await db.execute("UPDATE cards SET shown_version = 4")
    assert await figure(client, "emerald_cards_stale_seconds") == 0
    await db.execute("UPDATE cards SET shown_version = 5")
    clock.advance(timedelta(seconds=30))
    assert await figure(client, "emerald_cards_stale_seconds") == 0


async def test_metrics_says_how_old_backups_and_checks_are(client: httpx.AsyncClient, noon: Any) -> None:
    assert "emerald_backup_age_seconds" not in (await client.get(METRICS)).text
    await record_run(Operation.BACKUP)
    await record_run(Operation.VERIFIED_RESTORE, finished_at=clock.now() - timedelta(days=3))
    await record_run(Operation.VERIFIED_RESTORE, finished_at=clock.now() - timedelta(days=4))
    clock.advance(timedelta(hours=1))
    assert await count_violations() == 0
    assert await figure(client, "emerald_backup_age_seconds") == 3600
    assert await figure(client, "emerald_backup_verified_age_seconds") == 3 * 86_400 + 3600
    assert await figure(client, "emerald_invariants_age_seconds") == 0
    assert await figure(client, "emerald_invariants_violated") == 0


async def test_metrics_counts_what_the_invariants_check_found(
    client: httpx.AsyncClient, instance: Any, alice: Any
) -> None:
    await book(await instance(capacity=3), alice, via=Via.MINIAPP)
    await db.execute("UPDATE instance_seats SET booked = 2")
    assert await count_violations() == 1
    assert await figure(client, "emerald_invariants_violated") == 1
