"""The `codex-trio` command: what the process needs before anything else is imported.

Owns the surroundings that a process of its own has: its text encoding, its standard streams, and Ctrl-C while modules
are still loading. Does not own the command line (`command_line`), which is imported last.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Nothing is imported before Ctrl-C is seen to that takes a millisecond.
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any


def main(argv: Sequence[str] | None = None, *, system_dir: Path | None = None) -> int:
    """Run a command line and return the exit code. Without `argv` it is the process's own, which is then prepared.

    `system_dir` holds what an administrator of the machine sets, by default `/etc/codex`.
    """
    if argv is None:
        _end_quietly_on_ctrl_c()
        _forget_own_locale()
        _speak_utf8()
        _fill_closed_descriptors()
        argv = sys.argv[1:]
    from codex_trio.cli.kept_bytecode import keep_bytecode
    from codex_trio.cli.quick_imports import quick_imports

    keep_bytecode()
    with quick_imports():
        from codex_trio.cli.command_line import run

    return run(list(argv), system_dir=system_dir)


def _end_quietly_on_ctrl_c() -> None:
    """End at once, without a traceback, until the subcommand says what Ctrl-C means. Nothing is under way by then."""
    # The part of `signal` that the interpreter has built in: the whole takes milliseconds to import.
    signal: Any = __import__("_signal")

    def end(number: int, _frame: object) -> None:
        os._exit(128 + number)

    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, end)


def _forget_own_locale() -> None:
    from codex_trio.util.own_locale import forget_own_locale

    forget_own_locale()


def _speak_utf8() -> None:
    """Start again where arguments and paths were read in the encoding of an old locale: what we speak is UTF-8.

    By an option of the interpreter, not by a variable, which the agent's commands would see.
    """
    if sys.getfilesystemencoding().lower() != "utf-8":
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def _fill_closed_descriptors() -> None:
    """Open the null device where standard streams are closed, lest a file of ours gets their number and their text.

    `sys.stdin` and `sys.stdout` stay None, which tells that there is none; complaints just go nowhere.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003  # has no name
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # for the rest of the process
