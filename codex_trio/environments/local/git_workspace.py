"""How a work tree stands: its commit, whether files are changed, and the remotes, without what lets one in there.

Owns what git is asked. Does not own which git that is (`git.py`), or that nothing else runs (`git_runner.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from codex_trio.environments.local.git_runner import GitFailure, GitRunner, Records
from codex_trio.environments.workspace import WorkspaceState
from codex_trio.util.addresses import is_web_address, without_credentials

_STATUS = ("status", "--porcelain=v2", "--branch", "--no-ahead-behind", "--ignore-submodules=dirty")
_COMMIT = b"# branch.oid "
_NO_COMMIT = "(initial)"


async def workspace_state(root: Path, *, git: str, environ: Mapping[str, str]) -> WorkspaceState | None:
    """Return how a work tree stands; None where git does not say. Takes as long as git does."""
    runner = GitRunner(root, git, environ)
    # What comes before the files is about the branch.
    lines = Records(b"\n", lambda line: line.startswith(b"# "))
    try:
        settings = await runner.distrust("remote")
        await runner.ask(*_STATUS, take=lines.take)
    except GitFailure:
        return None
    commit = next(
        (line.removeprefix(_COMMIT).decode() for line in lines.wanted if line.startswith(_COMMIT)), _NO_COMMIT
    )
    return WorkspaceState(
        root=str(root),
        commit=None if commit == _NO_COMMIT else commit,
        has_changes=lines.count > len(lines.wanted),
        remote_urls=_remotes(settings),
    )


def _remotes(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the first address of each remote, where one can be told."""
    remotes: dict[str, str | None] = {}
    for key, value in settings:
        if key.endswith(".url"):
            remotes.setdefault(key.removeprefix("remote.").removesuffix(".url"), shareable_remote(value))
    return {name: url for name, url in sorted(remotes.items()) if url}


def shareable_remote(url: str) -> str | None:
    """Return the address of a remote without what lets one in; None where it is not clear what of it does."""
    if not url.isprintable():
        return None
    scheme, separator, _ = url.partition("://")
    if not separator:
        # The short form of SSH addresses has no password: a user with one is a slip.
        user, at, rest = url.partition("@")
        return rest if at and ":" in user else url
    if scheme.lower() in ("http", "https"):
        # A query may be a key.
        return without_credentials(url).partition("?")[0].partition("#")[0] if is_web_address(url) else None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}{at}{host}"))
