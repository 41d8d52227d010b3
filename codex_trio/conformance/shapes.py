"""Stand-ins for values that differ from run to run, to be used inside expected values of scenarios.

    assert message == {"threadId": ANY_UUID, "startedAtMs": ANY_INT}

Owns no state.
"""

import re
from collections.abc import Callable


class Shape:
    """Equal to every value for which `test` holds."""

    def __init__(self, name: str, test: Callable[[object], bool]) -> None:
        self._name = name
        self._test = test

    def __eq__(self, other: object) -> bool:
        return self._test(other)

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f"<{self._name}>"


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def text_like(pattern: str) -> Shape:
    """Any string that matches a regular expression as a whole (`.` also matches line ends)."""
    compiled = re.compile(pattern, re.DOTALL)
    return Shape(f"text like {pattern}", lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None)


def text_with(*parts: str) -> Shape:
    """Any string that holds all of these parts."""
    return Shape(f"text with {parts}", lambda value: isinstance(value, str) and all(part in value for part in parts))


ANY = Shape("anything", lambda value: True)
ANY_INT = Shape("integer", _is_int)
ANY_STR = Shape("string", lambda value: isinstance(value, str) and value != "")
ANY_UUID = text_like("[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
INT_OR_NULL = Shape("integer or null", lambda value: value is None or _is_int(value))


def without_place(text: str) -> str:
    """Return an error of the operating system up to its number: some servers say more, as which path it is about."""
    return re.sub(r"( \(os error \d+\)).*", r"\1", text, flags=re.DOTALL)
