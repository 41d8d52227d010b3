"""Recorded conversations with an app-server, replayed and compared message by message.

A transcript is a JSON-lines file: a header (`transcript`, `server`, `config`, `files`), the model's answers
(`{"model": ...}`, in the form of `codex_trio.testing.model_script.load_script`), then what the client (`{"client"}`)
and the server (`{"server"}`) sent, in order. Recorded values that differ from run to run are placeholders:

    <thread-1> <turn-1>     an id that has to be the same wherever it stands
    <uuid> <int> <number> <text>    any id, integer, string of digits, string; also inside a longer string
    $CWD $CODEX_HOME $TMP   the folders of the replay
    $MODEL_URL              where the scripted model is

What is compared: replies by their request; notifications and server requests of each thread in their exact order;
the statuses of each thread in their exact order; what is about no thread in its exact order. The order between these
is left open, since a server answers requests, follows turns and keeps statuses in different tasks: the recorded server
itself varies there under load. See `LEFT_OUT` and `merge` for what else is loose, and why.

Owns the file format, the comparison and the replay. Called by the transcript scenarios.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
import trio

from codex_trio.client.connection import thread_of
from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Message, Probe
from codex_trio.testing.model_script import Answer, answer_from

FOLDER = Path(__file__).parent / "transcripts"

LEFT_OUT = {
    "item/commandExecution/outputDelta": "whether a quick command's output is also streamed is a matter of timing",
    "thread/readState/changed": "the read marks have a scenario of their own",
}
"""Notifications that are not compared, and why."""

_STEP_SECONDS = 5.0
_SETTLE_SECONDS = 0.1

Stream = tuple[str, str | int | None]
"""`("reply", request id)`, `("thread", thread id)`, `("status", thread id)` or `("server", None)`."""


@dataclass(frozen=True)
class Transcript:
    """A recorded conversation."""

    name: str
    config: str
    files: dict[str, str]
    """Files in the working folder before the start, by relative path."""
    model: list[Answer]
    steps: list[tuple[str, Any]]
    """Who sent a message (`client`, `server`) and the message."""


def load(path: Path, lab: Lab) -> Transcript:
    """Read a transcript file for a replay in these surroundings. Raises ValueError when it is not one."""
    text = path.read_text()
    for name, value in {
        "$CODEX_HOME": lab.codex_home,
        "$CWD": lab.cwd,
        "$TMP": lab.tmp,
        "$MODEL_URL": lab.model.base_url.removesuffix("/v1"),
    }.items():
        text = text.replace(name, str(value))
    lines = [msgspec.json.decode(line) for line in text.splitlines()]
    header = lines[0]
    model = [answer_from(line["model"]) for line in lines[1:] if "model" in line]
    steps = [(side, line[side]) for line in lines[1:] for side in ("client", "server") if side in line]
    return Transcript(header["transcript"], header["config"], header.get("files", {}), model, steps)


@dataclass
class Bindings:
    """What the placeholders of a transcript stand for in this replay."""

    values: dict[str, str] = field(default_factory=dict[str, str])

    def fill(self, recorded: Any) -> Any:
        """A recorded value with its known placeholders replaced."""
        text = msgspec.json.encode(recorded).decode()
        for placeholder, value in self.values.items():
            text = text.replace(placeholder, value)
        return msgspec.json.decode(text)

    def differences(self, recorded: Any, found: Any, where: str = "") -> list[str]:
        """Where `found` is not what was recorded; learns ids on the way."""
        same = bool(recorded == found) and type(recorded) is type(found)
        if isinstance(recorded, dict) and isinstance(found, dict):
            return self._in_objects(cast("Message", recorded), cast("Message", found), where)
        if isinstance(recorded, list) and isinstance(found, list):
            return self._in_lists(cast("list[Any]", recorded), cast("list[Any]", found), where)
        if isinstance(recorded, str) and (self._learn(recorded, found) or self._matches(recorded, found)):
            return []
        return [] if same else [f"{where}: {found!r} instead of {self.fill(recorded)!r}"]

    def _in_lists(self, recorded: list[Any], found: list[Any], where: str) -> list[str]:
        pairs = enumerate(zip(recorded, found, strict=False))
        inside = [text for index, pair in pairs for text in self.differences(*pair, f"{where}[{index}]")]
        if len(recorded) != len(found):
            inside.append(f"{where}: {len(found)} entries instead of {len(recorded)}")
        return inside

    def _in_objects(self, recorded: Message, found: Message, where: str) -> list[str]:
        inside = [
            text
            for key in recorded
            if key in found
            for text in self.differences(recorded[key], found[key], f"{where}.{key}")
        ]
        missing = [f"{where}.{key} is missing" for key in recorded if key not in found]
        return inside + missing + [f"{where}.{key} is new: {found[key]!r}" for key in found if key not in recorded]

    def _learn(self, recorded: str, found: Any) -> bool:
        new = recorded not in self.values and re.fullmatch(r"<(thread|turn)-\d+>", recorded) is not None
        if not new or not isinstance(found, str) or re.fullmatch(_PATTERNS["<uuid>"], found) is None:
            return False
        self.values[recorded] = found
        return True

    def _matches(self, recorded: str, found: Any) -> bool:
        if recorded == "<int>":
            return isinstance(found, int) and not isinstance(found, bool)
        if not isinstance(found, str):
            return False
        pattern = re.escape(self.fill(recorded))
        for placeholder, inner in _PATTERNS.items():
            pattern = pattern.replace(re.escape(placeholder), inner)
        return re.fullmatch(pattern, found, re.DOTALL) is not None


_PATTERNS = {
    "<uuid>": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "<int>": r"-?\d+",
    "<number>": r"\d+",
    "<text>": r".*",
}


def merge(messages: Sequence[Message]) -> list[Message]:
    """Messages as they are compared.

    Neighbouring deltas of one item become one, since where a text is cut is the provider's choice. A diff that repeats
    the one before is dropped: it tells nothing. The time of emission goes, and so does what `LEFT_OUT` names.
    """
    merged: list[Message] = []
    diffs: dict[Any, Any] = {}
    for message in messages:
        method = message.get("method", "")
        if method in LEFT_OUT:
            continue
        params = message.get("params")
        if method == "turn/diff/updated":
            if diffs.get(message["params"]["turnId"]) == message["params"]["diff"]:
                continue
            diffs[message["params"]["turnId"]] = message["params"]["diff"]
        last = merged[-1] if merged else {}
        if method.endswith(("Delta", "/delta")):
            rest = {**message["params"], "delta": ""}
            if last.get("method") == method and {**last["params"], "delta": ""} == rest:
                joined = last["params"]["delta"] + message["params"]["delta"]
                merged[-1] = {**last, "params": {**last["params"], "delta": joined}}
                continue
        merged.append({key: value for key, value in message.items() if key != "emittedAtMs"} | _params_of(params))
    return merged


def _params_of(params: Any) -> Message:
    return {} if params is None else {"params": params}


def streams(messages: Sequence[Message]) -> dict[Stream, list[Message]]:
    """Messages by what they are about, each part in its order."""
    parts: dict[Stream, list[Message]] = defaultdict(list)
    for message in messages:
        if "method" not in message:
            parts[("reply", message["id"])].append(message)
            continue
        thread_id = thread_of(message.get("params"))
        kind = "status" if message["method"] == "thread/status/changed" else "thread"
        parts[("server", None) if thread_id is None else (kind, thread_id)].append(message)
    return {stream: merge(part) for stream, part in parts.items()}


class Replay:
    """One run of a transcript against a server."""

    def __init__(self, transcript: Transcript, lab: Lab) -> None:
        self._transcript = transcript
        self._lab = lab
        self._bindings = Bindings()

    async def run(self) -> list[str]:
        """Play the client's side, let the model answer as recorded, and tell where the server differs."""
        lab, transcript = self._lab, self._transcript
        lab.write_config(transcript.config)
        for name, text in transcript.files.items():
            (lab.cwd / name).write_text(text)
        lab.script(*transcript.model)
        async with lab.run(initialize=False) as probe:
            for index, (side, message) in enumerate(transcript.steps):
                if side == "client":
                    differences = await self._catch_up(probe, index)
                    if differences:
                        return [f"before step {index} ({message}):", *differences]
                    await self._send(probe, message)
            differences = await self._catch_up(probe, len(transcript.steps))
            if differences:
                return differences
            await trio.sleep(_SETTLE_SECONDS)
            return self._compare(probe, len(transcript.steps), whole=True)

    async def _send(self, probe: Probe, message: Any) -> None:
        if "RAW" in message:
            await probe.send(message["RAW"].encode())
        else:
            await probe.send(self._bindings.fill(message))

    async def _catch_up(self, probe: Probe, upto: int) -> list[str]:
        """Wait until the server has said what it said before this step, then tell where it said something else."""
        recorded = self._recorded(upto)
        with trio.move_on_after(_STEP_SECONDS):
            while self._is_behind(recorded, streams(probe.log.from_server)):
                if not await probe.log.grows():
                    break
        return self._compare(probe, upto, whole=False)

    def _recorded(self, upto: int) -> dict[Stream, list[Message]]:
        return streams([message for side, message in self._transcript.steps[:upto] if side == "server"])

    def _is_behind(self, recorded: dict[Stream, list[Message]], found: dict[Stream, list[Message]]) -> bool:
        for stream, wanted in recorded.items():
            part = found.get(self._same(stream, found), [])
            # A text that is still coming in is one message already.
            if len(part) < len(wanted) or _size(part[len(wanted) - 1]) < _size(wanted[-1]):
                return True
        return False

    def _compare(self, probe: Probe, upto: int, *, whole: bool) -> list[str]:
        found = streams(probe.log.from_server)
        differences: list[str] = []
        for stream, recorded in self._recorded(upto).items():
            part = found.get(self._same(stream, found), [])
            for index, message in enumerate(recorded):
                if index >= len(part):
                    differences.append(f"{stream}: message {index} did not come: {self._bindings.fill(message)}")
                    break
                inside = self._bindings.differences(message, part[index])
                if inside:
                    what = message.get("method", "reply")
                    differences.append(f"{stream}: message {index} ({what}) differs: " + "; ".join(inside))
                    differences.append(f"   it was {part[index]}")
                    break
            else:
                if whole and len(part) > len(recorded):
                    differences.append(f"{stream}: more came: {part[len(recorded) :]}")
        return differences

    def _same(self, stream: Stream, found: dict[Stream, list[Message]]) -> Stream:
        """The stream of this replay that a recorded one corresponds to."""
        kind, name = stream
        if kind not in ("thread", "status") or not isinstance(name, str):
            return stream
        if name not in self._bindings.values:
            # The reply that tells the id may come after the thread's first notification.
            known = set(self._bindings.values.values())
            new = [key for key in found if key[0] == kind and key[1] not in known]
            return new[0] if new else stream
        return (kind, self._bindings.values[name])


def _size(message: Message) -> int:
    match message:
        case {"params": {"delta": str(delta)}}:
            return len(delta)
        case _:
            return 0
