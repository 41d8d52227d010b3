"""The files of an exec-server's machine, for its client.

Owns the methods, and that changes under a sandbox go where its policy lets commands write and nowhere else. Does not
own reading and writing (`codex_trio.files`).
"""

from __future__ import annotations

import base64
import errno
import os
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import trio

from codex_trio.environments import exec_protocol as wire
from codex_trio.exec_server.errors import MAX_READ_BYTES, file_refusals, invalid_request
from codex_trio.exec_server.gates import ChangeGate, check_change, check_read
from codex_trio.exec_server.session import ServedSession
from codex_trio.exec_server.walk import MOST, walk
from codex_trio.files.disk import DiskFiles
from codex_trio.files.local import LocalFiles
from codex_trio.util.base64_text import NotBase64, decode_base64

READ_SECONDS = 120.0

_T = TypeVar("_T")


class ServedFiles:
    def __init__(self) -> None:
        self._files = LocalFiles()

    async def read(self, params: wire.PathParams, session: ServedSession) -> wire.ReadFileResult:
        """Return all of a regular file."""
        with file_refusals(params.path) as path:
            await check_read(params.sandbox, session, path)
            content = await self._files.read(path, limit=MAX_READ_BYTES, seconds=READ_SECONDS)
        return wire.ReadFileResult(data_base64=await _off_loop(_encoded, content))

    async def write(self, params: wire.WriteFileParams, session: ServedSession) -> wire.Nothing:
        """Give a file, perhaps a new one, this content."""
        try:
            content = await _off_loop(decode_base64, params.data_base64)
        except NotBase64 as error:
            raise invalid_request(f"fs/writeFile requires valid base64 dataBase64: {error}") from error
        with file_refusals(params.path) as path:
            gate = ChangeGate.of(params.sandbox, path, session)
            if gate is None:
                await self._files.write(path, [content])
            else:
                await _off_loop(partial(_write_gated, gate, path, content))
        return wire.Nothing()

    async def create_directory(self, params: wire.CreateDirectoryParams, session: ServedSession) -> wire.Nothing:
        """Make a folder."""
        with file_refusals(params.path) as path:
            await check_change(params.sandbox, session, path)
            await self._files.make_folder(path, parents=params.recursive is not False)
        return wire.Nothing()

    async def metadata(self, params: wire.PathParams, session: ServedSession) -> wire.MetadataResult:
        """Return what is at a path."""
        with file_refusals(params.path) as path:
            await check_read(params.sandbox, session, path)
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

    async def read_directory(self, params: wire.PathParams, session: ServedSession) -> wire.ReadDirectoryResult:
        """Return what is in a folder."""
        with file_refusals(params.path) as path:
            await check_read(params.sandbox, session, path)
            found = await self._files.entries(path)
        return wire.ReadDirectoryResult(
            entries=[
                wire.DirectoryEntry(file_name=name, is_directory=kind.is_folder, is_file=kind.is_file)
                for name, kind in found
            ]
        )

    async def walk(self, params: wire.WalkParams, session: ServedSession) -> wire.WalkResult:
        """Return what is in a folder and those below it, as far as the limits go, and a sandbox lets it be read."""
        options = params.options
        if not (options.max_directories and options.max_entries):
            raise invalid_request("filesystem walk limits must be greater than zero")
        given = (options.max_depth, options.max_directories, options.max_entries)
        if any(limit > most for limit, most in zip(given, MOST, strict=True)):
            depth, folders, entries = MOST
            most = f"depth={depth}, directories={folders}, entries={entries}"
            raise invalid_request(f"filesystem walk limits exceed maximums: {most}")
        with file_refusals(params.path) as path:
            await check_read(params.sandbox, session, path)
            gate = ChangeGate.of(params.sandbox, path, session)
            return await _off_loop(_walk_gated, gate, path, options)

    async def remove(self, params: wire.RemoveParams, session: ServedSession) -> wire.Nothing:
        """Remove a file, a link or by default a whole folder."""
        with file_refusals(params.path) as path:
            await check_change(params.sandbox, session, path)
            await self._files.remove(path, recursive=params.recursive is not False, force=params.force is not False)
        return wire.Nothing()

    async def copy(self, params: wire.CopyParams, session: ServedSession) -> wire.Nothing:
        """Copy a file, a link or a folder."""
        with file_refusals(params.destination_path) as target:
            source = wire.path_from_wire(params.source_path)
            await check_read(params.sandbox, session, source)
            await check_change(params.sandbox, session, target)
            await self._files.copy(source, target, recursive=params.recursive)
        return wire.Nothing()

    async def canonicalize(self, params: wire.PathParams, session: ServedSession) -> wire.PathResult:
        """Return a path without links."""
        as_uri = params.path.startswith("file:")
        with file_refusals(params.path) as path:
            await check_read(params.sandbox, session, path)
            found = await _off_loop(partial(os.path.realpath, path, strict=True))
        return wire.PathResult(path=wire.path_to_wire(found, as_uri=as_uri))


def _walk_gated(gate: ChangeGate | None, path: str, options: wire.WalkOptions) -> wire.WalkResult:
    return walk(path, options) if gate is None else walk(path, options, shows=gate.reading())


def _write_gated(gate: ChangeGate, path: str, content: bytes) -> None:
    if not os.path.isdir(os.path.dirname(path)):
        # Whoever wants its folder made asks for that.
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    DiskFiles(gate).write(path, content)


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


async def _off_loop(work: Callable[..., _T], *args: object) -> _T:
    return await trio.to_thread.run_sync(lambda: work(*args), abandon_on_cancel=True)
