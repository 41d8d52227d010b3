"""The small process that outlives a killed server just long enough to end what the server had started.

    python -I -S janitor.py MARK

Owns: the protocol on its standard input and what happens at its end. Standard input carries lines from the server:
`+PID` a command that leads a session was started, `-PID` it has ended, `p PATH` a placeholder folder was made. The end
of the input means that the server is gone, by whatever way; then everything with MARK in its environment and everything
in those sessions is killed, and the placeholders are swept.
Does not own: ordinary ends; a server that shuts down kills its commands itself.
Called by: the process spawner, which starts it with the first command.

Why a process and not PR_SET_PDEATHSIG: that reaches direct children only, and depends on the thread that forked them.
"""

import os
import signal
import sys
from collections.abc import Iterable

_SECONDS = 5.0


def main(mark: str) -> None:
    """Read to the end of standard input, then clean up."""
    from codex_trio.execution import process_tree
    from codex_trio.sandbox import placeholders

    # A terminal's Ctrl-C or a service manager's TERM goes to everybody; this process ends when the server has.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    leaders: set[int] = set()
    folders: set[str] = set()
    for line in _lines():
        match line[:1]:
            case b"+":
                leaders.add(int(line[1:]))
            case b"-":
                leaders.discard(int(line[1:]))
            case _:
                folders.add(os.fsdecode(line[2:]))
    process_tree.kill((mark,), leaders, seconds=_SECONDS)
    for folder in folders:
        placeholders.sweep(folder)


def _lines() -> Iterable[bytes]:
    pending = b""
    while chunk := os.read(0, 65536):
        *lines, pending = (pending + chunk).split(b"\n")
        yield from lines


if __name__ == "__main__":
    # Started with -I -S, the interpreter knows neither this folder nor site-packages.
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    main(sys.argv[1])
