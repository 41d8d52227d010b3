"""The program that runs scripts: an engine in a process that can do nothing but talk to the server.

    python -I -S -c BOOTSTRAP PACKAGES ENGINE

It reads messages from standard input and writes messages to standard output, one a line, and runs one script after the
other; each has an engine of its own. Owns the limits of the process and its loop. Does not own the messages
(prelude.py) or when a process is ended (process.py). Imports little: it starts while a model waits.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

MEMORY_BYTES = 128 * 1024 * 1024
"""What the values of one script may take."""

CPU_SECONDS = 60
"""The processor time of one process."""

STUCK = "the script waits for something that can never come: no call and no timer is open"
BROKEN = "the engine cannot go on with the script"
OUT_OF_MEMORY = f"the script needs more than {MEMORY_BYTES >> 20} MiB of memory"

_ADDRESS_BYTES = 1024 * 1024 * 1024
_STACK_BYTES = 2 * 1024 * 1024
_READ_BYTES = 65536

# Not run as a file: then it would be compiled anew each time.
BOOTSTRAP = """
import sys
sys.path += sys.argv[1:]
from codex_trio.execution.scripts.host import main
main()
"""

_ALLOWED = {
    # read write close fstat lseek mmap mprotect munmap brk mremap madvise rt_sigaction rt_sigprocmask rt_sigreturn
    # sigaltstack poll/ppoll pselect6 futex exit exit_group clock_gettime clock_nanosleep gettimeofday getrandom
    # sched_yield getpid getrusage restart_syscall
    "x86_64": (
        *(0, 1, 3, 5, 8, 9, 10, 11, 12, 25, 28, 13, 14, 15, 131, 7, 271, 270, 202, 60, 231, 228, 230, 96, 318),
        *(24, 39, 98, 219),
    ),
    "aarch64": (
        *(63, 64, 57, 80, 62, 222, 226, 215, 214, 216, 233, 134, 135, 139, 132, 73, 72, 98, 93, 94, 113, 115, 169),
        *(278, 124, 172, 165, 128),
    ),
}


def main() -> NoReturn:
    """Never returns: ends with the server's end of the pipe."""
    import _thread
    from _queue import SimpleQueue

    import _quickjs

    from codex_trio.execution.scripts.prelude import PRELUDE

    incoming: SimpleQueue[str] = SimpleQueue()
    _limit()
    _thread.start_new_thread(_read, (incoming,))
    _confine()
    while True:
        _run(_quickjs, PRELUDE, incoming)


def _limit() -> None:
    import resource

    from codex_trio.sandbox import kernel

    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_BYTES, _ADDRESS_BYTES))
    # At the lower one it ends by a signal of its own, which tells why.
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kernel.forbid_new_privileges()


def _confine() -> None:
    """Leave this thread no call of the system but those that an engine needs to compute, to read and to write."""
    from codex_trio.sandbox import kernel, seccomp

    machine = os.uname().machine
    if seccomp.is_supported(machine):
        kernel.load_seccomp(seccomp.allowing_filter(machine, _ALLOWED[machine]))


def _read(incoming: Any) -> None:
    """Queue what comes. Beside the script: one that never ends must not outlive the server."""
    _confine()
    rest = b""
    while data := os.read(0, _READ_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            incoming.put(line.decode())
    os._exit(0)


def _run(engine: Any, prelude: str, incoming: Any) -> None:
    """Run the next script to its end."""
    begin = incoming.get()
    is_over = False

    def send(line: str, final: bool) -> None:  # noqa: FBT001 - called by the script's side
        nonlocal is_over
        is_over = final
        _write(line.encode())

    context = engine.Context()
    context.set_memory_limit(MEMORY_BYTES)
    context.set_max_stack_size(_STACK_BYTES)
    context.add_callable("__send", send)
    try:
        parts = context.eval(prelude)
        context.set("__parts", parts)
        receive, tick = context.eval("__parts[0]"), context.eval("__parts[1]")
        context.eval("delete globalThis.__parts")
        receive(begin)
        while not is_over:
            while not is_over and context.execute_pending_job():
                pass
            if is_over:
                return
            wait = tick()
            if wait == 0 or is_over:
                continue
            if wait == -2:
                _fail(STUCK)
                return
            line = _next(incoming, wait)
            if line is not None:
                receive(line)
    except (engine.JSException, MemoryError) as error:
        if not is_over:
            _fail(OUT_OF_MEMORY if _is_out_of_memory(error) else BROKEN)


def _is_out_of_memory(error: Exception) -> bool:
    # Without memory for an error, the engine throws null.
    said = str(error).strip()
    return isinstance(error, MemoryError) or "memory" in said or said == "null"


def _next(incoming: Any, milliseconds: float) -> str | None:
    from _queue import Empty

    if milliseconds < 0:
        return incoming.get()
    try:
        return incoming.get(timeout=milliseconds / 1000)
    except Empty:
        return None


def _fail(problem: str) -> None:
    """End a script whose engine cannot say it; the texts need no escapes."""
    _write(b'{"type": "done", "error": "%s"}' % problem.encode())


def _write(line: bytes) -> None:
    rest = memoryview(line + b"\n")
    while rest:
        rest = rest[os.write(1, rest) :]
