"""Where commands and patches of a thread may write.

Owns the folders that follow from a policy, their identity over the life of a thread, and the answer to "may this be
written?". Does not own what is protected inside them (`protected`), nor how it is enforced (`view`, `command`).
"""

import glob
import os
from collections.abc import Sequence
from functools import cached_property

import msgspec

from codex_trio.sandbox.denied import denied_patterns, is_covered, links_to, read_only_paths, readable_paths
from codex_trio.sandbox.errors import RootChanged
from codex_trio.sandbox.links import PathTracer, Trace, trace
from codex_trio.sandbox.policy import ReadOnly, SandboxPolicy, WorkspaceWrite, limits_of
from codex_trio.sandbox.protected import SETTINGS_FOLDER, protected_around, protected_names_of


class GuardedPaths(msgspec.Struct, frozen=True, kw_only=True):
    """What is the server's own, wherever it lies; absolute paths."""

    read_only: tuple[str, ...] = ()
    """What no command may write, even inside a folder that it may write: the program, and the user's settings.

    A writable root below one of these is open all the same; one that is the same path is not.
    """
    hidden: tuple[str, ...] = ()
    """What no command may reach at all, as glob patterns: sockets by which a server is told what to do, and locks."""

    def found_hidden(self) -> list[str]:
        """Return what of `hidden` exists now."""
        return [path for pattern in self.hidden for path in glob.glob(pattern, include_hidden=True)]


NOTHING_GUARDED = GuardedPaths()


class WritableRoot(msgspec.Struct, frozen=True):
    """A folder (or file) that commands may write, and what they may not write because of it.

    All paths are absolute and free of symlinks, except that a protected path may lead through links. Protected paths
    may lie in other roots.
    """

    path: str
    protected: tuple[str, ...]


class _Anchor(msgspec.Struct):
    real: str
    identity: tuple[int, int] | None


class _Candidate(msgspec.Struct, frozen=True):
    path: str
    is_workspace: bool


class RootAnchors:
    """The writable folders of one thread, each of them the one that it was when the thread first named it.

    A command could otherwise put a link in the place of a folder that the next command may write.
    """

    def __init__(self, guarded: GuardedPaths = NOTHING_GUARDED) -> None:
        self.guarded = guarded
        self._known: dict[str, _Anchor] = {}

    @cached_property
    def own(self) -> tuple[Trace, ...]:
        """The ways to what is the server's own. Commands cannot change them, and nobody else is expected to."""
        return tuple(trace(path) for path in self.guarded.read_only if os.path.exists(path))

    def note(self, policy: SandboxPolicy, *, cwd: str, tmpdir: str | None) -> None:
        """Take the folders of `policy` as they are now, those that are not known yet."""
        for candidate in _candidates(policy, cwd=cwd, tmpdir=tmpdir):
            if candidate.path not in self._known:
                self._known[candidate.path] = _look_at(candidate.path, PathTracer())

    def roots(self, policy: SandboxPolicy, *, cwd: str, tmpdir: str | None) -> tuple[WritableRoot, ...]:
        """Return the folders that `policy` opens, parents before children; those that do not exist are left out.

        `cwd` is the policy's working directory (absolute), `tmpdir` the value of `$TMPDIR` that commands will see. A
        few look-ups in the file system. Raises `RootChanged`.
        """
        self.note(policy, cwd=cwd, tmpdir=tmpdir)
        named: dict[str, list[str]] = {}
        tracer = PathTracer()
        for candidate in _candidates(policy, cwd=cwd, tmpdir=tmpdir):
            found = self._checked(candidate, tracer)
            if found.identity is not None:
                ways = named.setdefault(found.real, [])
                ways += [candidate.path] if candidate.path != found.real else []
        own = {way.end for way in self.own}
        kept = read_only_paths(limits_of(policy), cwd=cwd)
        return tuple(
            WritableRoot(path, (*protected_names_of(path), *protected_around(path), *named[path], *kept))
            for path in sorted(named, key=depth)
            if path not in own
        )

    def may_write(self, path: str, policy: SandboxPolicy, *, cwd: str, tmpdir: str | None) -> bool:
        """Return whether a command under `policy` could write `path` (absolute; it need not exist yet).

        That is the place that `path` leads to, and, for whoever would remove or replace it, `path` itself.
        Raises `RootChanged`.
        """
        patterns = denied_patterns(limits_of(policy), cwd=cwd)
        if is_covered(path, patterns):
            return False
        if not isinstance(policy, WorkspaceWrite):
            return not isinstance(policy, ReadOnly)
        roots = self.roots(policy, cwd=cwd, tmpdir=tmpdir)
        closed = self._closed(roots) | links_to(patterns)
        itself = os.path.join(trace(os.path.dirname(path)).end, os.path.basename(path))
        return all(_is_open(place, roots, closed) for place in {trace(path).end, itself})

    def _closed(self, roots: tuple[WritableRoot, ...]) -> set[str]:
        paths = [path for root in roots for path in root.protected] + self.guarded.found_hidden()
        closed = {*paths, *self.guarded.read_only}
        for way in (*self.own, *map(trace, paths)):
            closed |= {way.end, *way.links}
        return closed

    def _checked(self, candidate: _Candidate, tracer: PathTracer) -> _Anchor:
        known, found = self._known[candidate.path], _look_at(candidate.path, tracer)
        if found.real != known.real:
            raise RootChanged(candidate.path, f"it leads to `{found.real}` now, no longer to `{known.real}`")
        if known.identity is None:
            known.identity = found.identity
        elif candidate.is_workspace and found.identity is not None and found.identity != known.identity:
            raise RootChanged(candidate.path, "another folder has taken its place")
        return found


def may_read(path: str, policy: SandboxPolicy, *, cwd: str, writable: Sequence[str] = ()) -> bool:
    """Return whether `policy` lets an absolute path be read; `writable` are the folders that it opens."""
    if denies(path, policy, cwd=cwd):
        return False
    readable = readable_paths(limits_of(policy), cwd=cwd)
    if readable is None:
        return True
    place = trace(path).end
    return any(is_within(place, trace(folder).end) for folder in (*readable, *writable))


def denies(path: str, policy: SandboxPolicy, *, cwd: str) -> bool:
    """Return whether `policy` closes an absolute path in so many words."""
    patterns = denied_patterns(limits_of(policy), cwd=cwd)
    return bool(patterns) and is_covered(path, patterns)


def writable_roots(policy: WorkspaceWrite, *, cwd: str, tmpdir: str | None) -> tuple[WritableRoot, ...]:
    """Return the roots that `policy` opens just now, for whoever has no thread; see `RootAnchors.roots`."""
    return RootAnchors().roots(policy, cwd=cwd, tmpdir=tmpdir)


def is_within(path: str, folder: str) -> bool:
    """Return whether `path` is `folder` or lies below it; both absolute and normalised."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def depth(path: str) -> tuple[int, str]:
    """Return a key that sorts parents before children."""
    return (0 if path == "/" else path.count("/"), path)


def _candidates(policy: SandboxPolicy, *, cwd: str, tmpdir: str | None) -> list[_Candidate]:
    if not isinstance(policy, WorkspaceWrite):
        return []
    workspace = (cwd,) if policy.workspace_roots is None else policy.workspace_roots
    if policy.limits is not None and not policy.limits.opens_workspace:
        workspace = ()
    found = [_Candidate(os.path.join(cwd, path), is_workspace=True) for path in workspace]
    others = [os.path.join(cwd, path) for path in policy.writable_roots]
    if not policy.exclude_slash_tmp:
        others.append("/tmp")
    if tmpdir and os.path.isabs(tmpdir) and not policy.exclude_tmpdir_env_var:
        others.append(tmpdir)
    return found + [_Candidate(path, is_workspace=False) for path in others]


def _look_at(path: str, tracer: PathTracer) -> _Anchor:
    real = tracer.trace(path).end
    try:
        status = os.lstat(real)
    except OSError:
        return _Anchor(real, None)
    return _Anchor(real, (status.st_dev, status.st_ino))


def _is_open(place: str, roots: tuple[WritableRoot, ...], closed: set[str]) -> bool:
    # Parents come first, so the last match is the closest one.
    innermost = next((root.path for root in reversed(roots) if is_within(place, root.path)), None)
    if innermost is None:
        return False
    if SETTINGS_FOLDER in place.removeprefix(innermost).split("/"):
        return False  # What a project obeys is nobody's to write unasked, in whatever folder of it.
    return not any(is_within(place, path) and not is_within(innermost, path) for path in closed)
