"""What people read is plain: no inverted, archaic or puzzling sentence in the product, on the command line or
in a translation, and no two sentences without a space between them.
"""

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from backend.i18n import CATALOGUES
from emerald import catalogs

Banned = Sequence[tuple[str, str]]
# A pattern, and what to write instead.
BANNED: Banned = [
    (
        r"^(Who|What|Whom|Which) [^?]*$",
        "a clause as a heading: name it (“Notifications”, “People with a seat”)",
    ),
    (r"[.!:;,] (Who|What) [^?]*[.]", "a clause as a subject: “anyone who”, “everything that”"),
    (
        r"\b(to|for|that|than|when) (who|whom|whoever) (is|was|has|waits|comes|wants|said)\b",
        "“the next in line”",
    ),
    (r"\b(to|for) whom\b", "“the person it’s for”"),
    (r"\b[Ww]hoever\b", "“anyone who”, “everyone who”"),
    (r"\b(is|are|always) told\b", "“will be told”, “we tell you”"),
    (r"(\)s|\d) (waits?|comes?)\b", "a number and a verb: “2 in line”, “3 coming”"),
    (r"\b([Tt]ap|[Ww]aits) (has|have)\b|\btap has (it|them)\b", "“the first to tap gets it”"),
    (r"\bvoted so\b", "“That is already your vote.”"),
    (r"\b(votes|yes) it takes\b", "“is full”"),
    (r"\bmost said yes to\b", "“the most popular date”"),
    (r"\bfirst claim\b", "“reserved for those who said yes”"),
    (r"\bis not for you\b|\bnot for you to\b", "“you don’t have access”"),
    (r"\bwere here before\b", "“are ahead of you”"),
    (r"\bEmpty(:| is)", "“Leave empty for no limit.”"),
    (r"\bEvery which\b", "“How often”"),
    (r"\bin nothing\b|\bwait for (nothing|no more)\b", "“You have no bookings yet.”"),
    (r"\bit is listed\b", "“right away”"),
    (r"\bdates? ahead\b", "“upcoming dates”"),
    (r"\b(still|date|time|moment) to come\b", "“upcoming”, “in the future”"),
    (r"\b[Ww]hat is coming\b|\bis coming right now\b", "“upcoming events”"),
    (r"\banew\b|\bonce more\b", "“again”"),
    (r"\ball the same\b", "“still”"),
    (r"\bwritten down\b", "“We logged it.”"),
    (r"\blet (it|them|the group|the last one) go\b", "“pass on”, “unlink”"),
    (r"\bc[ao]mes? of it\b|\bgoes by itself\b", "“the chosen date”, “what will change”"),
    (r"\bhas its date\b|\bdate (is )?made\b|\b[Mm]ake the date\b", "“the date is set”"),
    (r"\b(a rule|dates|something) of (its|their) own\b", "“custom”, “single”, “its own details”"),
    (r"\bso (many|long) (may|only|of)\b|\b[Aa]t most so many\b", "a riddle: “vote limit”"),
    (r"\bgoes? on by itself\b", "“continues automatically”"),
    (r"\bstands still\b", "“is not updated”"),
    (r"\b([Pp]ut|[Pp]uts) (it )?away\b|\b[Tt]aken? out\b", "“archive”, “restore”, “remove”"),
    (r"\bown clocks?\b", "“time zone”"),
    (r"(^|[.] )(It|That) was not \w+ed\b", "name who did not: “I did not use it.”"),
    (r"\bbot may (not )?write\b|\bI may (not )?(write|delete)\b", "“can’t write”, “isn’t allowed to”"),
    (r"\b(told|said|asked) of\b|\bsays? whom\b", "“about”; name the doer"),
    (r"\bAll 2\b", "“Both”"),
    (r"\bhappened yet\b", "“Preview: nothing is saved yet.”"),
]
# Questions that are asked in a form, and headings in which nothing shorter is clear.
ALLOWED = {
    "Who can see it",
    "Who to ask",
    "Who’s coming",
    "What comes next, for organisers",
    "What stays, without your name",
    "What will be deleted",
    "What you wrote for a club as its organiser: dates, polls, announcements",
}
# A translation has one word for one thing, and names where the English does.
BANNED_IN: dict[str, Banned] = {
    "fi": [
        (r"\b[Ss]eura(n|t|an|sta|ssa|lle|ista|oista|oille|ksi)?\b", "a club is “kerho”"),
        (r"\bhallintasivu(t|illa|ja|jen)\b", "the dashboard is “hallintasivu”"),
        (r"\b[Mm]istä voi äänestää\b", "“avoimet äänestykset”"),
        (r"^(Mitä|Mistä|Näin|Missä) (kerromme|kirjoitamme|kieltä|puhumme|voit)\b", "name it"),
        (r"\bensimmäinen napautus\b", "“nopein saa paikan”"),
    ],
    "ru": [
        (r"\b[Сс]обыти(е|я|ю|ем|й|ям|ями)\b", "an event is «встреча»"),
        (r"\bпанел[ьи] управления\b", "the dashboard is «панель организатора»"),
        (r"^(Что мы|Как мы|О чём мы|На каком языке)\b", "name it"),
        (r"\d\)?s ждёт\b|s ждут\b", "“2 в очереди”"),
    ],
}
SETTLED = {
    "fi": {
        "Open polls": "Avoimet äänestykset",
        "open polls": "avoimet äänestykset",
        "Notifications": "Ilmoitukset",
        "Commands": "Komennot",
        "Language": "Kieli",
        "Upcoming events": "Tulevat tapahtumat",
        "In line": "Jonossa",
    },
    "ru": {
        "Open polls": "Открытые опросы",
        "open polls": "открытые опросы",
        "Notifications": "Уведомления",
        "Commands": "Команды",
        "Language": "Язык",
        "Upcoming events": "Предстоящие встречи",
        "In line": "В очереди",
    },
}
LANGUAGES = sorted(BANNED_IN)
GLUED = re.compile(r"[a-zäöåа-яё”»)][.!?][A-ZÄÖÅА-ЯЁ][a-zäöåа-яё’ ]")

_SENTENCE = re.compile(
    r"\{%-?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}|\{\{-?\s*(?:_|n?gettext)\(.*?\}\}", re.DOTALL
)
_BRANCH = re.compile(r"\{%-?\s*(else|elif|macro|endmacro|block|endblock|call|endcall|set)\b")
_TAG = re.compile(r"\{%.*?%\}", re.DOTALL)


def faults(text: str, banned: Banned = BANNED) -> list[str]:
    """What to write instead, for each banned phrase of a sentence."""
    return [] if text in ALLOWED else [advice for pattern, advice in banned if re.search(pattern, text)]


def translated(language: str) -> Iterator[str]:
    for message in catalogs.read(CATALOGUES / language / "LC_MESSAGES" / "emerald.po"):
        if message.id:
            yield from catalogs.forms(message.string)


def written_in(source: str) -> Iterator[str]:
    """The texts of a module of the command line: its strings of several words, with `{}` for what is filled in,
    and the help of its commands. SQL, other docstrings and names in the log are not for people."""
    tree = ast.parse(source)
    skipped = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(body=[ast.Expr(ast.Constant(str(help))), *_], decorator_list=[_, *_]):
                yield help.split("\n\n")[0]
                skipped.add(node.body[0].value)  # type: ignore[attr-defined]
            case ast.Expr(ast.Constant(str())):
                skipped.add(node.value)
            case ast.JoinedStr():
                skipped.update(node.values)
                yield "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
            case ast.Constant(str(text)) if node not in skipped and text.count(" ") >= 2:
                if not re.search(r"\b(SELECT|FROM|WHERE)\b", text):
                    yield text


def glued(source: str) -> list[str]:
    """Where a template shows one sentence right after the end of another. Templates drop the line feed after a
    tag, so that a new line is no space."""
    source = re.sub(r"\{#.*?#\}\n?", "", source, flags=re.DOTALL)
    sentences = list(_SENTENCE.finditer(source))
    found = []
    for one, next_one in itertools.pairwise(sentences):
        between = source[one.end() : next_one.start()]
        if _BRANCH.search(between):
            continue
        if one.group().startswith("{%"):
            between = between.removeprefix("\n")
        between = re.sub(r"(?<=\n)[ \t]+(?=\{%)", "", between)
        between = re.sub(r"\{%.*?%\}\n?", "", between, flags=re.DOTALL)
        text = _TAG.sub("", one.group())
        if not text.startswith("{{"):
            ended = text.rstrip().endswith((".", "!", "?"))
        else:
            ended = re.search(r"[.!?]\"", text) is not None
        if not between and ended:
            found.append(f"{text} {next_one.group()}")
    return found


@pytest.fixture(scope="module")
def sentences() -> list[str]:
    """Every sentence of the product, in both forms where a number chooses one."""
    return [form for message in catalogs.collected() if message.id for form in catalogs.forms(message.id)]


def test_every_sentence_is_plain(sentences: list[str]) -> None:
    """Say it as a native speaker would; `faults` shows what to write instead."""
    assert {text: found for text in sentences if (found := faults(text))} == {}


def test_every_exception_is_a_sentence(sentences: list[str]) -> None:
    assert set(sentences) >= ALLOWED


@pytest.mark.parametrize(
    "path", sorted((catalogs.ROOT / "emerald").rglob("*.py")), ids=lambda path: path.name
)
def test_the_command_line_is_plain(path: Path) -> None:
    texts = written_in(path.read_text(encoding="utf-8"))
    assert {text: found for text in texts if (found := faults(text))} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_one_word_for_one_thing(language: str) -> None:
    banned = BANNED_IN[language]
    assert {text: found for text in translated(language) if (found := faults(text, banned))} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_of_things_are_settled(language: str) -> None:
    catalogue = catalogs.read(CATALOGUES / language / "LC_MESSAGES" / "emerald.po")
    names = SETTLED[language]
    assert {name: message.string for name in names if (message := catalogue.get(name))} == names


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_sentences_have_a_space_between_them(language: str, sentences: list[str]) -> None:
    assert [text for text in (*sentences, *translated(language)) if GLUED.search(text)] == []


TEMPLATES = sorted(
    path for room in ("bot", "webapp") for path in (catalogs.ROOT / room).glob("**/templates/**/*.html")
)


def test_no_template_glues_two_sentences() -> None:
    assert len(TEMPLATES) > 100
    found = {path.name: glued(path.read_text(encoding="utf-8")) for path in TEMPLATES}
    assert {name: pairs for name, pairs in found.items() if pairs} == {}


@pytest.mark.parametrize(
    "text",
    [
        "Who is in, in line or said maybe is told.",
        "What we tell you",
        "%(n)s waits",
        "0 come",
        "first tap has it",
        "You’ve voted so already.",
        "“Apple” has all the votes it takes.",
        "This does not exist, or it is not for you to see.",
        "Empty is no limit.",
        "Give it to whom it is for.",
        "Nothing has happened yet.",
        "You are in nothing right now.",
    ],
)
def test_the_sentences_of_before_are_found(text: str) -> None:
    assert faults(text)


@pytest.mark.parametrize(
    ("template", "pairs"),
    [
        ("{% trans %}It was used.{% endtrans %}\n{% if a %}{% trans %}I left.{% endtrans %}{% endif %}", 1),
        ("{% trans %}It was used.{% endtrans %}\n{% if a %} {% trans %}I left.{% endtrans %}{% endif %}", 0),
        ("{% if a %}{% trans %}Yes.{% endtrans %}\n{% else %}{% trans %}No.{% endtrans %}{% endif %}", 0),
        ('{{ _("Saved.") }}{{ _("Look below.") }}', 1),
        ('{{ _("Saved.") }} {{ _("Look below.") }}', 0),
        ('<b>{{ _("Seats") }}</b>{{ _("Line") }}', 0),
    ],
)
def test_glued_sentences_are_found(template: str, pairs: int) -> None:
    assert len(glued(template)) == pairs
