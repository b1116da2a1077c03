"""The units of systemd, as systemd itself reads them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "ops/systemd").glob("emerald*"))


def test_every_process_is_restricted() -> None:
    for unit in UNITS:
        text = unit.read_text()
        if unit.suffix == ".service":
            for line in (
                "User=emerald",
                "NoNewPrivileges=yes",
                "ProtectSystem=strict",
                "CapabilityBoundingSet=",
            ):
                assert f"\n{line}\n" in text, (unit.name, line)


def test_the_processes_have_ports_of_their_own() -> None:
    ports = [
        port.replace("%i", number)
        for unit in UNITS
        for number in ("1", "2")
        for port in re.findall(r"_?PORT=(\S+)", unit.read_text())
        if "%i" in port or number == "1"
    ]
    assert len(ports) == len(set(ports)) == 6
    upstream = (ROOT / "ops/systemd/upstream.conf").read_text()
    assert re.findall(r"server 127.0.0.1:(\d+)", upstream) == ["3001", "3002"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    """The program of the units stands here for the one that is installed there."""
    program = tmp_path / "emerald"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in UNITS:
        text = (
            unit.read_text()
            .replace("/opt/emerald/bin/emerald", str(program))
            .replace("User=emerald", "User=root")
        )
        (tmp_path / unit.name).write_text(text)
    (tmp_path / "emerald-web@1.service").write_text((tmp_path / "emerald-web@.service").read_text())
    names = [tmp_path / unit.name for unit in UNITS if "@." not in unit.name]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names, tmp_path / "emerald-web@1.service"],
        capture_output=True,
        text=True,
    )
    ours = [line for line in done.stderr.splitlines() if "emerald" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_a_wrong_unit_is_found(tmp_path: Path) -> None:
    """The negative control."""
    (tmp_path / "emerald-wrong.service").write_text(
        "[Service]\nExecStart=/no/such/program\nNoSuchSetting=1\n"
    )
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "emerald-wrong.service"],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
