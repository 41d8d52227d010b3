"""What a scripted model answers: builders for response events, whole answers, and scripts read from JSON.

Owns the vocabulary of a script and its encoding to bytes, done once when an answer is built. Does not own sockets or
HTTP (`model_server`).

A script is a list of answers, one for each request that a server under test makes:

    script = [
        answer(function_call("exec_command", {"cmd": "ls"}, call_id="c1")),
        answer(message("All done.", phase="final_answer")),
        http_error(429, {"error": {"message": "slow down"}}),
    ]

Protocol source: the event stream of the Responses API (`POST /v1/responses` with `stream: true`).
"""

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
import trio

Event = dict[str, Any]
Headers = tuple[tuple[str, str], ...]


class Gate:
    """A place in a stream where the model server waits until the test lets it go on.

    `await gate.reached.wait()` returns once everything before the gate is on the wire. `gate.open()` lets this and
    every later answer that holds the gate pass.
    """

    def __init__(self) -> None:
        self.reached = trio.Event()
        self.opened = trio.Event()

    def open(self) -> None:
        """Let the stream go on."""
        self.opened.set()


@dataclass(frozen=True)
class Pause:
    """A place in a stream where the model server waits for a number of seconds."""

    seconds: float


@dataclass(frozen=True)
class Usage:
    """Token counts that a completed response reports."""

    input_tokens: int = 100
    cached_tokens: int = 10
    output_tokens: int = 20
    reasoning_tokens: int = 5

    def to_wire(self) -> Event:
        """Return the `usage` object of `response.completed`."""
        return {
            "input_tokens": self.input_tokens,
            "input_tokens_details": {"cached_tokens": self.cached_tokens},
            "output_tokens": self.output_tokens,
            "output_tokens_details": {"reasoning_tokens": self.reasoning_tokens},
            "total_tokens": self.input_tokens + self.output_tokens,
        }


DEFAULT_USAGE = Usage()

Part = Event | Gate | Pause | Sequence[Event | Gate | Pause]
"""What an answer is made of: one event, a gate, a pause, or a builder's list of these."""


class End(Enum):
    """How the body of a streamed answer ends."""

    WHOLE = "whole"
    """The body is terminated properly, whatever its last event is."""
    EARLY = "early"
    """The body is terminated properly, but no `response.completed` is put at its end."""
    CUT = "cut"
    """The connection is closed in the middle of the body."""
    IDLE = "idle"
    """Nothing more is sent, and the connection stays open until the client leaves."""


@dataclass(frozen=True)
class Request:
    """One request as the model server received it."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    """Names in lower case; repeated headers joined with `, `."""
    body: Any = field(repr=False)
    """The decoded JSON body; None when there was none or it was not JSON."""
    client_left: trio.Event = field(default_factory=trio.Event, repr=False, compare=False)
    """Set when the client closed the connection before the answer was complete."""

    @property
    def input(self) -> list[Event]:
        """The request's input items, in order."""
        return self.body["input"]

    @property
    def tool_names(self) -> list[str]:
        """Names of the tools offered; a tool without a name gives its type."""
        return [tool.get("name", tool["type"]) for tool in self.body.get("tools", [])]

    def texts(self, role: str) -> list[str]:
        """Return every text part of the messages of a role (`developer`, `user`, `assistant`), in order."""
        return [
            part["text"]
            for item in self.input
            if item.get("type") == "message" and item.get("role") == role
            for part in item["content"]
            if "text" in part
        ]

    def output_of(self, call_id: str) -> Any:
        """Return the output that the client sent back for a tool call: text, or a list of content parts.

        Raises LookupError when the request holds no output for the call.
        """
        for item in self.input:
            if item.get("call_id") == call_id and item.get("type", "").endswith("_output"):
                return item["output"]
        raise LookupError(f"no output for call {call_id!r} in this request")

    def contains(self, text: str) -> bool:
        """Return whether any string of the input holds `text`."""
        return any(text in found for found in _strings(self.input))


Matcher = Callable[[Request], bool]


@dataclass(frozen=True, eq=False)
class Answer:
    """One HTTP response of the model server, ready to be sent. Made by the builders of this module."""

    status: int
    headers: Headers
    steps: tuple[bytes | Gate | Pause, ...] = field(repr=False)
    """Body bytes, one write each, with gates and pauses between them."""
    end: End = End.WHOLE
    when: Matcher | None = None
    """Answers only requests for which this holds; None: answers the next request that nothing else matches."""
    repeat: bool = False
    """Answers any number of requests instead of one."""

    def matching(self, when: str | Matcher) -> "Answer":
        """Return the same answer for requests that match: a predicate, or a text that the request's input must hold."""
        if isinstance(when, str):
            return replace(self, when=functools.partial(_input_contains, text=when))
        return replace(self, when=when)

    def repeated(self) -> "Answer":
        """Return the same answer for any number of requests."""
        return replace(self, repeat=True)


Reply = Answer | Callable[[Request], Answer]
"""One entry of a script. A function is called with the request that it answers (to use a call's output, say)."""


# Events


def created(response_id: str = "resp_1") -> Event:
    """`response.created`."""
    return {"type": "response.created", "response": {"id": response_id}}


def item_added(item: Event) -> Event:
    """`response.output_item.added`."""
    return {"type": "response.output_item.added", "output_index": 0, "item": item}


def item_done(item: Event) -> Event:
    """`response.output_item.done`."""
    return {"type": "response.output_item.done", "output_index": 0, "item": item}


def message(
    text: str, *, item_id: str = "msg_1", phase: str | None = None, delta_size: int | None = 8, start: bool = True
) -> list[Event]:
    """Return an assistant message: added, its text in deltas of `delta_size` characters, done.

    `delta_size=None` sends no deltas; `start=False` also leaves out the added event. `phase` is `commentary` or
    `final_answer`.
    """
    deltas = [] if delta_size is None else [text[at : at + delta_size] for at in range(0, len(text), delta_size)]
    return message_of(deltas, text=text, item_id=item_id, phase=phase, start=start)


def message_of(
    deltas: Sequence[str | Gate | Pause],
    *,
    text: str | None = None,
    item_id: str = "msg_1",
    phase: str | None = None,
    start: bool = True,
    done: bool = True,
) -> list[Any]:
    """Return an assistant message with exactly these deltas, gates and pauses.

    `done=False` leaves the message unfinished.
    """
    item: Event = {"type": "message", "role": "assistant", "id": item_id, "content": []}
    if phase is not None:
        item["phase"] = phase
    whole = text if text is not None else "".join(delta for delta in deltas if isinstance(delta, str))
    parts: list[Any] = [item_added(item)] if start else []
    for delta in deltas:
        if not isinstance(delta, str):
            parts.append(delta)
            continue
        parts.append(
            {
                "type": "response.output_text.delta",
                "item_id": item_id,
                "output_index": 0,
                "content_index": 0,
                "delta": delta,
            }
        )
    if done:
        parts.append(item_done({**item, "content": [{"type": "output_text", "text": whole, "annotations": []}]}))
    return parts


def reasoning(
    summaries: Sequence[str], *, raw: str | None = None, item_id: str = "rs_1", delta_size: int = 16
) -> list[Event]:
    """Return a reasoning item with summary parts streamed in deltas and, when given, raw reasoning text."""
    item: Event = {"type": "reasoning", "id": item_id, "summary": []}
    events = [item_added(item)]
    for index, summary in enumerate(summaries):
        where: Event = {"item_id": item_id, "output_index": 0, "summary_index": index}
        part = {"type": "summary_text", "text": ""}
        events.append({"type": "response.reasoning_summary_part.added", **where, "part": part})
        events += [
            {"type": "response.reasoning_summary_text.delta", **where, "delta": summary[at : at + delta_size]}
            for at in range(0, len(summary), delta_size)
        ]
    done: Event = {
        **item,
        "summary": [{"type": "summary_text", "text": summary} for summary in summaries],
        "encrypted_content": "sealed",
    }
    if raw is not None:
        place: Event = {"item_id": item_id, "output_index": 0, "content_index": 0}
        events += [
            {"type": "response.reasoning_text.delta", **place, "delta": raw[at : at + delta_size]}
            for at in range(0, len(raw), delta_size)
        ]
        done["content"] = [{"type": "reasoning_text", "text": raw}]
    return [*events, item_done(done)]


def function_call(
    name: str, arguments: Mapping[str, Any] | str, *, call_id: str, namespace: str | None = None
) -> Event:
    """Return a finished call of a function tool. A string is sent as the arguments verbatim, however invalid."""
    encoded = arguments if isinstance(arguments, str) else msgspec.json.encode(dict(arguments)).decode()
    item: Event = {
        "type": "function_call",
        "id": f"fc_{call_id}",
        "name": name,
        "arguments": encoded,
        "call_id": call_id,
    }
    if namespace is not None:
        item["namespace"] = namespace
    return item_done(item)


def custom_tool_call(name: str, text: str, *, call_id: str) -> Event:
    """Return a finished call of a free-form tool such as `apply_patch`."""
    return item_done(
        {"type": "custom_tool_call", "id": f"ctc_{call_id}", "name": name, "input": text, "call_id": call_id}
    )


def completed(usage: Usage | None = DEFAULT_USAGE, *, response_id: str = "resp_1") -> Event:
    """`response.completed`, the only proper end of a response."""
    response: Event = {"id": response_id}
    if usage is not None:
        response["usage"] = usage.to_wire()
    return {"type": "response.completed", "response": response}


def failed(code: str, text: str, *, response_id: str = "resp_1") -> Event:
    """`response.failed` with an error code such as `rate_limit_exceeded`."""
    return {"type": "response.failed", "response": {"id": response_id, "error": {"code": code, "message": text}}}


def incomplete(reason: str, *, response_id: str = "resp_1") -> Event:
    """`response.incomplete` with a reason such as `max_output_tokens`."""
    return {"type": "response.incomplete", "response": {"id": response_id, "incomplete_details": {"reason": reason}}}


# Answers

_ENDS = {"response.completed", "response.failed", "response.incomplete"}
_EVENT_STREAM: Headers = (("content-type", "text/event-stream"), ("cache-control", "no-cache"))


def answer(
    *parts: Part,
    end: End = End.WHOLE,
    usage: Usage | None = DEFAULT_USAGE,
    events_per_write: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return a streamed response (HTTP 200).

    `response.created` is put in front, and `response.completed` with `usage` at the end unless the parts end the
    response themselves or `end` is another than WHOLE. Events up to a gate or pause go out in one write;
    `events_per_write` makes smaller ones (1: each event by itself).
    """
    sequence = [created(), *_flatten(parts)]
    last = sequence[-1]
    finished = isinstance(last, dict) and last.get("type") in _ENDS
    if end is End.WHOLE and not finished:
        sequence.append(completed(usage))
    return raw_answer(sequence, end=end, events_per_write=events_per_write, headers=headers)


def raw_answer(
    parts: Sequence[Part],
    *,
    end: End = End.WHOLE,
    events_per_write: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return a streamed response with exactly these events: nothing is put in front or behind."""
    steps: list[bytes | Gate | Pause] = []
    for is_event, group in itertools.groupby(_flatten(parts), key=lambda part: isinstance(part, dict)):
        if not is_event:
            steps += [part for part in group if isinstance(part, Gate | Pause)]
            continue
        encoded = [encode_event(event) for event in group if isinstance(event, dict)]
        size = events_per_write or len(encoded)
        steps += [b"".join(encoded[at : at + size]) for at in range(0, len(encoded), size)]
    extra = tuple((headers or {}).items())
    return Answer(status=200, headers=_EVENT_STREAM + extra, steps=tuple(steps), end=end)


def body_answer(body: bytes, *, end: End = End.WHOLE, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a response (HTTP 200) whose event stream is these bytes, to send what no builder would."""
    extra = tuple((headers or {}).items())
    return Answer(status=200, headers=_EVENT_STREAM + extra, steps=(body,), end=end)


def http_error(status: int, body: object, *, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a refusal with an HTTP status. A string is sent as text; anything else as JSON."""
    text = isinstance(body, str)
    kind = ("content-type", "text/plain" if text else "application/json")
    content = body.encode() if isinstance(body, str) else msgspec.json.encode(body)
    return Answer(status=status, headers=(kind, *(headers or {}).items()), steps=(content,))


def encode_event(event: Event) -> bytes:
    """Return one event of the stream, as bytes."""
    return b"event: %s\ndata: %s\n\n" % (event["type"].encode(), msgspec.json.encode(event))


# Scripts in files


class ScriptError(ValueError):
    """A script file cannot be used; the text says where and why."""


def load_script(path: Path) -> list[Reply]:
    """Read a script from a JSON file.

    The file holds `{"answers": [...]}`. Each answer has `parts`, a list of objects told apart by their first key:

        {"message": TEXT, "phase"?, "id"?, "deltaSize"?}       {"reasoning": [SUMMARY, ...], "raw"?, "id"?}
        {"call": NAME, "arguments": OBJECT, "callId": ID, "namespace"?}
        {"custom": NAME, "input": TEXT, "callId": ID}
        {"failed": CODE, "text": TEXT}   {"incomplete": REASON}   {"event": EVENT}   {"pause": SECONDS}

    or `http` (`{"status", "body", "headers"?}`); and optionally `when` (text that the request's input must hold),
    `repeat` (boolean), `end` (`whole`, `early`, `cut`, `idle`), `eventsPerWrite`, and `usage` (counts as in `Usage`).

    Raises ScriptError when the file is not such a script, and OSError when it cannot be read.
    """
    try:
        document = msgspec.json.decode(path.read_bytes())
        return [answer_from(entry) for entry in document["answers"]]
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
        raise ScriptError(f"{path}: not a model script: {type(error).__name__}: {error}") from error


_WORDS_OF_ANSWERS = ("parts", "http", "when", "repeat", "end", "eventsPerWrite", "usage")
_WORDS_OF_PARTS: Mapping[str, Sequence[str]] = {
    "message": ("phase", "id", "deltaSize"),
    "reasoning": ("raw", "id"),
    "call": ("arguments", "callId", "namespace"),
    "custom": ("input", "callId"),
    "failed": ("text",),
    **dict.fromkeys(("incomplete", "event", "pause"), ()),
}


def answer_from(entry: Event) -> Answer:
    """Return one answer of a script file; parts may be gates.

    Raises KeyError, TypeError or ValueError when it is none.
    """
    _refuse_others(entry, _WORDS_OF_ANSWERS, of="an answer")
    if "http" in entry:
        http = entry["http"]
        built = http_error(http["status"], http["body"], headers=http.get("headers"))
    else:
        usage = Usage(**entry["usage"]) if "usage" in entry else DEFAULT_USAGE
        built = answer(
            *(_part_from(part) for part in entry["parts"]),
            end=End(entry.get("end", "whole")),
            usage=usage,
            events_per_write=entry.get("eventsPerWrite"),
        )
    if "when" in entry:
        built = built.matching(str(entry["when"]))
    return built.repeated() if entry.get("repeat") else built


def _refuse_others(entry: Event, words: Sequence[str], *, of: str) -> None:
    """Raise ScriptError for a word that would change nothing."""
    for word in set(entry).difference(words):
        raise ScriptError(f"`{word}` is no word of {of}; its words are {', '.join(words)}")


def _part_from(part: Event | Gate) -> Part:
    if isinstance(part, dict) and (kind := next((word for word in part if word in _WORDS_OF_PARTS), None)):
        _refuse_others(part, (kind, *_WORDS_OF_PARTS[kind]), of=f"a `{kind}`")
    match part:
        case {"message": str(text)}:
            return message(
                text,
                item_id=part.get("id", "msg_1"),
                phase=part.get("phase"),
                delta_size=part.get("deltaSize", 8),
            )
        case {"reasoning": list()}:
            return reasoning(part["reasoning"], raw=part.get("raw"), item_id=part.get("id", "rs_1"))
        case {"call": str(name)}:
            return function_call(name, part["arguments"], call_id=part["callId"], namespace=part.get("namespace"))
        case {"custom": str(name)}:
            return custom_tool_call(name, part["input"], call_id=part["callId"])
        case {"failed": str(code)}:
            return failed(code, part["text"])
        case {"incomplete": str(reason)}:
            return incomplete(reason)
        case {"event": dict()}:
            return part["event"]
        case {"pause": int() | float()}:
            return Pause(part["pause"])
        case Gate():
            return part
        case _:
            raise ScriptError(f"unknown part {part!r}")


def _flatten(parts: Sequence[Part]) -> list[Event | Gate | Pause]:
    flat: list[Event | Gate | Pause] = []
    for part in parts:
        if isinstance(part, dict | Gate | Pause):
            flat.append(part)
        else:
            flat.extend(part)
    return flat


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():  # pyright: ignore[reportUnknownVariableType]  # decoded JSON
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:  # pyright: ignore[reportUnknownVariableType]  # decoded JSON
            yield from _strings(inner)


def _input_contains(request: Request, *, text: str) -> bool:
    return request.contains(text)
