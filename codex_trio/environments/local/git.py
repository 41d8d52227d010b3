"""The repositories of this machine.

Owns: which git is asked, and what. It runs outside of every sandbox, so it must be no program that a command has made.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import trio

from codex_trio.config.project import git_root, git_root_for_trust
from codex_trio.environments.local.git_diff import NoRemoteDiff, RemoteDiff, diff_to_remote
from codex_trio.environments.local.git_workspace import workspace_state
from codex_trio.environments.local.repository_states import RepositoryStates
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.workspace import WorkspaceState
from codex_trio.sandbox.policy import WorkspaceWrite
from codex_trio.sandbox.roots import is_within, writable_roots
from codex_trio.state.rollout.lines import GitInfo

_SYSTEM_FOLDERS = ("/usr/bin", "/bin", "/usr/local/bin", "/run/current-system/sw/bin")

GIT_SECONDS = 30.0
"""How long git may take on a slow disk or a busy machine. Nothing waits for it but what a thread says of itself."""


WORKSPACE_SECONDS = 5.0
"""How long git may take to tell how a work tree stands: it is asked in every turn."""


class LocalRepositories:
    """`tmpdir` is the `$TMPDIR` that commands see."""

    def __init__(self, *, environ: Mapping[str, str], tmpdir: str | None) -> None:
        self._environ = environ
        self._programs = find_git(environ.get("PATH", ""))
        self._tmpdir = tmpdir
        self._states = RepositoryStates[GitInfo | None]()

    def root(self, folder: Path) -> Path | None:
        """Return the work tree around a folder; None outside of git. Blocking."""
        return git_root(folder)

    def main_root(self, folder: Path) -> Path | None:
        """Return the same, or for a linked worktree the root of its main checkout. Blocking."""
        return git_root_for_trust(folder)

    async def info(self, place: WorkPlace) -> GitInfo | None:
        """Return the state of the repository that is worked in."""
        return await self._states.get(
            place,
            lambda: collect_git_info(
                Path(place.cwd),
                programs=self._programs,
                environ=self._environ,
                writable=partial(self._writable, place),
            ),
        )

    async def workspace(self, place: WorkPlace) -> WorkspaceState | None:
        """Return how the work tree stands just now. None too where git takes longer than WORKSPACE_SECONDS."""
        with trio.move_on_after(WORKSPACE_SECONDS):
            found = await trio.to_thread.run_sync(self._work_tree, place, abandon_on_cancel=True)
            if found is not None:
                root, git = found
                return await workspace_state(root, git=git, environ=self._environ)
        return None

    def _work_tree(self, place: WorkPlace) -> tuple[Path, str] | None:
        """Return the work tree around a place, and the git to ask about it. Blocking."""
        root = git_root(Path(place.cwd))
        git = None if root is None else _outside_of((place.cwd, str(root), *self._writable(place)), self._programs)
        return None if root is None or git is None else (root, git)

    def _writable(self, place: WorkPlace) -> list[str]:
        return [folder for folder in writable_folders(place, tmpdir=self._tmpdir) if folder != "/"]

    async def diff_to_remote(self, folder: Path) -> RemoteDiff:
        """Return what the work tree around a folder differs in from the closest commit that a remote has.

        Raises NoRemoteDiff, also when that takes longer than GIT_SECONDS.
        """
        with trio.move_on_after(GIT_SECONDS):
            root = await trio.to_thread.run_sync(git_root, folder, abandon_on_cancel=True)
            if root is None:
                raise NoRemoteDiff("it is in no repository")
            git = await trio.to_thread.run_sync(
                _outside_of, (str(folder), str(root)), self._programs, abandon_on_cancel=True
            )
            if git is None:
                raise NoRemoteDiff("there is no git")
            try:
                return await diff_to_remote(root, git=git, environ=self._environ)
            except OSError as error:
                raise NoRemoteDiff(str(error)) from error
        raise NoRemoteDiff(f"it took longer than {GIT_SECONDS:g} seconds")


def writable_folders(place: WorkPlace, *, tmpdir: str | None) -> tuple[str, ...]:
    """Return the folders that the policy of a place opens just now."""
    if not isinstance(place.policy, WorkspaceWrite):
        return ()
    return tuple(root.path for root in writable_roots(place.policy, cwd=place.cwd, tmpdir=tmpdir))


def find_git(search_path: str) -> tuple[str, ...]:
    """Return the programs called git: those of the system before those that only `search_path` leads to."""
    folders = (*_SYSTEM_FOLDERS, *search_path.split(os.pathsep))
    programs = (os.path.realpath(os.path.join(folder, "git")) for folder in folders if os.path.isabs(folder))
    return tuple(program for program in dict.fromkeys(programs) if os.access(program, os.X_OK))


async def collect_git_info(
    cwd: Path, *, programs: Sequence[str], environ: Mapping[str, str], writable: Callable[[], Sequence[str]]
) -> GitInfo | None:
    """Commit, branch and remote of the repository around `cwd`; None outside of one, or without git.

    `programs` are from `find_git`; one below the repository or a folder of `writable` is not used. What of `environ`
    leads git elsewhere is left out.
    """
    answers: dict[str, str | None] = {}
    variables = {name: value for name, value in environ.items() if not name.startswith("GIT_")}

    def chosen() -> str | None:
        root = git_root(cwd)
        return None if root is None else _outside_of((str(cwd), str(root), *writable()), programs)

    async def ask(git: str, key: str, *arguments: str) -> None:
        answers[key] = await _ask(git, cwd, variables, *arguments)

    with trio.move_on_after(GIT_SECONDS):
        # In a thread: a mount that is dead never answers.
        git = await trio.to_thread.run_sync(chosen, abandon_on_cancel=True)
        if git is None:
            return None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, git, "commit", "rev-parse", "HEAD")
            nursery.start_soon(ask, git, "branch", "symbolic-ref", "--short", "-q", "HEAD")
            nursery.start_soon(ask, git, "url", "config", "--get", "remote.origin.url")
    if not any(answers.values()):
        return None
    return GitInfo(commit_hash=answers.get("commit"), branch=answers.get("branch"), repository_url=answers.get("url"))


def missing_commit(folder: Path, names: Sequence[str], *, environ: Mapping[str, str]) -> str | None:
    """Return why none of the names is one of a commit in the repository around a folder; None where one is.

    None too where git cannot tell. Blocking, for no longer than GIT_SECONDS. Runs no hook and fetches nothing.
    """
    git = _outside_of((str(folder), str(git_root(folder) or folder)), find_git(environ.get("PATH", "")))
    if git is None:
        return None
    variables = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    variables |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
    harmless = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
    looked_up = [git, "-C", str(folder), *harmless, "rev-parse", "--verify", "--quiet", "--end-of-options"]
    problem = ""
    for name in names:
        try:
            done = subprocess.run(
                [*looked_up, f"{name}^{{commit}}"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                env=variables,
                timeout=GIT_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        told = done.stderr.decode(errors="replace").strip()
        if done.returncode == 0 or "dubious ownership" in told:
            return None
        problem = problem or told
    return problem.partition("\n")[0] or "the repository has no such commit"


def _outside_of(folders: Sequence[str], programs: Sequence[str]) -> str | None:
    """Return the first program that does not lie in one of the folders."""
    theirs = [os.path.realpath(folder) for folder in folders]
    return next((program for program in programs if not any(is_within(program, folder) for folder in theirs)), None)


async def _ask(git: str, cwd: Path, variables: Mapping[str, str], *arguments: str) -> str | None:
    command = [git, "-C", str(cwd), *arguments]
    try:
        done = await trio.run_process(
            command, capture_stdout=True, stderr=subprocess.DEVNULL, check=False, env=variables
        )
    except OSError:
        return None
    return done.stdout.decode(errors="replace").strip() or None if done.returncode == 0 else None
