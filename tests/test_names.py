"""One word for one thing: what people see as a club is an account in code."""

import itertools
import tokenize
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("backend", "webapp", "bot", "emerald", "sandbox", "bench", "e2e", "tests")
# The placeholder in sentences that people read, and an address they use.
SEEN = {"club", "clubs"}


def test_the_tenant_is_an_account_in_code() -> None:
    found = set()
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        with path.open("rb") as source:
            tokens = list(tokenize.tokenize(source.readline))
        for token, after in itertools.pairwise(tokens):
            if token.type != tokenize.NAME or "club" not in token.string.lower():
                continue
            is_placeholder = token.string in SEEN and after.string == "="
            if not is_placeholder and not token.string.startswith("test_"):
                found.add(f"{path.relative_to(ROOT)}:{token.start[0]} {token.string}")
    assert not found
