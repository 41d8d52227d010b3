"""What a request carries is well formed, whatever was lost before."""

from hypothesis import given
from hypothesis import strategies as st

from codex_trio.engine.history import ModelHistory, message_item, output_item, texts_of

CALL = {"type": "function_call", "call_id": "c1", "name": "exec_command", "arguments": "{}"}


def test_a_call_whose_output_was_lost_counts_as_aborted():
    history = ModelHistory([CALL, message_item("user", ["go on"], item_id="1")])
    kinds = [item["type"] for item in history.for_request()]
    assert kinds == ["function_call", "function_call_output", "message"]
    assert history.for_request()[1]["output"] == "aborted"


def test_an_output_without_its_call_is_left_out():
    history = ModelHistory([output_item(CALL, "late", item_id="1")])
    assert history.for_request() == []


def test_a_custom_call_is_answered_in_its_own_kind():
    call = {"type": "custom_tool_call", "call_id": "c2", "name": "apply_patch", "input": "x"}
    answer = output_item(call, "done", item_id="7")
    assert answer == {"type": "custom_tool_call_output", "id": "ctco_7", "call_id": "c2", "output": "done"}


def test_items_of_unknown_kinds_are_passed_on_untouched():
    strange = {"type": "from_the_future", "x": [1, 2]}
    assert ModelHistory([strange]).for_request() == [strange]


def test_refusals_of_the_model_are_text_too():
    item = {"content": [{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "b"}, {"type": "x"}]}
    assert texts_of(item) == ["a", "b"]


calls = st.builds(lambda n: {"type": "function_call", "call_id": f"c{n}"}, st.integers(0, 5))
outputs = st.builds(lambda n: {"type": "function_call_output", "call_id": f"c{n}", "output": ""}, st.integers(0, 5))


@given(items=st.lists(calls | outputs, max_size=12))
def test_calls_and_outputs_always_come_in_pairs(items):
    request = ModelHistory(items).for_request()
    called = {item["call_id"] for item in request if item["type"] == "function_call"}
    answered = {item["call_id"] for item in request if item["type"] == "function_call_output"}
    assert called == answered
