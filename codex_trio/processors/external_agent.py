"""What another agent program left on this machine: looking for it, taking it over, and what came of that.

Protocol source: `externalAgentConfig/*`, release 0.171.0.
"""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import trio
from codex_trio_protocol.v2 import external_agent as wire

from codex_trio.migration.recording import ImportOrigin
from codex_trio.migration.service import DetectRequest, ImportRequest, MigrationRefused
from codex_trio.migration.values import AgentProgram, MigrationProblem
from codex_trio.processors.services import WorkServices
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error, invalid_request
from codex_trio.wire.migration import item_of_wire, item_to_wire, outcome_of_wire, past_to_wire

T = TypeVar("T")

_CURSOR = "cursor"
"""Any other word means Claude Code."""


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ExternalAgentProcessor(services)
    return {
        "externalAgentConfig/detect": processor.detect,
        "externalAgentConfig/import": processor.take_over,
        "externalAgentConfig/import/readHistories": processor.histories,
        "externalAgentConfig/import/recordHistory": processor.record,
    }


class ExternalAgentProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._identity = services.identity
        self._source = services.source
        self._migration = services.migration()

    async def detect(
        self, params: wire.ExternalAgentConfigDetectParams, _context: RequestContext
    ) -> wire.ExternalAgentConfigDetectResponse:
        """Return what was not taken over before, of the user's home and some projects."""
        cwds = tuple(_folder(f"cwds[{place}]", cwd) for place, cwd in enumerate(params.cwds or ()))
        wanted = DetectRequest(
            program=_program_of(params.migration_source),
            with_home=params.include_home,
            cwds=cwds,
            days=params.max_session_age_days,
            sessions=params.max_sessions,
        )
        found = await self._do(self._migration.detect(wanted))
        return wire.ExternalAgentConfigDetectResponse(items=[item_to_wire(item) for item in found])

    async def take_over(
        self, params: wire.ExternalAgentConfigImportParams, context: RequestContext
    ) -> wire.ExternalAgentConfigImportResponse:
        """Begin to take things over. What comes of it is told behind the answer."""
        items = [item_of_wire(item) for item in params.migration_items]
        try:
            self._migration.check(items)
        except MigrationRefused as refusal:
            raise invalid_request(str(refusal)) from None
        import_id = str(uuid4())
        origin = ImportOrigin(originator=self._identity.originator, source=self._source)
        asked = ImportRequest(
            id=import_id,
            items=items,
            origin=origin,
            provider_id=params.provider_id,
            program=_program_of(params.migration_source),
        )
        context.after_response(partial(self._migration.begin, asked))
        await trio.lowlevel.checkpoint()
        return wire.ExternalAgentConfigImportResponse(import_id=import_id)

    async def histories(
        self, _params: None, _context: RequestContext
    ) -> wire.ExternalAgentConfigImportHistoriesReadResponse:
        """Return what came of imports, the latest first."""
        past = await self._do(self._migration.past())
        return wire.ExternalAgentConfigImportHistoriesReadResponse(
            data=[past_to_wire(one) for one in past], connectors=[]
        )

    async def record(
        self, params: wire.ExternalAgentConfigImportHistoryRecordParams, _context: RequestContext
    ) -> wire.ExternalAgentConfigImportHistoryRecordResponse:
        """Note an import that another program made."""
        import_id = str(uuid4())
        outcomes = [outcome_of_wire(given) for given in params.item_type_results]
        await self._do(self._migration.remember(import_id, outcomes, params.provider_id))
        return wire.ExternalAgentConfigImportHistoryRecordResponse(import_id=import_id)

    async def _do(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except MigrationRefused as refusal:
            raise invalid_request(str(refusal)) from None
        except MigrationProblem as problem:
            raise internal_error(str(problem)) from None
        except OSError as error:
            raise internal_error(f"failed to write {error.filename}: {error.strerror}") from None


def _program_of(source: str | None) -> AgentProgram:
    return "cursor" if source is not None and source.strip().lower() == _CURSOR else "claude"


def _folder(key: str, text: str) -> Path:
    if not text.startswith("/") or "\0" in text:
        raise invalid_request(f"{key} must be an absolute path")
    return Path(text)
