"""What a request carries is well formed, whatever was lost before, and whoever numbered it."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.engine.history import NO_IMAGES, ModelHistory, message_item, output_item
from codex_trio.model.catalog import bundled_catalog

CALL = {"type": "function_call", "call_id": "c1", "name": "exec_command", "arguments": "{}"}
MODEL = bundled_catalog().info("gpt-5.5")
SMALL_MODEL = bundled_catalog().info("a-model-of-my-own")


def request(*items: dict[str, Any]) -> list[dict[str, Any]]:
    return ModelHistory(items).for_request(MODEL)


def output(call_id: str, text: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": text}


def test_a_call_whose_output_was_lost_counts_as_aborted():
    items = request(CALL, message_item("user", ["go on"], item_id="1"))
    assert [item["type"] for item in items] == ["function_call", "function_call_output", "message"]
    assert items[1]["output"] == "aborted"


def test_an_output_without_its_call_is_left_out():
    assert request(output_item(CALL, "late")) == []


def test_a_call_without_an_id_is_left_out():
    assert request({**CALL, "call_id": None}, {**CALL, "call_id": 7}) == []


def test_a_custom_call_is_answered_in_its_own_kind():
    call = {"type": "custom_tool_call", "call_id": "c2", "name": "apply_patch", "input": "x"}
    answer = output_item(call, "done")
    assert answer.pop("id").startswith("ctco_")
    assert answer == {"type": "custom_tool_call_output", "call_id": "c2", "output": "done"}


def test_calls_of_older_threads_that_share_an_id_get_one_each_the_same_in_every_request():
    history = ModelHistory([CALL, output("c1", "one"), CALL, output("c1", "two"), CALL])
    first = history.for_request(MODEL)
    assert [item["call_id"] for item in first] == ["c1", "c1", "c1_2", "c1_2", "c1_3", "c1_3"]
    assert [item.get("output") for item in first[1::2]] == ["one", "two", "aborted"]
    history.extend([output("c1", "three")])
    assert history.for_request(MODEL)[:5] == first[:5]
    assert history.for_request(MODEL)[5]["output"] == "three"


def test_ids_are_sent_back_once_and_only_in_the_form_of_the_api():
    def said(item_id: Any) -> dict[str, Any]:
        content = [{"type": "output_text", "text": "hi"}]
        return {"type": "message", "role": "assistant", "id": item_id, "content": content}

    ids = ["msg_1", "msg_1", "m1", "rs_1", "msg_", 5, "msg_" + "x" * 61, "msg_2"]
    assert [item.get("id") for item in request(*map(said, ids))] == ["msg_1", *[None] * 6, "msg_2"]


def test_an_empty_message_is_not_sent():
    assert request({"type": "message", "role": "assistant", "content": []}) == []


def test_pictures_are_labelled_as_the_model_takes_them():
    image = {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "original"}
    history = ModelHistory([{"type": "message", "role": "user", "content": [image]}])
    assert history.for_request(MODEL)[0]["content"] == [image]
    assert history.for_request(SMALL_MODEL)[0]["content"] == [{**image, "detail": "high"}]
    blind = msgspec.structs.replace(SMALL_MODEL, input_modalities=("text",))
    assert history.for_request(blind)[0]["content"] == [{"type": "input_text", "text": NO_IMAGES}]
    assert history.items[0]["content"] == [image]


def test_what_the_model_has_answered_ends_with_its_last_word():
    asked = message_item("user", ["a"], item_id="1")
    assert ModelHistory([]).answered == 0
    assert ModelHistory([asked]).answered == 0
    assert ModelHistory([asked, CALL, output("c1", "x"), asked]).answered == 2


calls = st.builds(lambda n: {"type": "function_call", "call_id": f"c{n}"}, st.integers(0, 5))
outputs = st.builds(lambda n: {"type": "function_call_output", "call_id": f"c{n}", "output": ""}, st.integers(0, 5))


@given(items=st.lists(calls | outputs, max_size=12))
def test_calls_and_outputs_always_come_in_pairs_of_their_own(items: list[dict[str, Any]]):
    sent = request(*items)
    called = [item["call_id"] for item in sent if item["type"] == "function_call"]
    answered = [item["call_id"] for item in sent if item["type"] == "function_call_output"]
    assert sorted(called) == sorted(answered)
    assert len(set(called)) == len(called)
    for call_id in called:
        places = [number for number, item in enumerate(sent) if item["call_id"] == call_id]
        assert [sent[place]["type"] for place in places] == ["function_call", "function_call_output"]
