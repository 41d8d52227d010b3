"""What differs between lists of models, features, settings and tools is told by name."""

from typing import Any

from release_facts.json_values import Change, value_changes, without_words
from release_facts.tool_changes import ToolChange, tool_changes


def test_rows_are_paired_by_their_names_whatever_their_order() -> None:
    old = [{"slug": "a", "priority": 1}, {"slug": "b", "priority": 2, "efforts": [{"effort": "low"}]}]
    new = [{"slug": "b", "priority": 1, "efforts": [{"effort": "high"}]}, {"slug": "a", "priority": 1}]
    assert value_changes("", old, new) == [
        Change("+", "b.efforts.high", '{"effort":"high"}'),
        Change("-", "b.efforts.low", '{"effort":"low"}'),
        Change("~", "b.priority", "2 → 1"),
    ]


def test_members_without_names_are_compared_as_they_are() -> None:
    assert value_changes("x", ["a", "b"], ["b", "c"]) == [Change("+", "x", '"c"'), Change("-", "x", '"a"')]
    assert value_changes("x", ["a", "b"], ["b", "a"]) == [Change("~", "x", '["a","b"] → ["b","a"]')]
    assert value_changes("x", [{"id": 1}], [{"id": 2}]) == [
        Change("+", "x", '{"id":2}'),
        Change("-", "x", '{"id":1}'),
    ]
    assert value_changes("x", [], [{"name": "a"}]) == [Change("+", "x.a", '{"name":"a"}')]


def test_long_texts_are_compared_by_lines_or_told_by_their_sizes() -> None:
    old = "".join(f"line {number}\n" for number in range(30))
    new = old.replace("line 7\n", "line seven\n")
    [change] = value_changes("text", old, new)
    assert change.what.splitlines() == [f"text of {len(old)} → {len(new)} characters", "- line 7", "+ line seven"]
    [change] = value_changes("text", old, new, lines=False)
    assert change.what == f"text of {len(old)} → {len(new)} characters"
    [change] = value_changes("", {}, {"text": new})
    assert change.what == f'"({len(new)} characters)"'


def test_words_for_people_can_be_left_out_at_any_depth() -> None:
    row = {"id": "a", "description": "words", "tiers": [{"id": "fast", "description": "words"}]}
    assert without_words([row]) == [{"id": "a", "tiers": [{"id": "fast"}]}]


def tool(name: str, description: str = "") -> dict[str, Any]:
    return {"type": "function", "name": name, "description": description}


def test_a_difference_of_a_tool_is_told_once_with_its_configurations() -> None:
    old = {"default": {"run": tool("run", "old")}, "plan": {"run": tool("run", "old"), "ask": tool("ask")}}
    new = {
        "default": {"run": tool("run", "new"), "ask": tool("ask"), "tell": tool("tell")},
        "plan": {"run": tool("run", "new"), "tell": tool("tell")},
        "model new": {"tell": tool("tell")},
    }
    changes = tool_changes(old, new)
    everywhere = ("default", "plan", "model new")
    told = Change("+", "tell", '{"type":"function","name":"tell","description":""}')
    assert changes.new == [ToolChange(told, everywhere)]
    assert changes.gone == []
    ask = '{"type":"function","name":"ask","description":""}'
    assert sorted(changes.others, key=lambda one: one.change.place + one.change.sign) == [
        ToolChange(Change("+", "ask", ask), ("default",)),
        ToolChange(Change("-", "ask", ask), ("plan",)),
        ToolChange(Change("~", "run.description", '"old" → "new"'), ("default", "plan")),
    ]
    assert changes.brought == [ToolChange(Change("-", "of the default ones", "run, ask"), ("model new",))]


def test_a_tool_that_is_gone_everywhere_is_told_as_gone() -> None:
    changes = tool_changes({"default": {"a": tool("a"), "b": tool("b")}}, {"default": {"b": tool("b")}})
    assert [(change.change.place, change.configurations) for change in changes.gone] == [("a", ("default",))]
    assert (changes.new, changes.others, changes.brought) == ([], [], [])
