"""Imports that cost less: no search for garbage, nor for what is not there, and modules that wait for their use."""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any, cast


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
def imported_on_use(*names: str) -> Generator[None]:
    """Give imports in the block stand-ins for modules, each of which is imported when something of it is used.

    That may be in the block itself: then nothing is won, and nothing is lost.
    """
    with contextlib.ExitStack() as stack:
        for name in names:
            stack.enter_context(stand_in(name, {}))
        yield


@contextmanager
def stand_in(name: str, answers: Mapping[str, Callable[..., Any]]) -> Generator[None]:
    """Give imports in the block a stand-in for a module, which is imported when something else of it is used.

    Args:
        name: of the module.
        answers: functions of it, by name, that the stand-in has in the block; where one of them returns
            NotImplemented, the module's own is called.
    """
    if name in sys.modules:
        yield
        return
    module = _StandIn(name, answers)
    try:
        yield
    finally:
        module.make_way()


class _StandIn(ModuleType):
    def __init__(self, name: str, answers: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(name)
        package, _, self._last = name.rpartition(".")
        self._package = importlib.import_module(package) if package else None
        self._answers: Mapping[str, Callable[..., Any]] = answers
        sys.modules[name] = self
        if self._package is not None:
            setattr(self._package, self._last, self)

    def __getattr__(self, name: str) -> Any:
        answer = self._answers.get(name)
        if answer is not None:
            return partial(self._answer, name, answer)
        self.make_way()
        return getattr(importlib.import_module(self.__name__), name)

    def _answer(self, name: str, answer: Callable[..., Any], *arguments: Any) -> Any:
        result = answer(*arguments)
        if result is NotImplemented:
            self.make_way()
            return getattr(self, name)(*arguments)
        return result

    def make_way(self) -> None:
        """Let imports get the module itself, and users everything from there."""
        self._answers = {}
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
            if self._package is not None:
                delattr(self._package, self._last)


@contextmanager
def without(*names: str) -> Generator[None]:
    """Have imports in the block find no such modules, and not look for them; where they are loaded they stay."""
    missing = [name for name in names if name not in sys.modules]
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    modules.update(dict.fromkeys(missing))
    try:
        yield
    finally:
        for name in missing:
            modules.pop(name, None)
