"""The files of a machine elsewhere, as tools see them.

Owns what each step of a tool is in requests, and that one which is sent twice does the same once. Does not own the
connection, or where a patch may write (tools), beyond telling the exec-server what confines it.
"""

from __future__ import annotations

import base64
import errno
import os
import re
import stat
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import trio

from codex_trio.environments import exec_protocol as wire
from codex_trio.environments.errors import EnvironmentUnreachable, UnreachableFile
from codex_trio.environments.exec_permissions import context_of
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.remote.connection import ExecConnection, ServerRefused
from codex_trio.files.contents import Contents, NotWritable, OriginalRemains, Unread, WriteGate
from codex_trio.util.base64_text import decode_base64
from codex_trio.util.regular_file import FileTooLarge, NotARegularFile, check_regular

READ_SECONDS = 120.0
MAX_PATCHED_BYTES = 64 << 20
_MAX_REMEMBERED_BYTES = 16 << 20

_T = TypeVar("_T")
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


class RemoteFiles:
    def __init__(self, connection: ExecConnection) -> None:
        self._connection = connection
        self._token = trio.lowlevel.current_trio_token()

    async def read(self, path: str, *, limit: int) -> bytes:
        """Return all bytes of a regular file, in bounded time."""
        if not os.path.isabs(path) or "\0" in path:
            raise ValueError(f"`{path}` is no path")
        with trio.move_on_after(READ_SECONDS):
            found = await self.status(path)
            check_regular(found, path)
            if found.st_size > limit:
                raise FileTooLarge(errno.EFBIG, f"is larger than {limit} bytes", path)
            content = await self.content(path)
            if len(content) > limit:
                raise FileTooLarge(errno.EFBIG, f"is larger than {limit} bytes", path)
            return content
        raise TimeoutError(errno.ETIMEDOUT, f"did not answer within {READ_SECONDS:g} seconds")

    def blocking(self, gate: WriteGate | None = None) -> RemotePatchFiles:
        """Return the same files, for whoever goes through many of them in a thread of their own."""
        return RemotePatchFiles(self, self._token, gate, place=None)

    def writing(self, gate: WriteGate, place: WorkPlace, approved: frozenset[str]) -> RemotePatchFiles:
        """Return the same, where the exec-server confines changes by a place's policy, but for approved files."""
        return RemotePatchFiles(self, self._token, gate, place=place, approved=approved)

    # --- single requests ---

    async def status(self, path: str) -> os.stat_result:
        """Return what is at `path`, links followed, as far as that is told."""
        found = await self._metadata(path)
        mode = stat.S_IFDIR if found.is_directory else stat.S_IFREG if found.is_file else stat.S_IFIFO
        seconds = found.modified_at_ms // 1000
        return os.stat_result((mode, 0, 0, 1, 0, 0, max(found.size, 0), seconds, seconds, seconds))

    async def is_link(self, path: str) -> bool:
        """Return whether a link is at `path` that leads somewhere."""
        try:
            return (await self._metadata(path)).is_symlink
        except OSError:
            return False

    async def _metadata(self, path: str) -> wire.MetadataResult:
        return await self._ask("fs/getMetadata", await self._path(path), wire.MetadataResult, path)

    async def content(self, path: str) -> bytes:
        """Return all bytes of a file."""
        result = await self._ask("fs/readFile", await self._path(path), wire.ReadFileResult, path)
        try:
            return await trio.to_thread.run_sync(decode_base64, result.data_base64)
        except ValueError as error:
            raise _no_sense(error, path) from error

    async def canonical(self, path: str) -> str:
        """Return a path without links; its last part need not be there."""
        params = await self._path(path)
        try:
            found = await self._ask("fs/canonicalize", params, wire.PathResult, path)
            return wire.path_from_wire(found.path)
        except ValueError as error:
            raise _no_sense(error, path) from error
        except FileNotFoundError:
            parent = os.path.dirname(path)
            return path if parent == path else os.path.join(await self.canonical(parent), os.path.basename(path))
        except _NoSuchMethod:
            return path

    async def write(self, path: str, content: bytes, sandbox: wire.SandboxContext | None) -> None:
        """Give a file this content; its folder is made if that is missing. Done twice it is the same."""
        data = (await trio.to_thread.run_sync(base64.b64encode, content)).decode("ascii")
        params = wire.WriteFileParams(path=await self._written(path), data_base64=data, sandbox=sandbox)
        try:
            await self._ask("fs/writeFile", params, wire.Nothing, path)
        except FileNotFoundError:
            folder = await self._written(os.path.dirname(path))
            made = wire.CreateDirectoryParams(path=folder, recursive=True, sandbox=sandbox)
            await self._ask("fs/createDirectory", made, wire.Nothing, path)
            await self._ask("fs/writeFile", params, wire.Nothing, path)

    async def copy(self, source: str, target: str, sandbox: wire.SandboxContext | None) -> None:
        """Copy a file with its mode."""
        params = wire.CopyParams(
            source_path=await self._written(source),
            destination_path=await self._written(target),
            sandbox=sandbox,
        )
        await self._ask("fs/copy", params, wire.Nothing, target)

    async def remove(self, path: str, sandbox: wire.SandboxContext | None) -> None:
        """Remove a file or a link. One that a request sent twice does not find any more was removed by the first."""
        written = await self._written(path)
        params = wire.RemoveParams(path=written, recursive=False, force=False, sandbox=sandbox)
        try:
            await self._connection.request("fs/remove", params, wire.Nothing)
        except ServerRefused as error:
            if error.code != wire.NOT_FOUND or not error.was_sent_again:
                raise _os_error(error, path) from error
        except EnvironmentUnreachable as error:
            raise UnreachableFile(errno.EHOSTUNREACH, str(error), path) from error

    async def context(self, place: WorkPlace) -> wire.SandboxContext | None:
        """Return what the exec-server is told of a place's policy."""
        await self._written(place.cwd)
        return context_of(place, lambda path: wire.path_to_wire(path, as_uri=self._connection.takes_uris))

    async def _path(self, path: str) -> wire.PathParams:
        return wire.PathParams(path=await self._written(path))

    async def _written(self, path: str) -> str:
        try:
            await self._connection.ready()
        except EnvironmentUnreachable as error:
            raise UnreachableFile(errno.EHOSTUNREACH, str(error), path) from error
        return wire.path_to_wire(path, as_uri=self._connection.takes_uris)

    async def _ask(self, method: str, params: msgspec.Struct, kind: type[_T], path: str) -> _T:
        try:
            return await self._connection.request(method, params, kind)
        except ServerRefused as error:
            raise _os_error(error, path) from error
        except EnvironmentUnreachable as error:
            raise UnreachableFile(errno.EHOSTUNREACH, str(error), path) from error


class RemotePatchFiles:
    """See `environments.files.PatchFiles`. For threads of their own: each step waits for its answer."""

    def __init__(
        self,
        files: RemoteFiles,
        token: trio.lowlevel.TrioToken,
        gate: WriteGate | None,
        *,
        place: WorkPlace | None,
        approved: frozenset[str] = frozenset(),
    ) -> None:
        self._files = files
        self._token = token
        self._gate = gate
        self._place = place
        self._approved = approved

    def _wait(self, work: Callable[..., Awaitable[_T]], *args: object) -> _T:
        async def bounded() -> _T:
            with trio.move_on_after(READ_SECONDS):
                return await work(*args)
            raise TimeoutError(errno.ETIMEDOUT, f"did not answer within {READ_SECONDS:g} seconds")

        try:
            return trio.from_thread.run(bounded, trio_token=self._token)
        except (trio.RunFinishedError, trio.Cancelled) as error:
            raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED)) from error

    def status(self, path: str) -> os.stat_result:
        """Return what is at `path`, links followed."""
        return self._wait(self._files.status, path)

    def is_link(self, path: str) -> bool:
        """Return whether a link is at `path` that leads somewhere."""
        return self._wait(self._files.is_link, path)

    def leads_to(self, path: str) -> str:
        """Return where what is written to a path ends up."""
        return self._wait(self._files.canonical, os.path.normpath(path))

    def entry_of(self, path: str) -> str:
        """Return where the entry is that a path names."""
        path = os.path.normpath(path)
        return os.path.join(self._wait(self._files.canonical, os.path.dirname(path)), os.path.basename(path))

    def read_start(self, path: str, *, limit: int) -> bytes:
        """Return the first bytes of a regular file."""
        check_regular(self.status(path), path)
        return self._wait(self._files.content, path)[:limit]

    def read(self, path: str) -> bytes | None:
        """Return the content of a regular file; None when nothing is there."""
        return self._read(path, MAX_PATCHED_BYTES)

    def _read(self, path: str, limit: int) -> bytes | None:
        try:
            found = self.status(path)
            check_regular(found, path)
            if found.st_size > limit:
                raise FileTooLarge(errno.EFBIG, f"is larger than {limit} bytes", path)
            return self._wait(self._files.content, path)
        except FileNotFoundError:
            return None

    def peek(self, path: str) -> Contents:
        """Return the same for the record only, where it need not be known."""
        try:
            return self._read(path, _MAX_REMEMBERED_BYTES)
        except (PermissionError, FileTooLarge):
            return Unread()

    def peek_entry(self, path: str) -> Contents:
        """Return the same for what is to be removed."""
        return self.peek(path)

    def write(self, path: str, content: bytes) -> None:
        """Give a file, perhaps a new one, this content."""
        place = self.leads_to(path)
        self._check(place)
        self._wait(self._files.write, place, content, self._sandbox_of(place))

    def move(self, path: str, target: str, content: bytes, *, changed: bool) -> None:
        """Rename a file and give it this content."""
        source, place = self.entry_of(path), self.leads_to(target)
        if place == self.leads_to(path):
            self.write(target, content)
            return
        self._check(source)
        self._check(place)
        sandbox = self._sandbox_of(place)
        try:
            # So that it keeps its mode.
            self._wait(self._files.copy, source, place, sandbox)
        except OSError:
            changed = True
        if changed:
            self._wait(self._files.write, place, content, sandbox)
        try:
            self._wait(self._files.remove, source, self._sandbox_of(source))
        except OSError as error:
            raise OriginalRemains(error.errno, error.strerror, source) from error

    def delete(self, path: str) -> None:
        """Remove a file, or a link to whatever."""
        place = self.entry_of(path)
        self._check(place)
        self._wait(self._files.remove, place, self._sandbox_of(place))

    def _check(self, place: str) -> None:
        if self._gate is not None and not self._gate.admits(place):
            raise NotWritable(errno.EPERM, f"it leads to {place}, which may not be written", place)

    def _sandbox_of(self, place: str) -> wire.SandboxContext | None:
        """Return what confines a change there; nothing does where the user was asked about the file."""
        if self._place is None or place in self._approved:
            return None
        return self._wait(self._files.context, self._place)


class _NoSuchMethod(OSError):
    """The exec-server does not know the method."""


def _no_sense(error: ValueError, path: str) -> OSError:
    return OSError(errno.EIO, f"what the exec-server answers makes no sense: {error}", path)


def _os_error(error: ServerRefused, path: str) -> OSError:
    """Return the error of this machine that a refusal stands for."""
    if error.code == wire.NOT_FOUND:
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    if error.code == wire.METHOD_NOT_FOUND:
        return _NoSuchMethod(errno.ENOSYS, error.message, path)
    if error.message.endswith("is not a file"):
        return NotARegularFile(errno.EINVAL, "is no regular file", path)
    number = _OS_ERROR.search(error.message)
    if number is not None:
        return OSError(int(number[1]), error.message[: number.start()].strip(), path)
    return OSError(errno.EIO, error.message, path)
