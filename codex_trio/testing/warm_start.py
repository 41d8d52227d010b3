"""Processes of this package's own command that need not import it first: forked from one that has.

    with warm_start() as command:
        subprocess.run([*command, "app-server"])

Most of what a short run costs are its imports. A run that is started so is a process of its own as any other, with the
caller's environment, folder and standard streams; signals reach it, its exit code comes back, and it dies with the
process that was started in its place. Only what happens before and while modules are imported cannot be tested so.
Owns the process that has imported everything. Does not own what is forked (`warm_process`) nor the small program that
stands in for it (`warm_caller`).
"""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

_CALLER = Path(__file__).with_name("warm_caller.py")
_BEFORE_PROGRAM = 5
"""How many words of a warm command stand before the program that it runs."""

_WAITING = 128
_PATIENCE_SECONDS = 30


@contextmanager
def warm_start() -> Generator[tuple[str, ...]]:
    """Provide the words to put before the arguments of `codex-trio`. What still runs at the end is killed."""
    with tempfile.TemporaryDirectory(prefix="codex-trio-") as folder, socket.socket(socket.AF_UNIX) as listener:
        address = f"{folder}/warm"
        listener.bind(address)
        listener.listen(_WAITING)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "codex_trio.testing.warm_process", str(listener.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            cwd="/",
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
        listener.close()
        try:
            yield (sys.executable, "-S", "-I", str(_CALLER), address, str(_CALLER.with_name("command.py")))
        finally:
            # It ends with its input.
            process.communicate(timeout=_PATIENCE_SECONDS)


def running(program: Path, warm: Sequence[str]) -> tuple[str, ...]:
    """Return the words that run another Python program in the place of the one that a warm command runs."""
    return (*warm[:_BEFORE_PROGRAM], str(program), *warm[_BEFORE_PROGRAM + 1 :])


def in_front(program: Path, words: Sequence[str], command: Sequence[str]) -> tuple[str, ...]:
    """Return the words that run a Python program first, which becomes (see `becoming`) the command, warm or not."""
    is_warm = str(_CALLER) in command[:_BEFORE_PROGRAM]
    before, after = (
        (command[:_BEFORE_PROGRAM], command[_BEFORE_PROGRAM:]) if is_warm else ((sys.executable, "-P"), command)
    )
    return (*before, str(program), *words, *after)
