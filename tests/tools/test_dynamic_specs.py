"""What a client may bring along, and how it is kept."""

from typing import Any

import pytest

from codex_trio.tools.dynamic_specs import InvalidDynamicTool, checked, groups_of


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "function", "name": name, "description": "d", "inputSchema": {"type": "object"}, **more}


def group(name: str, *tools: dict[str, Any], description: str = "d") -> dict[str, Any]:
    return {"type": "namespace", "name": name, "description": description, "tools": list(tools)}


@pytest.mark.parametrize(
    ("specs", "problem"),
    [
        ([tool("")], "dynamic tool name must not be empty"),
        ([tool(" a")], "dynamic tool name has leading/trailing whitespace:  a"),
        ([tool("a b")], "dynamic tool name must match ^[a-zA-Z0-9_-]+$ to match Responses API: a b"),
        ([tool("x" * 129)], "dynamic tool name must be at most 128 characters"),
        ([tool("mcp__a")], "dynamic tool name is reserved: mcp__a"),
        ([tool("apply_patch")], "dynamic tool name is reserved: apply_patch"),
        ([tool("a"), tool("a")], "duplicate dynamic tool name: a"),
        ([tool("a", inputSchema=3)], "dynamic tool input schema is not supported for a"),
        ([tool("a", deferLoading=True)], "deferred dynamic tool must include a namespace: a"),
        ([group("t")], "dynamic tool namespace must contain at least one tool: t"),
        ([group("t", tool("a")), group("t", tool("b"))], "duplicate dynamic tool namespace: t"),
        ([group("t", tool("a"), tool("a"))], "duplicate dynamic tool name in namespace t: a"),
        ([group("functions", tool("a"))], "dynamic tool namespace collides with a reserved Responses API namespace"),
        ([group("t" * 65, tool("a"))], "dynamic tool namespace must be at most 64 characters"),
        ([group("t", tool("a"), description="d" * 1025)], "dynamic tool namespace description must be at most 1024"),
    ],
)
def test_what_no_model_could_be_offered_is_refused(specs, problem):
    with pytest.raises(InvalidDynamicTool) as refused:
        checked(specs, taken=frozenset({"apply_patch"}))
    assert str(refused.value).startswith(problem)


def test_what_is_stored_says_what_the_client_said():
    specs = [tool("a", deferLoading=False), group("t", tool("apply_patch"), tool("b", deferLoading=True))]
    stored = checked(specs, taken=frozenset({"apply_patch"}))
    assert stored == [tool("a"), group("t", tool("apply_patch"), tool("b", deferLoading=True))]
    plain, named = groups_of(stored)
    assert (plain.namespace, [one.name for one in plain.tools]) == (None, ["a"])
    assert (named.namespace, [(one.name, one.deferred) for one in named.tools]) == (
        "t",
        [("apply_patch", False), ("b", True)],
    )


def test_tools_of_older_rollouts_name_their_namespace_themselves():
    old = [{"name": "a", "namespace": "t", "inputSchema": {}}, {"name": "b", "namespace": "t"}, {"name": 3}, {}]
    (only,) = groups_of(old)
    assert (only.namespace, [one.name for one in only.tools]) == ("t", ["a", "b"])
