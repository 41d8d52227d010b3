"""Which thread was started by which, over restarts.

Owns the spawn edges in the database. Edges of threads that were spawned long ago come from their files' metadata, with
the index; what is written here counts more.
"""

from __future__ import annotations

from collections.abc import Sequence

from codex_trio.state.db.state_db import StateDb, Transaction
from codex_trio.state.store.interface import EdgeStatus

_UPSERT = """
INSERT INTO spawn_edges (child_thread_id, parent_thread_id, status) VALUES (?, ?, ?)
ON CONFLICT (child_thread_id) DO UPDATE SET parent_thread_id = excluded.parent_thread_id, status = excluded.status
"""

# A thread stands where it is met first: a circle, which no agent makes, ends the walk.
_DESCENDANTS = """
WITH RECURSIVE below (thread_id, depth) AS (
    SELECT child_thread_id, 1 FROM spawn_edges WHERE parent_thread_id = ?1 AND (?2 IS NULL OR status = ?2)
    UNION
    SELECT child_thread_id, depth + 1 FROM below JOIN spawn_edges ON parent_thread_id = below.thread_id
    WHERE (?2 IS NULL OR status = ?2) AND depth < 1000
)
SELECT thread_id FROM below WHERE thread_id <> ?1 GROUP BY thread_id ORDER BY min(depth), thread_id
"""


class LocalAgentGraph:
    """The edges in the state database."""

    def __init__(self, database: StateDb) -> None:
        self._database = database

    async def upsert(self, parent_thread_id: str, child_thread_id: str, status: EdgeStatus) -> None:
        values = (child_thread_id.lower(), parent_thread_id.lower(), status)
        await self._database.write(lambda transaction: transaction.run(_UPSERT, *values))
        self._database.note_change()

    async def set_status(self, child_thread_id: str, status: EdgeStatus) -> None:
        change = "UPDATE spawn_edges SET status = ? WHERE child_thread_id = ?"
        await self._database.write(lambda transaction: transaction.run(change, status, child_thread_id.lower()))
        self._database.note_change()

    async def children(self, parent_thread_id: str, status: EdgeStatus | None = None) -> Sequence[str]:
        statement = (
            "SELECT child_thread_id FROM spawn_edges WHERE parent_thread_id = ?1 AND (?2 IS NULL OR status = ?2)"
            " ORDER BY child_thread_id"
        )
        return await self._ids(statement, parent_thread_id, status)

    async def descendants(self, thread_id: str, status: EdgeStatus | None = None) -> Sequence[str]:
        return await self._ids(_DESCENDANTS, thread_id, status)

    async def _ids(self, statement: str, thread_id: str, status: EdgeStatus | None) -> list[str]:
        def select(transaction: Transaction) -> list[str]:
            return [found for (found,) in transaction.rows(statement, thread_id.lower(), status)]

        return await self._database.read(select)
