"""What a run finds around it: the folders that it works in, and where it can complain.

Owns where a run's files are, and the words for what cannot be used. Does not own options.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar, cast

from codex_trio.cli.options import UsageError

E = TypeVar("E", bound=BaseException)

_OTHER_HOME = "set CODEX_HOME to a folder that you may write to"


def codex_home(environ: Mapping[str, str]) -> Path:
    """Return where configuration, threads and credentials are: `$CODEX_HOME`, which must exist, or `~/.codex`.

    Raises UsageError, also where nothing could be kept.
    """
    configured = environ.get("CODEX_HOME")
    if configured:
        path = Path(configured)
        if not path.is_dir():
            problem = "is not a directory" if os.path.exists(path) else "does not exist"
            raise UsageError(f"CODEX_HOME points to {configured!r}, but that path {problem}")
        return _usable(path.resolve())
    home = environ.get("HOME")
    if not home:
        raise UsageError("neither CODEX_HOME nor HOME is set, so there is no place for threads and configuration")
    path = Path(home) / ".codex"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make {path}: {error.strerror}; {_OTHER_HOME}") from error
    return _usable(path)


def _usable(path: Path) -> Path:
    if not is_text(str(path)):
        raise UsageError(f"the path of CODEX_HOME is not UTF-8 text: {shown(path)}")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise UsageError(f"{path} cannot be written to by this user; {_OTHER_HOME}")
    return path


def current_folder() -> Path:
    """Return the working folder of the process. Raises UsageError where there is none, or none that can be named."""
    try:
        return nameable(Path.cwd())
    except FileNotFoundError as error:
        raise UsageError("the current folder does not exist any more; change to another one") from error
    except OSError as error:
        raise UsageError(f"the current folder cannot be read: {error.strerror}") from error


def nameable(folder: Path) -> Path:
    """Return the folder itself. Raises UsageError where the protocol, which is UTF-8, has no way to name it."""
    if not is_text(str(folder)):
        raise UsageError(f"the folder's path is not UTF-8 text: {shown(folder)}")
    return folder


def is_text(argument: str) -> bool:
    """Return whether what the operating system handed over is UTF-8."""
    return not any("\udc80" <= character <= "\udcff" for character in argument)


def shown(path: Path) -> str:
    """Return a path for people, whatever its bytes."""
    return os.fsencode(path).decode(errors="replace")


def complain(text: str) -> None:
    """Write a line to standard error."""
    print(text, file=sys.stderr, flush=True)


def first_of(group: BaseExceptionGroup[E]) -> E:
    """Return the first exception in a group of groups."""
    first = group.exceptions[0]
    return first_of(cast("BaseExceptionGroup[E]", first)) if isinstance(first, BaseExceptionGroup) else first
