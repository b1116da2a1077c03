"""`emerald setup-bot`."""

import click

from backend.accounts.organisers import reachable_organisers
from backend.settings import settings
from bot.bot_setup import differences, set_up_bot
from bot.delivery.client import CALL_ERRORS, make_bot
from emerald.errors import CommandFailed
from emerald.runtime import database, result_with_pool


@click.command
@click.option("--check", is_flag=True, help="Only show what differs; exit code 1 if anything does.")
def setup_bot(check: bool) -> int:
    """Set commands, menu button and webhook at Telegram, and show what was otherwise.

    Organisers are offered their own commands too, each in their private chat and language. May be repeated: what is right
    already stays. The webhook's secret is sent again each time.
    """
    with database():
        return result_with_pool("emerald setup-bot", lambda: _set_up(check))


async def _set_up(check: bool) -> int:
    bot = make_bot(settings)
    try:
        organisers = await reachable_organisers()
        found = await differences(bot, webhook=settings.telegram_webhook, organisers=organisers)
        for each in found:
            print(f"{each.what}\n- {each.now or 'nothing'}\n+ {each.wanted or 'nothing'}")
            if each.hint:
                print(each.hint)
        if not found:
            print("Telegram has everything as it should be.")
        if not check and not await set_up_bot(bot, webhook=settings.telegram_webhook, organisers=organisers):
            raise CommandFailed("Telegram refused the setup: see the log line above.")
    except CALL_ERRORS as error:
        raise CommandFailed(f"Telegram does not answer as it should: {error}") from error
    finally:
        await bot.session.close()
    return 1 if check and found else 0
