"""Hosts as network namespaces, on one switch. The drill itself is the host of the application, at the switch's address."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from ops.drill.programs import find

NAMESPACES = Path("/run/netns")
SWITCH, NETWORK = "drill", "10.77.0"
APPLICATION = f"{NETWORK}.1"


@dataclass(frozen=True, slots=True)
class Host:
    """One host: its name, and its address on the switch."""

    name: str
    address: str

    @property
    def cable(self) -> str:
        """The end of its cable that is plugged into the switch."""
        return f"to-{self.name}"

    def inside(self) -> list[str]:
        """The beginning of a command that runs on this host."""
        return [find("nsenter"), f"--net={NAMESPACES / self.name}", "--"]


def _run(*command: str) -> None:
    subprocess.run([find(command[0]), *command[1:]], check=True, capture_output=True)


def make(names: list[str]) -> list[Host]:
    """The switch, and hosts with these names plugged into it."""
    NAMESPACES.mkdir(exist_ok=True)
    _run("mount", "-t", "tmpfs", "none", str(NAMESPACES))
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "add", SWITCH, "type", "bridge")
    _run("ip", "address", "add", f"{APPLICATION}/24", "dev", SWITCH)
    _run("ip", "link", "set", SWITCH, "up")
    hosts = [Host(name, f"{NETWORK}.{11 + number}") for number, name in enumerate(names)]
    for host in hosts:
        _run("ip", "netns", "add", host.name)
        _run("ip", "link", "add", host.cable, "type", "veth", "peer", "name", "eth0", "netns", host.name)
        _run("ip", "link", "set", host.cable, "master", SWITCH, "up")
        _run("ip", "-n", host.name, "link", "set", "lo", "up")
        _run("ip", "-n", host.name, "address", "add", f"{host.address}/24", "dev", "eth0")
        _run("ip", "-n", host.name, "link", "set", "eth0", "up")
    return hosts


def unplug(host: Host) -> None:
    """Pull the cable: packets from and to this host vanish."""
    _run("ip", "link", "set", host.cable, "down")


def plug_in(host: Host) -> None:
    """Put the cable back."""
    _run("ip", "link", "set", host.cable, "up")


def separate(*hosts: Host) -> None:
    """Let no packet pass between these hosts. Each still reaches all others."""
    for host in hosts:
        _run("bridge", "link", "set", "dev", host.cable, "isolated", "on")


def reunite(*hosts: Host) -> None:
    """End a separation."""
    for host in hosts:
        _run("bridge", "link", "set", "dev", host.cable, "isolated", "off")
