"""Every door at once: the sandbox with the bot, the Mini App, the dashboard."""

from tests.telegram import connected, sandbox_url, telegram
from tests.webapp.conftest import app_of, site, web
from tests.webapp.dashboard.conftest import browser, dashboard, sign_in

__all__ = ["app_of", "browser", "connected", "dashboard", "sandbox_url", "sign_in", "site", "telegram", "web"]
