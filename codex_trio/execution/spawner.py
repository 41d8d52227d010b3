"""Starting processes, and the promise that none outlives the server.

Owns: the marks, the janitor process, the placeholders that sandboxed commands rely on, and that every process gets its
limits.
Does not own: one process's life (`processes`), the sandbox's argv (`codex_trio.sandbox.command`), what the limits are
(`bounds`).

Every process leads a session of its own and carries a mark in its environment and a number among its limits, by which
its descendants are found even after they have left the session. The event loop's thread forks: parent-death signals,
which the sandboxes ask for, are tied to the forking thread, and that one lives as long as its children are needed.
"""

import logging
import os
import signal
import sys
from collections.abc import AsyncGenerator, Iterable
from contextlib import ExitStack, asynccontextmanager, suppress

import trio

from codex_trio.execution import janitor, process_tree
from codex_trio.execution.bounds import CommandBounds, counts_processes, prefer_for_killing
from codex_trio.execution.control_groups import ControlGroups, NoControlGroups, joining, open_control_groups
from codex_trio.execution.errors import SpawnError
from codex_trio.execution.launch import LaunchedChild, SpawnRequest, launch
from codex_trio.execution.process_watch import ProcessWatch
from codex_trio.execution.processes import KILL_SECONDS, ManagedProcess
from codex_trio.sandbox import placeholders
from codex_trio.sandbox.absent import AbsentPaths

_log = logging.getLogger(__name__)

_KILLS_AT_ONCE = 4
_RANDOM_BITS, _COUNT_BITS = 22, 40
_SMALLEST_NUMBER = 1 << 62  # Far more microseconds than any process will run for; see `process_tree.numbered`.


class ProcessOwner:
    """Whom processes are started for: a thread, or one turn of it."""

    def __init__(self, path: str, outer: "ProcessOwner | None") -> None:
        self.path = path
        """Its name, after the names of the owners around it."""
        self.outer = outer
        self.numbers: set[int] = set()

    def add(self, number: int) -> None:
        """Note the number of a process that was started for this owner."""
        self.numbers.add(number)
        if self.outer is not None:
            self.outer.add(number)

    def is_within(self, other: "ProcessOwner") -> bool:
        """Return whether what is started for this owner is also started for `other`."""
        return self is other or (self.outer is not None and self.outer.is_within(other))


class ProcessSpawner:
    """Starts processes. Made by `open_process_spawner`, one for the whole server."""

    def __init__(self, *, python: str, bounds: CommandBounds) -> None:
        self.bounds = bounds
        """What each process may take of the machine."""
        self.groups = _open_groups(bounds)
        """Its control groups; None where there are none for it."""
        self._mark = f"{os.urandom(8).hex()}."
        first = _SMALLEST_NUMBER | (int.from_bytes(os.urandom(4)) % (1 << _RANDOM_BITS) << _COUNT_BITS)
        self._numbers = range(first, first + (1 << _COUNT_BITS))
        self._count = 0
        self._nobody = self.new_owner()
        self._leaders: dict[int, ProcessOwner] = {}
        """The processes whose session is still theirs, with their owners."""
        self._processes: dict[int, ManagedProcess] = {}
        """By the same numbers."""
        self._ended: set[int] = set()
        """Those among them that have ended and left something running."""
        self._was_used = False
        self._to_sweep: set[str] = set()
        self._kills = trio.CapacityLimiter(_KILLS_AT_ONCE)
        self._janitor = _Janitor(python, self._mark, self._numbers)
        self._watch = None
        has_group = self.groups is not None and "pids" in self.groups.controllers
        if bounds.processes is not None and not has_group and not counts_processes():
            self._watch = ProcessWatch(bounds.processes, leaders=self._leaders.keys, kill=self._kill_greedy)

    def start(self, request: SpawnRequest, *, owner: ProcessOwner | None = None) -> ManagedProcess:
        """Start a process, which the caller must close. Takes about half a millisecond and never waits.

        Raises `SpawnError`.
        """
        if not request.argv:
            raise ValueError("argv must not be empty")
        owner = owner or self._nobody
        self._count += 1
        mark, number = f"{self._mark}{owner.path}{self._count}.", self._numbers[self._count]
        outer = request.env.get(process_tree.MARK_VARIABLE, "")
        self._was_used = True
        self._forget_empty_groups()
        self._janitor.start_if_missing(self._leaders)
        with ExitStack() as on_failure:
            held = self._hold(request)
            on_failure.callback(held.release)
            absent = AbsentPaths(request.absent)
            on_failure.callback(absent.close)
            if request.door is not None:
                on_failure.callback(request.door.close)
            limits = self.bounds.script(counts_itself=request.counts_processes)
            group = None if self.groups is None else self.groups.make()
            if self.groups is not None and group is not None:
                on_failure.callback(self.groups.remove, group)
                limits = joining(group) + limits
            env = {**request.env, process_tree.MARK_VARIABLE: outer + mark}
            child = launch(request, env, number=number, limits=limits)
            on_failure.pop_all()
        prefer_for_killing(child.pid)
        owner.add(number)
        self._leaders[child.pid] = owner
        self._janitor.tell(f"+{child.pid}")
        if self._watch is not None:
            self._watch.note_start()

        def on_close() -> None:
            if request.door is not None:
                request.door.close()
            absent.close()
            self._release(held)
            if self.groups is not None and group is not None:
                self.groups.remove(group)

        process = ManagedProcess(
            child,
            mark=mark,
            absent=absent,
            number=number,
            keepers=request.keepers,
            kill_tree=self._kill_tree,
            on_end=self._note_end,
            on_close=on_close,
        )
        self._processes[child.pid] = process
        return process

    async def watch(self) -> None:
        """End processes that have too many, where the kernel does not count them. Returns where it does."""
        if self._watch is not None:
            await self._watch.run()

    def new_owner(self, outer: ProcessOwner | None = None) -> ProcessOwner:
        """Return a group of processes, for `start` and `kill_all_of`; what belongs to it also belongs to `outer`."""
        self._count += 1
        return ProcessOwner(f"{outer.path if outer else ''}o{self._count}.", outer)

    async def kill_all_of(self, owner: ProcessOwner) -> None:
        """SIGKILL every process that was started for `owner`, with all that those have left behind."""
        if not owner.numbers:
            return
        self._forget_empty_groups()
        leaders = [pid for pid, other in self._leaders.items() if other.is_within(owner)]
        await self._kill_tree(
            process_tree.Wanted(f"{self._mark}{owner.path}", leaders=leaders, numbers=owner.numbers.copy())
        )

    async def _kill_greedy(self, leader: int) -> None:
        """SIGKILL a process with all that it has started, which is too much."""
        process = self._processes.get(leader)
        if process is not None:
            process.ended_because = (
                f"it had started more processes than the {self.bounds.processes} that `command_limits.max_processes` "
                "allows"
            )
            await self._kill_tree(process_tree.Wanted(leaders=(leader,), numbers=(process.number,)))

    async def aclose(self) -> None:
        """Kill what processes have left behind and end the janitor. The processes themselves must be closed."""
        with trio.CancelScope(shield=True):
            if self._was_used:
                self._forget_empty_groups()
                await self._kill_tree(
                    process_tree.Wanted(self._mark, leaders=list(self._leaders), numbers=self._numbers)
                )
            self._sweep()
            self._janitor.end()
            if self.groups is not None:
                self.groups.sweep()

    async def _kill_tree(self, wanted: process_tree.Wanted) -> None:
        """Kill everything that is wanted; returns when it is gone. Not interrupted by cancellation.

        The scans of /proc take some milliseconds, hence a worker thread, for which no other work can make it wait.
        """
        await trio.to_thread.run_sync(lambda: process_tree.kill(wanted, seconds=KILL_SECONDS), limiter=self._kills)

    def _hold(self, request: SpawnRequest) -> placeholders.Placeholders:
        for path in request.placeholders:
            self._janitor.note_folder(path)
        try:
            return placeholders.acquire(request.placeholders)
        except OSError as error:
            raise SpawnError(error.errno or 0, path=error.filename) from error

    def _note_end(self, process: ManagedProcess) -> None:
        if process.left_group:
            self._ended.add(process.pid)
        else:
            self._forget(process.pid)

    def _release(self, held: placeholders.Placeholders) -> None:
        self._to_sweep.update(held.release())
        self._sweep()

    def _forget_empty_groups(self) -> None:
        for pid in [pid for pid in self._ended if not process_tree.is_group_alive(pid)]:
            self._forget(pid)

    def _forget(self, pid: int) -> None:
        self._ended.discard(pid)
        self._leaders.pop(pid, None)
        self._processes.pop(pid, None)
        self._janitor.tell(f"-{pid}")

    def _sweep(self) -> None:
        # Mostly a longer command still uses the folder and removes it later, but a process that is just being forked
        # elsewhere in the server may share our lock for an instant, and then nobody would.
        self._to_sweep = {folder for folder in self._to_sweep if not placeholders.sweep(folder)}


class _Janitor:
    """Our side of the janitor process; see `janitor`. Its loss is never an error: it is only a safety net."""

    def __init__(self, python: str, mark: str, numbers: range) -> None:
        self._arguments = janitor.start_arguments(python, mark, numbers)
        self._child: LaunchedChild | None = None
        self._folders: set[str] = set()
        """Those that it knows."""

    def start_if_missing(self, leaders: Iterable[int]) -> None:
        if self._child is not None:
            return
        with suppress(SpawnError):
            self._child = launch(SpawnRequest(argv=self._arguments, cwd="/", env={}, open_stdin=True), {})
            os.set_blocking(self._stdin, False)
            self._folders.clear()
            for pid in leaders:
                self.tell(f"+{pid}")

    @property
    def _stdin(self) -> int:
        assert self._child is not None
        assert self._child.stdin is not None
        return self._child.stdin

    def note_folder(self, path: str) -> None:
        """Have it see to a folder, which it then does for good."""
        if self._child is not None and path not in self._folders:
            self._folders.add(path)
            self.tell(f"p {path}")

    def tell(self, record: str) -> None:
        if self._child is not None:
            try:
                os.write(self._stdin, os.fsencode(record) + b"\0")
            except BlockingIOError:
                pass  # It lags by 64 KiB of records, so something is very wrong with it; the mark still works.
            except OSError:
                self.end()

    def end(self) -> None:
        if self._child is None:
            return
        with suppress(OSError):
            os.kill(self._child.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self._child.pid, 0)
        for descriptor in (self._stdin, self._child.stdout, self._child.pidfd):
            os.close(descriptor)
        self._child = None


def _open_groups(bounds: CommandBounds) -> ControlGroups | None:
    try:
        return open_control_groups(bounds)
    except NoControlGroups as reason:
        _log.info("commands have no control groups: %s", reason)
        return None


@asynccontextmanager
async def open_process_spawner(
    *, python: str = sys.executable, bounds: CommandBounds | None = None
) -> AsyncGenerator[ProcessSpawner]:
    """Provide a spawner; when it closes, nothing that was started with it is left. `python` runs the janitor."""
    spawner = ProcessSpawner(python=python, bounds=bounds or CommandBounds())
    try:
        yield spawner
    finally:
        await spawner.aclose()
