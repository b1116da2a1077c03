"""Loading by name, for programs and commands that must not be loaded before they are asked for."""

import importlib
from typing import Any


def load(target: str) -> Any:
    """The object that "module:name" names, as in the entry points of a package."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)
