"""Loads aiogram for a third of its memory and a quarter of its time.

At the end of `aiogram.types` every one of its 400 models is built, each with a copy of all it refers to: 130 MB and
five seconds a process, for the ten that are used. Here that loop finds nothing to do, and each model is built when it
is first used, which pydantic does by itself (`defer_build`) once it is told where the names are.
"""

import sys
import typing
from collections.abc import Callable
from functools import cache
from typing import Any

from pydantic import BaseModel

# The three packages that hold models: their names are written in annotations only.
_TYPES_PACKAGE = "aiogram.types"


def _load_aiogram() -> None:
    build: classmethod[BaseModel, Any, bool | None] = BaseModel.__dict__["model_rebuild"]

    def later(model: type[BaseModel], /, **how: Any) -> bool | None:
        """While loading: leave it for its first use."""
        return None if model.__module__.startswith(_TYPES_PACKAGE) else build.__func__(model, **how)

    _set_model_rebuild(BaseModel, later)
    try:
        import aiogram.types
    finally:
        type.__setattr__(BaseModel, "model_rebuild", build)
    from aiogram.client.context_controller import BotContextController
    from aiogram.client.default import Default
    from aiogram.methods import Response

    names: dict[str, Any] = {name: getattr(aiogram.types, name) for name in aiogram.types.__all__}
    names |= {"List": list, "Default": Default}
    names |= {name: getattr(typing, name) for name in ("Any", "Literal", "Optional", "Union")}

    def now(model: type[BaseModel], /, **how: Any) -> bool | None:
        """At first use: the same, with aiogram's own names to look in."""
        given = how.pop("_types_namespace", None) or {}
        return build.__func__(model, **how, _types_namespace={**names, **given})

    # The common base of its types and its methods, and what answers are read as.
    _set_model_rebuild(BotContextController, now)
    _set_model_rebuild(Response, now)


def _set_model_rebuild(base: type[BaseModel], way: Callable[..., bool | None]) -> None:
    type.__setattr__(base, "model_rebuild", classmethod(way))


def _cache_response_classes() -> None:
    """Pydantic holds `Response[Message]` only weakly, so that nearly every answer had it made anew: 2 ms of processor."""
    from aiogram.methods import Response

    type.__setattr__(Response, "__class_getitem__", staticmethod(cache(Response.__class_getitem__)))


if _TYPES_PACKAGE not in sys.modules:
    _load_aiogram()
_cache_response_classes()
