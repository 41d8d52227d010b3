"""What a thread's rollout keeps of voice sessions, read line by line.

Owns which lines these are and their places. Does not own pages (threads/realtime/pages.py).
"""

from __future__ import annotations

from typing import Any

import msgspec

from codex_trio.domain.realtime import LINE_TYPE, RealtimeItem, from_payload
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.rollout.lines import OtherPayload, decode_line
from codex_trio.state.rollout.scan import scan

_MARK = f'"{LINE_TYPE}"'.encode()


class RealtimeEntry(msgspec.Struct, frozen=True):
    """An item, and the ordinal of its line."""

    position: int
    item: RealtimeItem


def realtime_entries(history: RolloutHistory, *, since: int = 0, until: int | None = None) -> list[RealtimeEntry]:
    """Return what was kept in the lines from `since` to `until`, in their order. Blocking. Raises RolloutReadError."""
    found: list[RealtimeEntry] = []
    stop = history.index.state.position if until is None else until
    for part in history.parts:
        end = stop - part.start if part.length is None else min(part.length, stop - part.start)
        begin = max(since - part.start, 0)
        if begin >= end:
            continue
        with history.parts.opened(part) as reader:
            for raw in scan(reader, begin, end):
                if raw.is_cut or raw.buffer.find(_MARK, raw.begin, raw.end) < 0:
                    continue
                line = decode_line(raw.whole(reader))
                if line is None or not isinstance(line.payload, OtherPayload) or line.payload.type != LINE_TYPE:
                    continue
                item = from_payload(msgspec.json.decode(line.payload.raw, type=dict[str, Any]))
                if item is not None:
                    position = len(found) if line.ordinal is None else line.ordinal
                    found.append(RealtimeEntry(position, item))
    return found
