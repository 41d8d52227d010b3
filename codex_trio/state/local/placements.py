"""Where threads stand, from the state database, and what of that a fork takes along."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from functools import partial

from codex_trio.domain.ids import uuid7
from codex_trio.state.db.errors import StateDbError
from codex_trio.state.db.state_db import StateDb, Transaction
from codex_trio.state.local.retrying_db import RetryingDb
from codex_trio.state.local.sections import section_of
from codex_trio.state.store.placements import Placement

_log = logging.getLogger(__name__)

_SELECT = """
SELECT wanted.value, project_id, entered_at_ms, sections.id, sections.name, sections.appearance
FROM json_each(?) AS wanted
LEFT JOIN thread_projects ON thread_projects.thread_id = wanted.value
LEFT JOIN section_threads ON section_threads.thread_id = wanted.value
LEFT JOIN sections ON sections.id = section_threads.section_id
WHERE project_id IS NOT NULL OR sections.id IS NOT NULL
"""


class LocalPlacements:
    def __init__(self, database: StateDb) -> None:
        self._database = database
        self._retrying = RetryingDb(database)

    async def of(self, thread_ids: Sequence[str]) -> Mapping[str, Placement]:
        try:
            return await self._database.retrying_on_replacement(
                partial(self._database.read, partial(_select, thread_ids=thread_ids))
            )
        except StateDbError as error:
            _log.warning("where threads stand is not known now: %s", error)
            return {}

    async def inherit(self, source_id: str, thread_id: str) -> None:
        def work(transaction: Transaction) -> None:
            transaction.run(
                "INSERT OR IGNORE INTO thread_projects (thread_id, project_id)"
                " SELECT ?, project_id FROM thread_projects WHERE thread_id = ?",
                thread_id,
                source_id,
            )
            copied = transaction.rows(
                "SELECT attachment_type, identity_key, payload, created_at FROM attachments WHERE thread_id = ?"
                " ORDER BY created_at, id",
                source_id,
            )
            transaction.run_many(
                "INSERT OR IGNORE INTO attachments"
                " (attachment_type, identity_key, payload, created_at, id, thread_id) VALUES (?, ?, ?, ?, ?, ?)",
                [(*columns, uuid7(), thread_id) for columns in copied],
            )

        if await self._retrying.read(partial(_has_any, source_id=source_id)):
            await self._retrying.keep(work)


def _has_any(transaction: Transaction, *, source_id: str) -> bool:
    """Return whether a fork of that thread takes anything along."""
    tables = ("thread_projects", "attachments")
    return any(transaction.row(f"SELECT 1 FROM {table} WHERE thread_id = ?", source_id) for table in tables)


def _select(transaction: Transaction, *, thread_ids: Sequence[str]) -> dict[str, Placement]:
    return {
        thread_id: Placement(project_id=project_id, section=section_of(section), section_entered_at_ms=entered_at_ms)
        for thread_id, project_id, entered_at_ms, *section in transaction.rows(_SELECT, json.dumps(list(thread_ids)))
    }
