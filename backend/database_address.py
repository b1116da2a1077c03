"""The address of the database, parsed in one place.

The form is `postgresql://user:password@host:5432/name`, with these parameters of libpq: `sslmode`,
`sslrootcert`, `sslcert`, `sslkey`, `host` for a socket directory, `application_name`, `connect_timeout`; and
these of Prisma: `schema`, `connection_limit`, `pgbouncer`.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
PARAMETERS = (
    "schema",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "port",
    "user",
    "password",
    "dbname",
    "application_name",
    "connect_timeout",
    "connection_limit",
    "pgbouncer",
)
SHAPE = "postgresql://user:password@host:5432/name (with odd characters of the password as %40 and so on)"


class BadAddress(ValueError):
    """The address cannot be used. The text says what to write instead, and never repeats the address."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """One database, with all that asyncpg needs to connect. The password is not part of its repr."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    schema: str = ""
    sslmode: str = ""
    sslrootcert: str = ""
    sslcert: str = ""
    sslkey: str = field(default="", repr=False)
    application_name: str = ""
    connect_timeout: int = 10
    connection_limit: int | None = None
    pgbouncer: bool = False

    @classmethod
    def from_url(cls, url: str, defaults: Mapping[str, str] | None = None) -> "DatabaseAddress":
        """Parse a URL; `defaults` gives `user`, `password` and `database` where the URL leaves them out.
        Raises `BadAddress`."""
        defaults = defaults or {}
        try:
            parts = urlsplit(url)
            port = parts.port
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
        except ValueError:
            # The cause is dropped on purpose: urllib quotes the part it cannot parse, which is often the
            # password.
            raise BadAddress(f"cannot be read; write {SHAPE}") from None
        if parts.scheme not in ("postgresql", "postgres") or parts.fragment:
            raise BadAddress(f"cannot be read; write {SHAPE}")
        unknown = sorted(set(query) - set(PARAMETERS))
        if unknown:
            # A misspelt sslmode must not mean "no encryption".
            raise BadAddress(f"has parameters that are not understood: {', '.join(unknown)}")
        name = unquote(parts.path.lstrip("/"))
        address = cls(
            host=query.get("host") or unquote(parts.hostname or "") or "127.0.0.1",
            port=port or _whole(query, "port", 5432),
            user=unquote(parts.username or "") or query.get("user") or defaults.get("user", ""),
            password=unquote(parts.password or "") or query.get("password") or defaults.get("password", ""),
            database=name or query.get("dbname") or defaults.get("database", ""),
            schema=query.get("schema", ""),
            sslmode=query.get("sslmode", ""),
            sslrootcert=query.get("sslrootcert", ""),
            sslcert=query.get("sslcert", ""),
            sslkey=query.get("sslkey", ""),
            application_name=query.get("application_name", ""),
            connect_timeout=_whole(query, "connect_timeout", 10),
            connection_limit=_whole(query, "connection_limit", 0) or None,
            pgbouncer=query.get("pgbouncer", "").lower() in ("true", "1"),
        )
        address.check()
        return address

    def check(self) -> None:
        """Raise `BadAddress` for an address that no server accepts."""
        missing = [
            word for word, value in (("a user", self.user), ("a database name", self.database)) if not value
        ]
        if missing:
            raise BadAddress(f"lacks {' and '.join(missing)}; write {SHAPE}")
        if self.sslmode and self.sslmode not in SSL_MODES:
            raise BadAddress(f"has an unknown sslmode; use one of {', '.join(SSL_MODES)}")
        if self.sslkey and not self.sslcert:
            raise BadAddress("has sslkey without sslcert")
        self.ssl()

    @property
    def is_socket(self) -> bool:
        """Whether the host is a directory with a socket in it."""
        return self.host.startswith("/")

    def ssl(self) -> ssl.SSLContext | str | None:
        """asyncpg's argument `ssl`: the name of a mode, or a context when certificates are used.

        As in libpq, a root certificate turns `require` into `verify-ca`. Without one, the `verify-` modes
        trust the system's authorities. Raises `BadAddress` when a certificate cannot be read.
        """
        if self.is_socket or self.sslmode == "disable":
            return "disable"
        verify = self.sslmode in ("verify-ca", "verify-full")
        if not (verify or self.sslrootcert or self.sslcert):
            return self.sslmode or None
        for path in filter(None, (self._root_file, self.sslcert, self.sslkey)):
            if not Path(path).is_file():
                raise BadAddress(f"names a certificate file that does not exist: {path}")
        try:
            context = ssl.create_default_context(cafile=self._root_file or None)
            if self.sslcert:
                context.load_cert_chain(self.sslcert, self.sslkey or None)
        except ssl.SSLError:
            raise BadAddress("names certificate files that cannot be used together") from None
        context.check_hostname = self.sslmode == "verify-full"
        if not (verify or self.sslrootcert):
            context.verify_mode = ssl.CERT_NONE
        return context

    @property
    def _root_file(self) -> str:
        return "" if self.sslrootcert == "system" else self.sslrootcert

    def connect_kwargs(self) -> dict[str, Any]:
        """Keyword arguments for `asyncpg.connect` and `create_pool`; a new dictionary each time."""
        session: dict[str, str] = {}
        if self.schema:
            # Quoted, because a schema is one name and not a list, whatever characters it has.
            session["search_path"] = '"' + self.schema.replace('"', '""') + '"'
        if self.application_name:
            session["application_name"] = self.application_name
        kwargs: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "database": self.database,
            "timeout": self.connect_timeout,
            "server_settings": session,
        }
        if self.password:
            kwargs["password"] = self.password
        if (mode := self.ssl()) is not None:
            kwargs["ssl"] = mode
        return kwargs

    def url(self) -> str:
        """The URL for libpq's own programs (`psql`, `pg_dump`). It holds the password: never log it."""
        login = quote(self.user, safe="")
        if self.password:
            login += ":" + quote(self.password, safe="")
        query = {
            name: value
            for name, value in (
                ("sslmode", self.sslmode),
                ("sslrootcert", self.sslrootcert),
                ("sslcert", self.sslcert),
                ("sslkey", self.sslkey),
            )
            if value
        }
        host = self.host
        if self.is_socket:
            query["host"], host = self.host, ""
        elif ":" in host:
            host = f"[{host}]"
        tail = "?" + urlencode(query) if query else ""
        return f"postgresql://{login}@{host}:{self.port}/{quote(self.database, safe='')}{tail}"


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 0 < int(text) < 65536):
        raise BadAddress(f"needs a whole number for {name}")
    return int(text)
