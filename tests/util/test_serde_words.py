"""The words for values of the wrong type, which params, settings and arguments of tools share."""

import pytest

from codex_trio.util.serde_words import described, invalid_type, invalid_value, missing_field, unknown_variant


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "boolean `true`"),
        (-3, "integer `-3`"),
        (1.5, "floating point `1.5`"),
        ('say "grüß"\n', 'string "say \\"grüß\\"\\n"'),
        ([1], "sequence"),
        ({"a": 1}, "map"),
    ],
)
def test_a_value_is_named_by_its_kind_and_itself(value: object, words: str) -> None:
    assert described(value) == words
    assert invalid_type(value, "unit") == f"invalid type: {words}, expected unit"
    assert invalid_value(value, "u8") == f"invalid value: {words}, expected u8"


def test_names_are_quoted() -> None:
    assert missing_field("threadId") == "missing field `threadId`"
    assert unknown_variant("x", ["a"]) == "unknown variant `x`, expected `a`"
    assert unknown_variant("x", ["a", "b"]) == "unknown variant `x`, expected `a` or `b`"
    assert unknown_variant("x", ["a", "b", "c"]) == "unknown variant `x`, expected one of `a`, `b`, `c`"
