"""A call that cannot be read is answered with what is wrong with it."""

import pytest

from codex_trio.tools.arguments import decode_arguments, decode_value
from codex_trio.tools.calls import ToolFailure
from codex_trio.tools.exec_command import ExecCommandArguments


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "missing field `cmd`"),
        ('{"cmd": 5}', "invalid type: integer `5`, expected a string"),
        ('{"cmd": null}', "invalid type: null, expected a string"),
        ('{"cmd": "ls", "login": "yes"}', 'invalid type: string "yes", expected a boolean'),
        ('{"cmd": "ls", "login": "a \\"b\\""}', 'invalid type: string "a \\"b\\"", expected a boolean'),
        ('{"cmd": "ls", "yield_time_ms": [1]}', "invalid type: sequence, expected f64"),
        ("{bad", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ('{"cmd": ' + "[" * 100_000 + "]" * 100_000 + "}", "Expected `str`, got `array` - at `$.cmd`"),
    ],
)
def test_the_model_is_told_what_is_wrong_with_its_arguments(text, problem):
    with pytest.raises(ToolFailure) as failure:
        decode_arguments(text, ExecCommandArguments)
    assert str(failure.value) == f"failed to parse function arguments: {problem}"


@pytest.mark.parametrize("depth", [202, 5000, 100_000])
def test_arguments_that_are_nested_too_deep_are_refused(depth: int):
    with pytest.raises(ToolFailure, match=r"^failed to parse function arguments: nested more than 200 levels deep$"):
        decode_value("[" * depth + "]" * depth)


def test_whole_numbers_may_come_as_floats_and_unknown_arguments_do_no_harm():
    arguments = decode_arguments('{"cmd": "ls", "yield_time_ms": 1000, "novelty": 1}', ExecCommandArguments)
    assert (arguments.cmd, arguments.yield_time_ms) == ("ls", 1000)
