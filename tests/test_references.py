"""Whatever code, tests and documents cite exists: rules (`B3`), decisions, laws, and files of this repository."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CODE = ("backend", "bench", "bot", "e2e", "emerald", "migrations", "sandbox", "tests", "webapp")
DOCUMENTS = sorted(
    path
    for path in [
        *ROOT.glob("*.md"),
        *DOCS.rglob("*.md"),
        *ROOT.glob("webapp/**/*.md"),
        *ROOT.glob("tests/**/*.md"),
    ]
)
SETTINGS = [
    ROOT / name
    for name in ("bin/test", "bin/setup.sh", "pyproject.toml", "docker-compose.prod.yml", ".env.example")
]

RULE = re.compile(r"\b[ABCMPSWX]\d{1,2}\b(?!-)")
DECISION = re.compile(r"\b[Dd]ecisions?[ /](\d{4})\b")
LAW = re.compile(r"\blaw (\d)\b")
FILE = re.compile(r"(?<![\w/.$*<])((?:[\w.-]+/)*[\w-]+\.md)\b|\b(docs/[\w./-]*\w)")

# Words of comments that look like rules: weeks of ISO 8601, and elements of drawings.
NO_RULES = {"W48", "W49", "W53", "W60", "W00", "W01"}


def comments_of(path: Path) -> Iterator[str]:
    """The comments and docstrings of a module."""
    source = path.read_text()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def prose() -> dict[str, str]:
    """What people read in the repository, by file."""
    modules = sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py"))
    texts = {path: "\n".join(comments_of(path)) for path in modules}
    texts |= {path: path.read_text() for path in [*DOCUMENTS, *SETTINGS]}
    return {path.relative_to(ROOT).as_posix(): text for path, text in texts.items()}


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return prose()


def test_rules_that_are_cited_exist(texts: dict[str, str]) -> None:
    rules = set(re.findall(r"^- \*\*([A-Z]\d+)\*\*", (DOCS / "RULES.md").read_text(), re.M))
    assert {"A1", "B3", "W6", "X10"} <= rules
    cited = {(path, rule) for path, text in texts.items() for rule in RULE.findall(text)}
    assert sorted(one for one in cited if one[1] not in rules | NO_RULES) == []
    assert {rule for _, rule in cited} >= {"B3", "W2"}


def test_each_rule_is_numbered_once() -> None:
    rules = re.findall(r"^- \*\*([A-Z]\d+)\*\*", (DOCS / "RULES.md").read_text(), re.M)
    assert len(rules) == len(set(rules))


def test_decisions_that_are_cited_exist(texts: dict[str, str]) -> None:
    decisions = [path.name[:4] for path in (DOCS / "decisions").glob("*.md")]
    assert len(decisions) == len(set(decisions)), "one number, one decision"
    cited = {(path, number) for path, text in texts.items() for number in DECISION.findall(text)}
    assert sorted(one for one in cited if one[1] not in decisions) == []
    assert {number for _, number in cited} >= {"0001", "0009"}


def test_laws_that_are_cited_exist(texts: dict[str, str]) -> None:
    _, _, after = (DOCS / "ARCHITECTURE.md").read_text().partition("## The laws")
    laws = set(re.findall(r"^(\d)\. ", after.partition("\n## ")[0], re.M))
    assert laws
    assert [(path, law) for path, text in texts.items() for law in LAW.findall(text) if law not in laws] == []


def test_files_that_are_named_exist(texts: dict[str, str]) -> None:
    """By their path from the root, or from the document that names them."""
    missing = []
    for path, text in texts.items():
        for document, in_docs in FILE.findall(text):
            name = document or in_docs
            places = [ROOT / name, ROOT / path / ".." / name, DOCS / name]
            if re.fullmatch(r"docs/decisions/\d{4}|VENDOR.md", name):
                continue  # a decision by its number alone; a file that each folder has
            if not any(place.resolve().exists() for place in places):
                missing.append((path, name))
    assert missing == []


def test_modules_that_documents_name_exist() -> None:
    """In backticks: `events/split.py` is anywhere in the tree, as is `delivery/`."""
    modules = {path.relative_to(ROOT).as_posix() for folder in CODE for path in (ROOT / folder).rglob("*.py")}
    missing = []
    for document in DOCUMENTS:
        for name in re.findall(r"`((?:[\w-]+/)*[\w-]+(?:\.py|/))`", document.read_text()):
            there = (ROOT / name).exists() or any(f"/{name}" in f"/{module}" for module in modules)
            if not there and "waivers" not in name:  # the noun that CONTRIBUTING.md makes up
                missing.append((document.name, name))
    assert missing == []


@pytest.mark.parametrize("path", sorted((DOCS / "decisions").glob("*.md")), ids=lambda path: path.name[:4])
def test_a_decision_is_short_and_says_since_when_it_holds(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= 30
    assert re.match(rf"# {path.name[:4]} · \S", lines[0])
    assert re.match(r"\d{4}-\d\d-\d\d · (in force|replaced by \d{4})", lines[2]), lines[2]
