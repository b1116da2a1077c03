r"""The commands of README, of the documents about running it, of ops/systemd and of the runbooks, and why some are not run
by `test_documented_commands.py`.

A command is one line of a block marked `bash`, with the lines that a `\` joins to it, or one statement of a block
marked `sql`. A block without a mark, or with another (`ini`, `yaml`), holds no commands.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    ROOT / "README.md",
    ROOT / "ops/systemd/README.md",
    *(
        ROOT / "docs" / f"{name}.md"
        for name in ("OPERATIONS", "RELEASING", "BACKUPS", "MAINTENANCE", "HIGH_AVAILABILITY", "SCALING")
    ),
    *sorted((ROOT / "docs/runbooks").glob("*.md")),
)
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

# Not run, by what the command begins with or contains, and why.
NOT_RUN = (
    (r"^(bin/test$|\.venv/bin/python -m bench$)", "takes minutes; bin/test is what runs this"),
    (r"^git (tag|push) ", "changes the repository"),
    (r"^docker (?!compose )", "needs a container engine, and images of a registry"),
    (r"^git clone\b", "needs the repository's own address"),
    (r"^certbot ", "needs a public name and a certificate authority"),
    (
        r"^(journalctl|apt|systemctl|useradd) |>>? /etc/(default|nginx|emerald/patroni)",
        "changes the machine itself",
    ),
    (r"^install (.* -[go] |-m |-d /etc/emerald$)", "changes the machine itself"),
    (r"^(nginx -t|cp -r nginx)|16-emerald[.]envsh", "asks for nginx's own place; tests/nginx has another"),
    (r"/opt/(emerald|patroni)", "makes an environment with the network; tests/bin/test_wheel.py does"),
    (r"^patronictl |/etc/emerald/patroni[.]env| -p 5000 ", "needs a cluster; bin/drill has one"),
    (r"^(mv|cp -a|chown) .*/to/18/docker", "is the inside of the `docker run` before it"),
    (r"^emerald (backup|verify-backup)\b", "needs a receiver of WAL; tests/emerald/backups has one"),
    (
        r"^emerald restore |^(pg_dump|psql) \"\$\(emerald database-url",
        "replaces the database; tests/emerald/backups has one of its own",
    ),
    (
        r"^CREATE ROLE backup|^GRANT .* TO backup;",
        "are one after the other; tests/emerald/test_roles.py has such a role",
    ),
    (r"^emerald maintenance on --from", "names moments that pass; tests/doors/test_maintenance.py plans it"),
    (r"^bin/(upgrade|rollback)\b", "tests/ops/test_upgrade.py runs it"),
    (
        r"^DATABASE_URL=\S+ emerald create-roles",
        "changes roles of the whole server; tests/emerald/test_roles.py does",
    ),
    (r"^dc exec backup emerald ", "needs a receiver of WAL that runs; tests/emerald/backups has one"),
    (r"^dmesg ", "needs rights that a container has not"),
)
# Run on a stand-in that checks the names of services alone: the engine does the rest.
ENGINE = re.compile(r"^dc (ps|logs|up|down|stop|start|restart|rm|run|build|pull|config)\b|^docker compose ")


class Command(NamedTuple):
    """A command as it stands in a document."""

    document: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"

    @property
    def reason(self) -> str:
        """Why it is not run; "" when it is."""
        for pattern, reason in NOT_RUN:
            if re.search(pattern, self.text):
                return reason
        return ""


def commands_in(document: Path) -> Iterator[Command]:
    """Every command of a document, in order."""
    text = document.read_text("utf-8")
    for found in BLOCK.finditer(text):
        line = text[: found.start(3)].count("\n") + 1
        split = {"bash": _shell, "sql": _statements}.get(found[2])
        if split is not None:
            for offset, command in split(found[3]):
                yield Command(document, line + offset, found[2], command)


def _shell(block: str) -> Iterator[tuple[int, str]]:
    joined, start = "", 0
    for number, line in enumerate(block.splitlines()):
        if not joined:
            start = number
        joined += line.strip()
        if joined.endswith("\\"):
            joined = joined[:-1]
            continue
        command = re.sub(r"\s+# .*$", "", joined)
        joined = ""
        if command and not command.startswith("#"):
            yield start, command


def _statements(block: str) -> Iterator[tuple[int, str]]:
    start, lines = 0, list[str]()
    for number, line in enumerate(block.splitlines()):
        if not lines:
            start = number
        if line.startswith("--") or not line.strip():
            continue
        lines.append(line)
        if line.rstrip().endswith(";"):
            yield start, "\n".join(lines)
            lines = []
    assert not lines, f"a statement without its end: {lines}"


def every_command() -> list[Command]:
    return [command for document in DOCUMENTS for command in commands_in(document)]
