"""Files that a client has open on an exec-server's machine, to be read or written in pieces.

Owns the handles, and that they end with their connection. Does not own what may be opened to be written (gates.py).
"""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import trio

from codex_trio.environments import exec_protocol as wire
from codex_trio.exec_server.errors import file_refusals, invalid_params, invalid_request, not_found
from codex_trio.exec_server.gates import ChangeGate, check_read
from codex_trio.exec_server.session import ServedSession
from codex_trio.files.disk import DiskFiles
from codex_trio.util.base64_text import NotBase64, decode_base64
from codex_trio.util.regular_file import open_regular_file

MAX_BLOCK_BYTES = 1024 * 1024
MAX_OPEN_FILES = 128
_MAX_OFFSET = 2**63 - 1

_T = TypeVar("_T")


class ServedHandles:
    """Those of one connection."""

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self._opening: set[str] = set()

    async def open(self, params: wire.OpenParams, session: ServedSession) -> wire.HandleParams:
        """Open a regular file."""
        handle = params.handle_id
        if handle in self._open or handle in self._opening:
            raise invalid_request(f"file handle `{handle}` already exists")
        if len(self._open) + len(self._opening) >= MAX_OPEN_FILES:
            raise invalid_request(f"at most {MAX_OPEN_FILES} file handles may be open per connection")
        self._opening.add(handle)
        try:
            with file_refusals(params.path) as path:
                if params.mode == "read":
                    await check_read(params.sandbox, session, path)
                    work = partial(_opened, path)
                else:
                    files = DiskFiles(ChangeGate.of(params.sandbox, path, session))
                    work = partial(files.open_emptied, path)
                self._open[handle] = await _opened_off_loop(work)
        finally:
            self._opening.discard(handle)
        return wire.HandleParams(handle_id=handle)

    async def read_block(self, params: wire.ReadBlockParams, _session: ServedSession) -> wire.ReadBlockResult:
        """Return a piece of a file."""
        if not 0 < params.len <= MAX_BLOCK_BYTES:
            raise invalid_request(f"file read block length must be between 1 and {MAX_BLOCK_BYTES}")
        data = await self._use(params.handle_id, lambda file: _read_at(file, params.offset, params.len))
        is_end = len(data) < params.len
        return wire.ReadBlockResult(chunk=base64.b64encode(data).decode("ascii"), eof=is_end)

    async def write_block(self, params: wire.WriteBlockParams, _session: ServedSession) -> wire.Nothing:
        """Put a piece into a file, at its place. Done twice it is the same."""
        try:
            data = decode_base64(params.chunk)
        except NotBase64 as error:
            raise invalid_params(f"`chunk` is not valid base64: {error}") from error
        if not 0 < len(data) <= MAX_BLOCK_BYTES:
            raise invalid_request(f"file write block length must be between 1 and {MAX_BLOCK_BYTES}")
        if params.offset + len(data) > _MAX_OFFSET:
            raise invalid_request("file write range exceeds the signed 64-bit file offset limit")
        await self._use(params.handle_id, lambda file: _write_at(file, data, params.offset))
        return wire.Nothing()

    async def close(self, params: wire.HandleParams, _session: ServedSession) -> wire.Nothing:
        """Close a file; one that is not open is none to complain of."""
        await trio.lowlevel.checkpoint()
        descriptor = self._open.pop(params.handle_id, None)
        if descriptor is not None:
            os.close(descriptor)
        return wire.Nothing()

    def close_all(self) -> None:
        """Close what is open."""
        while self._open:
            os.close(self._open.popitem()[1])

    async def _use(self, handle: str, work: Callable[[int], _T]) -> _T:
        """Return what is done with a file. A second descriptor is used: the client may close its own meanwhile."""
        descriptor = self._open.get(handle)
        if descriptor is None:
            raise not_found(f"unknown file handle `{handle}`")
        own = os.dup(descriptor)

        def use() -> _T:
            try:
                return work(own)
            finally:
                os.close(own)

        with file_refusals("/"):
            return await trio.to_thread.run_sync(use, abandon_on_cancel=True)


async def _opened_off_loop(work: Callable[[], int]) -> int:
    """Return the descriptor that `work` opens, in a thread; one that nobody waits for any more is closed."""
    lock = threading.Lock()
    opened: list[int] = []
    is_left = False

    def run() -> None:
        descriptor = work()
        with lock:
            if is_left:
                os.close(descriptor)
            else:
                opened.append(descriptor)

    try:
        await trio.to_thread.run_sync(run, abandon_on_cancel=True)
    except trio.Cancelled:
        with lock:
            is_left = True
            for descriptor in opened:
                os.close(descriptor)
        raise
    return opened[0]


def _opened(path: str) -> int:
    with open_regular_file(path) as opened:
        return os.dup(opened.fileno())


def _read_at(descriptor: int, offset: int, size: int) -> bytes:
    pieces: list[bytes] = []
    while size > 0 and (piece := os.pread(descriptor, size, offset)):
        pieces.append(piece)
        offset, size = offset + len(piece), size - len(piece)
    return b"".join(pieces)


def _write_at(descriptor: int, data: bytes, offset: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written
