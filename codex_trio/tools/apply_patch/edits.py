"""What one hunk does to the file system, worked out or done.

Owns: resolving paths, the reference's error wording, the edit that a hunk amounts to, performing it.
Does not own: the order of hunks, success reports; `verify` and `apply` do those. How files are read and written is the
environment's. Blocking file access: call from a worker thread.
"""

import errno
import os
from collections.abc import Callable

import msgspec

from codex_trio.environments.files import FileReader, PatchFiles
from codex_trio.files.contents import Contents, NotWritable, OriginalRemains
from codex_trio.tools.apply_patch.matching import MatchError, update_text
from codex_trio.tools.apply_patch.parser import AddHunk, DeleteHunk, Hunk, UpdateHunk
from codex_trio.util.regular_file import NotARegularFile

# Failures that the reference gives no cause for, and that need none.
_SAID_BY_ITSELF = (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.EEXIST)


class EditError(Exception):
    """A hunk that does not fit the files, or a file that cannot be read or written; str() is the full wording."""


class FileEdit(msgspec.Struct, frozen=True, kw_only=True):
    """The effect of one hunk on file contents. None stands for "no such file".

    `path` is absolute and normalised. With `move_to` the `after` content is at that path, where `replaced` was, and
    nothing is left at `path`. `is_new` marks content that does not derive from `before`.
    """

    path: str
    before: Contents
    after: bytes | None
    move_to: str | None = None
    replaced: Contents = None
    is_new: bool = False

    def places(self, files: PatchFiles) -> set[str]:
        """Return where the edit writes, links followed as they are now. Raises OSError for what is no path."""
        if self.after is None:
            return {files.entry_of(self.path)}
        if self.move_to is None:
            return {files.leads_to(self.path)}
        return {files.entry_of(self.path), files.leads_to(self.move_to)}


def resolve(path: str, cwd: str) -> str:
    """Return the absolute, lexically normalised form of a path as written in a patch."""
    joined = os.path.normpath(os.path.join(cwd, path))
    return "/" + joined.lstrip("/")


def work_out(
    hunk: Hunk,
    *,
    cwd: str,
    files: FileReader,
    expected: FileEdit | None = None,
    check: Callable[[], None] = lambda: None,
) -> FileEdit:
    """Return the edit that `hunk` amounts to, given the files as they are.

    `expected` is what it amounted to before; it still does where the file is as it was. `check` is called now and then,
    and may raise to give up.

    Raises `EditError` when the hunk does not fit.
    """
    path = resolve(hunk.path, cwd)
    if isinstance(hunk, AddHunk):
        return FileEdit(path=path, before=_peek(files.peek, path), after=hunk.content.encode(), is_new=True)
    if isinstance(hunk, DeleteHunk):
        return FileEdit(path=path, before=_peek(files.peek_entry, path), after=None)
    before = _read(files, path)
    if expected is not None and expected.before == before and expected.after is not None:
        after = expected.after
    else:
        after = _update(before, hunk, path, check)
    target = path if hunk.move_to is None else resolve(hunk.move_to, cwd)
    if target == path:
        return FileEdit(path=path, before=before, after=after)
    return FileEdit(path=path, before=before, after=after, move_to=target, replaced=_peek(files.peek, target))


def check_removable(files: FileReader, path: str) -> None:
    """Raise `EditError` unless there is a file, or a link, that can be removed; what it holds does not matter."""
    try:
        if files.peek_entry(path) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    except OSError as error:
        raise EditError(f"Failed to read {path}: {_cause(error, path)}") from None


def perform(edit: FileEdit, files: PatchFiles) -> None:
    """Bring an edit to disk.

    Raises `EditError`.
    """
    if edit.after is None:
        _doing(f"Failed to delete file {edit.path}", lambda: files.delete(edit.path))
        return
    after, target, changed = edit.after, edit.move_to, edit.after != edit.before
    if target is None and not changed:
        return
    if target is None:
        _doing(f"Failed to write file {edit.path}", lambda: files.write(edit.path, after))
        return
    try:
        _doing(f"Failed to write file {target}", lambda: files.move(edit.path, target, after, changed=changed))
    except OriginalRemains:
        raise EditError(f"Failed to remove original {edit.path}") from None


def _doing(failure: str, action: Callable[[], None]) -> None:
    try:
        action()
    except OriginalRemains:
        raise
    except NotARegularFile as error:
        raise EditError(failure if error.errno == errno.EISDIR else f"{failure}: it {error.strerror}") from None
    except NotWritable as error:
        raise EditError(f"{failure}: {error.strerror}") from None
    except OSError as error:
        raise EditError(failure if error.errno in _SAID_BY_ITSELF else f"{failure}: {_cause(error, '')}") from None


def _read(files: FileReader, path: str) -> bytes:
    failure = f"Failed to read file to update {path}"
    try:
        content = files.read(path)
    except OSError as error:
        raise EditError(f"{failure}: {_cause(error, path)}") from None
    if content is None:
        raise EditError(f"{failure}: {os.strerror(errno.ENOENT)} (os error {errno.ENOENT})")
    return content


def _update(content: bytes, hunk: UpdateHunk, path: str, check: Callable[[], None]) -> bytes:
    try:
        return update_text(content.decode(), hunk.chunks, check).encode()
    except UnicodeDecodeError as error:
        raise EditError(f"Failed to read file to update {path}: {_bad_bytes(error)}") from None
    except MatchError as error:
        raise EditError(error.describe(path)) from None


def _peek(peek: Callable[[str], Contents], path: str) -> Contents:
    """Return what is at `path`, for the record only: what is no regular file counts as absent, and
    fails when performed.
    """
    try:
        return peek(path)
    except OSError:
        return None


def _bad_bytes(error: UnicodeDecodeError) -> str:
    """Return what is wrong with bytes that are no text, in the reference's words."""
    if error.reason == "unexpected end of data":
        return f"incomplete utf-8 byte sequence from index {error.start}"
    return f"invalid utf-8 sequence of {error.end - error.start} bytes from index {error.start}"


def _cause(error: OSError, path: str) -> str:
    """Return the cause in the reference's words."""
    if isinstance(error, NotARegularFile):
        return f"path `{path}` {'is not a file' if error.errno == errno.EISDIR else error.strerror}"
    return f"{error.strerror} (os error {error.errno})"
