"""The diff of a turn: what patches have changed since it began, as one git-style text.

Owns: following files through edits and moves, blob ids, headers.
Does not own: when clients are told; what shell commands changed (as in the reference, only patches count).
"""

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator

from codex_trio.files.contents import Contents, Unread
from codex_trio.tools.apply_patch.edits import FileEdit
from codex_trio.tools.apply_patch.text_diff import unified

_ABSENT = "0" * 40
_CONTEXT = 3


class TurnDiffTracker:
    """Collects the edits of applied patches. Contents are kept in memory for the length of the turn.

    `text` is the whole diff, files in order of their (old) names; empty when the turn has changed nothing.
    """

    def __init__(self, root: Callable[[], str]) -> None:
        """`root` finds the folder that names are shown relative to; it may block."""
        self._find_root = root
        self._root = ""
        self._lock = threading.Lock()
        self.text = ""
        self._before: dict[str, Contents] = {}
        self._now: dict[str, Contents] = {}
        # Where the content now at a path was when the turn began, for files that moved.
        self._origin: dict[str, str] = {}
        self._made: dict[tuple[str, str], tuple[Contents, Contents, str]] = {}

    def observe(self, edits: Iterable[FileEdit]) -> None:
        """Take in the edits of one `PatchOutcome`, in order. Takes a while for big files: for worker threads."""
        with self._lock:
            for edit in edits:
                self._observe(edit)
            if self._before:
                self._root = self._root or self._find_root()
                self.text = "".join(self._file_diffs())

    def _observe(self, edit: FileEdit) -> None:
        self._set(edit.path, before=edit.before, now=None if edit.move_to is not None else edit.after)
        origin = self._origin.pop(edit.path, edit.path)
        if edit.move_to is not None:
            self._set(edit.move_to, before=edit.replaced, now=edit.after)
            self._origin.pop(edit.move_to, None)
            if origin != edit.move_to and self._before[origin] is not None:
                self._origin[edit.move_to] = origin
        elif edit.after is not None and not edit.is_new and origin != edit.path:
            self._origin[edit.path] = origin

    def _set(self, path: str, *, before: Contents, now: Contents) -> None:
        self._before.setdefault(path, before)
        self._now[path] = now

    def _file_diffs(self) -> Iterator[str]:
        moved = dict(self._moves())
        arrived = set(moved.values())
        for path in sorted(self._before, key=self._display):
            if path in arrived:
                continue
            target = moved.get(path, path)
            before, now = self._before[path], self._now[target]
            if before != now:
                yield self._file_diff(path, target, before, now)

    def _file_diff(self, path: str, target: str, before: Contents, now: Contents) -> str:
        """Return the diff of one file, as made before if neither text has changed since."""
        known = self._made.get((path, target))
        if known is None or known[0] is not before or known[1] is not now:
            known = before, now, _file_diff(self._display(path), self._display(target), before, now)
            self._made[path, target] = known
        return known[2]

    def _moves(self) -> Iterator[tuple[str, str]]:
        """Old and new path of files shown as moved: the old one is gone and the new one did not exist before."""
        for target, origin in sorted(self._origin.items()):
            if self._now[origin] is None and self._before[target] is None and self._now[target] is not None:
                yield origin, target

    def _display(self, path: str) -> str:
        return path.removeprefix(self._root.rstrip("/") + "/")


def _file_diff(old: str, new: str, before: Contents, now: Contents) -> str:
    lines = [f"diff --git a/{old} b/{new}"]
    if before is None:
        lines.append("new file mode 100644")
    if now is None:
        lines.append("deleted file mode 100644")
    old_name = "/dev/null" if before is None else f"a/{old}"
    new_name = "/dev/null" if now is None else f"b/{new}"
    if isinstance(before, Unread) or isinstance(now, Unread):
        lines.append(f"Binary files {old_name} and {new_name} differ")
        return "\n".join(lines) + "\n"
    lines.append(f"index {_blob_id(before)}..{_blob_id(now)}")
    try:
        body = unified((before or b"").decode(), (now or b"").decode(), context=_CONTEXT)
    except UnicodeDecodeError:
        lines.append(f"Binary files {old_name} and {new_name} differ")
    else:
        lines += [f"--- {old_name}", f"+++ {new_name}", body.removesuffix("\n")] if body else []
    return "\n".join(lines) + "\n"


def _blob_id(content: bytes | None) -> str:
    """Git' name for the content."""
    if content is None:
        return _ABSENT
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
