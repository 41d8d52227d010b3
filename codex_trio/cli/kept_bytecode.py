"""The modules of a start in a few files: found without a search, and read at once.

What importing one of `WHOLES` brings, itself and all that it imports, is kept in a file beside this module's own
bytecode. A later process takes each module from there as long as the module's file has the same time and size, as it
would take Python's own bytecode, and modules are looked for in the same folders. All else is found as everywhere.

Owns those files, and the finder that reads and completes them. Does not own Python's own bytecode files, which they are
made from. Needs next to no other module: those would be read one by one.
"""

from __future__ import annotations

import contextlib
import importlib.util
import marshal
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ExtensionFileLoader, ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

WHOLES = frozenset(
    (
        "ctypes",
        "codex_trio.cli.command_line",
        "codex_trio.cli.app_server",
        "codex_trio.cli.exec",
        "codex_trio.server.app",
        "codex_trio.server.core",
        "codex_trio.state.local.storage",
        "codex_trio.processors.config",
        "codex_trio.processors.plugins",
        "codex_trio.processors.skills",
        "codex_trio.processors.hooks",
        "yaml",
        "codex_trio.search.listing",
        "codex_trio.execution.spawner",
        "codex_trio.execpolicy.decision",
        "codex_trio.model.client",
        "codex_trio.sandbox.view",
        "codex_trio.wire.clients",
        "codex_trio.engine.session.session",
        "codex_trio.tools.exec_command",
        "codex_trio.threads.runtime",
        "codex_trio.processors.work",
        "codex_trio.server.thread_layer",
        "h11",
        "httpcore2",
    )
)

_State = tuple[int, int]
_Kept = tuple[str, str, _State, CodeType | None]
"""A module's file, the folder that it was looked for in, its time and size; bytecode, or None for a library."""


def keep_bytecode() -> None:
    """Find modules as said above, from now on."""
    with contextlib.suppress(ValueError):
        sys.meta_path.insert(sys.meta_path.index(PathFinder), _Finder())


class _Finder:
    def __init__(self) -> None:
        self._open: list[_Whole] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name in WHOLES:
            return _Whole(name, self._open).find(name, path)
        return self._open[-1].find(name, path) if self._open else None


class _Whole:
    """What importing one module brings: what was kept of it, and what is new."""

    def __init__(self, name: str, open_ones: list[_Whole]) -> None:
        self._name = name
        self._open_ones = open_ones
        self._file = f"{importlib.util.cache_from_source(__file__)}.{name}"
        self._kept = _read(self._file)
        self._new: dict[str, _Kept] = {}

    def find(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """Find a module of it: in the file if it is the same one as then, else as everywhere."""
        if kept := self._kept.get(name):
            origin, folder, state, code = kept
            if state == _state(origin) and (path is None or folder in path):
                loader = ExtensionFileLoader(name, origin) if code is None else _Loader(name, origin, folder, self)
                return importlib.util.spec_from_file_location(name, origin, loader=loader)
            del self._kept[name]
        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.origin is None:
            return spec
        is_package = spec.submodule_search_locations is not None
        folder = os.path.dirname(os.path.dirname(spec.origin) if is_package else spec.origin)
        if type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(name, spec.origin, folder, self)
        elif type(spec.loader) is ExtensionFileLoader and (state := _state(spec.origin)):
            self._new[name] = (spec.origin, folder, state, None)
        return spec

    def code(self, loader: _Loader) -> CodeType | None:
        """Return the bytecode of a module that was found."""
        if kept := self._kept.get(loader.name):
            return kept[-1]
        state = _state(loader.path)
        code = SourceFileLoader.get_code(loader, loader.name)
        if state is not None and code is not None:
            self._new[loader.name] = (loader.path, loader.folder, state, code)
        return code

    def run(self, loader: _Loader, module: ModuleType) -> None:
        """Run a module. While it is the one that brings the others, they are found here."""
        if loader.name != self._name:
            SourceFileLoader.exec_module(loader, module)
            return
        self._open_ones.append(self)
        try:
            SourceFileLoader.exec_module(loader, module)
        finally:
            self._open_ones.remove(self)
            self._complete()

    def _complete(self) -> None:
        """Write what is new, and let go of everything."""
        if self._new and not sys.dont_write_bytecode and not os.environ.get("PYTHONPATH"):
            there = {name: kept for name, kept in self._kept.items() if kept[2] == _state(kept[0])}
            _write(self._file, {**there, **self._new})
        self._kept, self._new = {}, {}


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, folder: str, whole: _Whole) -> None:
        super().__init__(name, path)
        self.folder = folder
        self._whole = whole

    def get_code(self, fullname: str) -> CodeType | None:
        return self._whole.code(self)

    def exec_module(self, module: ModuleType) -> None:
        self._whole.run(self, module)


def _state(path: str) -> _State | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _key() -> tuple[bytes, list[str]]:
    """Return what bytecode is good for: a release of Python, and the folders in which modules are looked for.

    The script's own folder, where nothing but scripts is, depends on how the program is called.
    """
    folder = os.path.dirname(sys.argv[0])
    return importlib.util.MAGIC_NUMBER, [path for path in sys.path if path != folder]


def _read(path: str) -> dict[str, _Kept]:
    with contextlib.suppress(OSError, EOFError, ValueError, TypeError), open(path, "rb") as file:
        key, kept = marshal.loads(file.read())
        if key == _key():
            return kept
    return {}


def _write(path: str, kept: dict[str, _Kept]) -> None:
    unfinished = f"{path}.{os.getpid()}"
    try:
        with open(unfinished, "xb") as file:
            file.write(marshal.dumps((_key(), kept)))
        os.replace(unfinished, path)
    except OSError:
        # An installation that cannot be written to: modules are found as everywhere.
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
