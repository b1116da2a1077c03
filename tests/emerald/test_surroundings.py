"""What `emerald doctor` finds beside the tables."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend import backup_status, clock, db
from backend.settings import settings
from emerald import surroundings
from emerald.surroundings import backup_findings, clock_findings, disk_findings, telegram_findings
from tests.telegram import Telegram


async def test_backups_that_cannot_be_relied_on_are_found(
    world: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await backup_findings() == []
    monkeypatch.setattr(surroundings, "settings", replace(settings, env="production"))
    assert await backup_findings() == [
        "There are no backups: start `emerald backup --daily`, as docs/BACKUPS.md says."
    ]
    now = clock.now()
    await backup_status.record(received_at=now)
    assert [finding.partition(":")[0] for finding in await backup_findings()] == [
        "No backup is complete yet",
        "No backup has been verified yet",
    ]
    await backup_status.record(backed_up_at=now, verified_at=now, encrypted=True)
    assert await backup_findings() == []
    old = now - timedelta(days=20)
    await backup_status.record(backed_up_at=old, verified_at=old, received_at=old)
    await backup_status.record_failure("The disk is full.")
    found = " ".join(await backup_findings())
    for part in (
        "failed: The disk is full.",
        "more than a day old",
        "not received",
        "verified for two weeks",
    ):
        assert part in found
    await backup_status.record(backed_up_at=now, encrypted=False)
    assert "Backups are not encrypted: set BACKUP_PASSPHRASE." in await backup_findings()
    await db.execute("DELETE FROM backup_status")


async def test_a_wrong_clock_and_a_full_disk_are_found(
    world: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    assert await clock_findings() == []
    with clock.stopped(clock.now() + timedelta(minutes=2)):
        [found] = await clock_findings()
    assert "differ by 1" in found and "NTP" in found
    monkeypatch.setattr(surroundings, "settings", replace(settings, home=tmp_path))
    monkeypatch.setattr(surroundings, "FREE_MIN", -1.0)
    assert disk_findings() == []
    monkeypatch.setattr(surroundings, "FREE_MIN", 1.1)
    assert f"The disk of {tmp_path} is nearly full" in disk_findings()[0]


async def test_what_telegram_knows_of_the_bot_is_compared(
    telegram: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = (await telegram.bot.get_me()).username or ""
    own = replace(settings, telegram_bot_name=name, telegram_webhook=False, telegram_api_url=telegram.url)

    def use(**fields: Any) -> None:
        chosen = replace(own, **fields)
        monkeypatch.setattr(surroundings, "settings", chosen)
        monkeypatch.setattr("emerald.telegram_http.settings", chosen)

    use()
    assert await telegram_findings() == []
    use(telegram_bot_name="another_bot", telegram_webhook=True)
    other, webhook = await telegram_findings()
    assert "but the token is of @" in other and "Telegram calls no webhook instead of https://" in webhook
    use(telegram_bot_token="43:NOT_A_TOKEN_OF_ANY_BOT")
    assert "refuses the bot's token" in (await telegram_findings())[0]
    use(telegram_api_url="http://127.0.0.1:1")
    assert await telegram_findings() == ["Telegram cannot be reached: check this machine's way out."]
