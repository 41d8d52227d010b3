"""What a provider receives."""

import json
from typing import Any

import msgspec
import pytest

from codex_trio.model.request import (
    ModelRequest,
    OutputSchema,
    ReasoningOptions,
    RequestHeaders,
    encode_body,
    encode_headers,
    encoded_body,
)

ITEM: dict[str, Any] = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}


def body(**fields: Any) -> dict[str, Any]:
    return json.loads(encode_body(ModelRequest(model="gpt-5.5", input=[ITEM], **fields)))


def test_a_plain_request_asks_for_a_stream_and_stores_nothing():
    assert body(tools=[{"type": "function", "name": "f"}], prompt_cache_key="t1", client_metadata={"a": "b"}) == {
        "model": "gpt-5.5",
        "stream": True,
        "input": [ITEM],
        "tools": [{"type": "function", "name": "f"}],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "store": False,
        "include": [],
        "prompt_cache_key": "t1",
        "client_metadata": {"a": "b"},
    }


def test_a_reasoning_request_gets_the_reasoning_back_encrypted():
    sent = body(reasoning=ReasoningOptions(effort="high", context="all_turns"))
    assert sent["reasoning"] == {"effort": "high", "context": "all_turns"}
    assert sent["include"] == ["reasoning.encrypted_content"]
    assert body(reasoning=ReasoningOptions(summary="auto"))["reasoning"] == {"summary": "auto"}


def test_verbosity_and_a_schema_share_the_text_settings():
    assert body(verbosity="low")["text"] == {"verbosity": "low"}
    assert body(verbosity="low", output_schema=OutputSchema(schema={"type": "object"}))["text"] == {
        "verbosity": "low",
        "format": {
            "type": "json_schema",
            "strict": True,
            "schema": {"type": "object"},
            "name": "codex_output_schema",
        },
    }


def test_encoded_items_are_sent_as_they_are():
    encoded = b'{"type": "message",   "odd": 1.0}'
    request = ModelRequest(model="m", input=[msgspec.Raw(encoded), ITEM], tools=[msgspec.Raw(b'{"type": "x"}')])
    sent = encode_body(request)
    assert encoded in sent
    assert json.loads(sent)["input"] == [{"type": "message", "odd": 1.0}, ITEM]


PICTURE = "data:image/png;base64," + "A" * 300_000


@pytest.mark.parametrize(
    "item",
    [
        {"type": "message", "content": [{"text": 'é"'}, {"image_url": PICTURE}, {"image_url": PICTURE + "B"}]},
        {"type": "function_call_output", "output": [{"image_url": PICTURE}]},
        {"type": "image_generation_call", "result": PICTURE, "id": "i"},
        {"type": "custom_tool_call_output", "output": 'é"\n\U0001f600' * 70_000},
        {"type": "message", "content": [{"text": "short", "inside": [{"deep": PICTURE}]}, {"image_url": PICTURE}]},
    ],
    ids=["message", "output", "top", "escapes", "deep"],
)
async def test_what_is_encoded_in_parts_is_what_it_would_be_at_once(item: dict[str, Any]):
    request = ModelRequest(model="m", input=[ITEM, msgspec.Raw(b"{}"), item, item], tools=[{"name": "f"}])
    assert await encoded_body(request) == encode_body(request)


def test_optional_settings_are_only_sent_when_set():
    assert body(tools=None).keys() == body().keys() - {"tools"}
    assert body(service_tier="flex", instructions="Be brief", parallel_tool_calls=False).items() >= {
        ("service_tier", "flex"),
        ("instructions", "Be brief"),
        ("parallel_tool_calls", False),
    }


def test_headers_say_who_asks():
    headers = RequestHeaders(
        originator="probe",
        user_agent="probe/1",
        session_id="s1",
        thread_id="t1",
        window_id="t1:0",
        turn_metadata='{"turn_id":"x"}',
        beta_features="a,b",
        subagent="review",
        parent_thread_id="p1",
        responses_lite=True,
        turn_state="s",
        extra={"X-Extra": "1"},
    )
    assert encode_headers(headers) == {
        "originator": "probe",
        "user-agent": "probe/1",
        "session-id": "s1",
        "thread-id": "t1",
        "x-client-request-id": "t1",
        "x-codex-window-id": "t1:0",
        "x-codex-turn-metadata": '{"turn_id":"x"}',
        "x-codex-beta-features": "a,b",
        "x-openai-subagent": "review",
        "x-codex-parent-thread-id": "p1",
        "x-codex-turn-state": "s",
        "x-openai-internal-codex-responses-lite": "true",
        "accept": "text/event-stream",
        "content-type": "application/json",
        "x-extra": "1",
    }


def test_metadata_of_any_script_survives_the_way_through_a_header():
    metadata = {"root": "/home/zoë/项目/😀"}
    sent = encode_headers(RequestHeaders(turn_metadata=json.dumps(metadata, ensure_ascii=False)))
    assert sent["x-codex-turn-metadata"].isascii()
    assert json.loads(sent["x-codex-turn-metadata"]) == metadata


def test_a_client_name_cannot_add_headers():
    sent = encode_headers(RequestHeaders(originator="a\r\nx-b: 1", user_agent="Zoë/1"))
    assert (sent["originator"], sent["user-agent"]) == ("a__x-b: 1", "Zo_/1")
