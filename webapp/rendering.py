"""Templates in the reader's language: one Jinja environment each, strict, escaping, with whole sentences by gettext.

`miniapp/…` and `dashboard/…` are the templates of the two sites, `public/…` those of pages for anybody, everything else
is shared. In every template:
`_`, `ngettext` and `trans`; `static_url(name)`; `dom_id(noun, key)`; `now()`; the filters `tell`, which speaks `Words`,
`initials`, and those of `webapp.reader_status`; and `voice`, the reader's own, which is the only way to word dates.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    pass_context,
)
from jinja2.runtime import Context

from backend import clock
from backend.i18n import Voice, Words, catalogue
from backend.settings import settings
from webapp.assets import static_url
from webapp.reader_status import can_leave_freely, can_seek_replacement, reader_status

HERE = Path(__file__).parent
_NOT_IN_IDS = re.compile(r"[^a-z0-9]+")


def dom_id(noun: str, key: object = "") -> str:
    """The DOM id of one thing: `event-x7k2…`; the only place that makes them."""
    return _NOT_IN_IDS.sub("-", f"{noun}-{key}".lower()).strip("-")


def initials(name: str) -> str:
    """The filter for a face: `AK` of Alice Kent, `А` of Анна; emoji and signs are no initials.

    Faces are initials and not photographs. A client gives `photo_url` in `initData` for who opens the app, and for nobody
    else on the screen; the bot cannot ask for the photo of who hides it. To show others' we would have to keep addresses that a
    person gave away by opening an app, show them after they were withdrawn, and open the policy (`X3`) to a host that
    learns who looks at whom.
    """
    letters = [word[0].upper() for word in name.split() if word[0].isalnum()]
    return "".join(letters[:2]) or "·"


@pass_context
def tell(context: Context, words: Words) -> str:
    """The filter that speaks an outcome's or a refusal's words to the page's reader."""
    voice: Voice = context["voice"]
    return voice.tell(words)


@cache
def environment(language: str) -> Environment:
    """The templates in one language."""
    names = ("miniapp", "dashboard", "public")
    sites = {site: FileSystemLoader(HERE / site / "templates") for site in names}
    made = Environment(
        loader=ChoiceLoader([PrefixLoader(sites), FileSystemLoader(HERE / "templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=settings.env == "development",
    )
    made.policies["ext.i18n.trimmed"] = True
    spoken = catalogue(language)
    made.install_gettext_callables(  # type: ignore[attr-defined]
        spoken.gettext, spoken.ngettext, newstyle=True
    )
    made.globals.update(
        static_url=static_url,
        dom_id=dom_id,
        settings=settings,
        language=language,
        now=clock.now,
    )
    made.filters.update(
        tell=tell,
        initials=initials,
        stand=reader_status,
        leaves_freely=can_leave_freely,
        may_pass_on=can_seek_replacement,
    )
    return made


def render(template: str, voice: Voice, /, **context: Any) -> str:
    """A template as text, in the words of its reader."""
    return environment(voice.language).get_template(template).render(voice=voice, **context)
