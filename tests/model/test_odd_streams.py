"""Nothing that a model or its provider said is lost because it was said in an odd way."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_provider import COMPLETED, CREATED, USAGE, delta, sse

from codex_trio.model.events import (
    Completed,
    FunctionCallArgumentsDelta,
    OutputItemDone,
    OutputTextDelta,
    ReasoningSummaryTextDelta,
    TokensSpent,
)
from codex_trio.model.stream import ResponseParser
from codex_trio.model.usage import ResponseUsage

FAILED = "stream disconnected before completion: "
CLOSED = f"{FAILED}stream closed before response.completed"

Event = dict[str, Any]


def message(text: str, item_id: str | None = "m1") -> Event:
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    return item if item_id is None else {**item, "id": item_id}


def call(arguments: str = "{}", item_id: str = "fc1") -> Event:
    return {"type": "function_call", "id": item_id, "call_id": "c1", "name": "t", "arguments": arguments}


def reasoning(text: str) -> Event:
    return {"type": "reasoning", "id": "rs1", "summary": [{"type": "summary_text", "text": text}]}


def added(item: Event) -> Event:
    return {"type": "response.output_item.added", "item": item}


def done(item: Any, **fields: Any) -> Event:
    return {"type": "response.output_item.done", "item": item, **fields}


def ended(kind: str = "completed", **fields: Any) -> Event:
    return {"type": f"response.{kind}", "response": {"id": "r1", **fields}}


def arguments(text: str, item_id: str = "fc1") -> Event:
    return {"type": "response.function_call_arguments.delta", "item_id": item_id, "delta": text}


def read(*parts: bytes | Event, reader: ResponseParser | None = None) -> tuple[list[Any], ResponseParser]:
    """Return all that comes of a stream that ends after these parts."""
    reader = reader or ResponseParser()
    events: list[Any] = []
    for part in parts:
        events += reader.feed(part if isinstance(part, bytes) else sse(part))
    return [*events, *reader.end()], reader


def items(events: list[Any]) -> list[Event]:
    return [event.item for event in events if isinstance(event, OutputItemDone)]


def texts(events: list[Any]) -> list[str]:
    return ["".join(part["text"] for part in item["content"]) for item in items(events) if item["type"] == "message"]


def error_of(*parts: bytes | Event) -> str:
    _, reader = read(*parts)
    assert not reader.completed
    assert reader.error is not None
    return reader.error.message


# --- fields ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, "0", 1.5, -1, [], {}, True, 2**70])
@pytest.mark.parametrize("field", ["output_index", "sequence_number", "item_id", "content_index", "summary_index"])
def test_fields_that_nobody_acts_on_may_be_anything(field: str, value: object):
    odd = {field: value}
    events, reader = read(
        {**CREATED, **odd},
        {**added(message("")), **odd},
        {**delta("Hi"), **odd},
        {"type": "response.reasoning_summary_text.delta", "item_id": "rs1", "summary_index": 0, "delta": "why", **odd},
        {**done(reasoning("why")), **odd},
        {**done(message("Hi")), **odd},
        {**COMPLETED, **odd},
    )
    assert reader.completed
    assert [event.delta for event in events if isinstance(event, OutputTextDelta)] == ["Hi"]
    assert [event.delta for event in events if isinstance(event, ReasoningSummaryTextDelta)] == ["why"]
    assert items(events) == [reasoning("why"), message("Hi")]


@pytest.mark.parametrize(
    ("value", "text"), [(5, "5"), ({"text": "Hi"}, "Hi"), ({"a": 1}, '{"a":1}'), (None, None), ("", ""), (True, None)]
)
def test_a_delta_that_is_no_text_is_written_out(value: object, text: str | None):
    events, _ = read({"type": "response.output_text.delta", "item_id": "m1", "delta": value})
    assert [event.delta for event in events if isinstance(event, OutputTextDelta)] == ([] if text is None else [text])


@pytest.mark.parametrize("item", [None, 5, "x", []])
def test_an_item_that_is_none_fails_the_response(item: object):
    assert error_of(CREATED, done(item), COMPLETED) == f"{FAILED}an output item is done, but the event holds none"


# --- texts -----------------------------------------------------------------------------------------------------------

ITEM = (
    b'data: {"type":"response.output_item.done","item":{"type":"message","role":"assistant","id":"m1",'
    b'"content":[{"type":"output_text","text":"%b"}]}}\n\n'
)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"caf\xe9 open", "caf\ufffd open"),
        (b"a \\ud83d b", "a \ufffd b"),
        (b"a \\ude00\\ud83d b", "a \ufffd\ufffd b"),
        (b"a \x01 b", "a \x01 b"),
        (b'x","logprob":NaN,"more":-Infinity,"big":1e999,"long":%b,"y":"' % (b"9" * 5000), "x"),
    ],
)
def test_what_strict_readers_refuse_is_mended(raw: bytes, text: str):
    events, reader = read(CREATED, ITEM % raw, COMPLETED)
    assert reader.completed
    assert texts(events) == [text]


def test_a_character_that_is_cut_over_two_deltas_is_whole():
    halves = b'data: {"type":"response.output_text.delta","item_id":"m1","delta":"%b"}\n\n'
    events, _ = read(halves % b"a\\ud83d", halves % b"\\ude00b", halves % b"\\ud83d", COMPLETED)
    assert [event.delta for event in events if isinstance(event, OutputTextDelta)] == ["a", "\U0001f600b"]
    assert texts(events) == ["a\U0001f600b"]


@pytest.mark.parametrize("bad", [b'data: {"type":"response.output_item.do\n\n', b"event: response.x\ndata: {nope}\n\n"])
def test_an_event_that_cannot_be_read_fails_the_response(bad: bytes):
    assert "an event cannot be read: " in error_of(CREATED, bad, COMPLETED)


def test_an_item_that_is_nested_without_end_fails_the_response():
    deep = b"[" * 50_000 + b"]" * 50_000
    told = "nested more than 200 levels deep"
    assert told in error_of(
        CREATED, b'data: {"type":"response.output_item.done","item":{"x":%b}}\n\n' % deep, COMPLETED
    )
    assert told in error_of(CREATED, done({"x": json.loads("[" * 300 + "]" * 300)}), COMPLETED)


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [None, 5, ""])
def test_events_may_be_named_by_their_event_line_only(kind: object):
    body = [CREATED, added(message("")), delta("Hi"), done(message("Hi")), COMPLETED]
    lines = [
        (event["type"], json.dumps({**event, "type": kind} if kind is not None else _untyped(event))) for event in body
    ]
    events, reader = read(*(f"event: {name}\ndata: {data}\n\n".encode() for name, data in lines))
    assert reader.completed
    assert [event.delta for event in events if isinstance(event, OutputTextDelta)] == ["Hi"]
    assert texts(events) == ["Hi"]


def _untyped(event: Event) -> Event:
    return {key: value for key, value in event.items() if key != "type"}


# --- items that come in pieces, or at the end only -------------------------------------------------------------------


def test_an_answer_that_only_came_in_deltas_becomes_an_item():
    events, _ = read(CREATED, added(message("")), delta("Hel"), delta("lo"), COMPLETED)
    assert items(events) == [message("Hello")]
    assert isinstance(events[-1], Completed)
    events, _ = read(CREATED, {"type": "response.output_text.delta", "delta": "Hello"}, COMPLETED)
    assert items(events) == [message("Hello", None)]


@pytest.mark.parametrize("item_id", ["m1", "other", None])
@pytest.mark.parametrize("announced", [False, True])
@pytest.mark.parametrize("done_id", ["m1", "m2", None])
def test_an_answer_that_came_in_deltas_and_as_an_item_is_said_once(
    item_id: str | None, done_id: str | None, *, announced: bool
):
    start = [added(message(""))] if announced else []
    piece = {"type": "response.output_text.delta", "delta": "Hello", **({"item_id": item_id} if item_id else {})}
    whole = {"type": "response.output_text.done", "text": "Hello", **({"item_id": item_id} if item_id else {})}
    for order in ([piece, whole], [whole], [piece]):
        events, _ = read(CREATED, *start, *order, done(message("Hello", done_id)), COMPLETED)
        assert items(events) == [message("Hello", done_id)]


def test_deltas_under_several_ids_belong_to_the_item_that_says_them_all():
    pieces = [{"type": "response.output_text.delta", "delta": "h"}, {**delta("i"), "item_id": "m2"}]
    events, _ = read(CREATED, added(message("")), *pieces, done(message("hi", "m3")), COMPLETED)
    assert items(events) == [message("hi", "m3")]


def test_an_answer_that_only_came_with_the_end_counts():
    output = [reasoning("why"), message("Hello"), call()]
    events, _ = read(CREATED, ended(output=output, usage=USAGE))
    assert items(events) == output
    assert events[-1].usage.total_tokens == 120


@pytest.mark.parametrize(
    ("came", "listed", "missing"),
    [
        ([message("a")], [message("a")], []),
        ([message("a")], [message("a", "other")], []),
        ([message("a", None)], [message("a", None)], []),
        ([message("a", "m1")], [message("a", "m1"), message("b", "m2")], [message("b", "m2")]),
        ([message("b", "m2")], [message("a", "m1"), message("b", "m2")], [message("a", "m1")]),
        ([reasoning("why")], [reasoning("why"), call()], [call()]),
        ([message("a"), call()], [], []),
        ([], [5, None, message("a")], [message("a")]),
    ],
)
def test_what_the_end_lists_is_said_if_it_was_not_before(came: list[Event], listed: list[Any], missing: list[Event]):
    events, _ = read(CREATED, *map(done, came), ended(output=listed))
    assert items(events) == [*came, *missing]


def test_a_call_that_only_came_in_pieces_is_made():
    begun = call("")
    whole = {"type": "response.function_call_arguments.done", "item_id": "fc1", "arguments": '{"a":1}'}
    for pieces in ([arguments('{"a"'), arguments(":1}")], [whole], [arguments('{"a":1}'), whole]):
        events, _ = read(CREATED, added(begun), *pieces, COMPLETED)
        assert items(events) == [call('{"a":1}')]
    events, _ = read(CREATED, added(begun), arguments("{}"), done(call()), whole, COMPLETED)
    assert items(events) == [call()]


def test_reasoning_and_tool_input_that_only_came_in_pieces_are_kept():
    tool = {"type": "custom_tool_call", "id": "ct1", "call_id": "c1", "name": "apply_patch", "input": ""}
    events, _ = read(
        CREATED,
        {"type": "response.reasoning_summary_text.delta", "item_id": "rs1", "summary_index": 0, "delta": "wh"},
        {"type": "response.reasoning_summary_text.delta", "item_id": "rs1", "summary_index": 0, "delta": "y"},
        added(tool),
        {"type": "response.custom_tool_call_input.delta", "item_id": "ct1", "delta": "***"},
        COMPLETED,
    )
    assert items(events) == [reasoning("why"), {**tool, "input": "***"}]


def text_done(text: str, **fields: Any) -> Event:
    return {"type": "response.output_text.done", "item_id": "m1", "text": text, **fields}


def part_done(text: str, kind: str = "output_text", **fields: Any) -> Event:
    part = {"type": kind, "refusal" if kind == "refusal" else "text": text}
    return {"type": "response.content_part.done", "item_id": "m1", "part": part, **fields}


@pytest.mark.parametrize("fields", [{}, {"content_index": 0}, {"content_index": None}, {"content_index": "0"}])
@pytest.mark.parametrize("item_id", ["m1", None, ""])
@pytest.mark.parametrize("announced", [False, True])
@pytest.mark.parametrize(
    "came",
    [
        [part_done("answer")],
        [part_done("answer", "refusal")],
        [text_done("answer")],
        [text_done("answer"), text_done("answer")],
        [text_done("answer"), part_done("answer"), part_done("answer")],
        [delta("ans"), delta("wer"), text_done("answer"), part_done("answer")],
    ],
)
def test_the_text_of_a_part_counts_once_however_often_it_is_said(
    came: list[Event], item_id: str | None, fields: Event, *, announced: bool
):
    begun = [added({"type": "message", "role": "assistant", "id": "m1", "content": []})] if announced else []
    said = [event | fields | {"item_id": item_id} if "done" in event["type"] else event for event in came]
    events, _ = read(*begun, *said, ended())
    assert texts(events) == ["answer"]
    events, _ = read(*begun, *said, done(message("answer")), *said[-1:], ended())
    assert texts(events) == ["answer"]


def test_parts_of_a_message_are_kept_in_their_order():
    first, second = part_done("one ", content_index=0), part_done("two", content_index=1)
    assert texts(read(second, first, second, ended())[0]) == ["one two"]
    assert texts(read(part_done("one "), part_done("two"), part_done("one "), ended())[0]) == ["one two"]
    assert texts(read(delta("one "), first, second, ended())[0]) == ["one two"]


def test_reasoning_that_only_came_in_whole_parts_is_kept():
    summary = {"type": "response.reasoning_summary_text.done", "item_id": "rs1", "summary_index": 1, "text": "two"}
    part = {"type": "response.reasoning_summary_part.done", "item_id": "rs1", "summary_index": 0}
    thought = {"type": "response.reasoning_text.done", "item_id": "rs1", "content_index": 0, "text": "hm"}
    both = [summary, part | {"part": {"type": "summary_text", "text": "one"}}, thought]
    events, _ = read(*both, *both, part_done("hm", "reasoning_text", content_index=0) | {"item_id": "rs1"}, ended())
    summaries = [{"type": "summary_text", "text": text} for text in ("one", "two")]
    thoughts = [{"type": "reasoning_text", "text": "hm"}]
    assert items(events) == [{"type": "reasoning", "id": "rs1", "summary": summaries, "content": thoughts}]
    assert items(read(*both, done(reasoning("one")), *both, ended())[0]) == [reasoning("one")]


def test_a_refusal_is_an_answer():
    events, _ = read(CREATED, {"type": "response.refusal.delta", "item_id": "m1", "delta": "No."}, COMPLETED)
    assert [event.delta for event in events if isinstance(event, OutputTextDelta)] == ["No."]
    assert texts(events) == ["No."]


def test_nothing_is_made_of_items_without_content():
    events, _ = read(
        CREATED, added(message("") | {"content": []}), added({"type": "reasoning", "id": "rs1"}), COMPLETED
    )
    assert items(events) == []


def test_an_answer_without_end_is_given_up():
    _, reader = read(CREATED, *(delta("x" * 30) for _ in range(5)), reader=ResponseParser(max_text=100))
    assert reader.error is not None
    assert reader.error.message == f"{FAILED}an answer exceeds 100 characters"


# --- how it ends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "last",
    [
        {"type": "error", "code": "server_error", "message": "REASON", "param": None},
        {"type": "error", "error": {"type": "overloaded", "message": "REASON"}},
        {"type": "error", "message": None, "error": "REASON"},
        b'data: {"error":{"message":"REASON","code":500}}\n\ndata: [DONE]\n\n',
        b'data: {"error":"REASON"}\n\n',
        b'event: error\ndata: {"message":"REASON"}\n\n',
        b'event: error\ndata: {"detail":[{"msg":"REASON"}]}\n\n',
        b"event: error\ndata: REASON\n\n",
        ended("failed", error="REASON"),
        ended("failed", error={"message": "REASON"}),
        ended("failed", status_details={"error": {"message": "REASON"}}),
        {"type": "response.failed", "error": {"message": "REASON"}},
        {"type": "response.failed", "response": None, "message": "REASON"},
        {"type": "response.failed", "response": "REASON"},
        ended("completed", status="failed", error={"message": "REASON"}),
        ended("done", status="failed", error={"message": "REASON"}),
        b'{"error":{"message":"REASON","code":"429"}}',
        b'{\n\n  "error": {\n\n "message": "REASON"}}\n',
        b'{"detail":"REASON"}',
        b'{"message":"REASON"}',
    ],
)
def test_an_error_is_told_in_the_providers_words(last: bytes | Event):
    assert error_of(CREATED, last) == f"{FAILED}REASON"


@pytest.mark.parametrize(
    "last",
    [
        b"<html><head><title>x</title></head><body>\n\n<b>REASON</b></body></html>",
        b"upstream REASON\n",
        b"data: REASON\n\n",
        b'data: {"detail":"REASON"}\n\n',
        b'data: ["REASON"]\n\n',
    ],
)
def test_what_came_in_place_of_an_end_is_told(last: bytes):
    told = error_of(last)
    assert told.startswith(f"{CLOSED}: ")
    assert "REASON" in told
    assert "<" not in told


def test_an_answer_that_was_not_streamed_counts():
    body = {"id": "r1", "object": "response", "status": "completed", "output": [message("Hello")], "usage": USAGE}
    for indent in (None, 2):
        events, reader = read(json.dumps(body, indent=indent).encode())
        assert reader.completed
        assert items(events) == [message("Hello")]
        assert events[-1].usage.total_tokens == 120


def test_an_event_that_the_end_cuts_is_no_event_unless_it_is_whole():
    assert error_of(CREATED, sse(COMPLETED)[:-30]) == CLOSED
    _, reader = read(CREATED, sse(COMPLETED).rstrip())
    assert reader.completed


@pytest.mark.parametrize("last", [b'data: {"type":"response.completed"}\n\n', ended() | {"response": None}])
def test_an_end_without_a_response_is_an_end(last: bytes | Event):
    events, reader = read(CREATED, done(message("Hi")), last)
    assert reader.completed
    assert events[-1] == Completed("", None, None)


COUNTS = ResponseUsage(
    input_tokens=100,
    cached_input_tokens=0,
    cache_write_input_tokens=0,
    output_tokens=20,
    reasoning_output_tokens=0,
    total_tokens=120,
)


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (USAGE, (100, 20, 120)),
        ({"input_tokens": 100, "output_tokens": 20}, (100, 20, 120)),
        ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}, (100, 20, 120)),
        ({"input_tokens": "100", "output_tokens": 20.0, "total_tokens": None}, (100, 20, 120)),
        ({"input_tokens": -5, "output_tokens": 10**30, "total_tokens": 1e300}, (0, 0, 0)),
        ({"total_tokens": 7}, (0, 0, 7)),
        ({**USAGE, "input_tokens_details": 5, "output_tokens_details": [1]}, (100, 20, 120)),
        ("120", None),
        ([], None),
        ({}, None),
    ],
)
def test_an_answer_is_not_lost_for_its_bill(usage: Any, counted: tuple[int, int, int] | None):
    events, reader = read(CREATED, done(message("Hi")), ended(usage=usage))
    assert reader.completed
    found = events[-1].usage
    assert (None if found is None else (found.input_tokens, found.output_tokens, found.total_tokens)) == counted


@pytest.mark.parametrize(
    "last",
    [
        ended("incomplete", incomplete_details={"reason": "max_output_tokens"}, usage=USAGE),
        ended("completed", status="incomplete", incomplete_details={"reason": "max_output_tokens"}, usage=USAGE),
        ended("failed", error={"code": "invalid_prompt", "message": "no"}, usage=USAGE),
        ended("failed", error={"message": "try again"}, usage=USAGE),
    ],
)
def test_what_a_response_used_before_it_was_cut_is_counted(last: Event):
    events, reader = read(CREATED, delta("Hi"), last)
    assert reader.error is not None
    assert events[-1] == TokensSpent(COUNTS)


def test_a_cut_response_keeps_its_words_and_makes_no_calls():
    cut = ended("incomplete", incomplete_details={"reason": "max_output_tokens"}, output=[call('{"a"', "fc2")])
    events, reader = read(CREATED, delta("Hal"), added(call("")), arguments('{"a"'), cut)
    assert items(events) == [message("Hal")]
    assert reader.error is not None


@pytest.mark.parametrize("details", [None, 5, [], "full", {"reason": None}, {"reason": ["x"]}])
def test_a_cut_response_needs_no_reason(details: object):
    assert error_of(CREATED, ended("incomplete", incomplete_details=details)).startswith("Incomplete response returned")


# --- any bytes, however they are cut ---------------------------------------------------------------------------------

PARTS = st.sampled_from(
    [
        sse(CREATED),
        sse(added(message(""))),
        sse(delta("Hé")),
        sse({**delta("x"), "item_id": None}),
        sse(done(message("Hé"))),
        sse(done(call())),
        sse(arguments('{"a":1}', "fc9")),
        sse(ended(output=[message("Hé")])),
        sse(ended("failed", error="REASON")),
        ITEM % b"\xff\\ud83d",
        b"event: error\r\ndata: {}\r\n\r\n",
        b'data: {"error":"x"}\r\r',
        b"data: [DONE]\n\n",
        b": ping\n\n",
        b"<p>junk</p>\n\n",
        b"data: {\n\n",
    ]
)


@given(parts=st.lists(PARTS, max_size=8), cuts=st.lists(st.integers(0, 600), max_size=12))
def test_it_does_not_matter_how_an_odd_stream_is_cut(parts: list[bytes], cuts: list[int]):
    whole = b"".join(parts)
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    events, reader = read(whole)
    again, other = read(*(whole[a:b] for a, b in pairwise(places)))
    assert again == events
    assert other.completed == reader.completed
    assert (other.error and other.error.message) == (reader.error and reader.error.message)
    assert reader.completed != (reader.error is not None)


@given(deltas=st.lists(st.text(max_size=6), min_size=1, max_size=6), with_done=st.booleans(), with_output=st.booleans())
def test_the_words_of_a_message_come_through_exactly_once(deltas: list[str], *, with_done: bool, with_output: bool):
    text = "".join(deltas)
    last = ended(output=[message(text)] if with_output else [])
    events, _ = read(CREATED, *map(delta, deltas), *([done(message(text))] if with_done else []), last)
    expected = [text] if text or with_done or with_output else []
    assert texts(events) == expected


@given(text=st.text(max_size=40), sizes=st.lists(st.integers(1, 9), min_size=1, max_size=20))
def test_arguments_in_pieces_are_put_together(text: str, sizes: list[int]):
    pieces: list[Event] = []
    at = 0
    for size in sizes:
        pieces.append(arguments(text[at : at + size]))
        at += size
    events, _ = read(CREATED, added(call("")), *pieces, COMPLETED)
    assert items(events) == [call(text[:at])]
    assert [type(event) for event in events].count(FunctionCallArgumentsDelta) == len(pieces)
