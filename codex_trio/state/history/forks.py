"""New rollouts that go on from an existing one: forks, and threads whose history is cut back.

Owns how the new one refers to, or copies, the lines it inherits. Those of today refer: their metadata names the
thread, ordinal and byte offset up to which the other's lines count. Older ones have no ordinals; their lines are
copied. Does not own writing it down (file_lines.py, memory_lines.py) nor appending afterwards (recorder.py).
"""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.span_values import TurnSpan
from codex_trio.state.rollout.lines import HistoryBase, SessionMeta, StoredLine, encode_line
from codex_trio.state.rollout.sources import LineSource

_CHUNK_BYTES = 1 << 20


class TurnNotFound(Exception):
    """The history has no turn with that id."""

    def __init__(self, turn_id: str) -> None:
        super().__init__(f"turn not found: {turn_id}")
        self.turn_id = turn_id


class ForkPoint(msgspec.Struct, frozen=True):
    """Where the inherited part of a history ends: before the line with this ordinal, in that rollout at that offset.

    `id` is what those that build on that one call it. None inherited: ordinal 0.
    """

    ordinal: int
    source: LineSource
    id: str
    offset: int


def whole(history: RolloutHistory) -> ForkPoint:
    """Return the end of the history as it is now."""
    return _point(history, history.facts.next_ordinal, history.index.state.position)


def before(history: RolloutHistory, turn_id: str) -> ForkPoint:
    """Return where a history without that turn and all later ones ends. Raises TurnNotFound."""
    turn = _turn(history, turn_id)
    first = history.index.position_of(turn) == 0
    return _point(history, 0 if first else turn.ordinal, 0 if first else turn.start)


def after(history: RolloutHistory, turn_id: str) -> ForkPoint:
    """Return where a history that ends with that turn ends. Raises TurnNotFound."""
    following = history.index.position_of(_turn(history, turn_id)) + 1
    turns = history.index.turns
    return (
        whole(history) if following == len(turns) else _point(history, turns[following].ordinal, turns[following].start)
    )


def _turn(history: RolloutHistory, turn_id: str) -> TurnSpan:
    turn = history.index.turn(turn_id)
    if turn is None:
        raise TurnNotFound(turn_id)
    return turn


def _point(history: RolloutHistory, ordinal: int, position: int) -> ForkPoint:
    part = history.part_before(position)
    return ForkPoint(ordinal, part.source, part.id, position - part.start)


def beginning(point: ForkPoint, meta: SessionMeta, *, paginated: bool, timestamp: str) -> Generator[bytes]:
    """Yield all that a rollout which goes on from another's lines begins with, in pieces.

    `meta` says what the new rollout's thread is, one of its own or the one that is cut back; how the rollout is tied to
    the source, which is `paginated` or not, is filled in here, `forked_from_id` excepted. Reading raises OSError.
    """
    base = None
    if paginated and point.ordinal > 0:
        base = HistoryBase(thread_id=point.id, end_ordinal_exclusive=point.ordinal, end_byte_offset=point.offset)
    inherited = meta.forked_from_ordinal_exclusive
    line = StoredLine(
        msgspec.structs.replace(
            meta,
            history_mode="paginated" if paginated else None,
            history_base=base,
            forked_from_ordinal_exclusive=_bounded(inherited, point.ordinal)
            if paginated and meta.forked_from_id
            else None,
        ),
        timestamp,
        point.ordinal if paginated else None,
    )
    yield encode_line(line)
    if not paginated:
        yield from _bytes_before(point)


def _bounded(inherited: int | None, ordinal: int) -> int:
    """Return the end of what a fork inherited, which is less once the fork has been cut back to before it."""
    return ordinal if inherited is None else min(inherited, ordinal)


def _bytes_before(point: ForkPoint) -> Generator[bytes]:
    with point.source.opened() as reader:
        offset = 0
        while offset < point.offset and (chunk := reader.read(min(point.offset - offset, _CHUNK_BYTES), offset)):
            yield chunk
            offset += len(chunk)
