"""Errors of the operating system in the words of clients."""

import errno
import os

import pytest

from codex_trio.util.os_errors import explained_error

HERE = "/folder"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "`/folder`; free some space on that disk, or use another"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/folder/x"), "`/folder/x`; the user's share of that disk is"),
        (OSError(errno.EROFS, "Read-only file system", b"name"), "`/folder`; that file system can only be read: use"),
        (OSError(errno.EACCES, "Permission denied", "name"), "`name` in `/folder`; the user that the server runs as "),
        (OSError(errno.EEXIST, "File exists", "text of a link", None, "/to/x"), "`/to/x`; something is there already"),
        (OSError(errno.EACCES, "Permission denied", "/a\udcff"), "`/a\ufffd`; the user that"),
        (OSError(errno.EIO, "Input/output error", "/x"), "`/x`"),
    ],
)
def test_an_error_names_the_place_and_what_can_be_done(error: OSError, told: str) -> None:
    text = explained_error(error, HERE)
    assert text.startswith(f"{os.strerror(error.errno or 0)} (os error {error.errno}): {told}")


def test_an_error_without_a_number_is_told_as_it_is() -> None:
    assert explained_error(OSError("gone"), HERE) == "gone: `/folder`"
