"""Collects every marked sentence of the product, and updates each language's catalogue
`locales/<language>/LC_MESSAGES/emerald.po`. `bin/words` runs it; `babel.cfg` says which files are
searched."""

import ast
from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import IO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from backend.i18n import CATALOGUES

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 100
# The functions that templates call, and those that `sentences` reports.
KEYWORDS: Mapping[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "ngettext": (1, 2)}
# Without dates and line numbers, a file changes only when a sentence changes.
HEADER = """msgid ""
msgstr ""
"Language: {locale}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals};\\n"

"""

Found = tuple[int, str, str | tuple[str, ...], list[str]]


def sentences(source: IO[bytes], keywords: object, comment_tags: object, options: object) -> Iterator[Found]:
    """Babel's extraction method for our Python: every `N_("…")`. Two in one call are the singular and the
    plural of one sentence, as in `Words(N_(…), values, N_(…), n)`, `Refusal(N_(…), plural=N_(…))` and
    `voice.ngettext(N_(…), N_(…), n)`. Raises `ValueError` for a mark on anything but one string."""
    paired: set[ast.expr] = set()
    for node in ast.walk(ast.parse(source.read())):  # a call comes before the calls inside it
        if not isinstance(node, ast.Call):
            continue
        marked = [a for a in (*node.args, *(k.value for k in node.keywords)) if _is_mark(a)]
        if len(marked) == 2:
            paired.update(marked)
            yield node.lineno, "ngettext", tuple(_text(mark) for mark in marked), []
        elif len(marked) > 2:
            raise ValueError(f"line {node.lineno}: more sentences in one call than two forms of one")
        if _is_mark(node) and node not in paired:
            yield node.lineno, "gettext", _text(node), []


def _is_mark(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_"


def _text(mark: ast.expr) -> str:
    match mark:
        case ast.Call(args=[ast.Constant(value=str(text))], keywords=[]):
            return text
    raise ValueError(f"line {mark.lineno}: a marked sentence must be one plain text")


def collected(root: Path = ROOT) -> Catalog:
    """A catalogue without translations: every sentence of the product."""
    with (root / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]
    found = Catalog(charset="utf-8")
    for _, _, message, _, context in extract_from_dir(
        root, methods, options, keywords=KEYWORDS, comment_tags=()
    ):
        found.add(message, context=context)
    return found


def read(path: Path) -> Catalog:
    """The catalogue of one language, as it is in its file."""
    with path.open("rb") as source:
        return read_po(source, locale=path.parent.parent.name, abort_invalid=True)


def written(catalogue: Catalog) -> bytes:
    """The content of a catalogue's file: sorted, without dates and line numbers."""
    header = HEADER.format(locale=catalogue.locale_identifier, plurals=catalogue.plural_forms.rstrip("; "))
    out = BytesIO()
    write_po(
        out,
        catalogue,
        width=WIDTH,
        no_location=True,
        omit_header=True,
        sort_output=True,
        ignore_obsolete=True,
    )
    return header.encode() + out.getvalue()


def update(path: Path, found: Catalog) -> list[str]:
    """Update one file: new sentences are added without a translation, unused ones are removed, translations
    stay. Nothing is guessed. Returns the sentences without a translation."""
    catalogue = read(path)
    catalogue.update(found, no_fuzzy_matching=True)
    path.write_bytes(written(catalogue))
    return [forms(m.id)[0] for m in catalogue if m.id and not all(forms(m.string))]


def forms(words: str | Collection[str] | None) -> tuple[str, ...]:
    """The forms of a sentence: one, or singular and plural; one empty string when there is none."""
    return (words or "",) if words is None or isinstance(words, str) else tuple(words)


def main() -> None:
    """Update every catalogue and print what is to be translated."""
    found = collected()
    print(f"{len(found)} sentences")
    for path in sorted(CATALOGUES.glob("*/LC_MESSAGES/emerald.po")):
        missing = update(path, found)
        print(f"{path.parent.parent.name}: {len(missing)} to translate")
        for sentence in missing:
            print(f"  {sentence}")


if __name__ == "__main__":
    main()
