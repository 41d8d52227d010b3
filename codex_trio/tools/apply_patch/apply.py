"""Writing a patch to disk.

Owns: hunk order (no rollback: what was done before a failure stays), the success report, what was really changed.
Does not own: whether it may; approval and sandbox are the tool's business. Blocking: for worker threads.
"""

from collections.abc import Callable, Sequence

import msgspec

from codex_trio.environments.files import PatchFiles
from codex_trio.files.contents import Unread
from codex_trio.tools.apply_patch.edits import EditError, FileEdit, perform, work_out
from codex_trio.tools.apply_patch.parser import AddHunk, DeleteHunk, Patch, UpdateHunk


class PatchOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a patch. `edits` is what really changed on disk, in order, also when a later hunk failed."""

    stdout: str
    stderr: str
    exit_code: int
    edits: tuple[FileEdit, ...]

    def for_model(self, wall_seconds: float) -> str:
        """Return the tool output, with the time rounded to tenths."""
        head = f"Exit code: {self.exit_code}\nWall time: {round(wall_seconds, 1):g} seconds\nOutput:\n"
        return head + self.stdout + self.stderr


def apply_blocking(
    patch: Patch,
    cwd: str,
    files: PatchFiles,
    *,
    expected: Sequence[FileEdit] = (),
    check: Callable[[], None] = lambda: None,
) -> PatchOutcome:
    """Apply `patch` with paths relative to `cwd`. Failures are in the outcome.

    `expected` are the edits that its hunks amounted to when it was verified: they are not worked out again for files
    that are as they were. `check` is called before anything is written, and may raise to give up.
    """
    if not patch.hunks:
        return PatchOutcome(stdout="", stderr="No files were modified.\n", exit_code=1, edits=())
    edits: list[FileEdit] = []
    for index, hunk in enumerate(patch.hunks):
        try:
            before = expected[index] if index < len(expected) else None
            edit = work_out(hunk, cwd=cwd, files=files, expected=before, check=check)
            check()
            _perform(edit, files, edits)
        except EditError as error:
            return PatchOutcome(stdout="", stderr=f"{error}\n", exit_code=1, edits=tuple(edits))
    return PatchOutcome(stdout=_report(patch), stderr="", exit_code=0, edits=tuple(edits))


def _perform(edit: FileEdit, files: PatchFiles, edits: list[FileEdit]) -> None:
    if edit.after is None and files.is_link(edit.path):
        perform(edit, files)
        return
    recorded = _through_links(edit, files)
    try:
        perform(edit, files)
    except EditError:
        edits += _partial(recorded, files)
        raise
    edits.append(recorded)


def _through_links(edit: FileEdit, files: PatchFiles) -> FileEdit:
    """Return the edit under the names of the files that hold the content: writing to a link writes its target."""
    if edit.move_to is None:
        return msgspec.structs.replace(edit, path=_holder(edit.path, files))
    target = _holder(edit.move_to, files)
    if target == edit.path:
        # The destination is a link to the source.
        return msgspec.structs.replace(edit, move_to=None, replaced=None)
    return msgspec.structs.replace(edit, move_to=target)


def _holder(path: str, files: PatchFiles) -> str:
    return files.leads_to(path) if files.is_link(path) else path


def _partial(edit: FileEdit, files: PatchFiles) -> list[FileEdit]:
    """Return what a failed edit has changed all the same, such as a file whose original could not be removed."""
    target, before = (edit.move_to, edit.replaced) if edit.move_to else (edit.path, edit.before)
    try:
        now = files.peek(target)
    except OSError:
        return []
    return [] if isinstance(now, Unread) or now == before else [FileEdit(path=target, before=before, after=now)]


def _report(patch: Patch) -> str:
    lines = ["Success. Updated the following files:"]
    lines += [f"A {hunk.path}" for hunk in patch.hunks if isinstance(hunk, AddHunk)]
    lines += [f"M {hunk.move_to or hunk.path}" for hunk in patch.hunks if isinstance(hunk, UpdateHunk)]
    lines += [f"D {hunk.path}" for hunk in patch.hunks if isinstance(hunk, DeleteHunk)]
    return "\n".join(lines) + "\n"
