"""What of a server's list of tools is taken, and in which form a model is offered it."""

import re
from typing import Any

from codex_trio.extensions.mcp.server_tools import MAX_DESCRIPTION, MAX_SCHEMA_BYTES, learnt_tools, shortened


def test_a_tool_is_offered_with_a_trimmed_schema_and_kept_as_its_server_describes_it() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Args",
        "type": "object",
        "properties": {"title": {"title": "Title", "type": "string", "default": "x"}},
        "required": ["title"],
    }
    raw = {"name": "t", "description": "Does it", "inputSchema": schema, "annotations": {"readOnlyHint": True}}
    [tool] = learnt_tools([raw])
    assert (tool.name, tool.offered_name, tool.description, tool.is_read_only) == ("t", "t", "Does it", True)
    assert tool.parameters == {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
    }
    assert tool.raw == raw


def test_names_are_such_as_providers_take_and_each_is_another() -> None:
    names = ["a.b", "a/b", "a_b", "x" * 200, "x" * 201, "ä", "get-the-sum"]
    tools = learnt_tools({"name": name} for name in names)
    assert [tool.name for tool in tools] == names
    offered = [tool.offered_name for tool in tools]
    assert (offered[2], offered[6]) == ("a_b", "get_the_sum")
    assert len(set(offered)) == len(names)
    assert all(re.fullmatch("[a-zA-Z0-9_]{1,64}", name) for name in offered)
    # The same in whichever order it is listed: models remember names.
    again = learnt_tools({"name": name} for name in reversed(names))
    assert [tool.offered_name for tool in again] == offered[::-1]
    # A server may know how they are made.
    tools = learnt_tools({"name": name} for name in ["a.b", "a/b", *offered[:2]])
    assert len({tool.offered_name for tool in tools}) == len(tools)


def test_what_is_no_tool_is_passed_over_and_of_two_with_a_name_the_first_counts() -> None:
    raws: list[dict[str, Any]] = [
        {"name": "t", "description": "first"},
        {"name": "t", "description": "second"},
        {"name": 5},
        {"name": ""},
        {},
        {"name": "odd", "description": 7, "inputSchema": [], "annotations": "none"},
    ]
    assert [(tool.name, tool.description, tool.parameters) for tool in learnt_tools(raws)] == [
        ("t", "first", {"type": "object"}),
        ("odd", "", {"type": "object"}),
    ]


def test_what_would_be_sent_with_every_request_is_bounded() -> None:
    properties = {f"p{number}": {"type": "string", "description": "x" * 1000} for number in range(300)}
    [tool] = learnt_tools(
        [{"name": "t", "description": "y" * 1_000_000, "inputSchema": {"type": "object", "properties": properties}}]
    )
    assert len(tool.description) < MAX_DESCRIPTION + 100
    assert tool.description.endswith("(The schema of its arguments is too large to be shown.)")
    assert tool.parameters == {"type": "object"}
    assert len(str(properties)) > MAX_SCHEMA_BYTES
    assert shortened("z" * (MAX_DESCRIPTION + 1)) == "z" * MAX_DESCRIPTION + "..."
