"""Turns in a home whose disk makes trouble, and whether all that was told of them is there afterwards.

Owns the turns, the model that answers them, and the comparison. Does not own the trouble (`codex_trio.testing`). What
counts as told: an item whose completion was reported, whatever became of its turn, and how a turn that completed ended.
"""

import contextlib
import itertools
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

from codex_trio.conformance.lab import Lab, ServerUnderTest
from codex_trio.conformance.probe import FinishedTurn, Probe
from codex_trio.testing.model_script import Answer, Request, answer, function_call, message
from codex_trio.testing.model_server import ModelServer

DATABASE = "codex_trio_1.sqlite"

_COMMANDS = {
    "run": "head -c 6000 /dev/zero | tr '\\0' x",
    "wait": "while ! test -e go; do sleep 0.02; done",
}


def said(item: dict[str, Any]) -> str:
    """Return what of an item is the same however it is told."""
    return repr([item.get(key) for key in ("id", "type", "text", "content", "aggregatedOutput", "status")])


class TroubleLab:
    """A home and what clients were told there, by servers one after the other or side by side."""

    def __init__(self, base: Path, server: ServerUnderTest, model: ModelServer) -> None:
        self.lab = Lab(base, server, model)
        self.lab.configure()
        self._told: dict[str, dict[str, str]] = {}
        """What was told of items, by thread and item."""
        self._completed: dict[str, list[str]] = {}
        """The turns that completed, by thread."""
        self._numbers = itertools.count(1)
        self._model = model
        model.add(self._reply)

    def _reply(self, request: Request) -> Answer:
        """Return a word on what was said; to what starts with `run` or `wait` a command first, which may wait for a
        file.
        """
        self._model.add(self._reply)
        text = request.texts("user")[-1]
        command = _COMMANDS.get(text.partition(" ")[0])
        if command is not None and not request.input[-1]["type"].endswith("_output"):
            return answer(function_call("exec_command", {"cmd": command}, call_id=f"call_{next(self._numbers)}"))
        return answer(message(f"Re: {text}", item_id=f"msg_{next(self._numbers)}"))

    async def turn(self, probe: Probe, thread_id: str, text: str) -> FinishedTurn:
        """Run a turn, to whatever end, and keep what was told of it."""
        turn = await probe.run_turn(thread_id, text)
        self._told.setdefault(thread_id, {}).update({item["id"]: said(item) for item in turn.items()})
        if turn.status == "completed":
            self._completed.setdefault(thread_id, []).append(turn.id)
        return turn

    async def check(self, probe: Probe) -> None:
        """Every thread is listed, found and opens; all that was told is there once, and a next turn works."""
        listed = await ids(probe, "thread/list", {})
        assert len(set(listed)) == len(listed)
        assert set(self._told) <= set(listed)
        for thread_id in self._told:
            await self.check_thread(probe, thread_id)
            await probe.request("thread/resume", {"threadId": thread_id})
            assert (await self.turn(probe, thread_id, f"last of {thread_id}")).status == "completed"
            await self.check_thread(probe, thread_id)
        assert set(await ids(probe, "thread/search", {"searchTerm": "last of"})) == set(self._told)

    async def check_thread(self, probe: Probe, thread_id: str) -> None:
        """All that was told of a thread is there once."""
        read = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
        turns = read["thread"]["turns"]
        found = Counter(said(item) for turn in turns for item in turn["items"])
        for told in self._told[thread_id].values():
            assert found[told] == 1, f"{told[:200]} is there {found[told]} times"
        assert max(found.values()) == 1
        statuses = {turn["id"]: turn["status"] for turn in turns}
        assert len(statuses) == len(turns)
        assert [
            identifier for identifier in self._completed[thread_id] if statuses.get(identifier) != "completed"
        ] == []


async def ids(probe: Probe, method: str, params: dict[str, Any]) -> list[str]:
    """Return the ids of the threads in an answer that lists threads, page by page."""
    found: list[str] = []
    cursor = None
    while True:
        answered = await probe.request(method, {"limit": 100, "cursor": cursor, **params})
        found += [row.get("thread", row)["id"] for row in answered["data"]]
        cursor = answered["nextCursor"]
        if cursor is None:
            return found


def check_database(home: Path) -> None:
    """The state database, which no server has open, is a sound one."""
    with contextlib.closing(sqlite3.connect(home / DATABASE)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
