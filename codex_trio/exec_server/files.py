"""The files of an exec-server's machine, for its client.

Owns the methods, and that changes under a sandbox go where its policy lets commands write and nowhere else. Does not
own reading and writing (`codex_trio.files`).
"""

from __future__ import annotations

import base64
import errno
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import trio

from codex_trio.environments import exec_protocol as wire
from codex_trio.environments.exec_permissions import UnknownPermissions, place_of
from codex_trio.environments.place import WorkPlace
from codex_trio.exec_server.errors import RequestRefused, internal_error, invalid_params, invalid_request
from codex_trio.exec_server.session import ServedSession
from codex_trio.files.disk import DiskFiles
from codex_trio.files.local import LocalFiles
from codex_trio.files.trees import CopyRefused
from codex_trio.sandbox.errors import RootChanged
from codex_trio.sandbox.policy import is_enforced_here
from codex_trio.util.base64_text import NotBase64, decode_base64
from codex_trio.util.regular_file import FileTooLarge, NotARegularFile, open_regular_file

MAX_READ_BYTES = 512 * 1024 * 1024
MAX_BLOCK_BYTES = 8 * 1024 * 1024
MAX_OPEN_FILES = 64
READ_SECONDS = 120.0

_T = TypeVar("_T")


class ServedFiles:
    """What a connection has open ends with it."""

    def __init__(self) -> None:
        self._files = LocalFiles()
        self._open: dict[str, int] = {}

    async def read(self, params: wire.PathParams, _session: ServedSession) -> wire.ReadFileResult:
        """Return all of a regular file."""
        with _refusals(params.path) as path:
            content = await self._files.read(path, limit=MAX_READ_BYTES, seconds=READ_SECONDS)
        return wire.ReadFileResult(data_base64=await _off_loop(_encoded, content))

    async def write(self, params: wire.WriteFileParams, session: ServedSession) -> wire.Nothing:
        """Give a file, perhaps a new one, this content."""
        try:
            content = await _off_loop(decode_base64, params.data_base64)
        except NotBase64 as error:
            raise invalid_request(f"fs/writeFile requires valid base64 dataBase64: {error}") from error
        with _refusals(params.path) as path:
            gate = _Gate.of(params.sandbox, path, session)
            if gate is None:
                await self._files.write(path, content)
            else:
                await _off_loop(partial(_write_gated, gate, path, content))
        return wire.Nothing()

    async def create_directory(self, params: wire.CreateDirectoryParams, session: ServedSession) -> wire.Nothing:
        """Make a folder."""
        with _refusals(params.path) as path:
            await _check(params.sandbox, session, path)
            await self._files.make_folder(path, parents=params.recursive is not False)
        return wire.Nothing()

    async def metadata(self, params: wire.PathParams, _session: ServedSession) -> wire.MetadataResult:
        """Return what is at a path."""
        with _refusals(params.path) as path:
            found = await self._files.metadata(path)
            size = (await _off_loop(os.stat, path)).st_size
        return wire.MetadataResult(
            is_directory=found.is_folder,
            is_file=found.is_file,
            is_symlink=found.is_link,
            size=size,
            created_at_ms=found.created_ms,
            modified_at_ms=found.modified_ms,
        )

    async def read_directory(self, params: wire.PathParams, _session: ServedSession) -> wire.ReadDirectoryResult:
        """Return what is in a folder."""
        with _refusals(params.path) as path:
            found = await self._files.entries(path)
        return wire.ReadDirectoryResult(
            entries=[
                wire.DirectoryEntry(file_name=name, is_directory=kind.is_folder, is_file=kind.is_file)
                for name, kind in found
            ]
        )

    async def remove(self, params: wire.RemoveParams, session: ServedSession) -> wire.Nothing:
        """Remove a file, a link or by default a whole folder."""
        with _refusals(params.path) as path:
            await _check(params.sandbox, session, path)
            await self._files.remove(path, recursive=params.recursive is not False, force=params.force is not False)
        return wire.Nothing()

    async def copy(self, params: wire.CopyParams, session: ServedSession) -> wire.Nothing:
        """Copy a file, a link or a folder."""
        with _refusals(params.destination_path) as target:
            await _check(params.sandbox, session, target)
            await self._files.copy(wire.path_from_wire(params.source_path), target, recursive=params.recursive)
        return wire.Nothing()

    async def canonicalize(self, params: wire.PathParams, _session: ServedSession) -> wire.PathResult:
        """Return a path without links."""
        as_uri = params.path.startswith("file:")
        with _refusals(params.path) as path:
            found = await _off_loop(partial(os.path.realpath, path, strict=True))
        return wire.PathResult(path=wire.path_to_wire(found, as_uri=as_uri))

    async def open(self, params: wire.OpenParams, _session: ServedSession) -> wire.HandleParams:
        """Open a regular file, to be read in pieces."""
        if params.handle_id in self._open:
            raise invalid_request(f"handle {params.handle_id} is open already")
        if len(self._open) >= MAX_OPEN_FILES:
            raise invalid_request(f"{MAX_OPEN_FILES} files are open already: close some of them first")
        with _refusals(params.path) as path:
            descriptor = await _off_loop(partial(_opened, path))
        self._open[params.handle_id] = descriptor
        return wire.HandleParams(handle_id=params.handle_id)

    async def read_block(self, params: wire.ReadBlockParams, _session: ServedSession) -> wire.ReadBlockResult:
        """Return a piece of an open file."""
        descriptor = self._open.get(params.handle_id)
        if descriptor is None:
            raise invalid_request(f"unknown file handle {params.handle_id}")
        if params.offset < 0 or not 0 < params.len <= MAX_BLOCK_BYTES:
            raise invalid_params(f"`offset` must not be negative, and `len` between 1 and {MAX_BLOCK_BYTES}")
        with _refusals("/"):
            data = await _off_loop(partial(_read_at, descriptor, params.offset, params.len))
        is_end = len(data) < params.len
        return wire.ReadBlockResult(chunk=base64.b64encode(data).decode("ascii"), eof=is_end)

    async def close(self, params: wire.HandleParams, _session: ServedSession) -> wire.Nothing:
        """Close an open file; one that is not open is none to complain of."""
        await trio.lowlevel.checkpoint()
        descriptor = self._open.pop(params.handle_id, None)
        if descriptor is not None:
            os.close(descriptor)
        return wire.Nothing()

    def close_all(self) -> None:
        """Close what is open."""
        while self._open:
            os.close(self._open.popitem()[1])


class _Gate:
    """Admits what a command under the policy of a place could write."""

    def __init__(self, place: WorkPlace, session: ServedSession) -> None:
        self._place = place
        self._session = session

    @staticmethod
    def of(context: wire.SandboxContext | None, path: str, session: ServedSession) -> _Gate | None:
        """Return the gate; None where everything may be written. Raises RequestRefused."""
        try:
            place = place_of(context, os.path.dirname(path))
        except UnknownPermissions as error:
            raise invalid_params(f"sandbox: {error}") from error
        return _Gate(place, session) if is_enforced_here(place.policy) else None

    def admits(self, place: str) -> bool:
        """Return whether the file may be written, made or removed. Blocking."""
        session = self._session
        return session.anchors.may_write(place, self._place.policy, cwd=self._place.cwd, tmpdir=session.tmpdir)

    def admits_beside(self, place: str) -> bool:
        """Return whether other files may be made in its folder for a while."""
        return self.admits(os.path.join(os.path.dirname(place), ".new"))


async def _check(context: wire.SandboxContext | None, session: ServedSession, path: str) -> None:
    """Raise OSError for what a sandbox does not let be changed."""
    gate = _Gate.of(context, path, session)
    if gate is not None and not await _off_loop(partial(gate.admits, path)):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)


def _write_gated(gate: _Gate, path: str, content: bytes) -> None:
    if not os.path.isdir(os.path.dirname(path)):
        # Whoever wants its folder made asks for that.
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    DiskFiles(gate).write(path, content)


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _opened(path: str) -> int:
    with open_regular_file(path) as opened:
        return os.dup(opened.fileno())


def _read_at(descriptor: int, offset: int, size: int) -> bytes:
    pieces: list[bytes] = []
    while size > 0 and (piece := os.pread(descriptor, size, offset)):
        pieces.append(piece)
        offset, size = offset + len(piece), size - len(piece)
    return b"".join(pieces)


async def _off_loop(work: Callable[..., _T], *args: object) -> _T:
    return await trio.to_thread.run_sync(lambda: work(*args), abandon_on_cancel=True)


@contextmanager
def _refusals(path: str) -> Generator[str]:
    """Provide a path in this machine's form; what the file system refuses is answered in its own words."""
    try:
        yield os.path.normpath(wire.path_from_wire(path))
    except (CopyRefused, NotARegularFile, FileTooLarge) as error:
        raise invalid_request(_words(error, path)) from error
    except RootChanged as error:
        raise invalid_request(f"sandbox: {error}") from error
    except OSError as error:
        text = f"{error.strerror or error} (os error {error.errno})" if error.errno else str(error)
        if error.errno == errno.ENOENT:
            raise RequestRefused(wire.NOT_FOUND, text) from error
        raise internal_error(text) from error
    except ValueError as error:
        raise invalid_params(str(error)) from error


def _words(error: Exception, path: str) -> str:
    if isinstance(error, NotARegularFile):
        return f"path `{wire.path_from_wire(path)}` is not a file"
    if isinstance(error, FileTooLarge):
        return f"file is too large to read: limit is {MAX_READ_BYTES} bytes"
    return str(error)
