"""Forms at the edge: every field as text, exactly as typed, so that a page can give it back; then made into values (`X5`)."""

import re
from dataclasses import fields
from typing import Any, TypeVar, get_type_hints

from multidict import MultiMapping

from backend.errors import Invalid, InvalidForm, Refusal
from backend.i18n import N_, Words
from webapp.respond import AnyRequest

# What a database text cannot hold and no field is meant to: control characters, save tab and line feed.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_WHOLE = re.compile(r"\d{1,9}")
FIELD_MAX = 10_000  # characters of one field; what is meant to be long is bounded by the domain far below


Form = TypeVar("Form")  # a dataclass whose fields are all `str` or `tuple[str, ...]`, with defaults


async def read_form(request: AnyRequest, form: type[Form]) -> Form:
    """What was sent, as this form; whatever is absent, or no text, is as the form begins."""
    return fill_form(await request.form(), form)


def read_query(request: AnyRequest, form: type[Form]) -> Form:
    """The same of what an address asks with."""
    return fill_form(request.query_params, form)


def fill_form(sent: MultiMapping[Any], form: type[Form]) -> Form:
    """This form with what was sent."""
    hints = get_type_hints(form)
    values: dict[str, str | tuple[str, ...]] = {}
    for one in fields(form):  # type: ignore[arg-type]
        texts = [_clean(value) for value in sent.getall(one.name, []) if isinstance(value, str)]
        if hints[one.name] is not str:
            values[one.name] = tuple(texts)
        elif texts:
            values[one.name] = texts[-1]
    return form(**values)


def _clean(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))[:FIELD_MAX].strip()


class Faults:
    """The faults of a form, gathered while its values are made."""

    def __init__(self) -> None:
        self.of: dict[str, Words] = {}

    def add(self, refusal: Refusal) -> None:
        """Keep a refusal beside its field; of several faults of a field the first stands."""
        found = refusal.faults if isinstance(refusal, InvalidForm) else {refusal.field: refusal.words}
        for field, words in found.items():
            self.of.setdefault(field, words)

    def whole(self, field: str, text: str, *, empty: int | None = None) -> int | None:
        """A whole number, 0 or more; `empty` when nothing was typed; a fault when it is no number."""
        text = text.replace(" ", "").replace("\u00a0", "")
        if not text:
            return empty
        if _WHOLE.fullmatch(text) is None:
            self.add(Invalid(N_("A whole number, please."), field=field))
            return empty
        return int(text)
