"""Why a request to an exec-server is refused."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from codex_trio.environments import exec_protocol as wire
from codex_trio.environments.exec_protocol import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST
from codex_trio.files.trees import CopyRefused
from codex_trio.sandbox.errors import RootChanged
from codex_trio.util.os_errors import explained_error
from codex_trio.util.regular_file import FileTooLarge, NotARegularFile

MAX_READ_BYTES = 512 * 1024 * 1024
"""What a file may have that is read in one piece."""


class RequestRefused(Exception):
    """The request is answered with an error of this code and text."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


def invalid_request(message: str) -> RequestRefused:
    """Return the refusal of what cannot be asked for now."""
    return RequestRefused(INVALID_REQUEST, message)


def invalid_params(message: str) -> RequestRefused:
    """Return the refusal of params that make no sense."""
    return RequestRefused(INVALID_PARAMS, message)


def internal_error(message: str, data: Any = None) -> RequestRefused:
    """Return the refusal of what the machine cannot do."""
    return RequestRefused(INTERNAL_ERROR, message, data)


def not_found(message: str) -> RequestRefused:
    """Return the refusal of what is about something that is not there."""
    return RequestRefused(wire.NOT_FOUND, message)


def plain_path(path: str) -> str:
    """Return a path in this machine's form. Raises RequestRefused."""
    try:
        return os.path.normpath(wire.path_from_wire(path))
    except ValueError as error:
        raise invalid_params(str(error)) from error


@contextmanager
def file_refusals(path: str) -> Generator[str]:
    """Provide a path in this machine's form; what the file system refuses is answered in its own words."""
    try:
        yield plain_path(path)
    except (CopyRefused, NotARegularFile, FileTooLarge) as error:
        raise invalid_request(_words(error, path)) from error
    except RootChanged as error:
        raise invalid_request(f"sandbox: {error}") from error
    except OSError as error:
        text = explained_error(error, plain_path(path))
        raise (not_found(text) if error.errno == errno.ENOENT else internal_error(text)) from error
    except ValueError as error:
        raise invalid_params(str(error)) from error


def _words(error: Exception, path: str) -> str:
    if isinstance(error, NotARegularFile):
        return f"path `{wire.path_from_wire(path)}` is not a file"
    if isinstance(error, FileTooLarge):
        return f"file is too large to read: limit is {MAX_READ_BYTES} bytes"
    return str(error)
