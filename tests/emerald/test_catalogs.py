"""Every language has a translation of each sentence: none is missing, left over or damaged."""

import re
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from backend.i18n import CATALOGUES, Voice, catalogue
from emerald import catalogs

FILES = sorted(CATALOGUES.glob("*/LC_MESSAGES/emerald.po"))
LANGUAGES = [path.parent.parent.name for path in FILES]
_HOLE = re.compile(r"%\((\w+)\)[a-z]|%%")
_TAG = re.compile(r"</?[a-z-]+|https?://[\w/]*")
_COMMAND = re.compile(r"(?<![\w<])/[a-z]+\b")
# Placeholders that the form for exactly one may replace by a word.
COUNTS = {"%(n)s", "%(num)s"}


@pytest.fixture(scope="module")
def spoken() -> Catalog:
    """Every sentence of the product."""
    return catalogs.collected()


def faults(found: Catalog, translated: Catalog) -> list[str]:
    """All differences between the sentences found and the catalogue of a language."""
    found_faults = [f"fuzzy: {forms(m)[0]}" for m in translated if m.id and m.fuzzy]
    found_faults += [f"unused: {forms(m)[0]}" for m in translated if m.id and m.id not in found]
    found_faults += [f"obsolete: {key}" for key in translated.obsolete]
    for sentence in found:
        if not sentence.id:
            continue
        twin = translated.get(sentence.id)
        if twin is None:
            found_faults.append(f"missing: {forms(sentence)[0]}")
        elif forms(twin) != forms(sentence):
            found_faults.append(f"other forms: {forms(sentence)[0]}")
        else:
            found_faults += unlike(twin, translated.num_plurals)
    return found_faults


def unlike(message: Message, plurals: int) -> list[str]:
    """Where a translation differs from its sentence and must not."""
    singular, *more = forms(message)
    translated_forms = catalogs.forms(message.string)
    if len(translated_forms) != (plurals if more else 1) or not all(translated_forms):
        return [f"not translated: {singular}"]
    found_faults = []
    for n, form in enumerate(translated_forms):
        source = singular if n == 0 else more[0]
        if holes(form) != holes(source) and not (
            more and n == 0 and plurals == 2 and holes(form) == holes(source) - COUNTS
        ):
            found_faults.append(f"other holes: {form}")
        if Counter(_TAG.findall(form)) != Counter(_TAG.findall(source)):
            found_faults.append(f"other tags: {form}")
        if set(_COMMAND.findall(form)) != set(_COMMAND.findall(source)):
            found_faults.append(f"other commands: {form}")
        if edges(form) != edges(source):
            found_faults.append(f"other spaces at the edges: {form!r}")
    return found_faults


def forms(message: Message) -> tuple[str, ...]:
    return catalogs.forms(message.id)


def holes(text: str) -> set[str]:
    return {hole.group() for hole in _HOLE.finditer(text)}


def edges(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def po(text: str) -> Catalog:
    return read_po(BytesIO(text.encode()), locale="fi")


def test_there_is_a_language_beside_english() -> None:
    assert "fi" in LANGUAGES


@pytest.mark.parametrize("path", FILES, ids=LANGUAGES)
def test_every_sentence_is_translated(path: Path, spoken: Catalog) -> None:
    """Run `bin/words` and translate what it lists."""
    assert faults(spoken, catalogs.read(path)) == []


@pytest.mark.parametrize("path", FILES, ids=LANGUAGES)
def test_a_catalogue_is_as_bin_words_writes_it(path: Path, spoken: Catalog) -> None:
    kept = catalogs.read(path)
    kept.update(spoken, no_fuzzy_matching=True)
    assert path.read_text(encoding="utf-8") == catalogs.written(kept).decode()


@pytest.mark.parametrize(
    ("sentence", "entry", "fault"),
    [
        ("Left.", "", "missing"),
        ("Left.", 'msgid "Left."\nmsgstr ""\n', "not translated"),
        ("Left.", '#, fuzzy\nmsgid "Left."\nmsgstr "Peruttu."\n', "fuzzy"),
        ("Left.", 'msgid "Left."\nmsgstr "Peruttu. "\n', "other spaces"),
        ("At %(hour)s.", 'msgid "At %(hour)s."\nmsgstr "Klo %(tunti)s."\n', "other holes"),
        ("<b>In</b>", 'msgid "<b>In</b>"\nmsgstr "<i>Mukana</i>"\n', "other tags"),
        ("Send /book.", 'msgid "Send /book."\nmsgstr "Lähetä /varaa."\n', "other commands"),
        (
            ("%(n)s seat", "%(n)s seats"),
            'msgid "%(n)s seat"\nmsgid_plural "%(n)s seats"\nmsgstr[0] "yksi paikka"\nmsgstr[1] ""\n',
            "not translated",
        ),
        (
            ("%(n)s seat", "%(n)s seats"),
            'msgid "%(n)s seat"\nmsgid_plural "%(n)s seats"\nmsgstr[0] "paikka"\nmsgstr[1] "paikkoja"\n',
            "other holes: paikkoja",
        ),
        (("%(n)s seat", "%(n)s seats"), 'msgid "%(n)s seat"\nmsgstr "%(n)s"\n', "other forms"),
        (None, 'msgid "Gone."\nmsgstr "Poissa."\n', "unused"),
    ],
)
def test_every_fault_is_found(sentence: str | tuple[str, str] | None, entry: str, fault: str) -> None:
    found = Catalog(locale="fi")
    if sentence:
        found.add(sentence)
    (found_faults,) = faults(found, po(entry))
    assert found_faults.startswith(fault)


def test_the_two_forms_of_a_sentence_are_found_together() -> None:
    source = b"""
tell(Words(N_("%(n)s seat"), {}, N_("%(n)s seats"), n))
raise Full(N_("one"), plural=N_("many"), n=2)
voice.gettext(N_("alone") if quiet else N_("alone too"))
TITLES = {"a": N_("titled " "in two parts")}
"""
    found = [(name, text) for _, name, text, _ in catalogs.sentences(BytesIO(source), (), (), {})]
    assert set(found) == {
        ("gettext", "alone"),
        ("gettext", "alone too"),
        ("gettext", "titled in two parts"),
        ("ngettext", ("%(n)s seat", "%(n)s seats")),
        ("ngettext", ("one", "many")),
    }
    assert len(found) == 5


@pytest.mark.parametrize("mark", [b"N_(text)", b'N_(f"{n} seats")', b'N_("a", "b")'])
def test_a_mark_on_anything_but_a_string_is_refused(mark: bytes) -> None:
    with pytest.raises(ValueError, match="line 1"):
        list(catalogs.sentences(BytesIO(mark), (), (), {}))


def test_the_catalogue_is_used() -> None:
    """The pair of forms that is looked up is the pair that was collected."""
    catalogue.cache_clear()
    voice = Voice("fi")
    one, many = "You can bring %(n)s guest at most.", "You can bring %(n)s guests at most."
    assert voice.ngettext(one, many, 1) == "Voit tuoda enintään yhden vieraan."
    assert voice.ngettext(one, many, 3) == "Voit tuoda enintään 3 vierasta."
