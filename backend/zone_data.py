"""Which time zone data this process goes by: the newer of the system's and the `tzdata` package's (`S10`).

Left to itself, `zoneinfo` reads the system's files even where the installed package is newer. `use_newest` is
called when `backend` is imported, before anything reads a zone. Babel and icalendar are given zones that
`zoneinfo` has read, and PostgreSQL is never asked about one (`docs/decisions/0030`).
"""

import os
import re
import sysconfig
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import tzdata

# Where a folder of compiled zones says its version: the IANA's own file, and the one of the BSDs and macOS.
_VERSION_FILES = (("tzdata.zi", re.compile(r"# version (\S+)")), ("+VERSION", re.compile(r"(\S+)")))
_RELEASE = re.compile(r"(\d{4})([a-z])")
UNKNOWN = ""  # the version of a folder that does not say

# The folders that Python was built to search, without what PYTHONTZPATH says.
_SYSTEM_PATH = tuple(path for path in (sysconfig.get_config_var("TZPATH") or "").split(os.pathsep) if path)
_path_at_start = zoneinfo.TZPATH


class Source(StrEnum):
    """Where the data comes from."""

    SYSTEM = "system"
    PACKAGE = "package"
    CHOSEN = "PYTHONTZPATH"  # by whoever started the process


@dataclass(frozen=True, slots=True)
class ZoneData:
    """One source of zone data. `version` is the IANA's, like `2026f`, or `UNKNOWN`; of two, the newer is the
    greater.

    `folders` is what `zoneinfo` searches before it falls back on the package.
    """

    version: str
    source: Source
    folders: tuple[str, ...] = ()

    def __str__(self) -> str:
        name = "package tzdata" if self.source is Source.PACKAGE else self.source
        return f"{self.version or 'of an unknown version'} ({name})"

    def is_old(self, now: datetime) -> bool:
        """Whether it is more than a year old at an aware instant, as far as its name shows.

        The IANA names a release by its year and a letter, and makes about one in two months.
        """
        named = _RELEASE.fullmatch(self.version)
        if named is None:
            return False
        month = min(12, 2 * (ord(named[2]) - ord("a") + 1))
        return now - datetime(int(named[1]), month, 28, tzinfo=UTC) > timedelta(days=365)


def read_version(folder: str) -> str:
    """The IANA version of the compiled zones in a folder; `UNKNOWN` when it does not say, or does not
    exist."""
    for name, pattern in _VERSION_FILES:
        try:
            with (Path(folder) / name).open(encoding="ascii", errors="replace") as file:
                found = pattern.match(file.readline())
        except OSError:
            continue
        if found is not None:
            return found[1]
    return UNKNOWN


def newest(folders: Sequence[str]) -> ZoneData:
    """The newest of what these folders and the package hold. Of equal ones the package is taken, and always
    where a folder does not say its version."""
    found = [ZoneData(tzdata.IANA_VERSION, Source.PACKAGE)]
    found += [ZoneData(read_version(folder), Source.SYSTEM, (folder,)) for folder in folders]
    return max(found, key=lambda data: data.version)


def use(data: ZoneData) -> None:
    """Go by this data from now on. Zones that were read before keep theirs: only tests do this while anything
    runs."""
    global _current
    zoneinfo.reset_tzpath(to=data.folders)
    zoneinfo.ZoneInfo.clear_cache()
    _current = data


def use_folder(folder: str) -> None:
    """Go by the zones of one folder, and by the package's where it lacks one."""
    use(ZoneData(read_version(folder), Source.CHOSEN, (folder,)))


def use_newest() -> None:
    """Go by the newest data there is or, where PYTHONTZPATH is set, by what it names."""
    if _path_at_start == _SYSTEM_PATH:
        use(newest(_SYSTEM_PATH))
    elif _path_at_start:
        use(ZoneData(max(map(read_version, _path_at_start)), Source.CHOSEN, _path_at_start))
    else:
        use(ZoneData(tzdata.IANA_VERSION, Source.PACKAGE))


def current() -> ZoneData:
    """The data this process goes by."""
    return _current


_current = ZoneData(UNKNOWN, Source.SYSTEM, zoneinfo.TZPATH)
