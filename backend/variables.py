"""How variables are read, and what a development machine keeps for itself; `backend.settings` says
which there are.
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

Word = TypeVar("Word", bound=str)


class SettingsError(Exception):
    """What the environment lacks or has wrong: one line a fault, each saying what to set. No values
    of secrets.
    """

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


def own_environment() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ


class Variables:
    """The variables as somebody set them, and everything found wrong with them so far."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []

    def fault(self, sentence: str) -> None:
        """Remember what is wrong; told once."""
        if sentence not in self.faults:
            self.faults.append(sentence)

    def has(self, name: str) -> bool:
        """Whether the variable, or its file, was named at all."""
        return bool(self.environ.get(name) or self.environ.get(f"{name}_FILE"))

    def require(self, name: str, what: str) -> None:
        """Complain when the variable is absent."""
        if not self.has(name):
            self.fault(f"{name} must be set: {what}.")

    def text(self, name: str, default: str = "") -> str:
        """The value, or that of the file NAME_FILE names, without blanks around it."""
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
        """One of a few words, in any case."""
        value = self.text(name, default).lower()
        for word in words:
            if word == value:
                return word
        self.fault(f"{name} must be one of {', '.join(words)}.")
        return default

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number between two bounds."""
        text = self.text(name)
        if not text:
            return default
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            self.fault(f"{name} must be a whole number from {least} to {most}.")
            return default
        return int(text)

    def yes(self, name: str, default: bool) -> bool:
        """Yes or no in the usual spellings."""
        text = self.text(name).lower()
        if text in ("true", "yes", "on", "1"):
            return True
        if text in ("false", "no", "off", "0"):
            return False
        if text:
            self.fault(f"{name} must be true or false.")
        return default

    def words(self, name: str) -> tuple[str, ...]:
        """A list with commas between."""
        return tuple(word.strip() for word in self.text(name).split(",") if word.strip())

    def matching(self, name: str, shape: re.Pattern[str], what: str, strip: str = "") -> str:
        """A value of a known shape, or ""."""
        value = self.text(name).removeprefix(strip)
        if value and not shape.fullmatch(value):
            self.fault(f"{name} must be {what}.")
            return ""
        return value

    def origin(self, name: str, default: str) -> str:
        """A web address without path, and without trailing slash."""
        text = self.text(name, default).rstrip("/")
        try:
            parts = urlsplit(text)
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            good = False
        if text and (not good or text != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc):
            self.fault(f"{name} must be an address without a path, like https://club.example.")
            return default
        return text


class KeptSecrets:
    """Secrets a development machine makes for itself and keeps, so that a restart signs nobody
    out.
    """

    def __init__(self, home: Path, given: Variables, *, in_files: bool) -> None:
        self.home, self.given, self.in_files = home, given, in_files

    def secret(self, name: str, make: Callable[[], str]) -> str:
        """The kept value of that name; made when first asked for, readable by its owner only."""
        if not self.in_files:
            return make()
        path = self.home / name
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                # Written aside and linked: of two processes that start together, both read the one
                # that won.
                aside = self.home / f".{name}.{os.getpid()}"
                with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(make())
                try:
                    os.link(aside, path)
                except FileExistsError:
                    pass
                finally:
                    aside.unlink()
            return path.read_text().strip()
        except OSError as error:
            self.given.fault(
                f"EMERALD_HOME must be a directory this user can write to: {self.home} ({error.strerror})."
            )
            return make()
