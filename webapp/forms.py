"""Forms at the edge: every field as cleaned text, so that a page can render it again; then parsed into
values (`X5`)."""

import re
from dataclasses import fields, replace
from functools import cache
from typing import Any, TypeVar, get_type_hints

from multidict import MultiMapping

from backend.errors import Invalid, InvalidForm, Refusal
from backend.i18n import N_, Words
from backend.typed_text import clean_lines
from webapp.respond import AnyRequest

_WHOLE = re.compile(r"[0-9]{1,9}")
FIELD_MAX = 10_000  # characters of one field; the domain has lower limits of its own


Form = TypeVar("Form")  # a dataclass whose fields are all `str` or `tuple[str, ...]`, with defaults


async def read_form(request: AnyRequest, form: type[Form]) -> Form:
    """The submitted form; a field that is absent, or is a file, has its default."""
    return fill_form(await request.form(), form)


def read_query(request: AnyRequest, form: type[Form]) -> Form:
    """The same from the query of the URL."""
    return fill_form(request.query_params, form)


def read_query_onto(request: AnyRequest, filled: Form) -> Form:
    """A form that is filled already, with what the query of the URL names in place of its own."""
    sent = request.query_params
    typed = fill_form(sent, type(filled))
    named = [name for name, _ in _fields_of(type(filled)) if name in sent]  # type: ignore[arg-type]
    return replace(filled, **{name: getattr(typed, name) for name in named})  # type: ignore[type-var]


def fill_form(sent: MultiMapping[Any], form: type[Form]) -> Form:
    """The form with the submitted values."""
    values: dict[str, str | tuple[str, ...]] = {}
    for name, is_single in _fields_of(form):  # type: ignore[arg-type]
        texts = [clean_lines(value[:FIELD_MAX]) for value in sent.getall(name, []) if isinstance(value, str)]
        if not is_single:
            values[name] = tuple(texts)
        elif texts:
            values[name] = texts[-1]
    return form(**values)


@cache
def _fields_of(form: type) -> tuple[tuple[str, bool], ...]:
    """The name of each field, and whether it has one value."""
    hints = get_type_hints(form)
    return tuple((one.name, hints[one.name] is str) for one in fields(form))


class Faults:
    """The faults of a form, collected while its fields are parsed; `by_field` has one for each."""

    def __init__(self) -> None:
        self.by_field: dict[str, Words] = {}

    def add(self, refusal: Refusal) -> None:
        """Keep a refusal for its field; the first fault of a field wins."""
        found = refusal.faults if isinstance(refusal, InvalidForm) else {refusal.field: refusal.words}
        for field, words in found.items():
            self.by_field.setdefault(field, words)

    def whole_number(self, field: str, text: str, *, empty: int | None = None) -> int | None:
        """Parse a whole number, 0 or more; `empty` for an empty field. Anything else is a fault."""
        text = text.replace(" ", "").replace("\u00a0", "")
        if not text:
            return empty
        if _WHOLE.fullmatch(text) is None:
            self.add(Invalid(N_("A whole number, please."), field=field))
            return empty
        return int(text)
