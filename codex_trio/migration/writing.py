"""Putting things where they belong, and nowhere else: below the folders of a place, whatever links there are."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from codex_trio.migration.reading import read_bytes
from codex_trio.migration.values import MigrationPlace, MigrationProblem
from codex_trio.util.replacing import replace_file

MAX_FILES = 2_000
MAX_BYTES = 64 << 20
_MAX_DEPTH = 12
_MAX_FILE = 32 << 20


def check_target(place: MigrationPlace, target: Path) -> None:
    """Raise MigrationProblem where a target leads out of the folders that may be written to."""
    real = Path(os.path.realpath(target))
    if not any(real.is_relative_to(os.path.realpath(bound)) for bound in place.bounds):
        raise MigrationProblem(f"{target} leads to {real}, which is not below {place.bounds[0]}")


def write_file(place: MigrationPlace, target: Path, text: str) -> None:
    """Write a file that is not there, or says nothing. Raises MigrationProblem, OSError."""
    check_target(place, target)
    if target.is_symlink():
        raise MigrationProblem(f"{target} is a link; write into what it leads to by hand")
    replace_file(target, text.encode(), mode=0o600 if place.cwd is None else 0o644)


class _Copy:
    """Copies a folder's files and folders, no links, within bounds."""

    def __init__(self, place: MigrationPlace) -> None:
        self._place = place
        self._files = 0
        self._bytes = 0

    def copy(self, source: Path, target: Path, *, depth: int = 0) -> None:
        if depth > _MAX_DEPTH:
            raise MigrationProblem(f"{source} is more than {_MAX_DEPTH} levels deep", source=source)
        target.mkdir(exist_ok=True)
        with os.scandir(source) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                self._files += 1
                if self._files > MAX_FILES:
                    raise MigrationProblem(f"there are more than {MAX_FILES} files in it", source=source)
                if entry.is_symlink():
                    continue
                if entry.is_dir():
                    self.copy(Path(entry.path), target / entry.name, depth=depth + 1)
                else:
                    self._copy_file(Path(entry.path), target / entry.name)

    def _copy_file(self, source: Path, target: Path) -> None:
        content = read_bytes(self._place, source, limit=_MAX_FILE)
        if content is None:
            return
        self._bytes += len(content)
        if self._bytes > MAX_BYTES:
            raise MigrationProblem(f"it is larger than {MAX_BYTES} bytes in all", source=source)
        target.write_bytes(content)
        target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


def copy_folder(place: MigrationPlace, source: Path, target: Path, *, instead: dict[str, str]) -> None:
    """Copy a folder to where none is yet, in one step; `instead` are texts in place of files directly in it.

    Links are left out. Raises MigrationProblem, OSError.
    """
    check_target(place, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _Copy(place).copy(source, beside)
        for name, text in instead.items():
            (beside / name).write_text(text)
        beside.chmod(0o755)
        if os.path.lexists(target):
            raise MigrationProblem(f"{target} is there by now")
        os.rename(beside, target)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
