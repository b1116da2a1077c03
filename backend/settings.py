"""Every setting, read once from the environment; the only reader of it. `.env.example` says what
each is for.

Each variable may be given as `NAME` or as `NAME_FILE`, the path of a file that holds the value
(`X6`). An empty variable is an absent one. Whatever is wrong is told at once, in one
`SettingsError`.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from backend import embedded
from backend.database_address import BadAddress, DatabaseAddress
from backend.variables import KeptSecrets, SettingsError, Variables, own_environment

Environment = Literal["development", "production", "test"]
LogFormat = Literal["console", "json"]

ENVIRONMENTS: tuple[Environment, ...] = ("development", "production", "test")
LOG_FORMATS: tuple[LogFormat, ...] = ("console", "json")

TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{8,}")
BOT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
HEADER_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
SANDBOX_BOT = "emerald_demo_bot"
LEVELS = {"debug": "DEBUG", "info": "INFO", "warn": "WARNING", "warning": "WARNING"}
LEVELS |= {"error": "ERROR", "critical": "CRITICAL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One frozen object. Secrets are in no repr."""

    env: Environment
    home: Path  # where the embedded database and the kept secrets of a development machine live
    database_url: str = field(repr=False)
    database: DatabaseAddress
    database_embedded: bool  # nobody named a database: the one that comes along is used
    database_pool_size: int  # connections per process
    database_statement_cache: int  # prepared statements kept per connection; 0 behind PgBouncer
    telegram_bot_token: str = field(repr=False)
    telegram_bot_name: str  # without @
    telegram_app_name: str  # the Mini App's short name, as in t.me/<bot>/<app>
    telegram_api_url: str  # "" is Telegram's own
    telegram_webhook: bool  # False is long polling
    telegram_script_url: str  # "" is the vendored copy
    sandbox: bool  # no token was given: the stand-in for Telegram is used
    public_url: str  # scheme and host, no trailing slash
    host: str
    port: int
    trusted_proxies: str  # addresses whose X-Forwarded-For is believed, with commas between
    sandbox_port: int
    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    init_data_max_age: int  # seconds (`X1`)
    frame_ancestors: str  # who may frame the Mini App, as written in a Content-Security-Policy
    log_level: str  # a name of the logging module
    log_format: LogFormat
    weeks_ahead: int  # how far instances are made (`S2`)
    failpoints: frozenset[str]  # faults switched on; in tests only

    @property
    def production(self) -> bool:
        """Whether this runs for real people."""
        return self.env == "production"

    @property
    def bot_id(self) -> int:
        """The bot's Telegram id, which is the first half of its token."""
        return int(self.telegram_bot_token.partition(":")[0])

    @property
    def sandbox_url(self) -> str:
        """Where the stand-in for Telegram is, when it is used."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the environment (this process's unless given). Raises `SettingsError` with
        everything that is wrong.
        """
        given = Variables(own_environment() if environ is None else environ)
        env = given.choice("ENV", ENVIRONMENTS, "development")
        production = env == "production"
        home = Path(given.text("EMERALD_HOME", "~/.local/share/emerald"))
        try:
            home = home.expanduser().absolute()
        except RuntimeError:
            # A container's user has none, and in production nothing is kept in it.
            home = Path("/nonexistent")
            if not production:
                given.fault("EMERALD_HOME must be set: this user has no home directory.")
        kept = KeptSecrets(home, given, in_files=env == "development" and not given.faults)
        port = given.whole("PORT", 3000, 1, 65535)
        sandbox_port = given.whole("SANDBOX_PORT", 8081, 1, 65535)

        token = given.matching("TELEGRAM_BOT_TOKEN", TOKEN, "the token BotFather gave, like 123456:ABC-def…")
        sandbox = not token and not production
        if sandbox:
            token = kept.secret("sandbox_token", lambda: "42:" + secrets.token_urlsafe(24))
        bot_name = given.matching("TELEGRAM_BOT_NAME", BOT_NAME, "the bot's user name without @", strip="@")
        secret_key = given.text("SECRET_KEY")
        if secret_key and len(secret_key) < 32:
            given.fault("SECRET_KEY must have at least 32 characters; `openssl rand -hex 32` makes one.")
        elif not secret_key and not production:
            secret_key = kept.secret("secret_key", lambda: secrets.token_hex(32))
        public_url = _public_url(given, production, port)
        if production:
            given.require("TELEGRAM_BOT_TOKEN", "the token BotFather gave")
            given.require("TELEGRAM_BOT_NAME", "the bot's user name without @")
            given.require("SECRET_KEY", "at least 32 random characters; `openssl rand -hex 32` makes them")
            given.require("PUBLIC_URL", "the https address people reach this under")
        elif not sandbox and not bot_name:
            given.require("TELEGRAM_BOT_NAME", "the user name (without @) of the bot the token is for")

        database_url, address, is_embedded = _database(given, home, production)
        failpoints = given.words("FAILPOINTS")
        if failpoints and env != "test":
            given.fault("FAILPOINTS are for tests: unset it, or set ENV=test.")
        sandbox_origins = f" http://127.0.0.1:{sandbox_port} http://localhost:{sandbox_port}"
        read = cls(
            env=env,
            home=home,
            database_url=database_url,
            database=address,
            database_embedded=is_embedded,
            database_pool_size=given.whole("DATABASE_POOL_SIZE", address.connection_limit or 6, 1, 100),
            database_statement_cache=given.whole(
                "DATABASE_STATEMENT_CACHE", 0 if address.pgbouncer else 100, 0, 10_000
            ),
            telegram_bot_token=token,
            telegram_bot_name=bot_name or (SANDBOX_BOT if sandbox else ""),
            telegram_app_name=given.text("TELEGRAM_APP_NAME", "app"),
            telegram_api_url=given.origin(
                "TELEGRAM_API_URL", f"http://127.0.0.1:{sandbox_port}" if sandbox else ""
            ),
            telegram_webhook=given.yes("TELEGRAM_WEBHOOK", production),
            telegram_script_url=given.text("TELEGRAM_SCRIPT_URL"),
            sandbox=sandbox,
            public_url=public_url,
            host=given.text("HOST", "127.0.0.1"),
            port=port,
            trusted_proxies=given.text("TRUSTED_PROXIES", "127.0.0.1"),
            sandbox_port=sandbox_port,
            secret_key=secret_key,
            webhook_secret=given.matching(
                "TELEGRAM_WEBHOOK_SECRET", HEADER_SECRET, "16 to 256 of A-Z a-z 0-9 _ -"
            )
            or hmac.new(secret_key.encode(), b"telegram webhook", hashlib.sha256).hexdigest(),
            init_data_max_age=given.whole("INIT_DATA_MAX_AGE", 86_400, 1, 604_800),
            frame_ancestors=given.text("FRAME_ANCESTORS", "https://web.telegram.org")
            + (sandbox_origins if sandbox else ""),
            log_level=LEVELS[given.choice("LOG_LEVEL", tuple(LEVELS), "info")],
            log_format=given.choice("LOG_FORMAT", LOG_FORMATS, "json" if production else "console"),
            weeks_ahead=given.whole("WEEKS_AHEAD", 8, 1, 52),
            failpoints=frozenset(failpoints),
        )
        if given.faults:
            raise SettingsError(given.faults)
        return read


def _public_url(given: Variables, production: bool, port: int) -> str:
    url = given.origin("PUBLIC_URL", f"http://127.0.0.1:{port}")
    if production and given.has("PUBLIC_URL") and not url.startswith("https://"):
        given.fault("PUBLIC_URL must begin with https:// in production: Telegram opens nothing else.")
    return url


def _database(given: Variables, home: Path, production: bool) -> tuple[str, DatabaseAddress, bool]:
    """The address in use, and whether it is the embedded server's."""
    url = given.text("DATABASE_URL")
    pieces = {
        "user": given.text("POSTGRES_USER"),
        "password": given.text("POSTGRES_PASSWORD"),
        "database": given.text("POSTGRES_DB"),
    }
    host, port = given.text("POSTGRES_HOST"), given.whole("POSTGRES_PORT", 5432, 1, 65535)
    own = embedded.address(home)
    if not url and not host and not any(pieces.values()):
        if production:
            given.fault("DATABASE_URL must be set, like postgresql://user:password@host:5432/emerald.")
        return own, DatabaseAddress.from_url(own), True
    try:
        if url:
            return url, DatabaseAddress.from_url(url, pieces), False
        address = DatabaseAddress(
            host=host or "127.0.0.1",
            port=port,
            user=pieces["user"] or "emerald",
            password=pieces["password"],
            database=pieces["database"] or "emerald",
        )
        return address.url(), address, False
    except BadAddress as error:
        given.fault(f"DATABASE_URL {error}.")
        return own, DatabaseAddress.from_url(own), False


settings = Settings.from_environ()
