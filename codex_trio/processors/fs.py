"""Files of the server's machine, as clients read and change them. No sandbox is between: the client is the user's.

Protocol source: `fs/readFile|writeFile|createDirectory|getMetadata|readDirectory|remove|copy|watch|unwatch`, release
0.171.0.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import cast

import msgspec
import trio
from codex_trio_protocol.v2 import fs as wire

from codex_trio.files.local import FileKind, LocalFiles, place_of
from codex_trio.files.trees import CopyRefused
from codex_trio.files.watches import Watch
from codex_trio.processors.services import Services
from codex_trio.rpc.codec import EncodedArray, EncodedText
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error, invalid_request
from codex_trio.rpc.resources import DuplicateResource
from codex_trio.util.base64_text import NotBase64, decode_in_pieces
from codex_trio.util.os_errors import explained_error
from codex_trio.util.regular_file import FileTooLarge, NotARegularFile

MAX_READ_BYTES = 512 * 1024 * 1024
_ENTRIES_IN_A_PIECE = 500
"""Names of a folder that are encoded at once; of more the rest is done in a thread."""

READ_SECONDS = 120.0
"""How long that many bytes may take to be read, from a disk that is slow."""


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = FsProcessor(LocalFiles(), services)
    return {
        "fs/readFile": processor.read_file,
        "fs/writeFile": processor.write_file,
        "fs/createDirectory": processor.create_directory,
        "fs/getMetadata": processor.get_metadata,
        "fs/readDirectory": processor.read_directory,
        "fs/remove": processor.remove,
        "fs/copy": processor.copy,
        "fs/watch": processor.watch,
        "fs/unwatch": processor.unwatch,
    }


class WatchedPath:
    """A watch of a client: changes are told until the client, or its end, ends it."""

    def __init__(
        self, watched: AbstractAsyncContextManager[Watch], tell: Callable[[list[str]], Awaitable[object]]
    ) -> None:
        self._watched = watched
        self._tell = tell

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Tell of changes, no faster than the client reads."""
        async with self._watched as watch:
            task_status.started()
            while True:
                await self._tell(await watch.changes())

    async def aclose(self) -> None:
        """Do nothing: the watch ended with its block."""
        await trio.lowlevel.checkpoint()


class FsProcessor:
    def __init__(self, files: LocalFiles, services: Services) -> None:
        self._files = files
        self._watches = services.watches
        self._outgoing = services.outgoing

    async def read_file(self, params: wire.FsReadFileParams, _context: RequestContext) -> wire.FsReadFileResponse:
        """Return the content of a regular file."""
        with _refusals(params.path) as path:
            pieces = await self._files.read_base64(path, limit=MAX_READ_BYTES, seconds=READ_SECONDS)
        # There are no other readers of a response than its encoder.
        return wire.FsReadFileResponse(data_base64=cast("str", EncodedText(pieces)))

    async def write_file(self, params: wire.FsWriteFileParams, _context: RequestContext) -> wire.FsWriteFileResponse:
        """Give a regular file other content, or make it."""
        content = await trio.to_thread.run_sync(_decoded, params.data_base64, abandon_on_cancel=True)
        with _refusals(params.path) as path:
            await self._files.write(path, content)
        return wire.FsWriteFileResponse()

    async def create_directory(
        self, params: wire.FsCreateDirectoryParams, _context: RequestContext
    ) -> wire.FsCreateDirectoryResponse:
        """Make a folder, and by default those above it."""
        with _refusals(params.path) as path:
            await self._files.make_folder(path, parents=params.recursive is not False)
        return wire.FsCreateDirectoryResponse()

    async def get_metadata(
        self, params: wire.FsGetMetadataParams, _context: RequestContext
    ) -> wire.FsGetMetadataResponse:
        """Return what is at a path."""
        with _refusals(params.path) as path:
            found = await self._files.metadata(path)
        return wire.FsGetMetadataResponse(
            is_directory=found.is_folder,
            is_file=found.is_file,
            is_symlink=found.is_link,
            created_at_ms=found.created_ms,
            modified_at_ms=found.modified_ms,
        )

    async def read_directory(
        self, params: wire.FsReadDirectoryParams, _context: RequestContext
    ) -> wire.FsReadDirectoryResponse:
        """Return what is in a folder."""
        with _refusals(params.path) as path:
            found = await self._files.entries(path)
        if len(found) <= _ENTRIES_IN_A_PIECE:
            return wire.FsReadDirectoryResponse(entries=_entries(found))
        encoded = EncodedArray(await trio.to_thread.run_sync(_encoded_entries, found, abandon_on_cancel=True))
        return wire.FsReadDirectoryResponse(entries=cast("list[wire.FsReadDirectoryEntry]", encoded))

    async def remove(self, params: wire.FsRemoveParams, _context: RequestContext) -> wire.FsRemoveResponse:
        """Remove a file, a link or by default a whole folder."""
        with _refusals(params.path) as path:
            await self._files.remove(path, recursive=params.recursive is not False, force=params.force is not False)
        return wire.FsRemoveResponse()

    async def copy(self, params: wire.FsCopyParams, _context: RequestContext) -> wire.FsCopyResponse:
        """Copy a file, a link or a folder."""
        with _refusals(params.destination_path) as target:
            await self._files.copy(_plain(params.source_path), target, recursive=params.recursive)
        return wire.FsCopyResponse()

    async def watch(self, params: wire.FsWatchParams, context: RequestContext) -> wire.FsWatchResponse:
        """Tell the client of changes at a path from now on."""

        async def tell(changed: list[str]) -> None:
            notice = wire.FsChangedNotification(watch_id=params.watch_id, changed_paths=changed)
            await context.answered.wait()
            await self._outgoing.send_and_wait("fs/changed", notice, target=context.connection.id)

        with _refusals(params.path) as path:
            watched = WatchedPath(self._watches.watch(await place_of(path)), tell)
            try:
                await context.connection.resources.start(params.watch_id, watched)
            except DuplicateResource:
                raise invalid_request(f"watchId already exists: {params.watch_id}") from None
        return wire.FsWatchResponse(path=path)

    async def unwatch(self, params: wire.FsUnwatchParams, context: RequestContext) -> wire.FsUnwatchResponse:
        """Tell the client of such changes no more; nothing happens when it has no such watch."""
        await context.connection.resources.end(WatchedPath, params.watch_id)
        return wire.FsUnwatchResponse()


def _entries(found: Sequence[tuple[str, FileKind]]) -> list[wire.FsReadDirectoryEntry]:
    return [
        wire.FsReadDirectoryEntry(file_name=name, is_directory=kind.is_folder, is_file=kind.is_file)
        for name, kind in found
    ]


def _encoded_entries(found: Sequence[tuple[str, FileKind]]) -> list[memoryview]:
    pieces = (found[start : start + _ENTRIES_IN_A_PIECE] for start in range(0, len(found), _ENTRIES_IN_A_PIECE))
    return [memoryview(msgspec.json.encode(_entries(piece)))[1:-1] for piece in pieces]


@contextmanager
def _refusals(path: str) -> Generator[str]:
    """Provide the path without `..` in it; what the file system refuses is answered in its own words."""
    try:
        yield _plain(path)
    except CopyRefused as error:
        raise invalid_request(str(error)) from error
    except NotARegularFile as error:
        raise invalid_request(f"path `{path}` is not a file") from error
    except FileTooLarge as error:
        raise invalid_request(f"file is too large to read: limit is {MAX_READ_BYTES} bytes") from error
    except ValueError as error:
        raise invalid_request(f"`{path!r}` is no path: {error}") from error
    except OSError as error:
        raise internal_error(explained_error(error, _plain(path))) from error


def _plain(path: str) -> str:
    return os.path.normpath(path)


def _decoded(text: str) -> list[bytes]:
    """Return the bytes of a text in base64, in pieces. Raises RpcError."""
    try:
        return decode_in_pieces(text)
    except NotBase64 as error:
        raise invalid_request(f"fs/writeFile requires valid base64 dataBase64: {error}") from error
