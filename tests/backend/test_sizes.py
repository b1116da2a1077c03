"""No room grows too large to know: a module has at most 350 lines, and a slice of the domain 3,000. What outgrows that is
divided by what it is about."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("backend", "bot", "webapp", "emerald", "sandbox", "bench", "e2e", "ops")


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_module_is_too_long() -> None:
    modules = [path for part in PARTS for path in (ROOT / part).rglob("*.py")]
    assert len(modules) > 200
    assert {str(path.relative_to(ROOT)): n for path in modules if (n := lines_of(path)) > 350} == {}


def test_no_slice_of_the_domain_is_too_large() -> None:
    slices = [path for path in (ROOT / "backend").iterdir() if (path / "__init__.py").exists()]
    assert len(slices) > 10
    sizes = {path.name: sum(map(lines_of, path.rglob("*.py"))) for path in slices}
    assert {name: n for name, n in sizes.items() if n > 3000} == {}
