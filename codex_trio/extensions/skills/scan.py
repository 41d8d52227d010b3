"""Looking for skills below a folder, within bounds. Blocking.

Owns the walk, reading the files, and remembering what was read while they look the same. Does not own their form
(`description`), nor which folders there are (`roots`).
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from itertools import islice

import msgspec

from codex_trio.extensions.skills.description import NoSkill, parse_details, parse_header
from codex_trio.extensions.skills.skill import SkillDetails, SkillFile, SkillProblem, SkillRoot
from codex_trio.extensions.skills.yaml_tree import YamlProblem
from codex_trio.util.regular_file import check_regular

MAX_HEADER_BYTES = 64 * 1024
"""How much of a file is read to find out what it is."""

_FILE = "SKILL.md"
_DETAILS = os.path.join("agents", "openai.yaml")
_PARTS = frozenset({"agents", "assets", "references", "scripts", "node_modules"})
"""Folders of a skill that hold no other skills."""


class ScanBounds(msgspec.Struct, frozen=True, kw_only=True):
    """How far a walk goes: more than this below one root is a mistake, such as a root that holds a whole disk.

    `depth` counts folders below the root, `folders` all that are looked into, `entries` the names of one folder.
    `settled_ns`: a file that changed this recently may change again and look the same, as clocks of files tick slowly.
    """

    depth: int = 6
    folders: int = 2_000
    entries: int = 10_000
    settled_ns: int = 100_000_000


_Fingerprint = tuple[int, ...]


_BOUNDS = ScanBounds()


class RootContents(msgspec.Struct, frozen=True, kw_only=True):
    """What is below a root.

    `folders` are all that were looked into, and those of the files beside skills; `looks` differ when files do.
    """

    files: tuple[SkillFile, ...] = ()
    problems: tuple[SkillProblem, ...] = ()
    folders: tuple[str, ...] = ()
    looks: tuple[tuple[str, _Fingerprint, _Fingerprint], ...] = ()


class _Read(msgspec.Struct, frozen=True):
    """What a skill's files gave, and how they looked then; nothing when they may have changed since without a trace."""

    looks: tuple[_Fingerprint, _Fingerprint] | None
    file: SkillFile | None
    problems: tuple[SkillProblem, ...]


class SkillScanner:
    """Looks below roots. For one thread at a time."""

    def __init__(self, bounds: ScanBounds = _BOUNDS) -> None:
        self._bounds = bounds
        self._read: dict[str, dict[str, _Read]] = {}

    def scan(self, root: SkillRoot) -> RootContents:
        """Return what is below a root. A file that looks as it did is not read again."""
        walk = _Walk(root, self._read.get(str(root.path), {}), self._bounds)
        contents = walk.run()
        self._read[str(root.path)] = walk.read
        return contents

    def forget(self, path: str) -> None:
        """Remember nothing of a root any more."""
        self._read.pop(path, None)


class _Walk:
    def __init__(self, root: SkillRoot, known: dict[str, _Read], bounds: ScanBounds) -> None:
        self._bounds = bounds
        self._root = root
        self._known = known
        self._within = None if root.within is None else os.path.realpath(root.within)
        self._visited: set[str] = set()
        self._folders: list[str] = []
        self._files: list[SkillFile] = []
        self._looks: list[tuple[str, _Fingerprint, _Fingerprint]] = []
        self._problems: list[SkillProblem] = []
        self.read: dict[str, _Read] = {}

    def run(self) -> RootContents:
        level = [str(self._root.path)]
        for _ in range(self._bounds.depth + 1):
            level = [inner for folder in level for inner in self._look_into(folder)]
        if level:
            self._note(level[0], f"is more than {self._bounds.depth} folders deep and was not looked into")
        return RootContents(
            files=tuple(self._files),
            problems=tuple(self._problems),
            folders=tuple(self._folders),
            looks=tuple(self._looks),
        )

    def _look_into(self, folder: str) -> Iterator[str]:
        """Take the skill in a folder, and yield the folders in it."""
        if folder in self._visited or len(self._folders) > self._bounds.folders:
            return
        self._visited.add(folder)
        if len(self._folders) == self._bounds.folders:
            self._folders.append(folder)
            self._note(
                str(self._root.path), f"has more than {self._bounds.folders} folders; the others were not looked into"
            )
            return
        try:
            with os.scandir(folder) as found:
                entries = sorted(islice(found, self._bounds.entries), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self._note(folder, f"cannot be read: {error.strerror}")
            return
        self._folders.append(folder)
        if len(entries) == self._bounds.entries:
            self._note(folder, f"has {self._bounds.entries} names or more; no others were looked at")
        is_skill = any(entry.name == _FILE for entry in entries)
        for entry in entries:
            if entry.name == _FILE:
                self._take(folder, is_link=entry.is_symlink())
            elif not entry.name.startswith(".") and not (is_skill and entry.name in _PARTS):
                inner = self._folder_of(entry)
                if inner is not None:
                    yield inner

    def _folder_of(self, entry: os.DirEntry[str]) -> str | None:
        """Return the folder that an entry is, or leads to, unless it was seen or may not be looked into."""
        if entry.is_dir(follow_symlinks=False):
            return entry.path
        if not entry.is_symlink():
            return None
        try:
            target = os.path.realpath(entry.path, strict=True)
        except OSError:
            return None
        return target if os.path.isdir(target) and self._may_follow(entry.path, target) else None

    def _may_follow(self, path: str, target: str) -> bool:
        within = self._within
        if within is None or target == within or target.startswith(f"{within.rstrip('/')}/"):
            return True
        self._note(path, f"is a link that leads out of {within} and was not followed")
        return False

    def _take(self, folder: str, *, is_link: bool) -> None:
        path = os.path.join(folder, _FILE)
        if is_link and not self._may_follow(path, os.path.realpath(path)):
            return
        details = os.path.join(folder, _DETAILS)
        file_status, details_status = _status(path), _status(details)
        looks = (_look(file_status), _look(details_status))
        known = self._known.get(path)
        if known is None or known.looks != looks:
            unsettled = time.time_ns() - self._bounds.settled_ns
            known = _read_skill((path, file_status), (details, details_status))
            if all(look[-1:] <= (unsettled,) for look in looks):
                known = msgspec.structs.replace(known, looks=looks)
        self.read[path] = known
        self._looks.append((path, *looks))
        if details_status is not None:
            self._folders.append(os.path.dirname(details))
        if known.file is not None:
            self._files.append(known.file)
        self._problems.extend(known.problems)

    def _note(self, path: str, message: str) -> None:
        self._problems.append(SkillProblem(path, message))


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _look(status: os.stat_result | None) -> _Fingerprint:
    """Return what tells one state of a file from another; nothing where there is none."""
    if status is None:
        return ()
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


_Found = tuple[str, os.stat_result | None]


def _read_skill(file: _Found, details_file: _Found) -> _Read:
    path, status = file
    folder = os.path.dirname(path)
    try:
        text, is_whole = _start_of(path, status)
        header = parse_header(text, folder_name=os.path.basename(folder), is_whole=is_whole)
    except NoSkill as problem:
        return _Read(None, None, (SkillProblem(path, str(problem)),))
    except OSError as error:
        return _Read(None, None, (SkillProblem(path, f"failed to read file: {error.strerror}"),))
    details_path, details_status = details_file
    problems: tuple[SkillProblem, ...] = ()
    details = SkillDetails()
    if details_status is not None:
        try:
            details = parse_details(_start_of(details_path, details_status)[0], skill_folder=folder)
        except NoSkill as problem:
            problems = (SkillProblem(details_path, str(problem)),)
        except YamlProblem as problem:
            problems = (SkillProblem(details_path, f"invalid YAML: {problem}"),)
        except OSError as error:
            problems = (SkillProblem(details_path, f"failed to read file: {error.strerror}"),)
    found = SkillFile(
        path=path,
        name=header.name,
        description=header.description,
        short_description=header.short_description,
        details=details,
    )
    return _Read(None, found, problems)


def _start_of(path: str, status: os.stat_result | None) -> tuple[str, bool]:
    """Return the start of a file, and whether that is all of it. Raises OSError, NoSkill."""
    if status is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    # Looked at before, since opening a device may do something, and after, since it may have been replaced.
    check_regular(status, path)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        check_regular(os.fstat(descriptor), path)
        data = os.read(descriptor, MAX_HEADER_BYTES + 1)
    finally:
        os.close(descriptor)
    is_whole = len(data) <= MAX_HEADER_BYTES
    try:
        return data[:MAX_HEADER_BYTES].decode("utf-8", "strict" if is_whole else "ignore"), is_whole
    except UnicodeDecodeError as error:
        raise NoSkill(f"not UTF-8 text (byte {error.start})") from None
