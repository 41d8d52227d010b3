"""The files that the server itself runs: its code, what that imports, and the interpreter.

Owns finding them. A command that could write them, because the server is installed inside of a folder that is open to
it, would have its own code run outside of the sandbox: by the server, or by the helper that is to confine the next one.
"""

import os
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from types import ModuleType

_SHARED_PREFIXES = ("/", "/usr", "/usr/local")
"""Prefixes that hold much else than an interpreter."""

_SOURCE_TREE_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")


def own_files() -> tuple[str, ...]:
    """Return the absolute paths of the folders and files, as far as they are known when it is called."""
    modules = {name: module for name, module in sys.modules.items() if "." not in name}
    found = [*_interpreter(), *_import_folders(sys.path, modules)]
    script = sys.argv[0] if sys.argv else ""
    if os.path.isabs(script) and os.path.isfile(script):
        found.append(script)
    return tuple(dict.fromkeys(path for path in found if os.path.isabs(path) and os.path.exists(path)))


def _interpreter() -> Iterable[str]:
    yield sys.executable
    yield os.path.realpath(sys.executable)
    for prefix in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix):
        if prefix not in _SHARED_PREFIXES:
            yield prefix
    for name in ("stdlib", "platstdlib", "purelib", "platlib"):
        yield sysconfig.get_path(name)


def _import_folders(path: Iterable[str], modules: Mapping[str, ModuleType]) -> Iterable[str]:
    """Yield where imports look; of a tree of sources, whose other files are somebody's work, only what is in use."""
    trees: list[str] = []
    here = _working_folder()
    for folder in path:
        if folder in ("", here) or any(os.path.exists(os.path.join(folder, mark)) for mark in _SOURCE_TREE_MARKS):
            trees.append(folder)
        else:
            yield folder
    for module in modules.values():
        file = getattr(module, "__file__", None)
        if not isinstance(file, str):
            continue
        own = os.path.dirname(file) if os.path.basename(file).startswith("__init__.") else file
        if os.path.dirname(own) in trees:
            yield own


def _working_folder() -> str:
    """Return this process's; empty when it was removed."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""
