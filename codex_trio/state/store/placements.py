"""Where threads stand: in which project, and in which section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from codex_trio.state.store.sections import Section


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Where one thread stands. The time is Unix milliseconds."""

    project_id: str | None = None
    section: Section | None = None
    section_entered_at_ms: int | None = None


NOWHERE = Placement()


class Placements(Protocol):
    """Where all threads stand."""

    async def of(self, thread_ids: Sequence[str]) -> Mapping[str, Placement]:
        """Return where these threads stand; those that stand nowhere, or of which that is not known
        now, are left out.
        """
        ...

    async def inherit(self, source_id: str, thread_id: str) -> None:
        """Give a fork what goes over to it: the project, and a copy of each attachment.

        Raises ThreadStoreError (internal).
        """
        ...
