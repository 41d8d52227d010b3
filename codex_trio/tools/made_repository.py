"""Whether a git command would obey a repository that sandboxed commands have made, or could have.

A repository's settings name programs that git runs. Who allows `git status` for good means their own repositories, in
which commands cannot change the settings; not one that the model puts into a subfolder.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from codex_trio.sandbox.errors import RootChanged

_NAMES_A_REPOSITORY = ("--git-dir", "--work-tree", "--bare", "--exec-path", "--namespace")


def obeys_a_made_repository(commands: Sequence[Sequence[str]], cwd: Path, may_write: Callable[[str], bool]) -> bool:
    """Return whether one of the commands, run in `cwd`, is git in a repository whose settings `may_write` allows."""
    try:
        return any(_is_in_a_made_repository(words, cwd, may_write) for words in commands if _is_git(words))
    except (RootChanged, OSError, ValueError):
        return True  # What cannot be looked at may be anything.


def _is_git(words: Sequence[str]) -> bool:
    return bool(words) and Path(words[0]).name == "git"


def _is_in_a_made_repository(words: Sequence[str], cwd: Path, may_write: Callable[[str], bool]) -> bool:
    place, options = cwd, iter(words[1:])
    for option in options:
        if option == "-C":
            place /= next(options, "")
        elif option == "-c":
            next(options, "")
        elif option.startswith(_NAMES_A_REPOSITORY):
            return True
        elif not option.startswith("-"):
            break
    place = place.resolve()
    for folder in (place, *place.parents):
        dot_git = folder / ".git"
        if dot_git.is_dir():
            return may_write(str(dot_git / "config"))
        if dot_git.is_file():
            return may_write(str(dot_git))
        if (folder / "HEAD").exists() and (folder / "objects").exists():
            return may_write(str(folder / "HEAD"))
    return False
