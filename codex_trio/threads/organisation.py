"""Projects, sections and attachments of threads, loaded or not.

Owns which threads can be put somewhere. Does not own what stands where (the stores) or who is told.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import msgspec

from codex_trio.state.store.attachments import (
    Attachment,
    AttachmentName,
    AttachmentPage,
    AttachmentStore,
    check_name,
)
from codex_trio.state.store.interface import ThreadStore
from codex_trio.state.store.organisation import OrganisationError
from codex_trio.state.store.placements import NOWHERE, Placements
from codex_trio.state.store.projects import NewProject, Project, ProjectStore
from codex_trio.state.store.sections import SectionStore, check_move
from codex_trio.threads import errors
from codex_trio.threads.errors import ThreadError, UnreadableThread
from codex_trio.threads.facts import ThreadFacts
from codex_trio.threads.loaded import LoadedThreads


class ThreadOrganisation(msgspec.Struct, frozen=True, kw_only=True):
    """Verbs raise OrganisationError, ThreadStoreError, and what they name."""

    loaded: LoadedThreads
    store: ThreadStore
    projects: ProjectStore
    sections: SectionStore
    attachments: AttachmentStore
    placements: Placements

    # --- where threads stand ---

    async def placed(self, facts: ThreadFacts) -> ThreadFacts:
        """Return what is known of a thread, with where it stands."""
        [placed] = await self.placed_all([facts])
        return placed

    async def placed_all(self, many: Sequence[ThreadFacts]) -> Sequence[ThreadFacts]:
        """Return what is known of threads, with where each of them stands."""
        kept = [facts.meta.id.lower() for facts in many if not facts.ephemeral]
        if not kept:
            return many
        places = await self.placements.of(kept)
        return [msgspec.structs.replace(facts, placement=places.get(facts.meta.id.lower(), NOWHERE)) for facts in many]

    async def inherit(self, source_id: str, thread_id: str) -> None:
        """Give a fork what goes over to it from its source."""
        await self.placements.inherit(source_id.lower(), thread_id)

    # --- projects ---

    async def check_beginning(self, project_id: str) -> None:
        """Raise ThreadError when no thread can begin in that project."""
        if not project_id:
            raise ThreadError("projectId must not be empty")
        try:
            await self.projects.check(project_id)
        except OrganisationError as error:
            raise ThreadError(str(error)) from error

    async def begin_in(self, thread_id: str, project_id: str) -> None:
        """Put a thread that is about to be stored into a project, unless that was deleted meanwhile."""
        with contextlib.suppress(OrganisationError):
            await self.projects.assign(thread_id, project_id)

    async def put_in(self, thread_id: str, project_id: str | None) -> bool:
        """Put a stored thread into a project, or into none; whether it was elsewhere before.

        Raises ThreadError, UnreadableThread.
        """
        try:
            if project_id is not None:
                await self.projects.check(project_id)
            if not await self._is_stored(thread_id):
                raise UnreadableThread(thread_id, what="thread metadata")
            return await self.projects.assign(thread_id, project_id)
        except OrganisationError as error:
            raise ThreadError(str(error)) from error

    async def import_project(self, new: NewProject, thread_ids: Sequence[str]) -> tuple[Project, bool]:
        """Make a project with these threads in it, all or nothing; whether it is new."""
        seen: set[str] = set()
        for thread_id in thread_ids:
            if thread_id in seen:
                raise OrganisationError(f"duplicate thread id: {thread_id}")
            seen.add(thread_id)
        threads: list[str] = []
        for thread_id in thread_ids:
            await self._check_stored(thread_id)
            threads.append(thread_id.lower())
        return await self.projects.create(new, threads=threads)

    # --- sections ---

    async def move(self, thread_id: str, section_id: str | None, *, before_thread_id: str | None) -> None:
        """Put a thread into a section, or into none. One that nothing was said in is stored from now on.

        Raises ThreadError, RolloutWriteError.
        """
        check_move(section_id, before_thread_id=before_thread_id)
        live = self.loaded.find(thread_id)
        if live is None:
            if await self.store.locate(thread_id) is None:
                raise errors.not_found(thread_id)
        elif live.is_ephemeral:
            raise ThreadError(f"ephemeral thread does not support section moves: {thread_id}")
        else:
            await live.keep()
        await self.sections.move(thread_id, section_id, before_thread_id=before_thread_id)

    # --- attachments ---

    async def attach(self, thread_id: str, name: AttachmentName, payload: Any) -> tuple[Attachment, bool]:
        """Attach something to a thread unless it is so already; what is attached, and whether it is new."""
        check_name(name)
        await self._check_stored(thread_id)
        return await self.attachments.add(thread_id, name, payload)

    async def detach(self, thread_id: str, name: AttachmentName) -> str | None:
        """Detach something from a thread; its id, None when there was nothing of that name."""
        check_name(name)
        await self._check_stored(thread_id)
        return await self.attachments.remove(thread_id, name)

    async def attached(self, thread_id: str, *, cursor: str | None, limit: int | None) -> AttachmentPage:
        """Return a page of what is attached to a thread; an empty one for a thread that there is not."""
        page = await self.attachments.list(thread_id, cursor=cursor, limit=limit)
        # A server that died while it deleted the thread, or made it, may have left some.
        if page.attachments and not await self._is_stored(thread_id):
            return AttachmentPage([], None)
        return page

    async def _check_stored(self, thread_id: str) -> None:
        """Raise OrganisationError for a thread that is not stored: there is none, or it leaves no trace so far."""
        if not await self._is_stored(thread_id):
            raise OrganisationError(f"thread not found: {thread_id}")

    async def _is_stored(self, thread_id: str) -> bool:
        live = self.loaded.find(thread_id)
        return await self.store.locate(thread_id) is not None if live is None else live.is_stored
