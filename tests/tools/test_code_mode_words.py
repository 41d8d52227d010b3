"""How scripts are asked for, and how tools look to them."""

import pytest

from codex_trio.tools.calls import ToolFailure
from codex_trio.tools.code_mode.declarations import declaration, script_name
from codex_trio.tools.code_mode.pragma import parse_script


def test_a_first_line_says_how_a_script_is_run():
    script = parse_script('// @exec: {"yield_time_ms": 5, "max_output_tokens": 7}\ntext(1)')
    assert (script.yield_time_ms, script.max_output_tokens) == (5, 7)
    assert script.code.splitlines()[1] == "text(1)"


def test_without_that_line_nothing_is_said():
    script = parse_script("text(1) // @exec: {}")
    assert (script.yield_time_ms, script.max_output_tokens) == (None, None)


@pytest.mark.parametrize(
    "options", ["{", "[]", "[" * 5000, '{"yield_time_ms": "1"}', '{"yield_time_ms": -1}', '{"x": 1}']
)
def test_a_first_line_that_says_something_else_is_refused(options):
    with pytest.raises(ToolFailure, match=r"^exec pragma "):
        parse_script(f"// @exec: {options}\ntext(1)")


@pytest.mark.parametrize("text", ["", " \n", "// @exec: {}\n"])
def test_no_script_at_all_is_refused(text):
    with pytest.raises(ToolFailure, match=r"^exec expects raw JavaScript source text"):
        parse_script(text)


def test_names_are_identifiers():
    assert script_name(None, "exec_command") == "exec_command"
    assert script_name("mcp__my-server", "get it") == "mcp__my_server__get_it"
    assert script_name(None, "1st") == "_1st"


def test_a_declaration_says_what_a_tool_takes():
    parameters = {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "Where."},
            "kinds": {"type": "array", "items": {"enum": ["a", 1]}},
            "a b": {"type": ["integer", "null"]},
            "deep": {"type": "object", "properties": {"x": {"anyOf": [{"type": "boolean"}, {}]}}},
            "any": {},
        },
        "required": ["path"],
    }
    told = declaration("look", {"type": "function", "name": "look", "description": "Looks.", "parameters": parameters})
    assert told.startswith("Looks.\n\n```ts\ndeclare const tools: { look(args: {\n  // Where.\n  path: string;\n")
    assert '  kinds?: Array<"a" | 1>;\n  "a b"?: number | null;\n' in told
    assert "  deep?: {\n    x?: boolean | unknown;\n  };\n  any?: unknown;\n}): Promise<unknown>; };" in told


def test_a_tool_without_parameters_takes_an_empty_object():
    spec = {"type": "function", "name": "now", "parameters": {"type": "object", "additionalProperties": False}}
    assert "now(args: {}): Promise<unknown>" in declaration("now", spec)
