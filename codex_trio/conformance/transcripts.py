"""Recorded conversations with an app-server, replayed and compared message by message.

A transcript is a JSON-lines file: a header (`transcript`, `server`, `config`, `files`), the model's answers
(`{"model": ...}`, in the form of `codex_trio.testing.model_script.load_script`), then what the client (`{"client"}`)
and the server (`{"server"}`) sent, in order. With several clients these lines name theirs (`"conn"`), and the server
listens. There are three more steps: `{"signal": NAME}` is sent to the server, `{"open": NAME}` lets the model go on
behind its part `{"gate": NAME}`, and `{"exit": CODE}` waits for the server's end. Recorded values that differ from
run to run are placeholders:

    <thread-1> <turn-1>     an id that has to be the same wherever it stands
    <uuid> <int> <number> <text>    any id, integer, string of digits, string; also inside a longer string
    $CWD $CODEX_HOME $TMP   the folders of the replay
    $MODEL_URL              where the scripted model is

What is compared, for each client: replies by their request; notifications and server requests of each thread in order;
the statuses of each thread in their exact order; what is about no thread in its exact order. The order between these
is left open, since a server answers requests, follows turns and keeps statuses in different tasks: the recorded server
itself varies there under load. See `LEFT_OUT` and `merge` for what else is loose, and why.

Owns the file format, the comparison and the replay.
"""

import re
import signal
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
import trio

from codex_trio.client.connection import thread_of
from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Message, Probe
from codex_trio.testing.model_script import Answer, Gate, answer_from

if TYPE_CHECKING:
    from codex_trio.conformance.listening import Listening

FOLDER = Path(__file__).parent / "transcripts"

LEFT_OUT = {
    "item/commandExecution/outputDelta": "whether a quick command's output is also streamed is a matter of timing",
    "thread/readState/changed": "the read marks have a scenario of their own",
}
"""Notifications that are not compared, and why."""

_LACKING = re.compile(r"\bbubblewrap\b", re.IGNORECASE)
"""Configuration warnings that are not compared either: what the machine lacks is no difference of servers."""

_STEP_SECONDS = 15.0
_NO_THREAD = "01a20278-cea9-7283-82be-8f42b20452ce"
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
    gates: dict[str, Gate]
    steps: list["Step"]

    @property
    def has_several_clients(self) -> bool:
        """Whether the server has to listen."""
        return any(step.client for step in self.steps)


@dataclass(frozen=True)
class Step:
    """One line of a conversation: a message, or something else that happens."""

    side: str
    """Who sent the message (`client`, `server`), or else `signal`, `open` or `exit`."""
    client: str
    """Whose conversation it belongs to; '' where there is only one client."""
    content: Any

    @classmethod
    def of(cls, line: Message) -> "Step | None":
        """Return the step on a line of a file, if it is one."""
        side = next((side for side in ("client", "server", "signal", "open", "exit") if side in line), None)
        return None if side is None else cls(side, line.get("conn", ""), line[side])


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
    gates: dict[str, Gate] = {}
    model = [_answer(line["model"], gates) for line in lines[1:] if "model" in line]
    steps = [step for line in lines[1:] if (step := Step.of(line)) is not None]
    return Transcript(header["transcript"], header["config"], header.get("files", {}), model, gates, steps)


def _answer(entry: Message, gates: dict[str, Gate]) -> Answer:
    parts = [gates.setdefault(part["gate"], Gate()) if "gate" in part else part for part in entry.get("parts", ())]
    return answer_from({**entry, "parts": parts} if parts else entry)


@dataclass
class Bindings:
    """What the placeholders of a transcript stand for in this replay."""

    values: dict[str, str] = field(default_factory=dict[str, str])

    def fill(self, recorded: Any) -> Any:
        """Return a recorded value with its known placeholders replaced."""
        text = msgspec.json.encode(recorded).decode()
        for placeholder, value in self.values.items():
            text = text.replace(placeholder, value)
        return msgspec.json.decode(text)

    def differences(self, recorded: Any, found: Any, where: str = "") -> list[str]:
        """Return where `found` is not what was recorded; learns ids on the way."""
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
    """Return messages as they are compared.

    Neighbouring deltas of one item become one, since where a text is cut is the provider's choice. A diff that repeats
    the one before is dropped: it tells nothing. The time of emission goes, and so does what `LEFT_OUT` names.
    """
    merged: list[Message] = []
    diffs: dict[Any, Any] = {}
    for message in messages:
        method = message.get("method", "")
        if method in LEFT_OUT or (method == "configWarning" and _LACKING.search(message["params"]["summary"])):
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
    """Return messages by what they are about, each part in its order."""
    parts: dict[Stream, list[Message]] = defaultdict(list)
    for message in messages:
        if "method" not in message:
            parts[("reply", message["id"])].append(message)
            continue
        thread_id = thread_of(message.get("params"))
        kind = "status" if message["method"] == "thread/status/changed" else "thread"
        parts[("server", None) if thread_id is None else (kind, thread_id)].append(message)
    return {stream: merge(part) for stream, part in parts.items()}


async def _drains(server: "Listening") -> None:
    """Wait until it shows that the server has heard of a signal."""
    async with server.connect() as visitor:
        with trio.fail_after(_STEP_SECONDS):
            while True:
                refused = await visitor.refusal("turn/start", {"threadId": _NO_THREAD, "input": []})
                if "draining" in refused.message:
                    return


class Replay:
    """One run of a transcript against a server."""

    def __init__(self, transcript: Transcript, lab: Lab) -> None:
        self._transcript = transcript
        self._lab = lab
        self._bindings = Bindings()
        self._probes: dict[str, Probe] = {}

    async def run(self) -> list[str]:
        """Play the clients' side, let the model answer as recorded, and tell where the server differs."""
        lab, transcript = self._lab, self._transcript
        lab.write_config(transcript.config)
        for name, text in transcript.files.items():
            (lab.cwd / name).write_text(text)
        lab.script(*transcript.model)
        async with AsyncExitStack() as stack:
            if transcript.has_several_clients:
                server = await stack.enter_async_context(lab.listen())
            else:
                server = None
                self._probes[""] = await stack.enter_async_context(lab.run(initialize=False))
            for index, step in enumerate(transcript.steps):
                if step.side == "server":
                    continue
                differences = await self._catch_up(index)
                if differences:
                    return [f"before step {index} ({step}):", *differences]
                if step.client not in self._probes and server is not None:
                    self._probes[step.client] = await stack.enter_async_context(server.connect(initialize=False))
                differences = await self._play(step, server)
                if differences:
                    return differences
            differences = await self._catch_up(len(transcript.steps))
            if differences:
                return differences
            await trio.sleep(_SETTLE_SECONDS)
            # A server that ends may not get to its last words: they have a scenario of their own.
            return self._compare(len(transcript.steps), whole=transcript.steps[-1].side != "exit")

    async def _play(self, step: Step, server: "Listening | None") -> list[str]:
        """Take a step that is not the server's; where the server does not follow, tell it."""
        match step.side:
            case "open":
                self._transcript.gates[step.content].open()
            case "signal" if server is not None:
                server.signal(signal.Signals[step.content])
                await _drains(server)
            case "exit" if server is not None:
                code = await server.ended()
                return [] if code == step.content else [f"the exit code was {code} instead of {step.content}"]
            case "client" if "RAW" in step.content:
                await self._probes[step.client].send(step.content["RAW"].encode())
            case "client":
                await self._probes[step.client].send(self._bindings.fill(step.content))
            case _:
                raise ValueError(f"a server on stdio is not sent {step}")
        return []

    async def _catch_up(self, upto: int) -> list[str]:
        """Wait until the server has said what it said before this step, then tell where it said something else."""
        for client, probe in self._probes.items():
            recorded = self._recorded(client, upto)
            with trio.move_on_after(_STEP_SECONDS):
                while self._is_behind(recorded, streams(probe.log.from_server)):
                    if not await probe.log.grows():
                        break
        return self._compare(upto, whole=False)

    def _recorded(self, client: str, upto: int) -> dict[Stream, list[Message]]:
        steps = self._transcript.steps[:upto]
        return streams([step.content for step in steps if step.side == "server" and step.client == client])

    def _is_behind(self, recorded: dict[Stream, list[Message]], found: dict[Stream, list[Message]]) -> bool:
        for stream, wanted in recorded.items():
            part = found.get(self._same(stream, found), [])
            # A text that is still coming in is one message already.
            if len(part) < len(wanted) or _size(part[len(wanted) - 1]) < _size(wanted[-1]):
                return True
        return False

    def _compare(self, upto: int, *, whole: bool) -> list[str]:
        differences: list[str] = []
        for client, probe in self._probes.items():
            found = streams(probe.log.from_server)
            for stream, recorded in self._recorded(client, upto).items():
                part = found.get(self._same(stream, found), [])
                problems = self._compare_stream(recorded, part, whole=whole)
                differences += [f"{client} {stream}: {problem}".lstrip() for problem in problems]
        return differences

    def _compare_stream(self, recorded: list[Message], part: list[Message], *, whole: bool) -> list[str]:
        for index, message in enumerate(recorded):
            if index >= len(part):
                return [f"message {index} did not come: {self._bindings.fill(message)}"]
            inside = self._bindings.differences(message, part[index])
            if inside:
                what = message.get("method", "reply")
                return [f"message {index} ({what}) differs: " + "; ".join(inside), f"   it was {part[index]}"]
        if whole and len(part) > len(recorded):
            return [f"more came: {part[len(recorded) :]}"]
        return []

    def _same(self, stream: Stream, found: dict[Stream, list[Message]]) -> Stream:
        """Return the stream of this replay that a recorded one corresponds to."""
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
