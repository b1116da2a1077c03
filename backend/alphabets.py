"""Names in the order of the reader's language, and found without accents (decision 0035).

In SQL and in Python, by the same rules. Needs neither ICU nor any collation of the server but `C`.
"""

import re
import unicodedata

# Letters with a stroke and the like, which Unicode does not take apart; in names of Europe.
_STROKED, _PLAIN = "øłđħŧı", "oldhti"
_MARKS = "[\u0300-\u036f]"
# The same, but for the breve of й, which is a letter of its own.
_MARKS_OF_ORDER = "[\u0300-\u0305\u0307-\u036f]|(?<![иИ])\u0306"

# What a language sorts elsewhere than under the letter without its mark. `{`, `|` and `}` come after z.
_OWN_LETTERS = {"fi": ("åäöæøüÅÄÖÆØÜ", "{|}|}y{|}|}y")}
# The script that a language puts first, as a class of a regular expression.
_SCRIPTS = {"ru": "[а-яё]"}


def fold(text: str) -> str:
    """The text in small letters without accents, as a search compares it: `vaino` for `Väinö`."""
    plain = text.lower().replace("ß", "ss").translate(str.maketrans(_STROKED, _PLAIN))
    return re.sub(_MARKS, "", unicodedata.normalize("NFD", plain))


def fold_sql(text: str) -> str:
    """The SQL of `fold` for a text expression."""
    plain = f"translate(replace(lower({text}), 'ß', 'ss'), '{_STROKED}', '{_PLAIN}')"
    return _quick(text, f"regexp_replace(normalize({plain}, NFD), '{_MARKS}', '', 'g')")


def _quick(text: str, sql: str) -> str:
    """The SQL of a key, which for a text of ASCII is the text in small letters: a tenth of the work for each name."""
    return f"(CASE WHEN octet_length({text}) = length({text}) THEN lower({text}) ELSE {sql} END)"


def sort_key(text: str, language: str) -> tuple[bool, str]:
    """By what Python sorts texts for a reader of this language."""
    own, in_order = _OWN_LETTERS.get(language, ("", ""))
    plain = unicodedata.normalize("NFC", text).translate(str.maketrans(own, in_order)).lower()
    plain = plain.translate(str.maketrans(_STROKED, _PLAIN))
    key = unicodedata.normalize("NFC", re.sub(_MARKS_OF_ORDER, "", unicodedata.normalize("NFD", plain)))
    script = _SCRIPTS.get(language)
    return script is not None and re.match(script, key) is None, key


def order_sql(text: str, language: str) -> str:
    """The terms of an ORDER BY that sort a text expression for a reader of this language."""
    return ", ".join(term for term, _ in order_terms(text, language))


def order_terms(text: str, language: str) -> list[tuple[str, str]]:
    """The same one by one, each with what is sorted before everything else."""
    own, in_order = _OWN_LETTERS.get(language, ("", ""))
    plain = f"lower(translate(normalize({text}, NFC), '{own}', '{in_order}'))"
    plain = f"translate({plain}, '{_STROKED}', '{_PLAIN}')"
    folded = f"normalize(regexp_replace(normalize({plain}, NFD), '{_MARKS_OF_ORDER}', '', 'g'), NFC)"
    key = f'{_quick(text, folded)} COLLATE "C"'
    script = _SCRIPTS.get(language)
    return [(f"({key} !~ '^{script}')", "false"), (f"({key})", "''")] if script else [(f"({key})", "''")]
