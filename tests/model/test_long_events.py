"""What is kept of events that say more than any model does."""

import json
from typing import Any

import msgspec
import pytest
from raw_provider import COMPLETED, CREATED, delta, sse

from codex_trio.model import long_events
from codex_trio.model.events import Completed, ModelEvent, OutputItemDone, OversizedItem
from codex_trio.model.long_events import LONGEST_TEXT, MOST_STRUCTURE, shortened, shortened_item
from codex_trio.model.stream import ResponseParser

LONG = LONGEST_TEXT + 100_000
NOTE = "bytes truncated…"


def read(*events: dict[str, Any]) -> tuple[list[ModelEvent], ResponseParser]:
    parser = ResponseParser()
    return parser.feed(sse(*events)), parser


def done(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.done", "item": item}


def call(**more: Any) -> dict[str, Any]:
    return {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "run", **more}


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("unit", ["x", 'say "hi"\n', "é—", "\U0001f600", "\\", '\\\\"a', "\u2028\t"])
def test_a_text_is_cut_between_two_characters_wherever_its_end_falls(unit: str, ascii_only: bool) -> None:  # noqa: FBT001 (a case)
    text = unit * (12_000 // len(unit))
    for shift in range(13):
        whole = {"before": "-" * shift, "text": text, "after": "end"}
        data = json.dumps(whole, ensure_ascii=not ascii_only).encode()
        short = shortened(data, longest=11_000, kept_size=4_000)
        value = msgspec.json.decode(short.data)
        kept = value["text"].split(NOTE)[0].rpartition("…")[0]
        assert value["after"] == "end"
        assert text.startswith(kept)
        assert len(kept) > 300
        assert len(data) - len(short.data) < short.left_out < len(data)
        assert len(short.data) < 4_200


def test_the_texts_of_an_event_have_room_together() -> None:
    data = msgspec.json.encode({"parts": [{"text": "é" * 300_000} for _ in range(5)], "id": "last"})
    short = shortened(data)
    value = msgspec.json.decode(short.data)
    assert [NOTE in part["text"] for part in value["parts"]] == [False, True, True, True, True]
    assert value["id"] == "last"


def test_a_broken_event_stays_as_it_is() -> None:
    data = b'{"text": "' + b"x" * LONG
    assert shortened(data).data == data


@pytest.mark.parametrize("field", ["result", "encrypted_content", "image_url"])
def test_what_a_provider_makes_may_be_long(field: str) -> None:
    item = {"type": "image_generation_call", "id": "ig_1", field: "A" * (3 * LONGEST_TEXT)}
    events, _ = read(CREATED, done(item), COMPLETED)
    assert OutputItemDone(item) in events
    assert shortened_item(item) == (item, 0)


def test_a_text_is_none_of_those_for_the_name_of_its_field() -> None:
    [event, *_] = read(done(call(result='"' * LONG)))[0]
    assert isinstance(event, OversizedItem)


@pytest.mark.parametrize("text", ["x" * LONG, '"' * LONG])
def test_a_call_with_too_much_to_say_is_told_from_a_whole_one(text: str) -> None:
    [event, _] = read(done(call(arguments=text)), COMPLETED)[0]
    assert isinstance(event, OversizedItem)
    assert event.item["call_id"] == "c1"
    assert event.left_out > LONG - 200_000
    assert NOTE in event.item["arguments"]


@pytest.mark.parametrize("kind", ["function_call_arguments", "custom_tool_call_input", "output_text"])
def test_what_came_in_pieces_has_the_same_bound(kind: str) -> None:
    piece = {"type": f"response.{kind}.delta", "item_id": "i1", "delta": "x" * (LONG // 8)}
    events, parser = read(*[piece] * 9, COMPLETED)
    [item] = [event for event in events if isinstance(event, OutputItemDone)]
    assert isinstance(item, OversizedItem)
    assert len(msgspec.json.encode(item.item)) < 200_000
    assert parser.completed


def test_the_list_at_the_end_has_it_too() -> None:
    long = {
        "type": "message",
        "id": "m1",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "é" * LONG}],
    }
    events, parser = read(COMPLETED | {"response": {"id": "r1", "output": [long]}})
    assert [type(event) for event in events] == [OversizedItem, Completed]
    assert parser.completed


def test_only_the_long_event_is_cut() -> None:
    events, _ = read(done(call(arguments="é" * LONG)), done(call(id="fc_2", call_id="c2", arguments="{}")), COMPLETED)
    assert [type(event) for event in events] == [OversizedItem, OutputItemDone, Completed]


def test_an_item_of_very_many_parts_fails_the_response() -> None:
    parts = [{"type": "output_text", "text": "x"}] * (MOST_STRUCTURE // 8)
    events, parser = read(done({"type": "message", "id": "m1", "role": "assistant", "content": parts}))
    assert events == []
    assert parser.error is not None
    assert "more values than are taken" in parser.error.message


def test_an_event_that_nobody_reads_to_its_end_may_have_them() -> None:
    echo = [{"type": "function", "name": "f"}] * (MOST_STRUCTURE // 8)
    events, parser = read({"type": "response.created", "response": {"id": "r1", "tools": echo}}, delta("Hi"), COMPLETED)
    assert len(events) == 4
    assert parser.completed


def test_the_words_of_a_failure_have_an_end() -> None:
    _, parser = read(
        {"type": "response.failed", "response": {"error": {"code": "invalid_prompt", "message": "no " * LONG}}}
    )
    assert parser.error is not None
    assert len(parser.error.message) < 20_000


def test_what_is_long_is_for_a_thread() -> None:
    parser = ResponseParser()
    half = b"x" * (long_events.LARGE // 2)
    assert not parser.is_long(half)
    parser.feed(b"data: " + half)
    assert parser.is_long(half)
    parser.feed(b"\n\n")
    assert not parser.is_long(half)
    assert not parser.is_long(None)
