"""What the engine learns from the bytes of a response, and how the response ends."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_provider import COMPLETED, CREATED, USAGE, delta, sse

from codex_trio.model.events import (
    Completed,
    Created,
    CustomToolCallInputDelta,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    ProviderChecks,
    ProviderModeration,
    RateLimits,
    ReasoningSummaryPartAdded,
    ReasoningSummaryTextDelta,
    ReasoningTextDelta,
    ServedModel,
    TurnState,
)
from codex_trio.model.stream import ResponseParser
from codex_trio.model.usage import ResponseUsage

MESSAGE = {"type": "message", "id": "m1", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}


def read(*events: dict[str, Any]) -> tuple[list[Any], ResponseParser]:
    reader = ResponseParser()
    return reader.feed(sse(*events)), reader


def test_a_whole_response_comes_out_as_typed_events():
    events, reader = read(
        CREATED,
        {"type": "response.output_item.added", "output_index": 1, "item": {**MESSAGE, "content": []}},
        delta("Hi"),
        {"type": "response.output_item.done", "output_index": 1, "item": MESSAGE},
        COMPLETED,
    )
    usage = ResponseUsage(
        input_tokens=100,
        cached_input_tokens=0,
        cache_write_input_tokens=0,
        output_tokens=20,
        reasoning_output_tokens=0,
        total_tokens=120,
    )
    assert events == [
        Created(),
        OutputItemAdded({**MESSAGE, "content": []}),
        OutputTextDelta("Hi", "m1"),
        OutputItemDone(MESSAGE),
        Completed("r1", usage, None, USAGE),
    ]
    assert reader.completed


def test_reasoning_and_tool_input_stream_too():
    events, _ = read(
        {"type": "response.reasoning_summary_part.added", "item_id": "rs1", "summary_index": 1},
        {"type": "response.reasoning_summary_text.delta", "item_id": "rs1", "summary_index": 1, "delta": "why"},
        {"type": "response.reasoning_text.delta", "item_id": "rs1", "content_index": 2, "delta": "raw"},
        {"type": "response.custom_tool_call_input.delta", "item_id": "ctc1", "call_id": "c1", "delta": "***"},
    )
    assert events == [
        ReasoningSummaryPartAdded(1, "rs1"),
        ReasoningSummaryTextDelta("why", 1, "rs1"),
        ReasoningTextDelta("raw", 2, "rs1"),
        CustomToolCallInputDelta("***", "ctc1", "c1"),
    ]


def test_token_details_are_counted():
    details = {
        "input_tokens_details": {"cached_tokens": 11, "cache_write_tokens": 7},
        "output_tokens_details": {"reasoning_tokens": 3},
    }
    usage = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120, **details}
    [completed], _ = read({"type": "response.completed", "response": {"id": "r1", "usage": usage, "end_turn": True}})
    assert completed.end_turn is True
    assert completed.usage == ResponseUsage(
        input_tokens=100,
        cached_input_tokens=11,
        cache_write_input_tokens=7,
        output_tokens=20,
        reasoning_output_tokens=3,
        total_tokens=120,
    )


@pytest.mark.parametrize("usage", [None, "absent"])
def test_a_response_without_usage_is_complete_as_well(usage: str | None):
    response = {"id": "r1"} if usage == "absent" else {"id": "r1", "usage": None}
    assert read({"type": "response.completed", "response": response})[0] == [Completed("r1", None, None, None)]


def test_events_of_no_interest_are_passed_over():
    reader = ResponseParser()
    assert reader.feed(b'data: [DONE]\n\ndata: {"type":"keepalive"}\n\ndata:\n\ndata: ping\n\n') == []
    known = sse(
        {"type": "response.in_progress"},
        {"type": "response.output_text.delta"},
        {"type": "response.output_item.added"},
        {"type": "response.image_generation_call.partial_image", "partial_image_b64": "x"},
    )
    assert reader.feed(known) == []
    assert reader.error is None
    assert reader.feed(sse(COMPLETED)) != []
    assert reader.completed


def test_a_stream_that_just_ends_is_a_disconnect_worth_repeating():
    _, reader = read(CREATED, delta("Hi"))
    reader.end()
    assert reader.error is not None
    assert reader.error.message == "stream disconnected before completion: stream closed before response.completed"
    assert reader.error.info.to_wire() == "other"
    assert reader.error.retryable


def test_a_stream_may_end_after_the_response_is_complete():
    _, reader = read(COMPLETED)
    reader.end()
    assert reader.error is None


def test_what_came_before_a_failure_is_still_delivered():
    failed = {"type": "response.failed", "response": {"error": {"code": "invalid_prompt", "message": "bad prompt"}}}
    events, reader = read(CREATED, delta("Hi"), failed, delta("never"))
    assert events == [Created(), OutputTextDelta("Hi", "m1")]
    assert reader.error is not None
    assert reader.error.message == "bad prompt"
    assert reader.feed(sse(COMPLETED)) == []


def test_limits_that_are_told_in_the_middle_of_a_response_are_read():
    told = {
        "type": "codex.rate_limits",
        "plan_type": "plus",
        "rate_limits": {
            "limit_reached": False,
            "primary": {"used_percent": 12, "window_minutes": 300, "reset_at": 1_796_070_000},
            "secondary": {"used_percent": 55.5},
        },
        "credits": {"has_credits": True, "unlimited": False, "balance": "5"},
        "metered_limit_name": "codex-other",
    }
    events, _ = read(CREATED, told, COMPLETED)
    [limits] = [event.limits for event in events if isinstance(event, RateLimits)]
    assert limits.to_rollout() == {
        "limit_id": "codex_other",
        "limit_name": None,
        "primary": {"used_percent": 12.0, "window_minutes": 300, "resets_at": 1_796_070_000},
        "secondary": {"used_percent": 55.5, "window_minutes": None, "resets_at": None},
        "credits": {"has_credits": True, "unlimited": False, "balance": "5"},
        "individual_limit": None,
        "spend_control_reached": None,
        "plan_type": "plus",
        "rate_limit_reached_type": None,
    }


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"rate_limits": 5},
        {"rate_limits": {"primary": {"used_percent": "x"}, "secondary": []}, "credits": 7, "plan_type": {}},
        {"rate_limits": {"primary": {"used_percent": True, "reset_at": 1.5}}, "metered_limit_name": ["x"]},
    ],
)
def test_what_is_said_of_limits_in_another_form_breaks_nothing(fields: dict[str, Any]):
    events, reader = read(CREATED, {"type": "codex.rate_limits", **fields}, COMPLETED)
    assert reader.completed
    assert [event.limits.primary for event in events if isinstance(event, RateLimits)] in ([], [None])


def test_limits_and_the_serving_model_are_read_from_the_headers():
    headers = {
        "x-codex-primary-used-percent": "42.5",
        "x-codex-primary-window-minutes": "300",
        "x-codex-primary-reset-at": "2000000000",
        "x-codex-secondary-used-percent": "nonsense",
        "x-codex-other-primary-used-percent": "2",
        "x-codex-other-limit-name": "Other",
        "x-codex-credits-has-credits": "true",
        "x-codex-credits-unlimited": "false",
        "x-codex-credits-balance": "12.50",
        "openai-model": "gpt-other",
    }
    reader = ResponseParser()
    default, other, served = reader.begin(headers)
    assert isinstance(default, RateLimits)
    assert isinstance(other, RateLimits)
    credits = {"has_credits": True, "unlimited": False, "balance": "12.50"}
    unknown = {
        "individual_limit": None,
        "spend_control_reached": None,
        "plan_type": None,
        "rate_limit_reached_type": None,
    }
    assert default.limits.to_rollout() == {
        "limit_id": "codex",
        "limit_name": None,
        "primary": {"used_percent": 42.5, "window_minutes": 300, "resets_at": 2000000000},
        "secondary": None,
        "credits": credits,
        **unknown,
    }
    assert other.limits.to_rollout() == {
        "limit_id": "codex_other",
        "limit_name": "Other",
        "primary": {"used_percent": 2.0, "window_minutes": None, "resets_at": None},
        "secondary": None,
        "credits": credits,
        **unknown,
    }
    assert served == ServedModel("gpt-other")
    again = {"type": "response.created", "response": {"id": "r1", "headers": {"openai-model": "gpt-other"}}}
    assert reader.feed(sse(again)) == [Created()]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-codex-primary-used-percent": "0", "x-codex-primary-window-minutes": "0"},
        {"x-codex-primary-used-percent": "nan"},
        {"x-codex-credits-has-credits": "true"},
    ],
)
def test_headers_that_say_nothing_of_limits_give_an_empty_default_family(headers: dict[str, str]):
    [event] = ResponseParser().begin(headers)
    assert isinstance(event, RateLimits)
    assert event.limits.limit_id == "codex"
    assert not any((event.limits.primary, event.limits.secondary, event.limits.credits, event.limits.limit_name))


def test_the_serving_model_can_be_told_later():
    created = {"type": "response.created", "response": {"id": "r1", "headers": {"openai-model": "gpt-a"}}}
    metadata = {"type": "response.metadata", "headers": {"openai-model": "gpt-b"}}
    assert read(created, metadata)[0] == [Created(), ServedModel("gpt-a"), ServedModel("gpt-b")]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("a b", ["a b"]),
        ("", [""]),
        ("x" * 16384, ["x" * 16384]),
        # Neither can be told again in a header.
        ("x" * 16385, []),
        ("a\r\nx-b: 1", []),
        ("Zoë", []),
        (None, []),
        (7, []),
        (["a"], []),
    ],
)
def test_what_is_to_be_told_again_is_read_where_it_can_be(said: Any, told: list[str]):
    metadata = {"type": "response.metadata", "headers": {"X-Codex-Turn-State": said}}
    assert [event.value for event in read(metadata)[0]] == told
    if isinstance(said, str):
        events = ResponseParser().begin({"x-codex-turn-state": said})
        assert [event.value for event in events if isinstance(event, TurnState)] == told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (["a", "b", "a"], [("a", "b")]),
        ([1, "a", None, ["a"]], [("a",)]),
        ([1], []),
        ([], []),
        ("a", []),
        ({"a": 1}, []),
        (None, []),
        (True, []),
    ],
)
def test_checks_of_the_user_are_read_once_each_in_a_list_of_words(said: Any, told: list[tuple[str, ...]]):
    metadata = {"openai_verification_recommendation": said}
    assert read({"type": "response.metadata", "metadata": metadata})[0] == [ProviderChecks(checks) for checks in told]


@pytest.mark.parametrize("said", [{"a": [1, None]}, None, "", 0, False, [], {}])
def test_moderation_is_told_whatever_it_says(said: Any):
    metadata = {"openai_chatgpt_moderation_metadata": said}
    assert read({"type": "response.metadata", "metadata": metadata})[0] == [ProviderModeration(said)]


def test_moderation_of_many_words_is_told_as_far_as_anything_is():
    metadata = {"openai_chatgpt_moderation_metadata": {"words": "x" * 10_000_000}}
    [event] = read({"type": "response.metadata", "metadata": metadata})[0]
    assert event.metadata["words"].startswith("xxx")
    assert len(event.metadata["words"]) < 1_000_000


@pytest.mark.parametrize("depth", [5_000, 200_000])
def test_moderation_that_is_nested_beyond_all_reason_ends_nothing(depth: int):
    reader = ResponseParser()
    nested = b"[" * depth + b"]" * depth
    told = reader.feed(
        b'data: {"type":"response.metadata","metadata":{"openai_chatgpt_moderation_metadata":%b}}\n\n' % nested
    )
    told += reader.feed(sse(CREATED, COMPLETED))
    assert not any(isinstance(event, ProviderModeration) for event in told)
    assert (reader.completed, reader.error) == (True, None)


def test_a_stream_in_aws_own_form_is_told_with_the_way_out():
    reader = ResponseParser()
    reader.begin({"content-type": "application/vnd.amazon.eventstream"})
    assert reader.feed(b"\x00\x00\x00o") == []
    assert reader.error is not None
    assert "ends in `/openai/v1`" in reader.error.message
    assert not reader.error.retryable


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(
    ["created", "completed", "failed", "incomplete", "output_item.done", "output_text.delta", "metadata"]
)
FIELDS = st.sampled_from(["response", "item", "delta", "headers", "error", "id", "usage", "incomplete_details", "code"])


@given(kind=KINDS, fields=st.dictionaries(FIELDS, st.dictionaries(FIELDS, JSON, max_size=3) | JSON, max_size=4))
def test_no_event_can_break_the_reader(kind: str, fields: dict[str, Any]):
    reader = ResponseParser()
    reader.feed(b"data: %b\n\n" % json.dumps({**fields, "type": f"response.{kind}"}).encode())
    reader.end()
    assert reader.completed != (reader.error is not None)
