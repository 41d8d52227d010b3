"""Whether a program is what its name says: one of the system or the user, not one that the workspace brings.

Owns: looking a name up as the shell will, and which git repositories may have been made by commands.
Does not own: what commands may write (`Work`, given by the caller), nor which names are harmless or allowed.
"""

import itertools
import os
from collections.abc import Sequence
from typing import Protocol

import msgspec

from codex_trio.util.regular_file import read_start

# The shell has these itself, whatever is found on PATH.
_BUILT_IN = frozenset({"cd", "echo", "false", "pwd", "true"})
_GIT_ELSEWHERE = ("-C", "-c", "--config-env", "--exec-path", "--git-dir", "--namespace", "--work-tree", "--bare")
_POINTER = b"gitdir:"
_POINTER_BYTES = 4096


class Work(Protocol):
    """What a thread works on; all that lies there may come from a repository or from an earlier command."""

    def folders(self) -> Sequence[str]:
        """Return the folders of the workspace and those that commands may write, free of symlinks."""
        ...

    def may_write(self, path: str) -> bool:
        """Return whether a command could have written a path, which may be protected inside these folders."""
        ...


class NoWork:
    """Nothing is the workspace's."""

    def folders(self) -> Sequence[str]:
        return ()

    def may_write(self, path: str) -> bool:
        del path
        return False


class Programs(msgspec.Struct, frozen=True):
    """The programs of a command that runs in `cwd` (absolute) and looks names up in `search_path`."""

    search_path: str
    cwd: str
    work: Work

    def is_known(self, program: str) -> bool:
        """Return whether a program is the system's: a bare name, found before any folder that commands may write."""
        if "/" in program:
            return False
        if program in _BUILT_IN:
            return True
        for folder in self.search_path.split(":"):
            if self._is_of_work(os.path.join(self.cwd, folder)):
                return False
            found = os.path.join(folder, program)
            if _is_program(found):
                return not self._is_of_work(found)
        return False

    def may_be_allowed(self, program: str) -> bool:
        """Return whether a rule that allows a name may be meant with this program.

        One that only the workspace has is meant; one there that hides another is not, nor is one by a path there.
        """
        if "/" in program:
            return not self._is_of_work(os.path.join(self.cwd, program))
        paths = [os.path.join(self.cwd, folder, program) for folder in self.search_path.split(":")]
        # A link to a program of the system, as a virtual environment has for Python, counts as that program.
        found = [self._is_of_work(os.path.realpath(path)) for path in paths if _is_program(path)]
        return not found or not found[0] or all(found)

    def link_target(self, program: str) -> str | None:
        """Return the program that a link in the workspace leads to; None for everything else."""
        paths = [program] if "/" in program else [os.path.join(each, program) for each in self.search_path.split(":")]
        for path in (os.path.join(self.cwd, each) for each in paths if "\0" not in each):
            if _is_program(path):
                target = os.path.realpath(path)
                is_link = target != os.path.normpath(path) and self._is_of_work(path)
                return target if is_link else None
        return None

    def moved(self, words: Sequence[str]) -> "Programs | None":
        """Return the programs of what follows a `cd`; None where it cannot be told."""
        if len(words) != 2 or words[1].startswith("-"):
            return None
        target = os.path.join(self.cwd, words[1])
        return Programs(self.search_path, target, self.work)

    def has_own_repository(self, arguments: Sequence[str]) -> bool:
        """Return whether `git` with these arguments would obey the settings of a repository that
        commands may have made.
        """
        options = itertools.takewhile(lambda argument: argument.startswith("-"), arguments)
        if any(option.startswith(_GIT_ELSEWHERE) for option in options) or "\0" in self.cwd:
            return True
        folder = os.path.realpath(self.cwd)
        while True:
            pointer = os.path.join(folder, ".git")
            if os.path.lexists(pointer):
                return self.work.may_write(pointer) or self._leads_to_work(pointer)
            if os.path.isdir(os.path.join(folder, "objects")) and os.path.lexists(os.path.join(folder, "HEAD")):
                return self.work.may_write(os.path.join(folder, "config"))
            if folder == "/":
                return False
            folder = os.path.dirname(folder)

    def _leads_to_work(self, pointer: str) -> bool:
        """Return whether a `.git` leads, as a file or link, to a repository that commands may have made."""
        try:
            if not os.path.isfile(pointer):
                return self.work.may_write(os.path.join(pointer, "config"))
            text = read_start(pointer, limit=_POINTER_BYTES)
        except OSError:
            return True
        target = os.fsdecode(text.removeprefix(_POINTER).strip())
        return self.work.may_write(os.path.join(os.path.dirname(pointer), target, "config"))

    def _is_of_work(self, path: str) -> bool:
        """Return whether a path, or what it leads to, lies in the workspace."""
        if "\0" in path:
            return True
        places = {os.path.normpath(path), os.path.realpath(path)}
        return any(_is_within(place, folder) for place in places for folder in self.work.folders())


class UnknownPrograms(Programs, frozen=True):
    """The programs of a machine that cannot be looked at: none is known, and a rule is about names."""

    def is_known(self, program: str) -> bool:
        """Return whether the shell itself has it."""
        return program in _BUILT_IN

    def may_be_allowed(self, program: str) -> bool:
        """Return whether it is a bare name."""
        return "/" not in program

    def link_target(self, program: str) -> str | None:
        """Find none."""
        del program

    def moved(self, words: Sequence[str]) -> "UnknownPrograms | None":
        """Return the same for what follows a `cd`."""
        return UnknownPrograms(self.search_path, self.cwd, self.work) if len(words) == 2 else None

    def has_own_repository(self, arguments: Sequence[str]) -> bool:
        """Count any repository there as one that commands may have made."""
        del arguments
        return True


def _is_program(path: str) -> bool:
    try:
        return os.access(path, os.X_OK) and os.path.isfile(path)
    except ValueError:
        # No file has such a name.
        return False


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
