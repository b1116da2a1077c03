"""Which Chromium the tests start. `python -m tests.chromium` says whether there is one.

Its headless shell, the same engine without windows and profiles, takes a quarter of the time for each page. What
a profile decides, like whether another site's frame may store anything, needs the whole browser.
"""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

WHOLE = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium(own: str, *, whole: bool = False) -> str | None:
    """The path of the program: the one `CHROMIUM` names; else Playwright's `own`, or its shell; else one in `PATH`."""
    if named := os.environ.get("CHROMIUM"):
        return named
    found = [own if Path(own).exists() else None, *map(shutil.which, WHOLE)]
    if not whole:
        found = [_shell_of(Path(own)), shutil.which("chromium-headless-shell"), *found]
    return next(filter(None, found), None)


def _shell_of(own: Path) -> str | None:
    """Playwright keeps `chromium-1255/chrome-linux64/chrome` and `chromium_headless_shell-1255/*/chrome-headless-shell`."""
    release = own.parents[1].name.rpartition("-")[2]
    shells = own.parents[2].glob(f"chromium_headless_shell-{release}/*/chrome-headless-shell")
    return next(map(str, shells), None)


if __name__ == "__main__":
    with sync_playwright() as playwright:
        sys.exit(find_chromium(playwright.chromium.executable_path) is None)
