"""What makes a process of the command line start sooner, without changing what it imports and uses.

Owns: garbage is not looked for while the program is imported, nor are modules that only other systems have; what Trio
imports for encrypted connections comes when there is one; the scripts that attrs writes for the classes of Trio are
compiled once, and kept beside this module's own bytecode; and no child process is run to look for the C library, whose
name is known.
"""

from __future__ import annotations

import contextlib
import importlib.util
import marshal
import os
import re
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import cast

from codex_trio.util.importing import imported_on_use, stand_in, without, without_collections

_ELSEWHERE = ("_winapi", "msvcrt", "nt", "org")
"""What the standard library looks for on Windows and in Jython: in every folder, in vain."""

_OLDER = ("typing_extensions",)
"""msgspec prefers it to `typing`, which has the same for it in every Python that we run on."""

_USED_LATE = ("hmac", "idna", "ssl")
"""Trio needs them for encrypted connections, and for names of hosts that are not ASCII."""

_GLIBC_THREADS = "libpthread.so.0"
_SCRIPTS = "attr._make"
"""Where attrs writes and compiles them."""
_HASHING, _NUMBER = "def __hash__", re.compile(r"(?m)^ +-?\d+,$")
"""A script for hashes has a number in it that is another one in every process, and as good as any other."""


@contextmanager
def quick_imports() -> Generator[None]:
    """Import what is imported until the block ends with no search that is in vain."""
    with without_collections(), without(*_ELSEWHERE, *_OLDER):
        yield


@contextmanager
def quick_imports_of_trio() -> Generator[None]:
    """Import what is imported until the block ends, Trio with it, as said above."""
    kept_scripts = _kept_scripts(importlib.util.cache_from_source(__file__) + ".attrs")
    library = stand_in("ctypes.util", {"find_library": _find_library})
    with quick_imports(), imported_on_use(*_USED_LATE), library, kept_scripts:
        yield


def _find_library(name: str) -> str | None:
    """Answer Trio's question for the library of threads where that is glibc's; it only names threads by it."""
    return _GLIBC_THREADS if name == "pthread" and _is_glibc() else NotImplemented


def _is_glibc() -> bool:
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (OSError, ValueError):
        return False


@contextmanager
def _kept_scripts(path: str) -> Generator[None]:
    """Take the bytecode of scripts of attrs from a file, which is completed at the end.

    What a script compiles to depends on nothing but its text and its name, which the file has it under, and on the
    release of Python, which the file's name tells.
    """
    kept = _read(path)
    known = len(kept)

    def compile_once(script: str, filename: str, mode: str) -> CodeType:
        key = _NUMBER.sub("", script) if _HASHING in script else script, filename, mode
        code = kept.get(key)
        if code is None:
            code = kept[key] = compile(script, filename, mode)
        return code

    scripts = _Given(_SCRIPTS, compile_once)
    sys.meta_path.insert(0, scripts)
    try:
        yield
    finally:
        scripts.take_back()
    if len(kept) > known and not sys.dont_write_bytecode:
        _write(path, kept)


class _Given:
    """A finder that gives one module a function of the name `compile` before it runs."""

    def __init__(self, name: str, compile: Callable[[str, str, str], CodeType]) -> None:
        self._name = name
        self._compile = compile
        self._module: ModuleType | None = None

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the module as everybody does."""
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path)
        spec = next(filter(None, found), None)
        if spec is not None and spec.loader is not None:
            vars(spec.loader)["exec_module"] = partial(self._run, spec.loader.exec_module)
        return spec

    def _run(self, run: Callable[[ModuleType], None], module: ModuleType) -> None:
        self._module = module
        vars(module)["compile"] = self._compile
        run(module)

    def take_back(self) -> None:
        """Leave everything as it would have been."""
        if self._module is not None:
            del vars(self._module)["compile"]
        elif self in sys.meta_path:
            sys.meta_path.remove(self)


_Key = tuple[str, str, str]
"""Text of a script, its name, its kind."""


def _read(path: str) -> dict[_Key, CodeType]:
    with contextlib.suppress(OSError, EOFError, ValueError, TypeError), open(path, "rb") as file:
        kept = marshal.loads(file.read())
        if isinstance(kept, dict):
            return cast("dict[_Key, CodeType]", kept)
    return {}


def _write(path: str, kept: dict[_Key, CodeType]) -> None:
    unfinished = f"{path}.{os.getpid()}"
    try:
        with open(unfinished, "xb") as file:
            file.write(marshal.dumps(kept))
        os.replace(unfinished, path)
    except OSError:
        # An installation that cannot be written to: the scripts are compiled at each start, as everywhere.
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
