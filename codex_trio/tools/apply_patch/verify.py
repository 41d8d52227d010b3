"""Checking a patch against files before anything is written or asked.

Owns: the changes that a patch would make, with their diffs, and the wording for the model when it does not fit.
Does not own: writing; `apply` works the edits out again, so that what changed meanwhile is not lost.
Blocking: for worker threads.
"""

from collections.abc import Callable

import msgspec

from codex_trio.domain.items import AddChange, Change, DeleteChange, UpdateChange
from codex_trio.environments.files import FileReader, PatchFiles
from codex_trio.files.contents import Contents
from codex_trio.tools.apply_patch.edits import EditError, FileEdit, check_removable, resolve, work_out
from codex_trio.tools.apply_patch.parser import DeleteHunk, Patch, PatchError, UpdateHunk
from codex_trio.tools.apply_patch.text_diff import unified

# Lines of context in the diff of one file change; the turn's diff has three.
_CONTEXT = 1


class VerificationError(Exception):
    """The patch does not fit the files; str() says why."""


class EmptyPatchError(VerificationError):
    """The patch changes nothing: it has no hunks."""


class VerifiedPatch(msgspec.Struct, frozen=True, kw_only=True):
    """A patch that fits. `changes` is keyed by absolute path, sorted; `edits` is what applying it now would do."""

    patch: Patch
    cwd: str
    changes: dict[str, Change]
    edits: tuple[FileEdit, ...]

    def written_paths(self) -> list[str]:
        """Return every absolute path that applying touches, destinations of moves included: what an
        approval is about.
        """
        return sorted({*self.changes, *(edit.move_to for edit in self.edits if edit.move_to is not None)})

    def places(self, files: PatchFiles) -> frozenset[str]:
        """Return where applying writes, links followed as they are now.

        Raises `VerificationError` for what is no path.
        """
        try:
            return frozenset(place for edit in self.edits for place in edit.places(files))
        except OSError as error:
            raise VerificationError(f"{error.strerror}: {error.filename!r}") from None


def named_paths(patch: Patch, cwd: str) -> list[str]:
    """Return the absolute paths that a patch names, those among them that can be paths."""
    named = [hunk.path for hunk in patch.hunks]
    named += [hunk.move_to for hunk in patch.hunks if isinstance(hunk, UpdateHunk) and hunk.move_to is not None]
    return list(dict.fromkeys(resolve(path, cwd) for path in named if "\0" not in path))


def verify(patch: Patch, cwd: str, files: FileReader, check: Callable[[], None] = lambda: None) -> VerifiedPatch:
    """Work out every change of `patch` in order, each seeing the ones before it. Nothing is written.

    `check` is called now and then, and may raise to give up.

    Raises `VerificationError`.
    """
    if not patch.hunks:
        raise EmptyPatchError("empty patch")
    overlay = _Overlay(files)
    changes: dict[str, Change] = {}
    edits: list[FileEdit] = []
    for hunk in patch.hunks:
        path = resolve(hunk.path, cwd)
        if path in changes:
            raise VerificationError(f"invalid patch: multiple operations target {path}")
        try:
            if isinstance(hunk, DeleteHunk):
                check_removable(overlay, path)
            edit = work_out(hunk, cwd=cwd, files=overlay, check=check)
        except EditError as error:
            raise VerificationError(str(error)) from None
        overlay.note(edit)
        edits.append(edit)
        changes[path] = _change(edit)
    return VerifiedPatch(patch=patch, cwd=cwd, changes=dict(sorted(changes.items())), edits=tuple(edits))


def failure_for_model(error: PatchError | VerificationError) -> str:
    """Return the tool output for a patch that cannot be applied."""
    if isinstance(error, EmptyPatchError):
        return f"patch rejected: {error}"
    reason = error.for_model() if isinstance(error, PatchError) else str(error)
    return f"apply_patch verification failed: {reason}"


def _change(edit: FileEdit) -> Change:
    if edit.after is None:
        return DeleteChange(content=_text(edit.before))
    after = edit.after.decode()
    if edit.is_new:
        return AddChange(content=after)
    return UpdateChange(unified_diff=unified(_text(edit.before), after, context=_CONTEXT), move_path=edit.move_to)


def _text(content: Contents) -> str:
    """Return what can be shown of a file; nothing of one that is no text."""
    try:
        return content.decode() if isinstance(content, bytes) else ""
    except UnicodeDecodeError:
        return ""


class _Overlay:
    """The files as they would be after the edits noted so far."""

    def __init__(self, files: FileReader) -> None:
        self._files = files
        self._edited: dict[str, bytes | None] = {}

    def read(self, path: str) -> bytes | None:
        return self._edited[path] if path in self._edited else self._files.read(path)

    def peek(self, path: str) -> Contents:
        return self._edited[path] if path in self._edited else self._files.peek(path)

    def peek_entry(self, path: str) -> Contents:
        return self._edited[path] if path in self._edited else self._files.peek_entry(path)

    def note(self, edit: FileEdit) -> None:
        if edit.move_to is not None:
            self._edited[edit.path] = None
        self._edited[edit.move_to or edit.path] = edit.after
