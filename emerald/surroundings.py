"""What `emerald doctor` checks beside the tables: the clock, the disk, the backups, and what Telegram knows of the bot.
Each finding is one line that says what to do."""

import math
import shutil
from datetime import timedelta

from backend import backup_status, clock, db
from backend.settings import settings
from bot.bot_setup import WEBHOOK_PATH
from emerald.telegram_http import TelegramHttp

CLOCK_OFF_MAX = timedelta(seconds=30)  # initData may be from a minute ahead, not more (X1)
FREE_MIN = 0.05  # of a disk
BACKUP_AGE_MAX = timedelta(hours=26)
WAL_GAP_MAX = timedelta(minutes=5)
VERIFIED_AGE_MAX = timedelta(days=14)
WEBHOOK_ERROR_MAX = timedelta(hours=1)


async def surroundings() -> list[str]:
    """All findings; in production those about Telegram and missing backups too."""
    return [
        *await clock_findings(),
        *disk_findings(),
        *await backup_findings(),
        *(await telegram_findings() if settings.production and not settings.database_only else []),
    ]


async def clock_findings() -> list[str]:
    """Whether this machine's clock and the database's agree."""
    off = abs(clock.now() - await db.value("SELECT clock_timestamp()"))
    if off <= CLOCK_OFF_MAX:
        return []
    return [
        f"This machine's clock and the database's differ by {off.total_seconds():.0f} s: let both take the time from NTP."
    ]


def disk_findings() -> list[str]:
    """Whether a disk that something is kept on is nearly full."""
    found = []
    for place in (settings.home, settings.backups.directory):
        if not place.is_dir():
            continue
        usage = shutil.disk_usage(place)
        if usage.free < usage.total * FREE_MIN:
            found.append(
                f"The disk of {place} is nearly full ({usage.free // 1_000_000:,} MB left): make room."
            )
    return found


async def backup_findings() -> list[str]:
    """Whether there are backups, and whether they can be relied on."""
    figures = await backup_status.read()
    if figures is None:
        if not settings.production:
            return []
        return ["There are no backups: start `emerald backup --daily`, as docs/BACKUPS.md says."]
    found = []
    if figures.error:
        found.append(f"The last backup failed: {figures.error}")
    if math.isinf(figures.age_seconds):
        found.append(
            "No backup is complete yet: see the log of `emerald backup --daily`, which begins with one."
        )
    elif figures.age_seconds > BACKUP_AGE_MAX.total_seconds():
        found.append("The last backup is more than a day old: see the log of `emerald backup --daily`.")
    elif not figures.encrypted:
        found.append("Backups are not encrypted: set BACKUP_PASSPHRASE.")
    if figures.wal_gap_seconds > WAL_GAP_MAX.total_seconds():
        found.append("Changes of the database are not received: is `emerald backup --daily` running?")
    if math.isinf(figures.verified_age_seconds):
        found.append(
            "No backup has been verified yet: `emerald backup --daily` does so after the first, or run `emerald verify-backup`."
        )
    elif figures.verified_age_seconds > VERIFIED_AGE_MAX.total_seconds():
        found.append("No backup was verified for two weeks: run `emerald verify-backup`.")
    return found


async def telegram_findings() -> list[str]:
    """Whether Telegram takes the token, knows the bot by its name, and reaches the webhook."""
    async with TelegramHttp() as telegram:
        status, answer = await telegram.call("getMe", {})
        if status == 0:
            return ["Telegram cannot be reached: check this machine's way out."]
        if status != 200:
            return [
                f"Telegram refuses the bot's token ({answer.get('description', status)}): take a new one of BotFather."
            ]
        found = []
        name = answer["result"].get("username", "")
        if name.lower() != settings.telegram_bot_name.lower():
            found.append(
                f"TELEGRAM_BOT_NAME is {settings.telegram_bot_name}, but the token is of @{name}: set one of them right."
            )
        _, answer = await telegram.call("getWebhookInfo", {})
    info = answer.get("result", {})
    wanted = settings.public_url + WEBHOOK_PATH if settings.telegram_webhook else ""
    if info.get("url", "") != wanted:
        found.append(
            f"Telegram calls {info.get('url') or 'no webhook'} instead of {wanted or 'none'}: start a worker, which tells it."
        )
    failed_at = info.get("last_error_date", 0)
    if clock.now().timestamp() - failed_at < WEBHOOK_ERROR_MAX.total_seconds():
        found.append(
            f"Telegram could not call the webhook: {info.get('last_error_message', 'it does not say why')}."
        )
    return found
