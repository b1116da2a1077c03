"""bin/secrets finds tokens and keys, wherever they stand in a file."""

import subprocess
from pathlib import Path

from tests.bin.running import ROOT


def test_tokens_and_keys_are_found(tmp_path: Path) -> None:
    """Whole or as a value without quotes; what only looks a little like one is not."""
    # Put together here, so that this file itself holds none.
    holding = {
        "notes.txt": "ask 123456789:" + "A" * 35,
        "key.pem": "-----BEGIN " + "RSA PRIVATE KEY-----",
        "settings.ini": "[aws]\naws_secret_key = " + "wJalrXUtnFEMI" * 3 + "K",
    }
    clean = {"text.txt": "123456789:short", "plain.ini": "[aws]\naws_secret_key = none"}
    for name, text in (holding | clean).items():
        (tmp_path / name).write_text(text + "\n")
    files = [tmp_path / name for name in holding | clean]
    done = subprocess.run([ROOT / "bin" / "secrets", *files], capture_output=True, text=True)
    assert done.returncode != 0, done.stderr
    assert {name for name in holding | clean if name in done.stdout} == set(holding)


def test_files_that_are_left_out_hold_none() -> None:
    """As when a commit has nothing but translations."""
    done = subprocess.run(
        [ROOT / "bin" / "secrets", "requirements.lock", "locales/fi/LC_MESSAGES/emerald.po"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
