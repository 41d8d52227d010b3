"""Messages that wait until their thread is free, in the state database.

Owns the table `queued_inputs`. What is answered is written: it outlives the process, whenever that ends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from codex_trio.state.db.errors import StateDbError
from codex_trio.state.db.state_db import StateDb, Transaction
from codex_trio.state.store.interface import ThreadStoreError
from codex_trio.state.store.queues import QueuedInput
from codex_trio.util import decoding

_Result = TypeVar("_Result")

_COLUMNS = "id, message, turn_id"
_NO_LIMIT = -1

_APPEND = """
INSERT INTO queued_inputs (id, thread_id, place, message)
SELECT ?1, ?2, 1 + coalesce(max(place), 0), ?3 FROM queued_inputs WHERE thread_id = ?2
"""

_WAITING = f"""
SELECT {_COLUMNS} FROM queued_inputs WHERE thread_id = ? AND turn_id IS NULL ORDER BY place LIMIT ? OFFSET ?
"""

_NEXT = f"""
SELECT {_COLUMNS} FROM queued_inputs
WHERE thread_id = ?1 AND turn_id IS NULL AND (?2 IS NULL OR id = ?2) ORDER BY place LIMIT 1
"""

_PLACES = "SELECT id, place FROM queued_inputs WHERE thread_id = ? AND turn_id IS NULL ORDER BY place"

_CLAIMED = f"SELECT {_COLUMNS} FROM queued_inputs WHERE thread_id = ? AND turn_id IS NOT NULL ORDER BY place"


class _Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the column `message` holds, as JSON."""

    content: list[dict[str, Any]]
    client_id: str
    metadata: Mapping[str, str] | None = None


_encoder = msgspec.json.Encoder()
_decoder = decoding.json_decoder(_Message)


class LocalInputQueues:
    """Those in the state database."""

    def __init__(self, database: StateDb) -> None:
        self._database = database

    async def append(self, thread_id: str, queued: QueuedInput) -> None:
        def insert(transaction: Transaction) -> None:
            transaction.run(_APPEND, queued.id, thread_id, _encoded(queued))

        await self._write(insert)

    async def replace(
        self, thread_id: str, queued_id: str, *, content: list[dict[str, Any]], metadata: Mapping[str, str] | None
    ) -> QueuedInput | None:
        def update(transaction: Transaction) -> QueuedInput | None:
            found = _next(transaction, thread_id, queued_id)
            if found is None:
                return None
            changed = msgspec.structs.replace(found, content=content, metadata=metadata or found.metadata)
            transaction.run("UPDATE queued_inputs SET message = ? WHERE id = ?", _encoded(changed), queued_id)
            return changed

        return await self._write(update)

    async def remove(self, thread_id: str, queued_id: str) -> bool:
        def delete(transaction: Transaction) -> bool:
            if _next(transaction, thread_id, queued_id) is None:
                return False
            transaction.run("DELETE FROM queued_inputs WHERE id = ?", queued_id)
            return True

        return await self._write(delete)

    async def arrange(self, thread_id: str, queued_ids: Sequence[str]) -> bool:
        def place(transaction: Transaction) -> bool:
            waiting = [*transaction.rows(_PLACES, thread_id)]
            if sorted(queued_id for queued_id, _ in waiting) != sorted(queued_ids):
                return False
            # They share out the places that they have, so that those which are claimed keep theirs.
            places = [(place, queued_id) for (_, place), queued_id in zip(waiting, queued_ids, strict=True)]
            transaction.run_many("UPDATE queued_inputs SET place = ? WHERE id = ?", places)
            return True

        return await self._write(place)

    async def waiting(self, thread_id: str, *, offset: int = 0, limit: int | None = None) -> Sequence[QueuedInput]:
        def select(transaction: Transaction) -> list[QueuedInput]:
            rows = transaction.rows(_WAITING, thread_id, _NO_LIMIT if limit is None else limit, offset)
            return [_queued(*row) for row in rows]

        return await self._read(select)

    async def claim(self, thread_id: str, turn_id: str, *, queued_id: str | None = None) -> QueuedInput | None:
        def mark(transaction: Transaction) -> QueuedInput | None:
            found = _next(transaction, thread_id, queued_id)
            if found is None:
                return None
            transaction.run("UPDATE queued_inputs SET turn_id = ? WHERE id = ?", turn_id, found.id)
            return msgspec.structs.replace(found, turn_id=turn_id)

        return await self._write(mark)

    async def claimed(self, thread_id: str) -> Sequence[QueuedInput]:
        def select(transaction: Transaction) -> list[QueuedInput]:
            return [_queued(*row) for row in transaction.rows(_CLAIMED, thread_id)]

        return await self._read(select)

    async def release(self, thread_id: str, turn_id: str) -> None:
        change = "UPDATE queued_inputs SET turn_id = NULL WHERE thread_id = ? AND turn_id = ?"
        await self._forget(lambda transaction: transaction.run(change, thread_id, turn_id))

    async def finish(self, thread_id: str, turn_id: str) -> None:
        change = "DELETE FROM queued_inputs WHERE thread_id = ? AND turn_id = ?"
        await self._forget(lambda transaction: transaction.run(change, thread_id, turn_id))

    async def forget(self, thread_ids: Iterable[str]) -> None:
        rows = [(thread_id,) for thread_id in thread_ids]
        delete = "DELETE FROM queued_inputs WHERE thread_id = ?"
        await self._forget(lambda transaction: transaction.run_many(delete, rows))

    async def _write(self, work: Callable[[Transaction], _Result]) -> _Result:
        return await self._retrying(partial(self._database.keep, work))

    async def _forget(self, work: Callable[[Transaction], object]) -> None:
        """Write what follows from the rollouts, and will be seen from them again if it is not kept."""
        await self._retrying(partial(self._database.write, work))
        self._database.note_change()

    async def _read(self, work: Callable[[Transaction], _Result]) -> _Result:
        return await self._retrying(partial(self._database.read, work))

    async def _retrying(self, call: Callable[[], Awaitable[_Result]]) -> _Result:
        try:
            return await self._database.retrying_on_replacement(call)
        except StateDbError as error:
            raise ThreadStoreError("internal", f"queue storage failed: {error}") from error


def _next(transaction: Transaction, thread_id: str, queued_id: str | None) -> QueuedInput | None:
    row = transaction.row(_NEXT, thread_id, queued_id)
    return None if row is None else _queued(*row)


def _queued(queued_id: str, message: bytes, turn_id: str | None) -> QueuedInput:
    said = _decoder.decode(message)
    return QueuedInput(
        id=queued_id, content=said.content, client_id=said.client_id, metadata=said.metadata, turn_id=turn_id
    )


def _encoded(queued: QueuedInput) -> bytes:
    return _encoder.encode(_Message(queued.content, queued.client_id, queued.metadata))
