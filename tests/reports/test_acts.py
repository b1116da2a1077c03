"""Every act that the audit log stores has its words."""

import ast
from collections.abc import Iterator
from pathlib import Path

import backend
from backend.reports.acts import ACTS

CORE = Path(backend.__file__).parent
VERB = 2  # the argument of `record_audit`


def stored_verbs() -> Iterator[str]:
    """The verbs that `record_audit` is given as they are; those of seats are an enumeration."""
    for path in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record_audit":
                verb = node.args[VERB]
                if isinstance(verb, ast.Constant):
                    yield str(verb.value)


def test_every_act_has_its_words() -> None:
    verbs = set(stored_verbs())
    assert verbs >= {"archive", "post card", "close"}
    assert verbs - set(ACTS) == set()
