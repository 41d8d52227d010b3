"""What a server has acknowledged to its clients, and whether a later server still knows it.

Owns the bookkeeping and the comparison. Does not own servers (`crash_lab`). What counts as acknowledged: a turn whose
`turn/start` was answered, with what the user said; what was said while it ran, once that was answered; an item whose
completion was reported; how a turn ended; a name that was set.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Told = Callable[[Literal["client", "server"], Any], None]


@dataclass
class KnownTurn:
    """What a client knows of a turn."""

    texts: list[str] = field(default_factory=list[str])
    """What the user said, in the order of the answers."""
    items: dict[str, Any] = field(default_factory=dict[str, Any])
    """Completed items by id, in order."""
    status: str | None = None
    """How it ended, if the client was told."""


@dataclass
class KnownThread:
    """What clients know of a thread."""

    turns: dict[str, KnownTurn] = field(default_factory=dict[str, KnownTurn])
    """By id, in order."""
    asked: set[str] = field(default_factory=set[str])
    """All that the user said, answered or not."""
    names: list[str | None] = field(default_factory=list[str | None])
    """The last name acknowledged, then those asked for since, one of which may have come into force."""

    @property
    def texts(self) -> list[str]:
        """What the user said and got an answer to."""
        return [text for turn in self.turns.values() for text in turn.texts]

    @property
    def settled_texts(self) -> list[str]:
        """Those of them that no turn has yet to take up."""
        *earlier, last = self.turns.values()
        return [text for turn in earlier for text in turn.texts] + last.texts[:1]


class Ledger:
    """All that was acknowledged, by thread id."""

    def __init__(self) -> None:
        self.threads: dict[str, KnownThread] = {}

    @property
    def turns(self) -> int:
        """How many turns were answered."""
        return sum(len(thread.turns) for thread in self.threads.values())

    @property
    def texts(self) -> int:
        """How often the user said something and got an answer."""
        return sum(len(thread.texts) for thread in self.threads.values())

    @property
    def items(self) -> int:
        """How many items were reported complete."""
        return sum(len(turn.items) for thread in self.threads.values() for turn in thread.turns.values())

    @property
    def unfinished(self) -> int:
        """How many of them were not seen to end."""
        return sum(turn.status is None for thread in self.threads.values() for turn in thread.turns.values())

    def observer(self) -> Told:
        """Something that listens to one connection."""
        asked: dict[int, Any] = {}
        early: dict[str, list[Any]] = {}

        def told(side: Literal["client", "server"], message: Any) -> None:
            if side == "client":
                if "id" in message:
                    asked[message["id"]] = message
                    self._ask(message)
            elif "method" not in message:
                request = asked.pop(message["id"])
                if "result" in message:
                    self._answer(request, message["result"])
                    for earlier in early.pop(_turn_id(message["result"]), []):
                        self._notice(earlier)
            elif message["method"] in ("item/completed", "turn/completed"):
                turn_id = message["params"].get("turnId") or message["params"]["turn"]["id"]
                if turn_id in self._thread(message["params"]["threadId"]).turns:
                    self._notice(message)
                else:  # it may overtake the answer to `turn/start`
                    early.setdefault(turn_id, []).append(message)

        return told

    def faults(self, thread_id: str, turns: list[Any]) -> list[str]:
        """Return what is wrong with the turns of a thread that a server with no turn running has read, oldest first."""
        known = self._thread(thread_id)
        found = {turn["id"]: turn for turn in turns}
        items = Counter(item["id"] for turn in turns for item in turn["items"])
        texts = Counter(_said(item) for turn in turns for item in turn["items"] if item["type"] == "userMessage")
        faults = [
            f"turn {identifier} is there {times} times" for identifier, times in _repeated(t["id"] for t in turns)
        ]
        faults += [f"item {identifier} is there {times} times" for identifier, times in items.items() if times > 1]
        faults += [f"{text!r} was said {times} times" for text, times in texts.items() if times > 1]
        faults += [f"turn {t['id']} is still in progress" for t in turns if t["status"] == "inProgress"]
        order = [turn["id"] for turn in turns if turn["id"] in known.turns]
        if order != [identifier for identifier in known.turns if identifier in found]:
            faults.append("the turns are out of order")
        for identifier, turn in known.turns.items():
            if identifier in found:
                in_turn = _turn_faults(turn, found[identifier], known.asked)
                faults += [f"turn {identifier} ({turn.texts}): {fault}" for fault in in_turn]
            else:
                faults.append(f"turn {identifier} ({turn.texts}) is lost")
        return faults

    def summary_faults(self, summary: Any) -> list[str]:
        """Return what is wrong with a thread as a list tells of it."""
        known = self._thread(summary["id"])
        faults: list[str] = []
        if known.texts and summary["preview"] != known.texts[0]:
            faults.append(f"thread {summary['id']} has the preview {summary['preview']!r}, not {known.texts[0]!r}")
        if known.names and summary["name"] not in known.names:
            faults.append(f"thread {summary['id']} has the name {summary['name']!r}, not one of {known.names}")
        return faults

    def _ask(self, request: Any) -> None:
        if request["method"] == "thread/name/set":
            names = self._thread(request["params"]["threadId"]).names
            if not names:
                names.append(None)
            names.append(request["params"]["name"])
        elif request["method"] in ("turn/start", "turn/steer"):
            self._thread(request["params"]["threadId"]).asked.add(request["params"]["input"][0]["text"])

    def _answer(self, request: Any, result: Any) -> None:
        params = request.get("params")
        if request["method"] in ("turn/start", "turn/steer"):
            turn_id = _turn_id(result) or result["turnId"]
            turn = self._thread(params["threadId"]).turns.setdefault(turn_id, KnownTurn())
            turn.texts.append(params["input"][0]["text"])
        elif request["method"] == "thread/name/set":
            self._thread(params["threadId"]).names = [params["name"]]

    def _notice(self, notification: Any) -> None:
        params = notification["params"]
        turns = self._thread(params["threadId"]).turns
        if notification["method"] == "item/completed":
            turns[params["turnId"]].items[params["item"]["id"]] = params["item"]
        else:
            turns[params["turn"]["id"]].status = params["turn"]["status"]

    def _thread(self, thread_id: str) -> KnownThread:
        return self.threads.setdefault(thread_id, KnownThread())


def _turn_faults(known: KnownTurn, turn: Any, asked: set[str]) -> Iterable[str]:
    items = {item["id"]: item for item in turn["items"]}
    said = [_said(item) for item in turn["items"] if item["type"] == "userMessage"]
    if [text for text in said if text in known.texts] != known.texts or not asked.issuperset(said):
        yield f"the user said {said}"
    if known.status is not None and turn["status"] != known.status:
        yield f"it ended as {known.status} and is now {turn['status']}"
    for identifier, item in known.items.items():
        if identifier not in items:
            yield f"{item['type']} {identifier} is lost"
        elif items[identifier] != item:
            yield f"{item} became {items[identifier]}"
    if [identifier for identifier in items if identifier in known.items] != [
        key for key in known.items if key in items
    ]:
        yield "its items are out of order"


def _said(item: Any) -> str:
    return item["content"][0]["text"]


def _turn_id(result: Any) -> str:
    return result["turn"]["id"] if isinstance(result, dict) and "turn" in result else ""


def _repeated(identifiers: Iterable[str]) -> Iterable[tuple[str, int]]:
    return ((key, times) for key, times in Counter(identifiers).items() if times > 1)


def lines_of(faults: Iterable[str], limit: int = 20) -> str:
    """Return some faults, to be shown."""
    return "\n".join(itertools.islice(faults, limit))
