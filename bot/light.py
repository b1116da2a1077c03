"""Loads aiogram for a third of its memory and a quarter of its time.

At the end of `aiogram.types` every one of its 400 models is built, each with a copy of all it refers to: 130 MB and
five seconds a process, for the ten that are used. Here that loop finds nothing to do, and each model is built when it
is first used, which pydantic does by itself (`defer_build`) once it is told where the names are.
"""

import sys
from typing import Any

from pydantic import BaseModel

# The three packages that hold models: their names are written in annotations only.
_TYPES = "aiogram.types"


def _load() -> None:
    build = BaseModel.__dict__["model_rebuild"]

    def later(model: type[BaseModel], **how: Any) -> bool | None:
        """While loading: leave it for its first use."""
        return None if model.__module__.startswith(_TYPES) else build.__func__(model, **how)

    setattr(BaseModel, "model_rebuild", classmethod(later))  # noqa: B010
    try:
        import aiogram.types
    finally:
        setattr(BaseModel, "model_rebuild", build)  # noqa: B010
    import typing

    from aiogram.client.context_controller import BotContextController
    from aiogram.client.default import Default

    names: dict[str, Any] = {name: getattr(aiogram.types, name) for name in aiogram.types.__all__}
    names |= {"List": list, "Default": Default}
    names |= {name: getattr(typing, name) for name in ("Any", "Literal", "Optional", "Union")}

    def now(model: type[BaseModel], **how: Any) -> bool | None:
        """At first use: the same, with aiogram's own names to look in."""
        given = how.pop("_types_namespace", None) or {}
        return build.__func__(model, **how, _types_namespace={**names, **given})

    from aiogram.methods import Response

    # The common base of its types and its methods, and what answers are read as.
    for base in (BotContextController, Response):
        setattr(base, "model_rebuild", classmethod(now))


if _TYPES not in sys.modules:
    _load()
