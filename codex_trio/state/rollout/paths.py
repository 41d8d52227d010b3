"""Where rollout files are: their names, their folders, finding one by thread id, archiving.

Owns the layout under CODEX_HOME: `sessions/YYYY/MM/DD/rollout-<local time>-<thread id>.jsonl` and the flat
`archived_sessions/`. A thread whose history was cut back goes on in a further file, named
`rollout-<time>-<thread id>_<segment id>.jsonl`, that builds on the earlier one. Does not own what files hold.
Synchronous: callers on the event loop run it in a worker thread.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from codex_trio.domain import ids
from codex_trio.state.rollout.compressed import compressed_path, is_leftover, plain_name
from codex_trio.util.private_folder import make_private_folder

_SESSIONS = "sessions"
_ARCHIVED = "archived_sessions"
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_NAME = re.compile(
    rf"rollout-(?P<time>\d{{4}}-\d\d-\d\dT\d\d-\d\d-\d\d)-(?P<thread>{_UUID})(?:_(?P<segment>{_UUID}))?\.jsonl"
)


class RolloutName(msgspec.Struct, frozen=True, order=True):
    """The parts of a rollout file's name; names sort by age. `time` is local, `YYYY-MM-DDThh-mm-ss`."""

    time: str
    thread_id: str
    segment_id: str = ""

    @classmethod
    def parse(cls, name: str) -> RolloutName | None:
        """Return the parts of that file name; None when it is no rollout file's."""
        found = _NAME.fullmatch(name)
        return None if found is None else cls(found["time"], found["thread"].lower(), (found["segment"] or "").lower())

    @classmethod
    def of_file(cls, file_name: str) -> RolloutName | None:
        """Return the parts of that name, which a compressed rollout's file may have."""
        return cls.parse(plain_name(file_name))

    @classmethod
    def of(cls, thread_id: str, *, created_ms: int, segment_id: str = "") -> RolloutName:
        """Return the name for a rollout created at that time (Unix ms)."""
        local = time.strftime("%Y-%m-%dT%H-%M-%S", time.localtime(created_ms // 1000))
        return cls(local, thread_id, segment_id)

    @property
    def file_name(self) -> str:
        """The name itself."""
        segment = f"_{self.segment_id}" if self.segment_id else ""
        return f"rollout-{self.time}-{self.thread_id}{segment}.jsonl"

    @property
    def base_id(self) -> str:
        """What files that build on this one call it."""
        return self.segment_id or self.thread_id

    @property
    def folder(self) -> str:
        """The dated folder under `sessions/`."""
        return self.time[:10].replace("-", "/")


class RolloutFile(msgspec.Struct, frozen=True):
    """A rollout file that exists, plain or compressed: its path is that of the plain one."""

    path: Path
    name: RolloutName
    is_archived: bool


class ArchiveError(Exception):
    """A thread cannot be moved into or out of the archive; the message says why."""


class RolloutPaths:
    """The rollout files under one CODEX_HOME."""

    def __init__(self, codex_home: Path) -> None:
        self.sessions = codex_home / _SESSIONS
        self.archived_sessions = codex_home / _ARCHIVED

    def new_path(self, thread_id: str, *, created_ms: int, segment_id: str = "") -> Path:
        """Return where a thread created at that time (Unix ms) keeps its file; nothing is created."""
        return self.place(RolloutName.of(thread_id, created_ms=created_ms, segment_id=segment_id))

    def place(self, name: RolloutName) -> Path:
        """Return where a file of that name belongs that is not archived; nothing is created."""
        return self.sessions / name.folder / name.file_name

    def own(self, path: Path) -> Path | None:
        """Return a file of this home by the path that it is known by, whatever links lead to it; None
        for one from afar.
        """
        try:
            path = path.with_name(plain_name(path.name)) if path.name else path
            given, real = Path(os.path.abspath(path)), Path(os.path.realpath(path))
            for folder in (self.sessions, self.archived_sessions):
                if given.is_relative_to(folder):
                    return given
                real_folder = os.path.realpath(folder)
                if real.is_relative_to(real_folder):
                    return folder / real.relative_to(real_folder)
        except (OSError, ValueError):
            # Too long, or with a zero byte.
            pass
        return None

    def scan(self, *, archived: bool) -> Iterator[RolloutFile]:
        """Yield every rollout file that is (not) archived, in no particular order, segments included."""
        pending = [self.archived_sessions if archived else self.sessions]
        while pending:
            try:
                folder = pending.pop()
                with os.scandir(folder) as entries:
                    names: dict[str, RolloutName] = {}
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            pending.append(Path(entry.path))
                        elif (name := RolloutName.of_file(entry.name)) is not None:
                            names[plain_name(entry.name)] = name
                for file_name, name in names.items():
                    yield RolloutFile(folder / file_name, name, archived)
            except OSError:
                continue  # A folder that is missing or unreadable holds no threads for us.

    def leftovers(self) -> Iterator[Path]:
        """Yield what processes that died left behind of changing the form of rollouts."""
        for root in (self.sessions, self.archived_sessions):
            for folder, _, names in os.walk(root):
                yield from (Path(folder, name) for name in names if is_leftover(name))

    def segments(self, thread_id: str, *, archived: bool) -> list[RolloutFile]:
        """Return the files of a thread, oldest first."""
        thread_id = thread_id.lower()
        found = list(self._likely(thread_id)) if not archived else []
        if not found or found[0].name.segment_id:
            # Not where its age says, or not all of it: look everywhere.
            found = [file for file in self.scan(archived=archived) if file.name.thread_id == thread_id]
        return sorted(found, key=lambda file: file.name)

    def _likely(self, file_id: str) -> Iterator[RolloutFile]:
        """Yield the files with the id of a thread, or of a further file, in the folders around the day
        that it was made.
        """
        created = ids.created_ms(file_id)
        if created is None:
            return
        for day in (0, -1, 1):
            folder = self.sessions / time.strftime("%Y/%m/%d", time.localtime(created // 1000 + day * 86400))
            try:
                names = os.listdir(folder)
            except OSError:
                continue
            for name in {plain_name(name) for name in names if file_id in name}:
                parsed = RolloutName.parse(name)
                if parsed is not None and file_id in (parsed.thread_id, parsed.segment_id):
                    yield RolloutFile(folder / name, parsed, is_archived=False)

    def find(self, thread_id: str, *, archived: bool | None = None) -> RolloutFile | None:
        """Return the file that a thread goes on in; with archived=None the live folders are looked at first."""
        for in_archive in (False, True) if archived is None else (archived,):
            found = self.segments(thread_id, archived=in_archive)
            if found:
                return found[-1]
        return None

    def locate_base(self, base_id: str, seen: frozenset[Path]) -> Path | None:
        """Return the file that holds inherited lines: that of a thread, or the further one of a thread,
        with this id.
        """
        base_id = base_id.lower()
        for in_archive in (False, True):
            for file in self._likely(base_id) if not in_archive else ():
                if file.name.base_id == base_id and file.path not in seen:
                    return file.path
            for file in self.scan(archived=in_archive):
                if file.name.base_id == base_id and file.path not in seen:
                    return file.path
        return None

    def archive(self, thread_id: str) -> Path:
        """Move a thread's files into the archive; the new path of the one it goes on in. Raises ArchiveError."""
        return self._move(thread_id, archived=False)

    def unarchive(self, thread_id: str) -> Path:
        """Move a thread's files back into their dated folders. Raises ArchiveError."""
        return self._move(thread_id, archived=True)

    def _move(self, thread_id: str, *, archived: bool) -> Path:
        files = self.segments(thread_id, archived=archived)
        if not files:
            kind = "archived rollout" if archived else "rollout"
            raise ArchiveError(f"no {kind} found for thread id {thread_id}")
        return [self.move(file.path, file.name, to_archive=not archived) for file in files][-1]

    def move(self, path: Path, name: RolloutName, *, to_archive: bool) -> Path:
        """Move a file into the archive, or to the dated folder of that name; its new path. Raises ArchiveError."""
        folder = self.archived_sessions if to_archive else self.sessions / name.folder
        target = folder / path.name
        try:
            make_private_folder(folder)
            _rename(path, target)
        except OSError as error:
            raise ArchiveError(f"failed to move {path} to {target}: {error.strerror}") from error
        return target


def _rename(path: Path, target: Path) -> None:
    """Move a rollout in whichever form it has. Raises OSError."""
    packed = compressed_path(path)
    if not os.path.lexists(path) and os.path.lexists(packed):
        packed.rename(compressed_path(target))
        return
    # Beside the plain one it counts for nothing, and would where that is no more.
    packed.unlink(missing_ok=True)
    path.rename(target)
