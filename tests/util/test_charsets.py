"""What is read of programs that do not write UTF-8."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.util.charsets import as_utf8, guessed_charset, in_charset

TOLD = Path(__file__).with_name("charset_cases.jsonl")


def read(*pieces: bytes) -> str:
    charset = guessed_charset(pieces)
    return "".join(as_utf8(pieces) if charset is None else in_charset(pieces, charset))


def test_texts_are_read_as_the_established_server_reads_them() -> None:
    cases = [json.loads(line) for line in TOLD.read_text().splitlines()]
    assert len(cases) > 300
    for data, text in cases:
        assert read(bytes.fromhex(data)) == text, data


@given(st.binary(max_size=40), st.integers(0, 40))
def test_a_text_is_the_same_in_however_many_pieces_it_comes(data: bytes, cut: int) -> None:
    assert read(data[:cut], data[cut:]) == read(data)
    assert "".join(as_utf8([data[:cut], b"", data[cut:]])) == data.decode(errors="replace")


@given(st.text())
def test_utf_8_is_never_taken_for_anything_else(text: str) -> None:
    assert read(text.encode()) == text


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_half_a_character_at_the_end_changes_nothing_before_it(cut: int) -> None:
    data = "\N{EURO SIGN} \N{GRINNING FACE}".encode()[:-cut]
    assert read(data) == data.decode(errors="replace")
