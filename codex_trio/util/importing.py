"""Imports that cost less: garbage is not looked for meanwhile, and a module can wait until something of it is used."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def without_collections() -> Generator[None]:
    """Collect no garbage until the block ends. Imports make much that lives on and next to nothing that does not."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def imported_on_use(name: str) -> Generator[None]:
    """Give imports in the block a stand-in for a module, which imports it when something of it is used."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = _StandIn(name)
    try:
        yield
    finally:
        del sys.modules[name]


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)
