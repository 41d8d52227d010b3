"""What a list of conversations shows of one, as clients of the first protocol ask for it.

Protocol source: `getConversationSummary`, release 0.169.0.
"""

from __future__ import annotations

from pathlib import Path

from codex_trio_protocol import legacy as wire
from msgspec import UNSET

from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.state.rollout.lines import format_timestamp
from codex_trio.state.store.interface import ThreadSummary
from codex_trio.threads.stored import StoredThreads
from codex_trio.util.abandonable import abandonable
from codex_trio.wire.threads import legacy_source


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"getConversationSummary": ConversationSummaryProcessor(services).get}


class ConversationSummaryProcessor:
    def __init__(self, services: Services) -> None:
        self._runtime = services.threads
        self._codex_home = services.codex_home

    async def get(
        self, params: wire.GetConversationSummaryParams, _context: RequestContext
    ) -> wire.GetConversationSummaryResponse:
        """Return a stored thread, named by its id or its rollout file; a relative path counts from CODEX_HOME."""
        runtime = self._runtime
        if params.conversation_id is not UNSET:
            summary = await runtime.store.read(params.conversation_id)
            if summary is None:
                raise invalid_request(f"no rollout found for conversation id {params.conversation_id}")
        else:
            assert params.rollout_path is not UNSET
            summary = await self._at(runtime, params.rollout_path)
        return wire.GetConversationSummaryResponse(summary=_project(summary))

    async def _at(self, runtime: StoredThreads, text: str) -> ThreadSummary:
        path = self._codex_home / Path(text)
        try:
            exists = await abandonable(LOOK_SECONDS, path.exists)
        except OSError as error:
            raise invalid_request(f"failed to resolve rollout path `{text}`: {error.strerror}") from error
        if not exists:
            raise invalid_request(f"failed to resolve rollout path `{text}`: file does not exist")
        summary = await runtime.store.read_path(path)
        if summary is None:
            raise invalid_request(f"failed to resolve rollout path `{text}`: it is no stored thread")
        return summary


LOOK_SECONDS = 10.0
"""How long a disk may take to show a file."""


def _project(summary: ThreadSummary) -> wire.ConversationSummary:
    meta, git = summary.meta, summary.git
    return wire.ConversationSummary(
        conversation_id=summary.thread_id,
        path=str(summary.path or Path()),
        preview=summary.preview,
        timestamp=format_timestamp(summary.created_at_ms),
        updated_at=format_timestamp(summary.updated_at_ms),
        model_provider=meta.model_provider or "",
        cwd=meta.cwd,
        cli_version=meta.cli_version,
        source=legacy_source(meta.source),
        git_info=None
        if git is None
        else wire.ConversationGitInfo(sha=git.commit_hash, branch=git.branch, origin_url=git.repository_url),
    )
