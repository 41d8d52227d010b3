"""What one hunk does to the file system, worked out or done.

Owns: resolving paths, reading with the reference's error wording, the edit that a hunk amounts to, performing it.
Does not own: the order of hunks, success reports; `verify` and `apply` do those.
Called by: `verify` and `apply`. Blocking file access: call from a worker thread.
"""

import errno
import os
import stat
from pathlib import Path
from typing import Protocol

import msgspec

from codex_trio.tools.apply_patch.matching import MatchError, update_text
from codex_trio.tools.apply_patch.parser import AddHunk, DeleteHunk, Hunk, UpdateHunk


class EditError(Exception):
    """A hunk that does not fit the files, or a file that cannot be read or written; str() is the full wording."""


class FileEdit(msgspec.Struct, frozen=True, kw_only=True):
    """The effect of one hunk on file contents. None stands for "no such file".

    `path` is absolute and normalised. With `move_to` the `after` content is at that path, where `replaced` was, and
    nothing is left at `path`. `is_new` marks content that does not derive from `before`.
    """

    path: str
    before: bytes | None
    after: bytes | None
    move_to: str | None = None
    replaced: bytes | None = None
    is_new: bool = False


class FileReader(Protocol):
    """Where contents come from."""

    def read(self, path: str) -> bytes | None:
        """The content of the regular file at `path`, links followed; None when nothing is there.

        Raises `EditError` (wording of the cause only) or `OSError`.
        """
        ...


class DiskFiles:
    """The real files."""

    def read(self, path: str) -> bytes | None:
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise EditError(f"path `{path}` is not a file")
            return Path(path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None


def resolve(path: str, cwd: str) -> str:
    """The absolute, lexically normalised form of a path as written in a patch."""
    joined = os.path.normpath(os.path.join(cwd, path))
    return "/" + joined.lstrip("/")


def work_out(hunk: Hunk, *, cwd: str, files: FileReader) -> FileEdit:
    """The edit that `hunk` amounts to, given the files as they are.

    Raises `EditError` when the hunk does not fit.
    """
    path = resolve(hunk.path, cwd)
    if isinstance(hunk, AddHunk):
        return FileEdit(path=path, before=_peek(files, path), after=hunk.content.encode(), is_new=True)
    if isinstance(hunk, DeleteHunk):
        return FileEdit(path=path, before=_peek(files, path), after=None)
    return _work_out_update(hunk, path=path, cwd=cwd, files=files)


def read_text(files: FileReader, path: str, *, failure: str) -> str:
    """The text of an existing file.

    Raises `EditError` with "<failure> <path>: <cause>".
    """
    try:
        content = files.read(path)
        if content is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return content.decode()
    except (EditError, OSError, UnicodeDecodeError) as error:
        raise EditError(f"{failure} {path}: {_cause(error)}") from None


def perform(edit: FileEdit) -> None:
    """Bring an edit to disk. Existing files are rewritten in place, so they keep their mode and links to them.

    Raises `EditError`.
    """
    if edit.after is None:
        _delete(edit.path)
        return
    target = edit.move_to or edit.path
    _write(target, edit.after)
    if edit.move_to is None or os.path.realpath(target) == os.path.realpath(edit.path):
        return
    try:
        os.unlink(edit.path)
    except OSError:
        raise EditError(f"Failed to remove original {edit.path}") from None


def _work_out_update(hunk: UpdateHunk, *, path: str, cwd: str, files: FileReader) -> FileEdit:
    text = read_text(files, path, failure="Failed to read file to update")
    try:
        after = update_text(text, hunk.chunks).encode()
    except MatchError as error:
        raise EditError(error.describe(path)) from None
    target = path if hunk.move_to is None else resolve(hunk.move_to, cwd)
    if target == path:
        return FileEdit(path=path, before=text.encode(), after=after)
    return FileEdit(path=path, before=text.encode(), after=after, move_to=target, replaced=_peek(files, target))


def _peek(files: FileReader, path: str) -> bytes | None:
    """What is at `path`, for the record only: what cannot be read counts as absent here and fails when performed."""
    try:
        return files.read(path)
    except (EditError, OSError):
        return None


def _write(path: str, content: bytes) -> None:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(path).write_bytes(content)
    except OSError:
        raise EditError(f"Failed to write file {path}") from None


def _delete(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        raise EditError(f"Failed to delete file {path}") from None


def _cause(error: EditError | OSError | UnicodeDecodeError) -> str:
    """The cause in the reference's words."""
    if isinstance(error, UnicodeDecodeError):
        if error.reason == "unexpected end of data":
            return f"incomplete utf-8 byte sequence from index {error.start}"
        return f"invalid utf-8 sequence of {error.end - error.start} bytes from index {error.start}"
    if isinstance(error, OSError):
        return f"{error.strerror} (os error {error.errno})"
    return str(error)
