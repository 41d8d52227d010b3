"""One running process: its streams, its end, and the end of everything that it started.

Owns: reaping, exit codes, input and terminal size, the kill of the tree.
Does not own: starting (`launch`, `spawner`), what is done with output (`completion`, `sessions`).
"""

import os
import signal
import termios
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import trio

from codex_trio.execution import process_tree
from codex_trio.execution.errors import NotATerminal, StdinClosed
from codex_trio.execution.launch import LaunchedChild, TerminalSize
from codex_trio.execution.streams import InputStream, OutputStream
from codex_trio.sandbox.absent import AbsentPaths

KILL_SECONDS = 5.0
"""How long to insist on a kill. Only a process stuck inside the kernel takes longer than milliseconds."""

_END_OF_INPUT = b"\n\x04"
"""Typed at a terminal: completes a line that may be pending, then ends the input."""
_STATUS_LOST = 255
_SIGNAL_BASE = 128


class ManagedProcess:
    """A started process. Close it, or use it as an async context manager, in the task that owns it."""

    def __init__(
        self,
        child: LaunchedChild,
        *,
        mark: str,
        absent: AbsentPaths,
        number: int,
        keepers: int,
        kill_tree: Callable[[process_tree.Wanted], Awaitable[None]],
        on_end: "Callable[[ManagedProcess], None]",
        on_close: Callable[[], None],
    ) -> None:
        self.pid = child.pid
        self.mark = mark
        """Found in the environment of the process and of all that it starts."""
        self.stdout = OutputStream(child.stdout, in_small_pieces=child.terminal is not None)
        """Also stderr when merged, and all of a terminal's output."""
        self.stderr = None if child.stderr is None else OutputStream(child.stderr)
        self.ended_because: str | None = None
        """Why the server ended it by itself; None where it did not."""
        self.number = number
        self._keepers = keepers
        self._terminal = child.terminal
        self._stdin = None if child.stdin is None else InputStream(child.stdin)
        self._absent = absent
        self._kill_tree = kill_tree
        self._on_end = on_end
        self._on_close = on_close
        self._pidfd = child.pidfd
        self._exit_code: int | None = None
        self._died_of_signal = False
        self._left_group = False
        self._reaping = trio.Lock()

    @property
    def exit_code(self) -> int | None:
        """The exit status, 128+n after signal n; None while the process runs or its end has not been noticed."""
        return self._exit_code

    @property
    def died_of_signal(self) -> bool:
        """Whether the process has ended, and did not end itself."""
        return self._died_of_signal

    async def wait(self) -> int:
        """Wait for the process itself to end, not for its children or its output. Any number of tasks may wait."""
        async with self._reaping:
            while self._exit_code is None and not self._reap():
                # Closing elsewhere wakes us with an error; the exit code is known by then.
                with suppress(trio.ClosedResourceError):
                    await trio.lowlevel.wait_readable(self._pidfd)
        assert self._exit_code is not None
        return self._exit_code

    async def keep_absent(self) -> None:
        """Set aside, for as long as the process is open, what appears where nothing may stand."""
        with suppress(trio.ClosedResourceError):
            while self._absent.handle is not None:
                await trio.lowlevel.wait_readable(self._absent.handle)
                self._absent.enforce()

    async def write(self, data: bytes) -> None:
        """Send input, waiting while the process does not read. Raises `StdinClosed`."""
        if self._stdin is None:
            raise StdinClosed
        await self._stdin.send_all(data)

    async def close_stdin(self) -> None:
        """End the process's input. At a terminal that is typed, and output can still be read. May be repeated."""
        if self._stdin is None:
            return
        if self._terminal is not None:
            with suppress(StdinClosed):
                await self._stdin.send_all(_END_OF_INPUT)
        self._stdin.close()
        self._stdin = None

    def resize(self, size: TerminalSize) -> None:
        """Tell the process that its terminal has another size. Raises `NotATerminal`."""
        if self._terminal is None:
            raise NotATerminal
        with suppress(OSError):  # The terminal may be gone with its process.
            termios.tcsetwinsize(self._terminal, (size.rows, size.cols))

    async def interrupt(self) -> None:
        """Send SIGINT to the command and those that it started in its process group, as a terminal does."""
        command = self.pid
        if self._keepers:
            command = await trio.to_thread.run_sync(process_tree.descend, self.pid, self._keepers)
        if self._exit_code is None:  # Otherwise the number may be another process's by now.
            with suppress(OSError):
                os.killpg(os.getpgid(command), signal.SIGINT)

    @property
    def left_group(self) -> bool:
        """Whether the process has ended and left something running in its process group, which it then still names."""
        self._left_group = self._left_group and process_tree.is_group_alive(self.pid)
        return self._left_group

    def kill_left_group(self) -> None:
        """SIGKILL what the process has left running in its process group, but for those that went elsewhere."""
        if self.left_group:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    async def kill(self) -> None:
        """SIGKILL the process and all that it has started, wherever those went; returns when they are gone."""
        names_session = self._exit_code is None or self.left_group
        leaders = (self.pid,) if names_session else ()
        await self._kill_tree(process_tree.Wanted(self.mark, leaders=leaders, numbers=(self.number,)))

    async def aclose(self, *, kill: bool) -> None:
        """Let go of the process. While it still runs, or when `kill` says so, its whole tree is killed first."""
        with trio.CancelScope(shield=True):
            if self._pidfd >= 0 and (kill or (self._exit_code is None and not self._reap())):
                await self.kill()
                with trio.move_on_after(KILL_SECONDS):
                    await self.wait()
        self._close_handles()

    async def end_alone(self) -> None:
        """SIGKILL and let go of a process that cannot start any other: nothing else has to be looked for."""
        with trio.CancelScope(shield=True):
            if self._pidfd >= 0 and self._exit_code is None and not self._reap():
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
                with trio.move_on_after(KILL_SECONDS):
                    await self.wait()
        self._close_handles()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # After an ordinary end, what still runs in the background may go on until its owner closes.
        await self.aclose(kill=kind is not None)

    def _reap(self) -> bool:
        if self._pidfd < 0:
            raise trio.ClosedResourceError
        try:
            result = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
        except ChildProcessError:
            self._exit_code = _STATUS_LOST  # Somebody in this process reaps what is not theirs.
        else:
            if result is None:
                return False
            self._died_of_signal = result.si_code != os.CLD_EXITED
            self._exit_code = _SIGNAL_BASE + result.si_status if self._died_of_signal else result.si_status
        # From now on the number may become another process's, unless a group still bears it.
        self._left_group = process_tree.is_group_alive(self.pid)
        self._on_end(self)
        return True

    def _close_handles(self) -> None:
        if self._pidfd < 0:
            return
        trio.lowlevel.notify_closing(self._pidfd)
        if self._absent.handle is not None:
            trio.lowlevel.notify_closing(self._absent.handle)
        os.close(self._pidfd)
        self._pidfd = -1
        self._terminal = None  # Owned by the output stream.
        for stream in (self.stdout, self.stderr, self._stdin):
            if stream is not None:
                stream.close()
        self._on_close()
