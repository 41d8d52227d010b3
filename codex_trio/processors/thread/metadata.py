"""What is stored about a thread besides its history: the repository, choices of the client, whether memories are made.

Protocol source: `thread/metadata/update`, `thread/memoryMode/set`, release 0.169.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import thread as wire_thread
from codex_trio_protocol.v2 import thread_settings as wire
from msgspec import UNSET, UnsetType

from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.state.store.interface import MetadataPatch
from codex_trio.wire.threads import project_thread


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadMetadataProcessor(services)
    return {
        "thread/metadata/update": processor.update,
        "thread/memoryMode/set": processor.set_memory_mode,
    }


class ThreadMetadataProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._outgoing = services.outgoing

    async def update(
        self, params: wire.ThreadMetadataUpdateParams, _context: RequestContext
    ) -> wire.ThreadMetadataUpdateResponse:
        """Change repository facts and choices of the client, of a loaded thread or a stored one."""
        git = params.git_info
        if git is None and params.daybreak_enabled is None and params.project_id is None:
            raise invalid_request("thread metadata update must include at least one field")
        patch = MetadataPatch(daybreak_enabled=UNSET if params.daybreak_enabled is None else params.daybreak_enabled)
        if git is not None:
            if git.sha is UNSET and git.branch is UNSET and git.origin_url is UNSET:
                raise invalid_request("gitInfo must include at least one field")
            patch = MetadataPatch(
                commit_hash=_text(git.sha, "sha"),
                branch=_text(git.branch, "branch"),
                repository_url=_text(git.origin_url, "originUrl"),
                daybreak_enabled=patch.daybreak_enabled,
            )
        if params.project_id is not None:
            await self._put_in_project(parse_thread_id(params.thread_id), params.project_id or None)
        thread = await self._apply(params.thread_id, patch)
        # Said of threads only where they are loaded.
        thread.can_accept_direct_input = None
        return wire.ThreadMetadataUpdateResponse(thread=thread)

    async def set_memory_mode(
        self, params: wire.ThreadMemoryModeSetParams, _context: RequestContext
    ) -> wire.ThreadMemoryModeSetResponse:
        """Say whether memories may be made of a thread."""
        await self._apply(params.thread_id, MetadataPatch(memory_mode=params.mode))
        return wire.ThreadMemoryModeSetResponse()

    async def _apply(self, thread_id: str, patch: MetadataPatch) -> wire_thread.Thread:
        """Change what is stored of a thread, and return it as it is then."""
        facts = await self._threads.upkeep.update_metadata(parse_thread_id(thread_id), patch)
        return project_thread(await self._threads.organisation.placed(facts))

    async def _put_in_project(self, thread_id: str, project_id: str | None) -> None:
        if await self._threads.organisation.put_in(thread_id, project_id):
            notification = wire_thread.ThreadProjectUpdatedNotification(thread_id=thread_id, project_id=project_id)
            self._outgoing.notify("thread/project/updated", notification)


def _text(value: str | UnsetType | None, field: str) -> str | UnsetType | None:
    if not isinstance(value, str):
        return value
    value = value.strip()
    if not value:
        raise invalid_request(f"gitInfo.{field} must not be empty")
    return value
