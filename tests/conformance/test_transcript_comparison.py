"""How recorded conversations are compared: what has to be the same, what may differ."""

from typing import Any

from codex_trio.conformance.transcripts import Bindings, merge, streams

ONE = "01a20265-92c4-7a91-a8db-c0de722859c2"
TWO = "01a20265-92c4-7a91-a8db-c0de722859c3"


def delta(text: str, item: str = "m1") -> dict[str, Any]:
    return {"method": "item/agentMessage/delta", "params": {"threadId": ONE, "itemId": item, "delta": text}}


def test_an_id_has_to_be_the_same_wherever_it_stands() -> None:
    bindings = Bindings()
    assert bindings.differences({"id": "<thread-1>"}, {"id": ONE}) == []
    assert bindings.differences({"id": "<thread-1>", "text": "no <thread-1>"}, {"id": ONE, "text": f"no {ONE}"}) == []
    assert bindings.differences({"id": "<thread-1>"}, {"id": TWO}, "reply") == [f"reply.id: {TWO!r} instead of {ONE!r}"]
    assert bindings.fill({"params": ["<thread-1>"]}) == {"params": [ONE]}


def test_placeholders_stand_for_values_of_their_kind_only() -> None:
    bindings = Bindings()
    assert bindings.differences(["<int>", "<uuid>", "<number>", "<text>"], [5, ONE, "17", ""]) == []
    assert len(bindings.differences(["<int>", "<uuid>", "<number>"], ["5", "x", "y"])) == 3
    assert bindings.differences("url: http://127.0.0.1:<number>/v1", "url: http://127.0.0.1:4711/v1") == []
    assert bindings.differences(["<int>"], [True]) != []
    assert bindings.differences("<thread-1>", "no id") != []


def test_new_and_missing_keys_and_entries_are_differences() -> None:
    differences = Bindings().differences({"a": 1, "b": [1, 2], "c": None}, {"a": 2, "b": [1], "d": False}, "m")
    assert sorted(differences) == [
        "m.a: 2 instead of 1",
        "m.b: 1 entries instead of 2",
        "m.c is missing",
        "m.d is new: False",
    ]


def test_a_boolean_is_no_number() -> None:
    assert len(Bindings().differences([1, None], [True, False])) == 2


def test_what_the_machine_lacks_is_left_out_and_other_warnings_are_not() -> None:
    def warning(text: str) -> dict[str, Any]:
        return {"method": "configWarning", "params": {"summary": text, "details": None}}

    other = warning("Unknown key `sanbox`.")
    assert merge([warning("This server could not find bubblewrap on PATH."), other]) == [other]


def test_neighbouring_deltas_of_an_item_are_one() -> None:
    merged = merge([delta("a"), delta("b"), delta("c", "m2"), delta("d")])
    assert [message["params"]["delta"] for message in merged] == ["ab", "c", "d"]


def test_a_diff_that_repeats_the_one_before_is_dropped() -> None:
    def diff(text: str) -> dict[str, Any]:
        return {"method": "turn/diff/updated", "params": {"turnId": "u1", "diff": text}, "emittedAtMs": 1}

    assert [message["params"]["diff"] for message in merge([diff("x"), diff("x"), diff("y"), diff("x")])] == [
        "x",
        "y",
        "x",
    ]


def test_messages_are_sorted_by_what_they_are_about() -> None:
    about_one = {"method": "turn/started", "params": {"threadId": ONE}}
    about_two = {"method": "thread/started", "params": {"thread": {"id": TWO}}}
    status = {"method": "thread/status/changed", "params": {"threadId": ONE}}
    about_none: dict[str, Any] = {"method": "account/updated", "params": {}}
    reply: dict[str, Any] = {"id": 3, "result": {}}
    assert streams([about_one, reply, status, about_two, about_none]) == {
        ("thread", ONE): [about_one],
        ("reply", 3): [reply],
        ("status", ONE): [status],
        ("thread", TWO): [about_two],
        ("server", None): [about_none],
    }
