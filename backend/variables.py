"""How environment variables are read, and the secrets that a development machine keeps. `backend.settings`
lists the variables."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

Word = TypeVar("Word", bound=str)
NETWORK_LOCATION = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d+)?")
DIGITS_MAX = 18  # of a number; Python itself reads no more than 4300


class SettingsError(Exception):
    """What is missing or wrong in the environment: one line for each fault, which says what to set. It never
    holds the value of a secret."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


def own_environment() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ


class Variables:
    """The variables as they are set, and the faults found so far."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []

    def fault(self, sentence: str) -> None:
        """Record a fault, once."""
        if sentence not in self.faults:
            self.faults.append(sentence)

    def has(self, name: str) -> bool:
        """Whether the variable or its file is set."""
        return bool(self.environ.get(name) or self.environ.get(f"{name}_FILE"))

    def require(self, name: str, what: str) -> None:
        """Record a fault if the variable is absent."""
        if not self.has(name):
            self.fault(f"{name} must be set: {what}.")

    def text(self, name: str, default: str = "") -> str:
        """The value, or the content of the file that NAME_FILE names, without surrounding white space."""
        value, path = self.environ.get(name, "").strip(), self.environ.get(f"{name}_FILE", "")
        if value and path:
            self.fault(f"{name} and {name}_FILE are both set: keep one.")
        elif path:
            try:
                value = Path(path).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError):
                self.fault(f"{name}_FILE names a file that cannot be read: {path}.")
                return default
            if not value:
                self.fault(f"{name}_FILE names an empty file: {path}.")
        return value or default

    def choice(self, name: str, words: tuple[Word, ...], default: Word) -> Word:
        """One of these words, in upper or lower case."""
        value = self.text(name, default).lower()
        for word in words:
            if word == value:
                return word
        self.fault(f"{name} must be one of {', '.join(words)}.")
        return default

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number between two bounds, both included."""
        text = self.text(name)
        if not text:
            return default
        is_number = text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX
        if not (is_number and least <= int(text) <= most):
            self.fault(f"{name} must be a whole number from {least} to {most}.")
            return default
        return int(text)

    def boolean(self, name: str, default: bool) -> bool:
        """True or false, in the usual spellings."""
        text = self.text(name).lower()
        if text in ("true", "yes", "on", "1"):
            return True
        if text in ("false", "no", "off", "0"):
            return False
        if text:
            self.fault(f"{name} must be true or false.")
        return default

    def words(self, name: str) -> tuple[str, ...]:
        """A list separated by commas."""
        return tuple(word.strip() for word in self.text(name).split(",") if word.strip())

    def matching(self, name: str, pattern: re.Pattern[str], what: str, strip: str = "") -> str:
        """A value that the pattern matches, or ""."""
        value = self.text(name).removeprefix(strip)
        if value and not pattern.fullmatch(value):
            self.fault(f"{name} must be {what}.")
            return ""
        return value

    def origin(self, name: str, default: str) -> str:
        """The origin of a web address, without a path and a trailing slash."""
        text = self.text(name, default).rstrip("/")
        try:
            parts = urlsplit(text)
            is_place = NETWORK_LOCATION.fullmatch(parts.netloc) is not None and parts.port != 0
            good = parts.scheme in ("http", "https") and is_place
        except ValueError:
            good = False
        if text and (not good or text != f"{parts.scheme}://{parts.netloc}"):
            self.fault(f"{name} must be an address without a path, like https://club.example.")
            return default
        return text


class KeptSecrets:
    """Secrets that a development machine makes and keeps in files, so that a restart signs nobody out."""

    def __init__(self, home: Path, variables: Variables, *, in_files: bool) -> None:
        self.home, self.variables, self.in_files = home, variables, in_files

    def secret(self, name: str, make: Callable[[], str]) -> str:
        """The secret of this name. Made when it is first asked for, in a file that only its owner may
        read."""
        if not self.in_files:
            return make()
        path = self.home / name
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                # Written under another name and linked: two processes that start together both read the one
                # that was linked first.
                temporary = self.home / f".{name}.{os.getpid()}"
                with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(make())
                try:
                    os.link(temporary, path)
                except FileExistsError:
                    pass
                finally:
                    temporary.unlink()
            return path.read_text().strip()
        except OSError as error:
            self.variables.fault(
                f"EMERALD_HOME must be a directory this user can write to: {self.home} ({error.strerror})."
            )
            return make()
