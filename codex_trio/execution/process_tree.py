"""Finding and killing everything that a command started, wherever it went.

Owns: the reading of /proc, the rules of membership, and the order of stopping and killing. Linux only.
Does not own: when to kill (`processes`, `sessions`, `janitor`), nor waiting for our own children.
Imports the standard library only: the janitor starts with `-I -S`.

A process belongs to a command when its environment carries the command's mark (children inherit it through setsid and
double forks), when its limits carry the command's number (see `numbered`), when it is in the command's session, or
when its parent belongs to the command. Missed is only what has cleared its environment, set that limit, lost its
parent, and left the session.
"""

import os
import resource
import signal
import time
from collections.abc import Collection, Container, Generator, Iterable, Mapping
from contextlib import contextmanager

MARK_VARIABLE = "EXEC_TREE_ID"
"""The environment variable with the marks of a command and of the commands that enclose it."""

_PAUSE = 0.002
_EMPTY_ROUNDS = 2
_STILL_ROUNDS = 2
_HOLD_SECONDS = 2.0
"""How long to insist that everybody stands still before the first one is killed."""
_LIMIT = b"Max realtime timeout"
_NO_NUMBERS: tuple[int, ...] = ()
_INIT = 1


class Wanted:
    """Whose processes are looked for: by parts of their marks, the sessions they lead, and their numbers."""

    __slots__ = ("leaders", "marks", "numbers")

    def __init__(self, *marks: str, leaders: Collection[int] = (), numbers: Container[int] = _NO_NUMBERS) -> None:
        self.marks = [mark.encode() for mark in marks]
        self.leaders = leaders
        self.numbers = numbers


class ProcessFacts:
    """What /proc/PID/stat says about one process. `depth` counts its ancestors in the tree that it was found in."""

    __slots__ = ("depth", "parent", "pid", "session", "state")

    def __init__(self, pid: int, text: bytes) -> None:
        # The name in parentheses may hold anything, so count from its end.
        fields = text[text.rindex(b")") + 2 :].split()
        self.pid = pid
        self.state = fields[0].decode()
        self.parent = int(fields[1])
        self.session = int(fields[3])
        self.depth = 0

    @property
    def is_dead(self) -> bool:
        return self.state in "ZX"

    @property
    def is_stopped(self) -> bool:
        return self.state in "Tt"

    @property
    def is_uninterruptible(self) -> bool:
        """Whether it is inside the kernel, and does what signals tell it before it does anything else."""
        return self.state == "D"


@contextmanager
def numbered(number: int | None) -> Generator[None]:
    """Give what is started meanwhile a number that it cannot lose by clearing its environment or leaving its session.

    The number is a limit, which all children inherit: of the microseconds that a realtime process may run without a
    pause. It is far beyond any that could matter, and processes are not realtime anyway.
    """
    limits = None if number is None else _try_set_limit(number)
    try:
        yield
    finally:
        if limits is not None:
            resource.setrlimit(resource.RLIMIT_RTTIME, limits)


def _try_set_limit(number: int) -> tuple[int, int] | None:
    before = resource.getrlimit(resource.RLIMIT_RTTIME)
    try:
        resource.setrlimit(resource.RLIMIT_RTTIME, (number, before[1]))
    except (OSError, ValueError):
        return None  # Somebody has set a lower limit for good: the other ways to find a process remain.
    return before


def is_group_alive(leader: int) -> bool:
    """Return whether the process group that `leader` founded has members, `leader` itself among them.

    While it has, the kernel gives the number to nobody else, so that it still names the same session.
    """
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def descend(pid: int, generations: int) -> int:
    """Return the only child of a process, the only child of that, and so on, as far as there are such."""
    parents = [(facts.pid, facts.parent) for facts in _processes() if not facts.is_dead]
    for _ in range(generations):
        children = [child for child, parent in parents if parent == pid]
        if len(children) != 1:
            break
        (pid,) = children
    return pid


def find(wanted: Wanted) -> dict[int, ProcessFacts]:
    """Return the living processes that are wanted, and all that descend from them, ancestors first."""
    own = os.getpid()
    living = {facts.pid: facts for facts in _processes() if not facts.is_dead and facts.pid != own}
    children: dict[int, list[int]] = {}
    for pid, facts in living.items():
        children.setdefault(facts.parent, []).append(pid)
    members = {pid for pid, facts in living.items() if _is_wanted(facts, wanted, own)}
    frontier = list(members)
    while frontier:
        new = [child for child in children.get(frontier.pop(), ()) if child not in members]
        members.update(new)
        frontier += new
    found: dict[int, ProcessFacts] = {}
    level = [pid for pid in members if living[pid].parent not in members]
    depth = 0
    while level:
        for pid in level:
            living[pid].depth = depth
            found[pid] = living[pid]
        level = [child for pid in level for child in children.get(pid, ())]
        depth += 1
    return found


def sizes(leaders: Collection[int]) -> dict[int, int]:
    """Return how many processes are in the session of each leader or descend from it, itself among them."""
    living = [facts for facts in _processes() if not facts.is_dead]
    children: dict[int, list[int]] = {}
    for facts in living:
        children.setdefault(facts.parent, []).append(facts.pid)
    counted: dict[int, int] = {}
    for leader in leaders:
        members = {facts.pid for facts in living if leader in (facts.pid, facts.session)}
        frontier = list(members)
        while frontier:
            new = [child for child in children.get(frontier.pop(), ()) if child not in members]
            members.update(new)
            frontier += new
        counted[leader] = len(members)
    return counted


def kill(wanted: Wanted, *, seconds: float) -> bool:
    """Stop all of `find`, then send SIGKILL to them, until nobody is left; False when some still live after `seconds`.

    Everybody stands still before the first one dies: a shell whose child has been killed would otherwise go on to its
    script's next line. They are stopped from the top, so that nobody sees a child stop, and killed from the bottom and
    leaders last, as the end of a leader makes the kernel wake those it leaves behind.
    """
    start = time.monotonic()
    empty_rounds = still_rounds = 0
    hunt = _Hunt(wanted.leaders)
    while True:
        # What forks while we look is found in the next round. One empty round proves nothing: in the middle of an exec
        # a process has no readable environment. Nor does one round in which nobody moves: it may have begun before
        # the last one forked.
        targets = find(wanted)
        empty_rounds = 0 if targets else empty_rounds + 1
        if empty_rounds == _EMPTY_ROUNDS:
            return True
        still_rounds = 0 if hunt.stop(targets) else still_rounds + 1
        elapsed = time.monotonic() - start
        if still_rounds >= _STILL_ROUNDS or elapsed > min(seconds, _HOLD_SECONDS):
            hunt.kill(targets)
        if elapsed > seconds:
            return False
        time.sleep(_PAUSE)


class _Hunt:
    """What has been done to whom."""

    def __init__(self, leaders: Collection[int]) -> None:
        self._leaders = leaders
        self._stopped: set[int] = set()
        self._killed: set[int] = set()
        self._out_of_reach: set[int] = set()

    def stop(self, targets: Mapping[int, ProcessFacts]) -> bool:
        """Send SIGSTOP to those that may still do something; False when nobody can."""
        awake = [facts.pid for facts in targets.values() if self._is_awake(facts)]
        for pid in awake:
            self._send(pid, signal.SIGSTOP)
            self._stopped.add(pid)
        return bool(awake)

    def kill(self, targets: Mapping[int, ProcessFacts]) -> None:
        """Send SIGKILL to all."""
        for facts in sorted(targets.values(), key=lambda facts: (facts.pid in self._leaders, -facts.depth)):
            self._send(facts.pid, signal.SIGKILL)
            self._killed.add(facts.pid)

    def _is_awake(self, facts: ProcessFacts) -> bool:
        if facts.is_stopped or facts.pid in self._killed or facts.pid in self._out_of_reach:
            return False
        # A parent waits like this for what it has just forked, which may have been stopped before it could exec.
        return not (facts.is_uninterruptible and facts.pid in self._stopped)

    def _send(self, pid: int, number: int) -> None:
        try:
            os.kill(pid, number)
        except PermissionError:
            self._out_of_reach.add(pid)  # Another user's: it has raised its privileges.
        except OSError:
            pass  # Gone.


def _is_wanted(facts: ProcessFacts, wanted: Wanted, own: int) -> bool:
    if facts.pid in wanted.leaders or facts.session in wanted.leaders or _carries(facts.pid, wanted.marks):
        return True
    if wanted.numbers is _NO_NUMBERS or (facts.parent == own and own != _INIT):
        # What another thread of ours was just starting may have got the number too. Commands are known by their pids,
        # and what they leave behind becomes our child only where we are everybody's init.
        return False
    return _number_of(facts.pid) in wanted.numbers


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


def _number_of(pid: int) -> int:
    """Return the number that `numbered` gave to a process or an ancestor; -1 without one."""
    try:
        with open(f"/proc/{pid}/limits", "rb", buffering=0) as file:
            lines = file.read().splitlines()
    except OSError:
        return -1
    for line in lines:
        if line.startswith(_LIMIT):
            value = line[len(_LIMIT) :].split()[0]
            return int(value) if value.isdigit() else -1
    return -1
