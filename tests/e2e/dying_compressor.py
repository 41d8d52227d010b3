"""A server that kills itself, as a crash would, at one step of changing the form of a rollout.

`DIE_AT` names the step, `GOES` how the name of the form ends that is there before. The server is the real one.
"""

import functools
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from codex_trio.cli.main import main
from codex_trio.state.rollout import compressed
from codex_trio.testing.command import machine_of

STEPS = ("before it is on the disk", "when it is on the disk", "when it has its name", "when the other is gone")
"""Of the form that is made."""

_CALLS = {
    "before it is on the disk": (compressed, "_settle", "before"),
    "when it is on the disk": (compressed, "_rename", "before"),
    "when it has its name": (compressed, "_rename", "after"),
    "when the other is gone": (Path, "unlink", "after"),
}


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _die_at(step: str) -> None:
    owner, name, when = _CALLS[step]
    call = getattr(owner, name)

    @functools.wraps(call)
    def fatal(*args: Any, **options: Any) -> Any:
        if owner is Path and args[0].suffix != os.environ["GOES"]:
            return call(*args, **options)
        if when == "before":
            _die()
        call(*args, **options)
        return _die()

    setattr(owner, name, fatal)


if __name__ == "__main__":
    _die_at(os.environ["DIE_AT"])
    sys.exit(main(system_dir=machine_of(os.environ)))
