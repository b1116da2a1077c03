"""Settings: one object, all faults reported at once, and no secret shown (`X6`)."""

import dataclasses
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.settings import Settings
from backend.variables import SettingsError
from tests.fuzzing import examples

ROOT = Path(__file__).parents[2]
GOOD_KEY = "1f0c6f0a9b7de4c58a3e2d71b6540f9e"  # pragma: allowlist secret
TOKEN = "123456789:ABCdefGHIjklMNOpqrsTUVwxyz"
PRODUCTION = {
    "ENV": "production",
    "DATABASE_URL": "postgresql://admin:str0ng@postgres:5432/emerald?schema=public",
    "TELEGRAM_BOT_TOKEN": TOKEN,
    "TELEGRAM_BOT_NAME": "my_event_bot",
    "SECRET_KEY": GOOD_KEY,
    "PUBLIC_URL": "https://club.example",
}


class Recorded(Mapping[str, str]):
    """An environment that records which variables were read."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values_, self.asked = values, set[str]()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def development(home: Path, **more: str) -> Settings:
    return Settings.from_environ({"EMERALD_HOME": str(home), **more})


def faults(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environ(environ)
    return raised.value.faults


def test_a_development_machine_needs_no_settings(tmp_path: Path) -> None:
    found = development(tmp_path / "home")
    assert (found.env, found.port, found.public_url) == (
        "development",
        3000,
        "http://127.0.0.1:3000",
    )
    assert found.database_embedded
    assert found.sandbox and found.telegram_api_url == "http://127.0.0.1:8081"
    assert found.bot_id == 42 and found.telegram_bot_name == "emerald_demo_bot"
    assert "http://localhost:8081" in found.frame_ancestors
    assert not found.telegram_webhook


def test_production_as_in_the_guide() -> None:
    found = Settings.from_environ(PRODUCTION)
    assert found.production and not found.sandbox and not found.database_embedded
    assert found.telegram_webhook and found.log_format == "json"
    assert found.telegram_api_url == ""
    assert found.frame_ancestors == "https://web.telegram.org"
    assert found.bot_id == 123456789


def test_all_settings_that_production_lacks_are_reported_at_once() -> None:
    found = faults(ENV="production")
    for name in (
        "TELEGRAM_BOT_TOKEN",
        "TELEGRAM_BOT_NAME",
        "SECRET_KEY",
        "PUBLIC_URL",
        "DATABASE_URL",
    ):
        assert sum(sentence.startswith(name + " must be") for sentence in found) == 1, name


def test_all_faults_are_reported_at_once() -> None:
    found = faults(
        ENV="test",
        PORT="http",
        SANDBOX_PORT="70000",
        DATABASE_URL="mysql://x",
        TELEGRAM_BOT_TOKEN="hello",
        SECRET_KEY="short",
        PUBLIC_URL="club.example/path",
        WEEKS_AHEAD="0",
        LOG_LEVEL="loud",
        TELEGRAM_WEBHOOK="perhaps",
    )
    named = {sentence.split()[0] for sentence in found}
    assert named == {
        "PORT",
        "SANDBOX_PORT",
        "DATABASE_URL",
        "TELEGRAM_BOT_TOKEN",
        "SECRET_KEY",
        "PUBLIC_URL",
        "WEEKS_AHEAD",
        "LOG_LEVEL",
        "TELEGRAM_WEBHOOK",
    }


@pytest.mark.parametrize("name", ["my-app", "1app", "app name", "äpp", "app?startapp=x", "_app"])
def test_a_short_name_that_telegram_gives_to_no_app_is_refused(name: str) -> None:
    """Every button that opens the Mini App would lead nowhere."""
    assert faults(**PRODUCTION, TELEGRAM_APP_NAME=name) == [
        "TELEGRAM_APP_NAME must be the Mini App's short name, like app: letters, digits and _, beginning with a letter."
    ]
    assert (
        Settings.from_environ({**PRODUCTION, "TELEGRAM_APP_NAME": "My_app2"}).telegram_app_name == "My_app2"
    )


def test_http_is_refused_in_production() -> None:
    assert any("https" in found for found in faults(**PRODUCTION | {"PUBLIC_URL": "http://club.fi"}))


def test_metrics_are_at_another_port_than_the_world_reaches() -> None:
    """X11"""
    assert Settings.from_environ({"ENV": "test"}).metrics_port == 0
    assert Settings.from_environ({"ENV": "test", "METRICS_PORT": "9464"}).metrics_port == 9464
    with pytest.raises(SettingsError, match="METRICS_PORT must be another than PORT"):
        Settings.from_environ({"ENV": "test", "PORT": "3000", "METRICS_PORT": "3000"})


def test_failpoints_are_refused_outside_tests() -> None:
    assert any("FAILPOINTS" in found for found in faults(**PRODUCTION, FAILPOINTS="unlocked"))
    assert Settings.from_environ({"ENV": "test", "FAILPOINTS": "a, b"}).failpoints == {"a", "b"}


@pytest.mark.parametrize("name", ["TELEGRAM_BOT_TOKEN", "SECRET_KEY", "DATABASE_URL", "PORT"])
def test_every_variable_may_come_from_a_file(name: str, tmp_path: Path) -> None:
    """`X6`."""
    value = {**PRODUCTION, "PORT": "4000"}[name]
    (tmp_path / "value").write_text(value + "\n")
    rest = {key: text for key, text in PRODUCTION.items() if key != name}
    direct = Settings.from_environ({**rest, name: value})
    assert Settings.from_environ({**rest, f"{name}_FILE": str(tmp_path / "value")}) == direct


def test_a_missing_file_and_a_double_setting_are_reported(tmp_path: Path) -> None:
    rest = {key: text for key, text in PRODUCTION.items() if key != "SECRET_KEY"}
    assert any("SECRET_KEY_FILE" in found for found in faults(**rest, SECRET_KEY_FILE="/nowhere/x"))
    (tmp_path / "key").write_text("k" * 32)
    found = faults(**PRODUCTION, SECRET_KEY_FILE=str(tmp_path / "key"))
    assert found == ["SECRET_KEY and SECRET_KEY_FILE are both set: keep one."]


def test_no_secret_is_in_any_repr_or_error() -> None:
    """`X6`."""
    found = Settings.from_environ(PRODUCTION)
    shown = f"{found!r} {found!s} {found.database!r}"
    for secret in (TOKEN, "str0ng", "k" * 32, found.webhook_secret):
        assert secret not in shown
    bad = PRODUCTION | {
        "DATABASE_URL": "postgresql://admin:pa#ss/w0rd@postgres:5432/emerald",
        "TELEGRAM_BOT_TOKEN": "12:short",
        "SECRET_KEY": "tiny-secret",
    }
    sentences = " ".join(faults(**bad))
    for secret in ("w0rd", "pa#ss", "12:short", "tiny-secret"):
        assert secret not in sentences


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings.from_environ(PRODUCTION).port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    "weak",
    [
        "a" * 32,
        "ab" * 40,
        "a" * 60 + "bcdef",
        "0" * 64,
        "secret" * 6,
        "1234567890" * 4,
        "0123456789abcdef" * 2,
    ],
)
def test_a_secret_that_can_be_guessed_is_refused(weak: str) -> None:
    """`X6`: only whoever starts the program can know that it was drawn at random, but not that it was not."""
    for name in ("SECRET_KEY", "TELEGRAM_WEBHOOK_SECRET"):
        [found] = faults(**PRODUCTION | {name: weak})
        assert found.startswith(f"{name} can be guessed") and weak not in found


def test_a_random_secret_is_taken() -> None:
    for _ in range(100):
        for drawn in (secrets.token_hex(32), secrets.token_urlsafe(24), secrets.token_urlsafe(32)):
            assert Settings.from_environ(PRODUCTION | {"SECRET_KEY": drawn}).secret_key == drawn


def test_the_webhook_secret_is_derived_from_the_secret_key() -> None:
    one, same = Settings.from_environ(PRODUCTION), Settings.from_environ(PRODUCTION)
    other = Settings.from_environ(PRODUCTION | {"SECRET_KEY": GOOD_KEY[::-1]})
    assert re.fullmatch(r"[A-Za-z0-9_-]{16,256}", one.webhook_secret)
    assert one.webhook_secret == same.webhook_secret != other.webhook_secret
    given = Settings.from_environ(PRODUCTION | {"TELEGRAM_WEBHOOK_SECRET": "of-Telegram-only-42"})
    assert given.webhook_secret == "of-Telegram-only-42"


def test_the_secrets_of_a_development_machine_are_kept_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first, second = development(home), development(home)
    assert first.secret_key == second.secret_key and len(first.secret_key) >= 32
    assert first.telegram_bot_token == second.telegram_bot_token
    for name in ("secret_key", "sandbox_token"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    assert development(tmp_path / "other").secret_key != first.secret_key


def test_a_home_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert any(found.startswith("EMERALD_HOME") for found in faults(EMERALD_HOME=str(tmp_path / "file")))


def test_a_user_without_a_home_is_a_fault_only_where_one_is_needed() -> None:
    homeless = {"EMERALD_HOME": "~nobody-of-that-name/x"}
    assert faults(**homeless) == ["EMERALD_HOME must be set: this user has no home directory."]
    assert Settings.from_environ({**PRODUCTION, **homeless}).production


def test_tests_leave_nothing_in_the_home(tmp_path: Path) -> None:
    Settings.from_environ({"ENV": "test", "EMERALD_HOME": str(tmp_path / "home")})
    assert not (tmp_path / "home").exists()


def test_the_example_names_every_variable_and_no_other(tmp_path: Path) -> None:
    environ = Recorded({"ENV": "test", "EMERALD_HOME": str(tmp_path)})
    Settings.from_environ(environ)
    read = {name for name in environ.asked if not name.endswith("_FILE")} | {"PGBIN"}
    text = (ROOT / ".env.example").read_text()
    documented = re.findall(r"^([A-Z_]+)=", text, re.MULTILINE)
    assert sorted(documented) == sorted(read)


def test_the_example_works_unchanged(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text()
    values = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))
    found = Settings.from_environ({**values, "EMERALD_HOME": str(tmp_path)})
    assert found == development(tmp_path)


WORDS = [
    *("", " ", "-1", "0", "7", "65536", "9" * 5_000, "²", "true", "maybe", "production", "test", "development", "~nobody"),
    *("http://", "https://club.example", "https://[", "https://club.example:99999", "postgresql://", "postgres://u:p@h:x/d"),
    *("postgresql://u:p%zz@h/d?sslmode=odd", "postgresql:///d?host=/tmp"),
    *(f"postgresql://u:p@h/d?port={'9' * 5_000}", "postgresql://u:p@h/d?port=٧", TOKEN, GOOD_KEY, "a" * 40, "a,b=die,,", "/"),
]  # fmt: skip


HUSH = "Xq7-hush"  # at the end of every secret


def variable_names() -> list[str]:
    """Every variable that is read, but for the home: that stays the test's own."""
    asked = Recorded(dict(PRODUCTION))
    Settings.from_environ(asked)
    return sorted(asked.asked - {"EMERALD_HOME", "EMERALD_HOME_FILE"})


def values() -> st.SearchStrategy[str]:
    """What a variable can hold: no NUL, and what is no text is refused by the operating system."""
    return st.sampled_from(WORDS) | st.text(
        st.characters(codec="utf-8", exclude_characters="\0"), max_size=60
    )


@examples(300)
@given(st.dictionaries(st.sampled_from(variable_names()), values(), max_size=8), st.booleans())
def test_any_environment_is_read_or_refused(
    tmp_path: Path, environ: dict[str, str], in_production: bool
) -> None:
    """X6: with sentences about the variables, and never with the value of a secret."""
    base = PRODUCTION if in_production else {}
    for name in {"SECRET_KEY", "TELEGRAM_BOT_TOKEN"} & environ.keys():
        environ[name] += HUSH
    try:
        Settings.from_environ({**base, **environ, "EMERALD_HOME": str(tmp_path / "home")})
    except SettingsError as refused:
        assert refused.faults
        assert HUSH not in str(refused)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRUSTED_PROXIES", "banana"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,10.0.0.1/8"),
        ("FRAME_ANCESTORS", "'; script-src *"),
        ("FRAME_ANCESTORS", "https://a.example; script-src *"),
        ("FRAME_ANCESTORS", "javascript:alert(1)"),
        ("TELEGRAM_APP_NAME", "a b/c"),
        ("TELEGRAM_SCRIPT_URL", "http://telegram.org/js/telegram-web-app.js"),
        ("TELEGRAM_SCRIPT_URL", "https://a.example/x.js; script-src *"),
        ("TELEGRAM_SCRIPT_URL", "yes"),
        ("TELEGRAM_API_URL", "https://api.example;x"),
        ("PUBLIC_URL", "https://club.example'"),
        ("HOST", "not a host"),
        ("MIGRATE_DATABASE_URL", "mysql://u@h/d"),
        ("REPLICA_DATABASE_URL", "mysql://u@h/d"),
    ],
)
def test_what_a_setting_cannot_be_is_refused_in_one_sentence(name: str, value: str) -> None:
    [found] = faults(**PRODUCTION | {name: value})
    assert found.startswith(f"{name} ") and found.endswith(".")


def test_what_they_can_be_is_taken() -> None:
    found = Settings.from_environ(
        PRODUCTION
        | {
            "TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8,127.0.0.1",
            "FRAME_ANCESTORS": "https://web.telegram.org https://*.club.example:8443 'self'",
            "TELEGRAM_SCRIPT_URL": "https://telegram.org/js/telegram-web-app.js?59",
            "HOST": "::",
            "MIGRATE_DATABASE_URL": "postgresql://emerald_owner@db/emerald",
        }
    )
    assert found.trusted_proxies == "10.0.0.0/8,fd00::/8,127.0.0.1"
    assert found.frame_ancestors.endswith("'self'")
    assert found.telegram_script_url.endswith("?59")
    assert (found.host, found.migrate_database.user) == ("::", "emerald_owner")
