"""Errors of the operating system in the words of clients: what it says, what that is about, and the way out.

Owns the form, `No such file or directory (os error 2): PATH; advice`, and what can be advised on paths. Does not own
which error a client is answered with.
"""

from __future__ import annotations

import errno
import os

_LONGEST = 4096
"""Characters of a name that are told: of every path, and more than of any program that there is."""

_ADVICE = {
    errno.ENOENT: "nothing is there, or the folder is missing in which it would be made",
    errno.EEXIST: "something is there already",
    errno.EACCES: "the user that the server runs as needs permission for it, and to search each folder above it",
    errno.ENOTDIR: "a file stands where a folder is needed",
    errno.ELOOP: "links there lead in a circle: mend or remove one of them",
    errno.ENAMETOOLONG: "a name has at most 255 bytes, and a path 4095",
    errno.ENOSPC: "free some space on that disk, or use another one",
    errno.EDQUOT: "the user's share of that disk is used up: free some space, or use another disk",
    errno.EROFS: "that file system can only be read: use another place",
    errno.ENOTEMPTY: "say `recursive` to remove what is in it too",
    errno.EXDEV: "the two places are on different file systems",
    errno.EBUSY: "it is in use, as a mount for instance",
    errno.EFBIG: "that file system takes no files of that size",
    errno.ETXTBSY: "a program is running from that file",
    errno.EMFILE: "the server has too many files open: try again when less is under way",
    errno.ENFILE: "too many files are open on this machine: try again when less is under way",
}


def explained(number: int, about: str, *, strerror: str | None = None, advice: str | None = None) -> str:
    """Return what is told of an error of the operating system: about a path, or something else that is named.

    `advice` comes in place of what can be advised without knowing more.
    """
    said = f"{strerror or os.strerror(number)} (os error {number})"
    way_out = advice or _ADVICE.get(number)
    return f"{said}: {about}" + (f"; {way_out}" if way_out else "")


def explained_error(error: OSError, path: str) -> str:
    """Return the same of an error in what was to be done at an absolute path, or somewhere below it."""
    if error.errno is None:
        return f"{error}: {quoted(path)}"
    # Where there are two, the second one is what was to be made.
    name = error.filename2 or error.filename
    about = quoted(path)
    if isinstance(name, str) and os.path.isabs(name):
        about = quoted(name)
    elif isinstance(name, str) and name:
        about = f"{quoted(name)} in {about}"
    return explained(error.errno, about, strerror=error.strerror)


def quoted(name: str) -> str:
    """Return a path, or the name of a program, as it can be told: what is no text in it is U+FFFD."""
    shown = name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return f"`{shown[:_LONGEST]}`"
