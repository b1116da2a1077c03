"""Every setting, read once from the environment. No other module reads it. `.env.example` describes each
setting.

Each variable may be given as `NAME`, or as `NAME_FILE`, the path of a file that holds the value (`X6`). An
empty variable counts as absent. All faults are reported at once, in one `SettingsError` (decision 0025).
"""

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from backend import embedded
from backend.backup_settings import BackupSettings, read_backup_settings
from backend.database_address import BadAddress, DatabaseAddress
from backend.variables import KeptSecrets, SettingsError, Variables, own_environment

Environment = Literal["development", "production", "test"]
LogFormat = Literal["console", "json"]

ENVIRONMENTS: tuple[Environment, ...] = ("development", "production", "test")
LOG_FORMATS: tuple[LogFormat, ...] = ("console", "json")

# Of 32 random hexadecimal digits, fewer than 8 different ones come once in ten million keys.
CHARACTERS_MIN, PIECE_MAX = 8, 16
TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{8,}")
BOT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
APP_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
CLIENT_ID = re.compile(r"\d{1,20}")
HEADER_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
# Both become part of the Content-Security-Policy.
SCRIPT_URL = re.compile(r"https://[A-Za-z0-9.-]+(?::\d{1,5})?/[A-Za-z0-9._~/?=&%-]*")
FRAME_ANCESTOR = r"(?:'self'|'none'|https?://(?:\*\.)?[A-Za-z0-9.-]+(?::(?:\d{1,5}|\*))?)"
FRAME_ANCESTORS = re.compile(rf"{FRAME_ANCESTOR}(?: +{FRAME_ANCESTOR})*")
HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:.]+")
SANDBOX_BOT = "emerald_demo_bot"
LEVELS = {"debug": "DEBUG", "info": "INFO", "warn": "WARNING", "warning": "WARNING"}
LEVELS |= {"error": "ERROR", "critical": "CRITICAL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings. The secrets are not part of its repr."""

    env: Environment
    home: Path  # where the embedded database and the kept secrets of a development machine live
    database_only: (
        bool  # this process has the database's secret and no other: it can migrate, and nothing else
    )
    database_url: str = field(repr=False)
    database: DatabaseAddress
    replica_database: DatabaseAddress | None  # for reads of everything that may be some seconds old
    migrate_database: DatabaseAddress  # as whom and where to migrate: the tables' owner, and not PgBouncer
    database_embedded: bool  # no database is named, so the embedded one is used
    database_pool_size: int  # connections per process
    database_statement_cache: int  # prepared statements kept per connection; 0 behind PgBouncer
    telegram_bot_token: str = field(repr=False)
    telegram_bot_name: str  # without @
    telegram_app_name: str  # the Mini App's short name, as in t.me/<bot>/<app>
    telegram_api_url: str  # "" is Telegram's own
    telegram_webhook: bool  # False is long polling
    telegram_script_url: str  # "" is the vendored copy
    telegram_login_client_id: str  # by which Telegram's OpenID provider knows us; "" without a secret
    telegram_login_client_secret: str = field(repr=False)  # "" is no Log In With Telegram, the bot alone
    telegram_login_issuer: str  # the origin of that provider
    sandbox: bool  # no token is given, so the sandbox stands in for Telegram
    public_url: str  # scheme and host, no trailing slash
    host: str
    port: int
    metrics_port: int  # where /metrics is answered, and nothing else; 0 is nowhere
    trusted_proxies: str  # addresses whose X-Forwarded-For is trusted, separated by commas
    sandbox_port: int
    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    webhook_secret_before: str = field(repr=False)  # accepted too while a new one is put in its place
    init_data_max_age: int  # seconds (`X1`)
    frame_ancestors: str  # who may frame the Mini App, as written in a Content-Security-Policy
    log_level: str  # a name of the logging module
    log_format: LogFormat
    weeks_ahead: int  # how far ahead instances are materialized (`S2`)
    backups: BackupSettings
    archive_database: DatabaseAddress | None  # as whom to archive; None is the application
    archive_instances_days: int  # after its end an instance moves into the archive
    archive_log_days: int  # and a row of the participation log, if its instance has moved
    failpoints: frozenset[str]  # failpoints that are on; in tests only

    @property
    def production(self) -> bool:
        """Whether this is a production installation."""
        return self.env == "production"

    @property
    def bot_id(self) -> int:
        """The bot's Telegram id: the first half of its token."""
        return int(self.telegram_bot_token.partition(":")[0])

    @property
    def telegram_login_redirect(self) -> str:
        """Where Telegram's sign-in page sends a browser back to: an allowed URL at BotFather."""
        return f"{self.public_url}/dashboard/sign-in/telegram/return"

    @property
    def sandbox_url(self) -> str:
        """The URL of the sandbox, when it is used."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read this process's environment, or the one that is given. Raises `SettingsError` with all
        faults."""
        variables = Variables(own_environment() if environ is None else environ)
        env = variables.choice("ENV", ENVIRONMENTS, "development")
        production = env == "production"
        database_only = variables.boolean("DATABASE_ONLY", False)
        home = Path(variables.text("EMERALD_HOME", "~/.local/share/emerald"))
        try:
            home = home.expanduser().absolute()
        except RuntimeError:
            # The user of a container has no home, and in production nothing is stored there.
            home = Path("/nonexistent")
            if not production:
                variables.fault("EMERALD_HOME must be set: this user has no home directory.")
        kept = KeptSecrets(home, variables, in_files=env == "development" and not variables.faults)
        port = variables.integer("PORT", 3000, 1, 65535)
        metrics_port = variables.integer("METRICS_PORT", 0, 1, 65535)
        if metrics_port == port:
            variables.fault("METRICS_PORT must be another than PORT: the world reaches that one.")
        sandbox_port = variables.integer("SANDBOX_PORT", 8081, 1, 65535)

        token = variables.matching(
            "TELEGRAM_BOT_TOKEN", TOKEN, "the token BotFather gave, like 123456:ABC-def…"
        )
        sandbox = not token and not production
        if sandbox:
            token = kept.secret("sandbox_token", lambda: "42:" + secrets.token_urlsafe(24))
        bot_name = variables.matching(
            "TELEGRAM_BOT_NAME", BOT_NAME, "the bot's user name without @", strip="@"
        )
        secret_key = variables.text("SECRET_KEY")
        if secret_key and len(secret_key) < 32:
            variables.fault("SECRET_KEY must have at least 32 characters; `openssl rand -hex 32` makes one.")
        elif secret_key and _is_guessable(secret_key):
            variables.fault("SECRET_KEY can be guessed; `openssl rand -hex 32` makes a good one.")
        elif not secret_key and (database_only or not production):
            secret_key = kept.secret("secret_key", lambda: secrets.token_hex(32))
        login_id, login_secret = _login_client(variables, token, kept if sandbox else None)
        public_url = _public_url(variables, production, port)
        if production and not database_only:
            variables.require("TELEGRAM_BOT_TOKEN", "the token BotFather gave")
            variables.require("TELEGRAM_BOT_NAME", "the bot's user name without @")
            variables.require(
                "SECRET_KEY", "at least 32 random characters; `openssl rand -hex 32` makes them"
            )
            variables.require("PUBLIC_URL", "the https address people reach this under")
        elif not (database_only or sandbox or bot_name):
            variables.require("TELEGRAM_BOT_NAME", "the user name (without @) of the bot the token is for")

        database_url, address, is_embedded = _database(variables, home, production)
        failpoints = variables.words("FAILPOINTS")
        if failpoints and env != "test":
            variables.fault("FAILPOINTS are for tests: unset it, or set ENV=test.")
        sandbox_origins = f" http://127.0.0.1:{sandbox_port} http://localhost:{sandbox_port}"
        read = cls(
            env=env,
            home=home,
            database_only=database_only,
            database_url=database_url,
            database=address,
            migrate_database=_other_database(variables, "MIGRATE_DATABASE_URL") or address,
            replica_database=_other_database(variables, "REPLICA_DATABASE_URL"),
            database_embedded=is_embedded,
            database_pool_size=variables.integer("DATABASE_POOL_SIZE", address.connection_limit or 6, 1, 100),
            database_statement_cache=variables.integer(
                "DATABASE_STATEMENT_CACHE", 0 if address.pgbouncer else 100, 0, 10_000
            ),
            telegram_bot_token=token,
            telegram_bot_name=bot_name or (SANDBOX_BOT if sandbox else ""),
            telegram_app_name=variables.matching(
                "TELEGRAM_APP_NAME",
                APP_NAME,
                "the Mini App's short name, like app: letters, digits and _, beginning with a letter",
            )
            or "app",
            telegram_api_url=variables.origin(
                "TELEGRAM_API_URL", f"http://127.0.0.1:{sandbox_port}" if sandbox else ""
            ),
            telegram_webhook=variables.boolean("TELEGRAM_WEBHOOK", production),
            telegram_script_url=variables.matching(
                "TELEGRAM_SCRIPT_URL",
                SCRIPT_URL,
                "the https address of a script, like https://telegram.org/js/x.js",
            ),
            telegram_login_client_id=login_id,
            telegram_login_client_secret=login_secret,
            telegram_login_issuer=variables.origin(
                "TELEGRAM_LOGIN_ISSUER",
                f"http://127.0.0.1:{sandbox_port}" if sandbox else "https://oauth.telegram.org",
            ),
            sandbox=sandbox,
            public_url=public_url,
            host=variables.matching("HOST", HOST, "an address to listen at, like 0.0.0.0") or "127.0.0.1",
            port=port,
            metrics_port=metrics_port,
            trusted_proxies=_trusted_proxies(variables),
            sandbox_port=sandbox_port,
            secret_key=secret_key,
            webhook_secret=_webhook_secret(variables, secret_key),
            webhook_secret_before=variables.matching(
                "TELEGRAM_WEBHOOK_SECRET_BEFORE", HEADER_SECRET, "16 to 256 of A-Z a-z 0-9 _ -"
            ),
            init_data_max_age=variables.integer("INIT_DATA_MAX_AGE", 86_400, 1, 604_800),
            frame_ancestors=(
                variables.matching(
                    "FRAME_ANCESTORS",
                    FRAME_ANCESTORS,
                    "addresses with blanks between, like https://web.telegram.org",
                )
                or "https://web.telegram.org"
            )
            + (sandbox_origins if sandbox else ""),
            log_level=LEVELS[variables.choice("LOG_LEVEL", tuple(LEVELS), "info")],
            log_format=variables.choice("LOG_FORMAT", LOG_FORMATS, "json" if production else "console"),
            weeks_ahead=variables.integer("WEEKS_AHEAD", 8, 1, 52),
            backups=read_backup_settings(variables, home),
            archive_database=_other_database(variables, "ARCHIVE_DATABASE_URL"),
            archive_instances_days=variables.integer("ARCHIVE_INSTANCES_DAYS", 366, 366, 36_500),
            archive_log_days=variables.integer("ARCHIVE_LOG_DAYS", 731, 366, 36_500),
            failpoints=frozenset(failpoints),
        )
        if variables.faults:
            raise SettingsError(variables.faults)
        return read


def _is_guessable(secret: str) -> bool:
    """Whether nobody drew this at random: a few different characters, or a short piece over and over."""
    return len(set(secret)) < CHARACTERS_MIN or any(
        secret[length:] == secret[:-length] for length in range(1, PIECE_MAX + 1)
    )


def _webhook_secret(variables: Variables, secret_key: str) -> str:
    given = variables.matching("TELEGRAM_WEBHOOK_SECRET", HEADER_SECRET, "16 to 256 of A-Z a-z 0-9 _ -")
    if given and _is_guessable(given):
        variables.fault("TELEGRAM_WEBHOOK_SECRET can be guessed; left out, it is derived from SECRET_KEY.")
    return given or hmac.new(secret_key.encode(), b"telegram webhook", hashlib.sha256).hexdigest()


def _login_client(variables: Variables, token: str, kept: KeptSecrets | None) -> tuple[str, str]:
    """The id and the secret by which Telegram's OpenID provider knows us; "" and "" without a secret. In front of the
    sandbox (`kept`) a secret is made."""
    secret = variables.text("TELEGRAM_LOGIN_CLIENT_SECRET")
    if kept is not None and not secret:
        secret = kept.secret("sandbox_login_secret", lambda: secrets.token_urlsafe(24))
    client_id = variables.matching("TELEGRAM_LOGIN_CLIENT_ID", CLIENT_ID, "the number that BotFather shows")
    if client_id and not secret:
        variables.fault("TELEGRAM_LOGIN_CLIENT_SECRET must be set with TELEGRAM_LOGIN_CLIENT_ID.")
    return (client_id or token.partition(":")[0], secret) if secret else ("", "")


def _public_url(variables: Variables, production: bool, port: int) -> str:
    faults_before = len(variables.faults)
    url = variables.origin("PUBLIC_URL", f"http://127.0.0.1:{port}")
    is_read = variables.has("PUBLIC_URL") and len(variables.faults) == faults_before
    if production and is_read and not url.startswith("https://"):
        variables.fault("PUBLIC_URL must begin with https:// in production: Telegram opens nothing else.")
    return url


def _trusted_proxies(variables: Variables) -> str:
    """The addresses and networks, as uvicorn takes them."""
    given = variables.words("TRUSTED_PROXIES")
    for one in given:
        try:
            ipaddress.ip_network(one)
        except ValueError:
            variables.fault(
                "TRUSTED_PROXIES must be addresses or networks with commas between, like 10.0.0.0/8,127.0.0.1."
            )
    return ",".join(given) or "127.0.0.1"


def _database(variables: Variables, home: Path, production: bool) -> tuple[str, DatabaseAddress, bool]:
    """The URL and the address in use, and whether they are the embedded server's."""
    url = variables.text("DATABASE_URL")
    pieces = {
        "user": variables.text("POSTGRES_USER"),
        "password": variables.text("POSTGRES_PASSWORD"),
        "database": variables.text("POSTGRES_DB"),
    }
    host, port = variables.text("POSTGRES_HOST"), variables.integer("POSTGRES_PORT", 5432, 1, 65535)
    embedded_url = embedded.address(home)
    if not url and not host and not any(pieces.values()):
        if production:
            variables.fault("DATABASE_URL must be set, like postgresql://user:password@host:5432/emerald.")
        return embedded_url, DatabaseAddress.from_url(embedded_url), True
    try:
        if url:
            return url, DatabaseAddress.from_url(url, pieces), False
        address = DatabaseAddress(
            hosts=tuple((name, port) for name in (host or "127.0.0.1").split(",")),
            user=pieces["user"] or "emerald",
            password=pieces["password"],
            database=pieces["database"] or "emerald",
        )
        return address.url(), address, False
    except BadAddress as error:
        variables.fault(f"DATABASE_URL {error}.")
        return embedded_url, DatabaseAddress.from_url(embedded_url), False


def _other_database(variables: Variables, name: str) -> DatabaseAddress | None:
    """The address that a variable names, if it is set."""
    url = variables.text(name)
    try:
        return DatabaseAddress.from_url(url) if url else None
    except BadAddress as error:
        variables.fault(f"{name} {error}.")
        return None


settings = Settings.from_environ()
