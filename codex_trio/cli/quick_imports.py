"""What makes a process of the command line start sooner, without changing what is imported.

Owns: garbage is not looked for while the program is imported; the scripts that attrs writes for the classes of Trio are
compiled once, and kept beside this module's own bytecode; and no child process is run to look for the C library, whose
name is known.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import importlib.util
import marshal
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from types import CodeType
from typing import Any, cast

from codex_trio.util.importing import without_collections

_GLIBC_THREADS = "libpthread.so.0"
_HASHING = "def __hash__"
"""Such a script has a number in it that is another one in every process."""


@contextmanager
def quick_imports() -> Generator[None]:
    """Import what is imported until the block ends as said above."""
    with without_collections(), _known_library(), _kept_scripts(importlib.util.cache_from_source(__file__) + ".attrs"):
        yield


@contextmanager
def _known_library() -> Generator[None]:
    """Answer Trio's question for the library of threads where that is glibc's; it only names threads by it."""
    find = ctypes.util.find_library
    try:
        is_glibc = bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (OSError, ValueError):
        is_glibc = False
    if is_glibc:
        ctypes.util.find_library = lambda name: _GLIBC_THREADS if name == "pthread" else find(name)
    try:
        yield
    finally:
        ctypes.util.find_library = find


@contextmanager
def _kept_scripts(path: str) -> Generator[None]:
    """Take the bytecode of scripts of attrs from a file, which is completed at the end.

    What a script compiles to depends on nothing but its text and its name, which the file has it under, and on the
    release of Python, which the file's name tells.
    """
    from attr import _make

    kept = _read(path)
    known = len(kept)
    original = getattr(_make, "_compile_and_eval", None)

    def compile_and_eval(
        script: str, globs: dict[str, Any] | None, locs: Mapping[str, object] | None = None, filename: str = ""
    ) -> None:
        code = kept.get((script, filename))
        if code is None:
            code = compile(script, filename, "exec")
            if _HASHING not in script:
                kept[script, filename] = code
        eval(code, globs, locs)

    if original is not None:
        setattr(_make, original.__name__, compile_and_eval)
    try:
        yield
    finally:
        if original is not None:
            setattr(_make, original.__name__, original)
    if len(kept) > known and not sys.dont_write_bytecode:
        _write(path, kept)


def _read(path: str) -> dict[tuple[str, str], CodeType]:
    with contextlib.suppress(OSError, EOFError, ValueError, TypeError), open(path, "rb") as file:
        kept = marshal.loads(file.read())
        if isinstance(kept, dict):
            return cast("dict[tuple[str, str], CodeType]", kept)
    return {}


def _write(path: str, kept: dict[tuple[str, str], CodeType]) -> None:
    unfinished = f"{path}.{os.getpid()}"
    try:
        with open(unfinished, "xb") as file:
            file.write(marshal.dumps(kept))
        os.replace(unfinished, path)
    except OSError:
        # An installation that cannot be written to: the scripts are compiled at each start, as everywhere.
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
