"""A server that kills itself, as a crash would, at one step of changing the form of a rollout.

`DIE_AT` names the step. The server is the real one.
"""

import functools
import os
import signal
import sys
from typing import Any

from codex_trio.cli.main import main
from codex_trio.state.rollout import compressed
from codex_trio.testing.command import machine_of

STEPS = ("before it is on the disk", "when it is on the disk", "when it has its name", "when the other is gone")
"""Of the form that is made."""

_CALLS = {
    "before it is on the disk": (compressed, "_settle", "before"),
    "when it is on the disk": (compressed, "_rename", "before"),
    "when it has its name": (compressed, "_rename", "after"),
    "when the other is gone": (compressed, os.environ.get("DIE_IN", "keep_compressed"), "after"),
}


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_at(step: str) -> None:
    owner, name, when = _CALLS[step]
    call = getattr(owner, name)

    @functools.wraps(call)
    def fatal(*args: Any, **options: Any) -> Any:
        if when == "before":
            _die()
        call(*args, **options)
        _die()

    setattr(owner, name, fatal)


if __name__ == "__main__":
    _die_at(os.environ["DIE_AT"])
    sys.exit(main(system_dir=machine_of(os.environ)))
