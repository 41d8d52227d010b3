"""Finding and killing everything that a command started, wherever it went.

Owns: the reading of /proc, the rules of membership, and the killing. Linux only.
Does not own: when to kill (`processes`, `sessions`, `janitor`), nor waiting for our own children.
Called by: the spawner (in a worker thread: a scan takes some milliseconds) and the janitor process.
Imports the standard library only: the janitor starts with `-I -S`.

A process belongs to a command when its environment carries the command's mark (children inherit it through setsid and
double forks), when it is in the command's session, or when its parent belongs to the command. Missed is only what has
cleared its environment, lost its parent, and left the session.
"""

import os
import signal
import time
from collections.abc import Collection, Iterable
from contextlib import suppress

MARK_VARIABLE = "EXEC_TREE_ID"
"""The environment variable with the marks of a command and of the commands that enclose it."""

_PAUSE = 0.002
_EMPTY_ROUNDS = 2


class ProcessFacts:
    """What /proc/PID/stat says about one process."""

    __slots__ = ("is_dead", "parent", "pid", "session")

    def __init__(self, pid: int, text: bytes) -> None:
        # The name in parentheses may hold anything, so count from its end.
        fields = text[text.rindex(b")") + 2 :].split()
        self.pid = pid
        self.is_dead = fields[0] in (b"Z", b"X")
        self.parent = int(fields[1])
        self.session = int(fields[3])


def is_group_alive(leader: int) -> bool:
    """Whether the process group that `leader` founded has members, `leader` itself among them.

    While it has, the kernel gives the number to nobody else, so that it still names the same session.
    """
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def find(marks: Iterable[str], leaders: Collection[int] = ()) -> set[int]:
    """The living processes that carry one of `marks`, belong to a session of `leaders`, or descend from either."""
    wanted = [mark.encode() for mark in marks]
    own = os.getpid()
    living = {facts.pid: facts for facts in _processes() if not facts.is_dead and facts.pid != own}
    found = {
        pid for pid, facts in living.items() if pid in leaders or facts.session in leaders or _carries(pid, wanted)
    }
    children: dict[int, list[int]] = {}
    for pid, facts in living.items():
        children.setdefault(facts.parent, []).append(pid)
    frontier = list(found)
    while frontier:
        for child in children.get(frontier.pop(), ()):
            if child not in found:
                found.add(child)
                frontier.append(child)
    return found


def kill(marks: Collection[str], leaders: Collection[int] = (), *, seconds: float) -> bool:
    """Send SIGKILL to all of `find` until nobody is left; False when some still live after `seconds`."""
    deadline = time.monotonic() + seconds
    empty_rounds = 0
    while True:
        # What forks while we look is found in the next round, through its mark, session or parent. One empty round
        # proves nothing: in the middle of an exec a process has no readable environment.
        targets = find(marks, leaders)
        empty_rounds = 0 if targets else empty_rounds + 1
        if empty_rounds == _EMPTY_ROUNDS:
            return True
        if time.monotonic() > deadline:
            return False
        for pid in targets:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE)


def _processes() -> Iterable[ProcessFacts]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb", buffering=0) as file:
                    yield ProcessFacts(int(name), file.read())
            except (OSError, ValueError):
                continue  # Gone meanwhile.


def _carries(pid: int, marks: list[bytes]) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb", buffering=0) as file:
            environment = file.read()
    except OSError:
        return False  # Gone, or another user's.
    return any(mark in environment for mark in marks)
