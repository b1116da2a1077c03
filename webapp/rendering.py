"""Templates in the reader's language: one Jinja environment for each, strict, escaping, with sentences from
gettext.

`miniapp/…`, `dashboard/…` and `public/…` are the templates of the sites, everything else is shared. Every
template has `_`, `ngettext` and `trans`; `static_url(name)`; `dom_id(noun, key)`; `now()`; `utc_offset(at,
zone)` in minutes; `voice`, which formats dates for the reader; and the filters `translate`, which translates
`Words`, `initials`, `isolated` for a name in a list of names (one that stands alone is in `<bdi>`),
`unlinked` for what people typed where Telegram shows it, and those of `webapp.reader_status`.
"""

import re
import sys
from collections.abc import Callable, Hashable, Mapping, MutableMapping
from contextlib import suppress
from functools import cache, lru_cache
from gettext import NullTranslations
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    pass_context,
)
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from markupsafe import Markup

from backend import clock
from backend.i18n import DEFAULT, Voice, Words, catalogue
from backend.settings import settings
from backend.typed_text import isolate, isolate_once, unlinked
from backend.zones import utc_offset_minutes
from webapp.assets import static_url
from webapp.reader_status import can_seek_replacement, reader_status

HERE = Path(__file__).parent
COMPILED = HERE / "__pycache__"
_NOT_IN_IDS = re.compile(r"[^a-z0-9]+")


def dom_id(noun: str, key: object = "") -> str:
    """The DOM id of one thing, such as `event-x7k2…`; templates make no ids of their own."""
    return _NOT_IN_IDS.sub("-", f"{noun}-{key}".lower()).strip("-")


def initials(name: str) -> str:
    """The filter for avatars: `AK` for Alice Kent, `А` for Анна; emoji and signs are no initials.

    Avatars are initials, not photographs. `initData` has a `photo_url` only for the person who opens the app,
    and the bot cannot read a hidden photo. To show other people's we would store URLs that they gave away by
    opening an app, show them after they were withdrawn, and open the policy (`X3`) to a host that learns who
    looks at whom.
    """
    letters = [word[0].upper() for word in name.split() if word[0].isalnum()]
    return "".join(letters[:2]) or "·"


@pass_context
def translate(context: Context, words: Words) -> str:
    """The filter that translates an outcome's or a refusal's words for the reader."""
    voice: Voice = context["voice"]
    return voice.translate(words)


def _gettext(translations: NullTranslations) -> Callable[..., Markup]:
    """The same as Jinja's, with names and other texts in a sentence isolated."""

    @cache
    def sentence(message: str) -> Markup:
        return Markup(translations.gettext(message))  # noqa: S704 — values are escaped

    @cache
    def whole(message: str) -> Markup:
        return sentence(message) % {}

    def gettext(message: str, /, **values: object) -> Markup:
        return sentence(message) % _isolate_values(values) if values else whole(message)

    return gettext


def _ngettext(translations: NullTranslations) -> Callable[..., Markup]:
    def ngettext(singular: str, plural: str, num: int, /, **values: object) -> Markup:
        sentence = Markup(translations.ngettext(singular, plural, num))  # noqa: S704 — values are escaped
        return sentence % _isolate_values({"num": num, **values})

    return ngettext


def _isolate_values(values: Mapping[str, object]) -> dict[str, object]:
    return {
        name: isolate_once(value) if isinstance(value, str) and not isinstance(value, Markup) else value
        for name, value in values.items()
    }


class CompiledTemplates(FileSystemBytecodeCache):
    """Templates compiled once for all languages and processes, in a directory beside the code, as Python keeps its own. How
    they are compiled is said in this file, so another version of it compiles them anew."""

    _version = sha256(Path(__file__).read_bytes()).hexdigest()

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """The name of the file with the compiled template."""
        return super().get_cache_key(f"{self._version} {name}", filename)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template, where Python may keep its own."""
        if not sys.dont_write_bytecode:
            with suppress(OSError):  # as Python does where nothing can be written
                super().dump_bytecode(bucket)


class Templates(Environment):
    """Templates that have the same globals, in a plain dictionary: every context begins as a copy of it, and to copy Jinja's
    chain of two took a tenth of a screen."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The environment's own. Nothing of ours is loaded with others."""
        return {**self.globals, **d} if d else self.globals


@cache
def environment(language: str) -> Environment:
    """The templates in one language."""
    sites = ("miniapp", "dashboard", "public")
    loaders = {site: FileSystemLoader(HERE / site / "templates") for site in sites}
    env = Templates(
        loader=ChoiceLoader([PrefixLoader(loaders), FileSystemLoader(HERE / "templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=settings.env == "development",
        bytecode_cache=CompiledTemplates(str(COMPILED)),
    )
    env.policies["ext.i18n.trimmed"] = True
    translations = catalogue(language)
    env.install_gettext_callables(  # type: ignore[attr-defined]
        translations.gettext, translations.ngettext, newstyle=True
    )
    gettext = _gettext(translations)
    env.globals.update(_=gettext, gettext=gettext, ngettext=_ngettext(translations))
    env.globals.update(
        static_url=static_url,
        dom_id=dom_id,
        settings=settings,
        language=language,
        now=clock.now,
        utc_offset=utc_offset_minutes,
    )
    env.filters.update(
        translate=translate,
        initials=initials,
        isolated=isolate,
        unlinked=unlinked,
        reader_status=reader_status,
        can_seek_replacement=can_seek_replacement,
    )
    return env


def load_templates() -> None:
    """Compile every template before anybody asks for one: the largest take 50 ms and more, and everybody waits."""
    loaded = environment(DEFAULT)
    for name in loaded.list_templates(extensions=["html"]):
        loaded.get_template(name)


def render_kept(template: str, voice: Voice, /, **context: Hashable) -> str:
    """The same as `render`, kept for all who get the same: of templates that show nothing but these values."""
    if settings.env == "development":  # a change of a template is seen at once
        return render(template, voice, **context)
    return _render_kept(template, voice, tuple(sorted(context.items())))


@lru_cache(1000)
def _render_kept(template: str, voice: Voice, context: tuple[tuple[str, Any], ...]) -> str:
    return render(template, voice, **dict(context))


def render(template: str, voice: Voice, /, **context: Any) -> str:
    """A template as text, in its reader's language."""
    return environment(voice.language).get_template(template).render(voice=voice, **context)
