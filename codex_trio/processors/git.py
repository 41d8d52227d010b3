"""What a work tree of this machine differs in from its remote.

Protocol source: `gitDiffToRemote`, release 0.171.0.
"""

from __future__ import annotations

import logging
from pathlib import Path

from codex_trio_protocol.legacy import GitDiffToRemoteParams, GitDiffToRemoteResponse

from codex_trio.environments.local.git_diff import NoRemoteDiff
from codex_trio.files.local import place_of
from codex_trio.processors.output_text import text_of
from codex_trio.processors.services import WorkServices
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request

_log = logging.getLogger(__name__)


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = GitProcessor(services)
    return {"gitDiffToRemote": processor.diff_to_remote}


class GitProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._config = services.config
        self._diff_to_remote = services.diff_to_remote

    async def diff_to_remote(self, params: GitDiffToRemoteParams, _context: RequestContext) -> GitDiffToRemoteResponse:
        """Return the closest commit that a remote has, and the difference from it, new files included."""
        try:
            folder = await place_of(str(self._config.resolve_cwd(Path(params.cwd))))
            found = await self._diff_to_remote(Path(folder))
        except NoRemoteDiff as problem:
            # What clients know comes first.
            raise invalid_request(
                f'failed to compute git diff to remote for cwd: "{params.cwd}"', data={"reason": str(problem)}
            ) from problem
        return GitDiffToRemoteResponse(sha=found.sha, diff=await text_of(found.diff))
