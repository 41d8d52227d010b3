"""Checking a patch against files before anything is written or asked.

Owns: the changes that a patch would make, with their diffs, and the wording for the model when it does not fit.
Does not own: writing; `apply` works the edits out again, so that what changed meanwhile is not lost.
Called by: the apply_patch tool, on a worker thread.
"""

import msgspec

from codex_trio.tools.apply_patch.edits import EditError, FileEdit, FileReader, read_text, resolve, work_out
from codex_trio.tools.apply_patch.parser import AddHunk, DeleteHunk, Hunk, Patch, PatchError, UpdateHunk
from codex_trio.tools.apply_patch.text_diff import unified

# Lines of context in the diff of one file change; the turn's diff has three.
_CONTEXT = 1

EMPTY_PATCH = "patch rejected: empty patch"


class VerificationError(Exception):
    """The patch does not fit the files; str() says why."""


class Add(msgspec.Struct, frozen=True, kw_only=True, tag="add"):
    """A file that will be created, or overwritten."""

    content: str


class Delete(msgspec.Struct, frozen=True, kw_only=True, tag="delete"):
    """A file that will be removed, with its present content."""

    content: str


class Update(msgspec.Struct, frozen=True, kw_only=True, tag="update"):
    """A file that will change and perhaps move; `content` is the text afterwards."""

    unified_diff: str
    move_path: str | None
    content: str


Change = Add | Delete | Update


class VerifiedPatch(msgspec.Struct, frozen=True, kw_only=True):
    """A patch that fits. `changes` is keyed by absolute path, sorted; empty for a patch without hunks."""

    patch: Patch
    cwd: str
    changes: dict[str, Change]

    def written_paths(self) -> list[str]:
        """Every absolute path that applying touches, destinations of moves included: what an approval is about."""
        moved = [
            change.move_path for change in self.changes.values() if isinstance(change, Update) and change.move_path
        ]
        return sorted({*self.changes, *moved})


def verify(patch: Patch, cwd: str, files: FileReader) -> VerifiedPatch:
    """Work out every change of `patch` in order, each seeing the ones before it. Nothing is written.

    Raises `VerificationError`.
    """
    overlay = _Overlay(files)
    changes: dict[str, Change] = {}
    for hunk in patch.hunks:
        path = resolve(hunk.path, cwd)
        if path in changes:
            raise VerificationError(f"invalid patch: multiple operations target {path}")
        try:
            changes[path] = _change(hunk, path=path, cwd=cwd, overlay=overlay)
        except EditError as error:
            raise VerificationError(str(error)) from None
    return VerifiedPatch(patch=patch, cwd=cwd, changes=dict(sorted(changes.items())))


def failure_for_model(error: PatchError | VerificationError) -> str:
    """The tool output for a patch that cannot be applied."""
    reason = error.for_model() if isinstance(error, PatchError) else str(error)
    return f"apply_patch verification failed: {reason}"


def _change(hunk: Hunk, *, path: str, cwd: str, overlay: "_Overlay") -> Change:
    match hunk:
        case AddHunk(content=content):
            change = Add(content=content)
        case DeleteHunk():
            change = Delete(content=read_text(overlay, path, failure="Failed to read"))
        case UpdateHunk():
            change = None
    edit = work_out(hunk, cwd=cwd, files=overlay)
    overlay.note(edit)
    if change is not None:
        return change
    before, after = (edit.before or b"").decode(), (edit.after or b"").decode()
    return Update(unified_diff=unified(before, after, context=_CONTEXT), move_path=edit.move_to, content=after)


class _Overlay:
    """The files as they would be after the edits noted so far."""

    def __init__(self, files: FileReader) -> None:
        self._files = files
        self._edited: dict[str, bytes | None] = {}

    def read(self, path: str) -> bytes | None:
        return self._edited[path] if path in self._edited else self._files.read(path)

    def note(self, edit: FileEdit) -> None:
        if edit.move_to is not None:
            self._edited[edit.path] = None
        self._edited[edit.move_to or edit.path] = edit.after
