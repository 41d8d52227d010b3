"""Errors of the execution package. The tools and processors translate them."""

import os

from codex_trio.util.os_errors import explained, quoted


class SpawnError(Exception):
    """The command could not be started: the program or the working directory is missing or unusable.

    `str(error)` begins in the form that clients know: `No such file or directory (os error 2)`.

    Args:
        number: the error of the operating system.
        path: what could not be used, when that is known.
        text: all that is told of it.
    """

    def __init__(self, number: int, path: str | None = None, *, text: str | None = None) -> None:
        plain = f"{os.strerror(number)} (os error {number})"
        super().__init__(text or (plain if path is None else explained(number, quoted(path))))
        self.errno = number
        self.path = path


class StdinClosed(Exception):
    """The process takes no input, or none any more."""


class StdinNotTaken(Exception):
    """The process has not taken all of its input in time. What it was sent of that it may still take."""


class StdinNotOpen(Exception):
    """The process was started without input."""


class NotATerminal(Exception):
    """Only a process that was started with a terminal has a size."""


class UnknownSession(Exception):
    """There is no session with this id, or none any more."""

    def __init__(self, session_id: int) -> None:
        super().__init__(f"Unknown process id {session_id}")
        self.session_id = session_id


class ScriptProcessEnded(Exception):
    """The process of a script is gone, or could not be started; the text says why."""
