"""Base64 of clients: nothing but what is, to the last bit, is taken, and it is said where the fault lies."""

import base64

import pytest

from codex_trio.util.base64_text import NotBase64, decode_base64, decode_in_pieces

PIECE = 256 * 1024


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, *range(PIECE // 4 * 3 - 2, PIECE // 4 * 3 + 3), PIECE])
def test_what_was_encoded_is_the_same_again(size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    assert decode_base64(base64.b64encode(content).decode()) == content


@pytest.mark.parametrize("before", [0, PIECE - 4, PIECE])
@pytest.mark.parametrize(
    ("end", "problem", "place"),
    [
        ("Y", "Invalid input length: {}", 1),
        ("YQ", "Invalid padding", 0),
        ("YWI", "Invalid padding", 0),
        ("YQ=", "Invalid padding", 0),
        ("Y===", "Invalid symbol 61, offset {}.", 1),
        ("YQ===", "Invalid symbol 61, offset {}.", 2),
        ("YWI==", "Invalid symbol 61, offset {}.", 3),
        ("====", "Invalid symbol 61, offset {}.", 0),
        ("YQ==YQ==", "Invalid symbol 61, offset {}.", 2),
        ("YQ=a", "Invalid symbol 61, offset {}.", 2),
        ("YQ==\n", "Invalid symbol 10, offset {}.", 4),
        ("YQ-_\n", "Invalid symbol 10, offset {}.", 4),
        ("Y Q=", "Invalid symbol 32, offset {}.", 1),
        ("YQ-_", "Invalid symbol 45, offset {}.", 2),
        ("\u00e9", "Invalid symbol 195, offset {}.", 0),
        ("YR==", "Invalid last symbol 82, offset {}.", 1),
        ("YWJ=", "Invalid last symbol 74, offset {}.", 2),
    ],
)
def test_what_is_none_is_refused_with_where_it_goes_wrong(before: int, end: str, problem: str, place: int) -> None:
    with pytest.raises(NotBase64) as refused:
        decode_in_pieces("A" * before + end)
    assert str(refused.value) == problem.format(before + place)
