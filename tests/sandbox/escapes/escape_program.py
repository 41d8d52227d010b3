"""The confined command of the escape suite: tries probes, and prints one JSON line for each.

    python -I -S -c 'START' FOLDER TARGET NAME...

Each probe has a process of its own: some change it, and the system call filter ends some.
"""

from __future__ import annotations

import json
import os
import signal
import traceback

import escapes_by_files
import escapes_by_kernel
import escapes_by_network
import escapes_by_processes
import escapes_by_settings
from escape_kinds import Absent, Probe, Target

START = "import sys; sys.path.append(sys.argv[1]); import escape_program; escape_program.main(sys.argv[2:])"

PROBES: tuple[Probe, ...] = (
    *escapes_by_files.PROBES,
    *escapes_by_settings.PROBES,
    *escapes_by_processes.PROBES,
    *escapes_by_network.PROBES,
    *escapes_by_kernel.PROBES,
)

_SECONDS = 60


def main(arguments: list[str]) -> None:
    """Try the probes with these names."""
    open_ones = [int(name) for name in os.listdir("/proc/self/fd")]
    target = Target(**json.loads(arguments[0]))
    # The last is the one that lists them.
    target = target._replace(inherited=[handle for handle in open_ones[:-1] if handle > 2])
    for probe in PROBES:
        if probe.name in arguments[1:]:
            _print(probe.name, *_outcome_of(probe, target))


def _print(name: str, outcome: str, why: str) -> None:
    os.write(1, json.dumps({"probe": name, "outcome": outcome, "why": why}).encode() + b"\n")


def _outcome_of(probe: Probe, target: Target) -> tuple[str, str]:
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        signal.alarm(_SECONDS)
        os.write(theirs, "\n".join(_try(probe, target)).encode())
        os._exit(0)
    os.close(theirs)
    with open(ours) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return ("stopped" if number == signal.SIGSYS else "broken"), f"ended by signal {number}"
    outcome, _, why = said.partition("\n")
    return outcome, why


def _try(probe: Probe, target: Target) -> tuple[str, str]:
    why = ""
    for folder in target.closed if probe.everywhere else [target.folder]:
        try:
            probe.attempt(target._replace(folder=folder))
            return "escaped", folder
        except OSError as error:
            why = str(error)
        except Absent as absent:
            return "absent", str(absent)
        except BaseException:
            return "broken", traceback.format_exc()
    return "stopped", why
