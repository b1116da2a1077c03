"""DATABASE_URL in the forms that people write."""

import ssl
from pathlib import Path

import pytest

from backend.database_address import BadAddress, DatabaseAddress
from backend.settings import Settings


def test_the_form_in_the_guide() -> None:
    found = DatabaseAddress.from_url("postgresql://admin:p%40ss@postgres:5433/emerald?schema=public")
    assert found.connect_kwargs() == {
        "host": "postgres",
        "port": 5433,
        "user": "admin",
        "password": "p@ss",
        "database": "emerald",
        "timeout": 10,
        "server_settings": {"search_path": '"public"'},
    }


def test_a_schema_with_odd_characters_stays_one_name() -> None:
    found = DatabaseAddress.from_url('postgres://u@h/d?schema=a"b, c')
    assert found.connect_kwargs()["server_settings"]["search_path"] == '"a""b, c"'


def test_a_socket_directory() -> None:
    found = DatabaseAddress.from_url("postgresql://emerald@/emerald?host=/run/pg&sslmode=require")
    kwargs = found.connect_kwargs()
    # Nothing is encrypted on a socket; libpq does not either.
    assert (kwargs["host"], kwargs["ssl"]) == ("/run/pg", "disable")


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
def test_modes_without_certificates_are_passed_by_name(mode: str) -> None:
    found = DatabaseAddress.from_url(f"postgresql://u@h/d?sslmode={mode}")
    assert found.connect_kwargs()["ssl"] == mode


def test_verifying_modes_verify() -> None:
    full = DatabaseAddress.from_url("postgresql://u@h/d?sslmode=verify-full").ssl()
    assert isinstance(full, ssl.SSLContext)
    assert (full.verify_mode, full.check_hostname) == (ssl.CERT_REQUIRED, True)
    ca = DatabaseAddress.from_url("postgresql://u@h/d?sslmode=verify-ca&sslrootcert=system").ssl()
    assert isinstance(ca, ssl.SSLContext)
    assert (ca.verify_mode, ca.check_hostname) == (ssl.CERT_REQUIRED, False)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://u:secret@h/d", "postgresql://"),
        ("postgresql://u:secret@h:port/d", "cannot be read"),
        ("postgresql://u:se#cret@h/d", "cannot be read"),
        ("postgresql://u:secret@h/d?sslmdoe=require", "sslmdoe"),
        ("postgresql://u:secret@h/d?sslmode=secret-ly", "verify-full"),
        ("postgresql://h", "a user and a database name"),
        ("postgresql://u:secret@h/d?connect_timeout=soon", "connect_timeout"),
        ("postgresql://u:secret@h/d?sslmode=verify-ca&sslrootcert=/nowhere.pem", "/nowhere.pem"),
        ("postgresql://u:secret@h/d?sslkey=/k.pem", "sslcert"),
        ("postgresql://u:secret@a:1,b:x/d", "cannot be read"),
        ("postgresql://u:secret@a:1,b:2,c:3/d?port=1,2", "more hosts than ports"),
        ("postgresql://u:secret@h/d?target_session_attrs=best", "read-write"),
        ("postgresql://u:secret@h/d?passfile=/nowhere", "/nowhere"),
        ("postgresql://u:secret@h/d?options=-c%20a%3Db&pgbouncer=true", "PgBouncer"),
    ],
)
def test_a_fault_is_reported_without_the_password(url: str, says: str) -> None:
    with pytest.raises(BadAddress) as raised:
        DatabaseAddress.from_url(url)
    assert says in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_root_certificate_that_is_none_is_reported(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_text("not a certificate")
    with pytest.raises(BadAddress, match="certificate files"):
        DatabaseAddress.from_url(f"postgresql://u@h/d?sslrootcert={tmp_path / 'root.pem'}")


def test_the_postgres_variables_complete_the_url_or_replace_it() -> None:
    pieces = {"POSTGRES_USER": "a", "POSTGRES_PASSWORD": "b c", "POSTGRES_DB": "d"}
    filled = Settings.from_environ({"ENV": "test", "DATABASE_URL": "postgresql://db", **pieces})
    assert (filled.database.user, filled.database.password) == ("a", "b c")
    alone = Settings.from_environ({"ENV": "test", "POSTGRES_HOST": "db", **pieces})
    assert (alone.database.host, alone.database.port, alone.database.database) == ("db", 5432, "d")
    assert DatabaseAddress.from_url(alone.database_url) == alone.database


def test_the_pool_parameters_of_prisma_are_understood() -> None:
    found = Settings.from_environ(
        {
            "ENV": "test",
            "DATABASE_URL": "postgresql://u:p@h/d?pgbouncer=true&connection_limit=3&schema=x",
        }
    )
    assert (found.database_statement_cache, found.database_pool_size) == (0, 3)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u%40x:p%2Fw@[::1]:5433/my%20db?sslmode=require",
        "postgresql://u@:5432/d?host=%2Frun%2Fpg",
    ],
)
def test_the_url_for_other_programs_means_the_same(url: str) -> None:
    found = DatabaseAddress.from_url(url)
    assert DatabaseAddress.from_url(found.url()) == found


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u@a:1,b:2/d", [("a", 1), ("b", 2)]),
        ("postgresql://u@a,[::1]:7/d", [("a", 5432), ("::1", 7)]),
        ("postgresql://u@/d?host=a,b&port=6432", [("a", 6432), ("b", 6432)]),
        ("postgresql://u@/d?host=/run/a,/run/b&port=1,2", [("/run/a", 1), ("/run/b", 2)]),
    ],
)
def test_several_hosts_lead_to_the_one_that_can_be_written(url: str, hosts: list[tuple[str, int]]) -> None:
    found = DatabaseAddress.from_url(url)
    kwargs = found.connect_kwargs()
    assert list(zip(kwargs["host"], kwargs["port"], strict=True)) == hosts == list(found.hosts)
    assert kwargs["target_session_attrs"] == "read-write"
    assert DatabaseAddress.from_url(found.own_url()) == found


def test_parameters_of_libpq_reach_the_connection(tmp_path: Path) -> None:
    (tmp_path / "pass").write_text("*:*:*:*:secret")
    found = DatabaseAddress.from_url(
        f"postgresql://u@h/d?options=-c%20work_mem%3D8MB&passfile={tmp_path}/pass&target_session_attrs=any"
    )
    kwargs = found.connect_kwargs()
    assert kwargs["server_settings"] == {"options": "-c work_mem=8MB"}
    assert (kwargs["passfile"], kwargs["target_session_attrs"]) == (f"{tmp_path}/pass", "any")
    assert DatabaseAddress.from_url(found.own_url()) == found


def test_behind_pgbouncer_a_session_brings_nothing_along() -> None:
    """PgBouncer refuses `search_path` and the like at the start; the role has them."""
    kwargs = DatabaseAddress.from_url("postgresql://u@h/d?pgbouncer=true&schema=x").connect_kwargs()
    assert (kwargs["server_settings"], kwargs["statement_cache_size"]) == ({}, 0)
