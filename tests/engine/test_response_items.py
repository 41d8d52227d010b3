"""Items of any gateway, client or older rollout, in the form that strict providers take back."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.engine.item_ids import ItemIds
from codex_trio.engine.response_items import MalformedItem, arguments_of, clean, of_client, of_model, texts_of

TEXT = {"type": "output_text", "text": "hi"}


def message(content: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": content, **fields}


def test_what_is_clean_stays_as_it_is() -> None:
    items = [
        message([TEXT], id="msg_1", phase="final_answer", status="completed"),
        message([{**TEXT, "annotations": [{"x": 1}], "logprobs": []}, {"type": "refusal", "refusal": "no"}]),
        message([{"type": "input_image", "image_url": "data:,", "detail": "low"}], role="user"),
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "s"}]},
        {"type": "reasoning", "summary": [], "encrypted_content": "e"},
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "n", "arguments": '{ "a" : 1}'},
        {"type": "custom_tool_call", "call_id": "c2", "name": "apply_patch", "input": "*** x"},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "x"}]},
        {"type": "function_call_output", "name": "clock", "namespace": "mine", "output": "noon"},
        {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": "q", "queries": ["q"]}},
        {"type": "compaction", "encrypted_content": "e"},
        {"type": "agent_message", "author": "a", "content": [{"type": "input_text", "text": "x"}]},
    ]
    for item in items:
        assert clean(item) == item
        assert list(clean(item) or {}) == list(item)


@pytest.mark.parametrize(
    ("item", "cleaned"),
    [
        (message([TEXT], provider_specific_fields={"a": 1}, tool_calls=None, phase="odd"), message([TEXT])),
        (message("hi"), message([TEXT])),
        (message(5), message([])),
        (message([None, 5, {"type": None}, {"type": "output_text", "text": None}, {"type": "x"}]), message([])),
        (message([{"type": "input_text", "text": "hi", "foo": 1}]), message([TEXT])),
        (message([{"type": "text", "text": "hi"}], role="user"),
         message([{"type": "input_text", "text": "hi"}], role="user")),
        ({"role": "user", "content": "hi"}, message([{"type": "input_text", "text": "hi"}], role="user")),
        ({"type": "reasoning", "id": "rs_1", "format": "own"}, {"type": "reasoning", "id": "rs_1", "summary": []}),
        ({"type": "reasoning", "summary": None, "content": 5, "encrypted_content": {}},
         {"type": "reasoning", "summary": []}),
        ({"type": "reasoning", "summary": ""}, {"type": "reasoning", "summary": []}),
        ({"type": "reasoning", "summary": "thought"},
         {"type": "reasoning", "summary": [{"type": "summary_text", "text": "thought"}]}),
        ({"type": "function_call", "call_id": 7, "name": ["x"], "arguments": None},
         {"type": "function_call", "name": "unknown", "arguments": "{}"}),
        ({"type": "function_call", "call_id": "c", "name": "functions.exec command", "arguments": {"a": 1}},
         {"type": "function_call", "call_id": "c", "name": "functions_exec_command", "arguments": '{"a":1}'}),
        ({"type": "custom_tool_call", "call_id": "c", "name": "p", "input": 5},
         {"type": "custom_tool_call", "call_id": "c", "name": "p", "input": "5"}),
        ({"type": "function_call_output", "call_id": "c", "output": {"content": "x", "success": True}},
         {"type": "function_call_output", "call_id": "c", "output": "x"}),
        ({"type": "web_search_call", "action": {"type": "search", "query": 5, "sources": []}},
         {"type": "web_search_call", "action": {"type": "search"}}),
    ],
)  # fmt: skip
def test_what_providers_refuse_is_left_out_or_put_right(item: dict[str, Any], cleaned: dict[str, Any]) -> None:
    assert clean(item) == cleaned


@pytest.mark.parametrize("text", ['{"cmd":"echo', "{", "", "null", "[]", "5", "```json\n{}\n```", '{"a":' * 50_000])
def test_arguments_that_are_no_object_are_sent_back_as_none(text: str) -> None:
    cleaned = clean({"type": "function_call", "call_id": "c", "name": "n", "arguments": text})
    assert cleaned is not None
    assert cleaned["arguments"] == "{}"


def test_arguments_are_taken_as_meant() -> None:
    assert arguments_of({"type": "function_call", "arguments": {"cmd": "ls"}}) == '{"cmd":"ls"}'
    assert arguments_of({"type": "function_call", "arguments": None}) == ""
    assert arguments_of({"type": "custom_tool_call", "input": "patch"}) == "patch"


@pytest.mark.parametrize("item", [{}, {"foo": 1}, {"type": 5}, {"type": None}, {"type": "mcp_call", "id": "x"}])
def test_items_of_unknown_kinds_are_nothing_to_a_provider(item: dict[str, Any]) -> None:
    assert clean(item) is None


def test_the_model_speaks_as_the_assistant_only() -> None:
    spoken = of_model(message([TEXT], role="system"))
    assert spoken is not None
    assert spoken["role"] == "assistant"


def test_refusals_of_the_model_are_text_too() -> None:
    item = {"content": [TEXT, {"type": "refusal", "refusal": "b"}, {"type": "x"}, 5]}
    assert texts_of(item) == ["hi", "b"]
    assert texts_of({"content": 5}) == []


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        (5, "invalid type: number, expected struct WrappedItem"),
        ({"foo": 1}, "missing field `type`"),
        ({"type": 5}, "`type` must be text"),
        ({"type": "message", "content": []}, "missing field `role`"),
        ({"type": "message", "role": "robot", "content": []}, "`role` has a form that no model takes"),
        (
            {"type": "message", "role": "user", "content": [{"type": "foo"}]},
            "`content[0]` is of no kind that models take",
        ),
        ({"type": "message", "role": "user", "content": ["x"]}, "`content[0]` must be an object"),
        ({"type": "function_call", "name": "x", "call_id": "c"}, "missing field `arguments`"),
        ({"type": "function_call_output", "call_id": "c"}, "missing field `output`"),
        ({"type": "function_call_output", "call_id": "c", "output": [5]}, "`output[0]` must be an object"),
        ({"type": "reasoning"}, "missing field `summary`"),
    ],
)
def test_a_clients_item_that_no_model_can_read_is_refused_with_the_reason(item: Any, problem: str) -> None:
    with pytest.raises(MalformedItem) as caught:
        of_client(item)
    assert problem in str(caught.value)


def test_a_clients_item_of_a_kind_that_is_unknown_is_nothing() -> None:
    assert of_client({"type": "from_the_future", "x": 1}) is None


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "image_url", "content"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_kinds = st.sampled_from(
    ["message", "reasoning", "function_call", "custom_tool_call", "function_call_output", "web_search_call", "x"]
)
_fields = st.dictionaries(
    st.sampled_from(["id", "role", "content", "summary", "call_id", "name", "arguments", "input", "output", "action"]),
    _values,
)


@given(kind=_kinds | _values, fields=_fields)
def test_cleaning_takes_anything_and_once_is_enough(kind: Any, fields: dict[str, Any]) -> None:
    cleaned = of_model({"type": kind, **fields})
    if cleaned is not None:
        assert clean(cleaned) == cleaned
        msgspec.json.encode(cleaned)


def test_an_id_that_is_taken_or_unfit_becomes_one_of_the_threads_own() -> None:
    ids = ItemIds()
    assert ids.pick("message", "msg_0") == "msg_0"
    ids.note([{"type": "message", "id": "msg_0"}])
    assert ids.pick("message", "msg_0").startswith("msg_")
    assert ids.pick("message", "msg_0") != "msg_0"
    assert ids.pick("reasoning", "rs_0", besides=["rs_0"]) != "rs_0"
    for unfit in (None, 5, "", "x" * 65, "a\0b"):
        assert ids.pick("reasoning", unfit).startswith("rs_")


def test_a_call_id_that_is_taken_or_missing_becomes_one_of_the_threads_own() -> None:
    ids = ItemIds()
    call = {"type": "function_call", "id": "call_0", "call_id": "call_0", "name": "n"}
    assert ids.name_call(call) == call
    ids.note([call])
    again = ids.name_call(call)
    assert again["call_id"] != "call_0"
    assert again["id"] != "call_0"
    assert ids.name_call({"type": "function_call", "name": "n"})["call_id"]
