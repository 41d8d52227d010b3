"""A history shows the beginning and the end of a long output, and is valid text whatever is left out."""

import msgspec
import pytest

from codex_trio.wire.shortened import LIMIT_BYTES, shortened


def raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(text))


@pytest.mark.parametrize("text", ["", "short", "x" * LIMIT_BYTES, "é" * (LIMIT_BYTES // 2), "\n" * (LIMIT_BYTES // 2)])
def test_what_fits_is_as_it_was(text: str) -> None:
    assert shortened(text) == text
    assert msgspec.json.decode(msgspec.json.encode(shortened(raw(text)))) == text


@pytest.mark.parametrize("unit", ["x", "é", "日本", "😀", "\n", "\0"])
def test_of_what_is_longer_both_ends_are_kept(unit: str) -> None:
    text = "first" + unit * LIMIT_BYTES + "last"
    for output in (shortened(text), msgspec.json.decode(msgspec.json.encode(shortened(raw(text))))):
        assert isinstance(output, str)
        assert LIMIT_BYTES - 8 < len(output.encode()) <= LIMIT_BYTES
        assert output.startswith("first" + unit)
        assert output.endswith(unit + "last")
        head, _, tail = output.partition("\n... command output shortened")
        assert abs(len(head.encode()) - len(tail.encode())) < 100
