"""The small process that outlives a killed server just long enough to end what the server had started.

    python -I -S -c BOOTSTRAP FOLDER janitor MARK FIRST LAST

Owns: the protocol on its standard input and what happens at its end. Standard input carries records that end in NUL:
`+PID` a command that leads a session was started, `-PID` it has ended, `p PATH` a placeholder folder will be made. The
end of the input means that the server is gone, by whatever way; then everything with MARK in its environment or a
number from FIRST to LAST, and everything in those sessions is killed, and the placeholders are swept.
Does not own: ordinary ends; a server that shuts down kills its commands itself.

Why a process and not PR_SET_PDEATHSIG: that reaches direct children only, and depends on the thread that forked them.
When this process is killed in the same moment as the server, sandboxed commands still die, as the kernel ends their
namespaces; nothing that the kernel offers to a process without rights of its own does that for commands with full
access. The control group of a service manager does.
"""

import os
import signal
import time
from collections.abc import Iterable

_SECONDS = 5.0
_PAUSE = 0.01
_BOOTSTRAP = """
import sys
sys.path.append(sys.argv[1])
from codex_trio.execution.janitor import main
main(sys.argv[3], range(int(sys.argv[4]), int(sys.argv[5]) + 1))
"""


def start_arguments(python: str, mark: str, numbers: range) -> tuple[str, ...]:
    """Return the argv that runs this program, without site-packages.

    The word `janitor` is for readers of process lists.
    """
    package_parent = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return (python, "-I", "-S", "-c", _BOOTSTRAP, package_parent, "janitor", mark, str(numbers[0]), str(numbers[-1]))


def main(mark: str, numbers: range) -> None:
    """Read to the end of standard input, then clean up."""
    from codex_trio.execution import process_tree
    from codex_trio.sandbox import placeholders

    # A terminal's Ctrl-C or a service manager's TERM goes to everybody; this process ends when the server has.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    leaders: set[int] = set()
    folders: set[str] = set()
    for record in _records():
        match record[:1]:
            case b"+":
                leaders.add(int(record[1:]))
            case b"-":
                leaders.discard(int(record[1:]))
            case _:
                folders.add(os.fsdecode(record[2:]))
    process_tree.kill(process_tree.Wanted(mark, leaders=leaders, numbers=numbers), seconds=_SECONDS)
    # The server may still be busy ending: what it holds is free only when the kernel has closed its last descriptor.
    deadline = time.monotonic() + _SECONDS
    while folders and time.monotonic() < deadline:
        folders = {folder for folder in folders if not placeholders.sweep(folder)}
        time.sleep(_PAUSE)


def _records() -> Iterable[bytes]:
    pending = b""
    while chunk := os.read(0, 65536):
        *records, pending = (pending + chunk).split(b"\0")
        yield from records
