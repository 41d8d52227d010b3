"""Who holds a lock on a file: a server, or a sandboxed command that found the file readable and locked it.

Anybody who can open a file can lock it (flock) for as long as they like, and not every sandbox can hide files. Linux
only; what /proc does not tell is taken for a server.
"""

import os
from pathlib import Path

_CONFINED = ("NoNewPrivs:\t1", "Seccomp:\t2")
"""What the status of every sandboxed command says. A hardened server's may say the same: it holds no lock for long."""


def only_commands_hold(descriptor: int, *, proc: Path = Path("/proc")) -> bool:
    """Return whether the file is locked, and by nobody but processes that are confined as sandboxed commands are."""
    holders = _holders(descriptor, proc)
    return bool(holders) and all(_is_confined(proc / pid) for pid in holders)


def _holders(descriptor: int, proc: Path) -> set[str]:
    status = os.fstat(descriptor)
    file = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    try:
        # `1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF`; those who only wait have an arrow after the number.
        lines = [line.split() for line in (proc / "locks").read_text().splitlines()]
    except OSError:
        return set()
    return {words[4] for words in lines if len(words) == 8 and words[1] == "FLOCK" and words[5] == file}


def _is_confined(process: Path) -> bool:
    try:
        status = (process / "status").read_text().splitlines()
    except OSError:
        return False
    return all(line in status for line in _CONFINED)
