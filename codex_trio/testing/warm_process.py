"""The process that has imported everything, and forks for each run: see `warm_start`.

It waits for callers on the socket whose descriptor is its argument, and ends with its standard input. It never has a
second thread, nor runs an event loop: whatever is forked starts as a fresh process does. A run whose caller is gone is
killed, with its process group, before the next one begins: who saw the one end may rely on that.
"""

from __future__ import annotations

import gc
import importlib
import marshal
import os
import pkgutil
import select
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass

from codex_trio.testing.becoming import become

_PACKAGE = "codex_trio"
_NOT_IMPORTED = (f"{_PACKAGE}.conformance", f"{_PACKAGE}.testing", f"{_PACKAGE}.__main__")
_LIBRARIES = ("h11", "httpcore2", "ssl", "tree_sitter_bash")
"""What the package imports when it is first used, and most runs use."""

_CALLER_SECONDS = 10.0
_LAST_DESCRIPTOR = 1 << 16


@dataclass(frozen=True)
class _Job:
    command: list[str]
    """A Python program's file and its arguments."""
    environ: dict[bytes, bytes]
    folder: bytes


@dataclass(frozen=True)
class _Run:
    """A process that was forked, and the socket of its caller."""

    caller: socket.socket
    pid: int
    pidfd: int


class _Forker:
    """Forks for callers."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._runs: list[_Run] = []
        self._poll = select.poll()
        self._poll.register(0, select.POLLIN)
        self._poll.register(listener, select.POLLIN)

    def serve(self) -> _Job | None:
        """Return what to do, in a process that was forked for it; None at the end, in this one."""
        while True:
            ready = self._ready(None)
            if 0 in ready:
                for run in self._runs:
                    _kill(run)
                return None
            is_called = self._listener.fileno() in ready
            if is_called:
                # Whoever was gone before this caller came is known to be by now.
                ready = self._ready(0)
            for run in [*self._runs]:
                if run.caller.fileno() in ready:
                    self._hear(run)
                if run.pidfd in ready:
                    self._end(run)
            if is_called and (job := self._begin()) is not None:
                return job

    def _ready(self, milliseconds: int | None) -> set[int]:
        return {descriptor for descriptor, _ in self._poll.poll(milliseconds)}

    def _begin(self) -> _Job | None:
        """Fork for the next caller. Return its job in the new process alone."""
        caller, _ = self._listener.accept()
        caller.settimeout(_CALLER_SECONDS)
        streams: list[int] = []
        try:
            job = _read_job(caller, streams)
            pid = os.fork() if job is not None else 0
            if job is None:
                caller.close()
            elif pid == 0:
                self._leave(caller)
                _become(job, streams)
                return job
            else:
                run = _Run(caller, pid, os.pidfd_open(pid))
                self._runs.append(run)
                self._poll.register(run.caller, select.POLLIN)
                self._poll.register(run.pidfd, select.POLLIN)
            return None
        finally:
            for descriptor in streams:
                with suppress(OSError):
                    os.close(descriptor)

    def _leave(self, caller: socket.socket) -> None:
        """Forget, in a new process, the descriptors that are about to be closed: their numbers are used again."""
        for owner in (self._listener, caller, *(run.caller for run in self._runs)):
            owner.detach()

    def _hear(self, run: _Run) -> None:
        """Pass on signals; end the run when its caller is gone."""
        try:
            numbers = run.caller.recv(16)
        except OSError:
            numbers = b""
        for number in numbers:
            signal.pidfd_send_signal(run.pidfd, number)
        if not numbers:
            self._end(run)

    def _end(self, run: _Run) -> None:
        """End a run that has not ended, with what is left of its process group; tell the caller how it ended."""
        if run not in self._runs:
            return
        self._runs.remove(run)
        _kill(run)
        _, status = os.waitpid(run.pid, 0)
        self._poll.unregister(run.caller)
        self._poll.unregister(run.pidfd)
        with suppress(OSError):
            run.caller.sendall(status.to_bytes(4, "big"))
        run.caller.close()
        os.close(run.pidfd)


def _read_job(caller: socket.socket, streams: list[int]) -> _Job | None:
    """Return what a caller wants; None when it is gone. Its standard streams are added to `streams`."""
    try:
        head, received, _, _ = socket.recv_fds(caller, 8, 3)
        streams += received
        wanted, job = int.from_bytes(head, "big"), b""
        while len(job) < wanted and (piece := caller.recv(wanted - len(job))):
            job += piece
    except OSError:
        return None
    return _Job(*marshal.loads(job)) if len(streams) == 3 and job and len(job) == wanted else None


def _become(job: _Job, streams: list[int]) -> None:
    """Give this process what the caller's would have had."""
    os.setsid()
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    os.closerange(3, _LAST_DESCRIPTOR)
    os.chdir(job.folder)
    os.environb.clear()
    os.environb.update(job.environ)
    streams.clear()


def _kill(run: _Run) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(run.pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(run.pid, signal.SIGKILL)


def _import_everything() -> None:
    package = importlib.import_module(_PACKAGE)
    for module in pkgutil.walk_packages(package.__path__, f"{_PACKAGE}."):
        if not module.name.startswith(_NOT_IMPORTED):
            importlib.import_module(module.name)
    for name in _LIBRARIES:
        importlib.import_module(name)


def main() -> None:
    """Fork for callers until the standard input ends."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    _import_everything()
    if len(os.listdir("/proc/self/task")) != 1:
        raise SystemExit("an import has started a thread: what is forked from here would lack it")
    # What is looked at no more is shared by all.
    gc.collect()
    gc.freeze()
    job = _Forker(listener).serve()
    if job is not None:
        become(job.command)


if __name__ == "__main__":
    main()
