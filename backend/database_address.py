"""The address of the database, parsed in one place.

The form is `postgresql://user:password@host:5432/name`, or with several hosts, `host-a:5432,host-b:5432`, of
which the one that can be written is used. It has these parameters of libpq: `sslmode`, `sslrootcert`,
`sslcert`, `sslkey`, `host` for a socket directory or for several hosts, `port`, `user`, `password`, `dbname`,
`passfile`, `options`, `application_name`, `connect_timeout`, `target_session_attrs`; and these of Prisma:
`schema`, `connection_limit`, `pgbouncer`.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    "passfile",
    "options",
    "target_session_attrs",
    "application_name",
    "connect_timeout",
    "connection_limit",
    "pgbouncer",
)
# What libpq calls the server that is wanted of several.
SERVERS = ("any", "read-write", "read-only", "primary", "standby", "prefer-standby")
SHAPE = "postgresql://user:password@host:5432/name (with odd characters of the password as %40 and so on)"


class BadAddress(ValueError):
    """The address cannot be used. The text says what to write instead, and never repeats the address."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """One database, with all that asyncpg needs to connect. The password is not part of its repr."""

    hosts: tuple[tuple[str, int], ...]  # (host, port): of several, those that may hold the primary
    user: str
    password: str = field(repr=False)
    database: str
    schema: str = ""
    sslmode: str = ""
    sslrootcert: str = ""
    sslcert: str = ""
    sslkey: str = field(default="", repr=False)
    passfile: str = ""
    options: str = ""
    target_session_attrs: str = ""  # "": of several hosts the one that can be written
    application_name: str = ""
    connect_timeout: int = 10  # seconds for each host
    connection_limit: int | None = None
    pgbouncer: bool = False

    @classmethod
    def from_url(cls, url: str, defaults: Mapping[str, str] | None = None) -> "DatabaseAddress":
        """Parse a URL; `defaults` gives `user`, `password` and `database` where the URL leaves them out.
        Raises `BadAddress`."""
        defaults = defaults or {}
        try:
            parts = urlsplit(url)
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
        login, _, places = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        address = cls(
            hosts=_hosts(places, query),
            user=unquote(user) or query.get("user") or defaults.get("user", ""),
            password=unquote(password) or query.get("password") or defaults.get("password", ""),
            database=name or query.get("dbname") or defaults.get("database", ""),
            schema=query.get("schema", ""),
            sslmode=query.get("sslmode", ""),
            sslrootcert=query.get("sslrootcert", ""),
            sslcert=query.get("sslcert", ""),
            sslkey=query.get("sslkey", ""),
            passfile=query.get("passfile", ""),
            options=query.get("options", ""),
            target_session_attrs=query.get("target_session_attrs", ""),
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
        if self.target_session_attrs and self.target_session_attrs not in SERVERS:
            raise BadAddress(f"has an unknown target_session_attrs; use one of {', '.join(SERVERS)}")
        if self.passfile and not Path(self.passfile).is_file():
            raise BadAddress(f"names a passfile that does not exist: {self.passfile}")
        if self.pgbouncer and self.options:
            raise BadAddress("has options, which PgBouncer does not pass on: set them for the role instead")
        self.ssl()

    @property
    def host(self) -> str:
        """The first host, or the directory of the socket."""
        return self.hosts[0][0]

    @property
    def port(self) -> int:
        """The port of the first host."""
        return self.hosts[0][1]

    @property
    def place(self) -> str:
        """Where the database is, for a sentence: `db:5432`, `a:5432 or b:5432`, or a directory."""
        return " or ".join(host if host.startswith("/") else f"{host}:{port}" for host, port in self.hosts)

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
        """Keyword arguments for `asyncpg.connect` and `create_pool`; a new dictionary each time.

        PgBouncer refuses most settings of a session, so behind it they are those of the role.
        """
        session: dict[str, str] = {}
        if self.schema and not self.pgbouncer:
            # Quoted, because a schema is one name and not a list, whatever characters it has.
            session["search_path"] = '"' + self.schema.replace('"', '""') + '"'
        if self.options:
            session["options"] = self.options
        if self.application_name:
            session["application_name"] = self.application_name
        several = len(self.hosts) > 1
        kwargs: dict[str, Any] = {
            "host": [host for host, _ in self.hosts] if several else self.host,
            "port": [port for _, port in self.hosts] if several else self.port,
            "user": self.user,
            "database": self.database,
            "timeout": self.connect_timeout,
            "server_settings": session,
        }
        if self.password:
            kwargs["password"] = self.password
        if self.passfile:
            kwargs["passfile"] = self.passfile
        if self.target_session_attrs or several:
            kwargs["target_session_attrs"] = self.target_session_attrs or "read-write"
        if (mode := self.ssl()) is not None:
            kwargs["ssl"] = mode
        if self.pgbouncer:
            kwargs["statement_cache_size"] = 0
        return kwargs

    def url(self) -> str:
        """The URL for libpq's own programs (`psql`, `pg_dump`), which do not know the parameters of Prisma: the
        schema becomes the search path. It holds the password: never log it."""
        login = quote(self.user, safe="")
        if self.password:
            login += ":" + quote(self.password, safe="")
        options = self.options
        if self.schema and not self.pgbouncer:
            # libpq divides options at blanks, and a backslash takes the next character as it is.
            quoted = '"' + self.schema.replace('"', '""') + '"'
            options += " -c search_path=" + re.sub(r"([\\\s])", r"\\\1", quoted)
        names = (
            *("sslmode", "sslrootcert", "sslcert", "sslkey"),
            *("passfile", "target_session_attrs", "application_name"),
        )
        query = {name: value for name in names if (value := getattr(self, name))}
        if options:
            query["options"] = options.strip()
        if self.connect_timeout != 10:
            query["connect_timeout"] = str(self.connect_timeout)
        if any(host.startswith("/") for host, _ in self.hosts):
            places = ""
            query["host"] = ",".join(host for host, _ in self.hosts)
            query["port"] = ",".join(str(port) for _, port in self.hosts)
        else:
            places = ",".join(f"{f'[{h}]' if ':' in h else h}:{port}" for h, port in self.hosts)
        # libpq reads + as itself.
        tail = "?" + urlencode(query, quote_via=quote) if query else ""
        return f"postgresql://{login}@{places}/{quote(self.database, safe='')}{tail}"

    def own_url(self) -> str:
        """The URL for Emerald itself. It holds the password: never log it."""
        url = replace(self, schema="").url()
        own = {"schema": self.schema, "pgbouncer": "true" if self.pgbouncer else ""}
        own["connection_limit"] = str(self.connection_limit or "")
        tail = urlencode({name: value for name, value in own.items() if value}, quote_via=quote)
        return url + (("&" if "?" in url else "?") + tail if tail else "")


def _hosts(places: str, query: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """Each host with its port. As in libpq, `host` and `port` of the query replace those before them, and one
    port is that of all hosts. Raises `BadAddress`."""
    found = [_host(place) for place in places.split(",")]
    names, ports = [name for name, _ in found], [port for _, port in found]
    if query.get("host"):
        names = query["host"].split(",")
        ports = ports if len(ports) == len(names) else [ports[0]] * len(names)
    if query.get("port"):
        given = [_port(port) for port in query["port"].split(",")]
        if len(given) not in (1, len(names)):
            raise BadAddress("names more hosts than ports, or more ports than hosts")
        ports = [port or other for port, other in zip(ports, given * len(names), strict=False)]
    return tuple((name or "127.0.0.1", port or 5432) for name, port in zip(names, ports, strict=True))


def _host(place: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^:\[\]]*))(?::(\d*))?", place)
    if found is None:
        raise BadAddress(f"cannot be read; write {SHAPE}")
    return unquote(found[1] or found[2] or ""), _port(found[3])


def _port(text: str | None) -> int | None:
    return _whole({"port": text}, "port", 5432) if text else None


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 0 < int(text) < 65536):
        raise BadAddress(f"needs a whole number for {name}")
    return int(text)
