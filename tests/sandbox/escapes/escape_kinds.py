"""What a probe of the escape suite is, and the calls that probes make. Imports little: it starts in every sandbox."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

_libc = ctypes.CDLL(None, use_errno=True)

# x86_64, aarch64
_NUMBERS = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "capset": (126, 91),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "fsopen": (430, 430),
    "init_module": (175, 105),
    "io_uring_setup": (425, 425),
    "ioprio_set": (251, 30),
    "kcmp": (312, 272),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "msgget": (68, 186),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pivot_root": (155, 41),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "reboot": (169, 142),
    "renameat2": (316, 276),
    "request_key": (249, 218),
    "rt_sigqueueinfo": (129, 138),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "swapon": (167, 224),
    "tgkill": (234, 131),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}

AT_FDCWD = -100


class Absent(Exception):
    """This machine lacks what the probe needs."""


class Target(NamedTuple):
    """What the probes go for; all of it was made by the test."""

    folder: str
    """One that must not be written."""
    closed: list[str]
    """All of those."""
    workspace: str
    scratch: str
    """A folder that may be written, or in a read-only sandbox one that may not."""
    pointer: str
    """A writable folder with a `.git` that is a worktree's pointer."""
    store: str
    """Where that leads."""
    denied: str
    """A file that must not be read where the policy denies it; so is `later` beside it, which leads to nothing yet."""
    victim: int
    """A process outside, which holds `outside/held` open for writing as its standard input."""
    port: int
    """One of TCP on loopback."""
    udp_port: int
    service: str
    """A unix socket in the workspace; with `.log` a datagram one."""
    abstract: str
    own: str
    """The server's own socket."""
    queue: int
    """The key of a System V message queue."""
    terminal: str
    """The name of a terminal that somebody has typed at."""
    inherited: list[int]
    """Descriptors that the command was started with."""


class Probe(NamedTuple):
    """`attempt` returns when it got through, and raises OSError when it was stopped."""

    name: str
    what: str
    attempt: Callable[[Target], object]
    when: str = "always"
    """`always`, `offline`, `writes`, `denied` or `denied-writes`: the policies that close what it goes for."""
    plain: bool = True
    """Whether it gets through for an ordinary user without a sandbox."""
    everywhere: bool = False
    """Whether to try it in each closed folder."""


def number_of(name: str) -> int:
    return _NUMBERS[name][("x86_64", "aarch64").index(os.uname().machine)]


def call(name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make a system call; raises OSError when it fails."""
    typed = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result: int = _libc.syscall(ctypes.c_long(number_of(name)), *typed)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def reaches(errors: Sequence[int], name: str, *arguments: int | bytes | None) -> None:
    """Return when a call got past the question whether it is permitted: it fails with one of `errors` then."""
    try:
        call(name, *arguments)
    except OSError as error:
        if error.errno not in errors:
            raise


def write(path: str, flags: int = 0) -> None:
    handle = os.open(path, os.O_WRONLY | flags, 0o600)
    os.write(handle, b"changed\n")
    os.close(handle)


def first_that_works(attempts: Sequence[Callable[[], object]]) -> None:
    """Return when one of them works, and raise what the last one raised when none does."""
    last: OSError | None = PermissionError("there is nothing to try")
    for attempt in attempts:
        try:
            attempt()
            return
        except OSError as error:
            last = error
    raise last
