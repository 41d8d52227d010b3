"""Output is cut only between characters and kept in bounded memory."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from codex_trio.execution.output import CHUNK_BYTES, HeadTailBuffer, Utf8Chunker


def cut(data: bytes, points: list[int]) -> list[bytes]:
    edges = [0, *sorted(point % (len(data) + 1) for point in points), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def chunks_of(parts: list[bytes]) -> list[bytes]:
    chunker = Utf8Chunker()
    return [piece for part in parts for piece in chunker.feed(part)] + chunker.finish()


@given(st.text(), st.lists(st.integers(min_value=0, max_value=10_000), max_size=20))
def test_text_survives_being_cut_anywhere(text: str, points: list[int]) -> None:
    pieces = chunks_of(cut(text.encode(), points))
    assert "".join(piece.decode() for piece in pieces) == text


@given(st.binary(max_size=200), st.lists(st.integers(min_value=0, max_value=200), max_size=10))
def test_invalid_bytes_read_the_same_however_they_arrive(data: bytes, points: list[int]) -> None:
    assert b"".join(chunks_of(cut(data, points))).decode() == data.decode(errors="replace")


@given(st.text(alphabet="aé漢🙂", min_size=1, max_size=20), st.integers(min_value=1, max_value=4000))
def test_no_piece_is_larger_than_its_limit(unit: str, times: int) -> None:
    pieces = chunks_of([(unit * times).encode()])
    assert all(0 < len(piece) <= CHUNK_BYTES for piece in pieces)
    assert "".join(piece.decode() for piece in pieces) == unit * times


def test_half_a_character_at_the_end_becomes_a_replacement_character() -> None:
    assert chunks_of([b"ok \xe2\x82"]) == [b"ok ", "\ufffd".encode()]


@given(st.lists(st.text(alphabet="xé漢🙂", max_size=30)), st.integers(min_value=0, max_value=100))
def test_a_buffer_keeps_the_beginning_and_the_end_of_what_does_not_fit(texts: list[str], limit: int) -> None:
    buffer = HeadTailBuffer(limit)
    for text in texts:
        buffer.append(text.encode())
    whole = "".join(texts)
    assert buffer.total_bytes == len(whole.encode())
    if not buffer.omitted_bytes:
        assert buffer.text() == whole
        return
    head, _, tail = buffer.text().partition(f"\n[... {buffer.omitted_bytes} bytes omitted ...]\n")
    assert whole.startswith(head)
    assert whole.endswith(tail)
    kept = len(head.encode()) + len(tail.encode())
    assert kept + buffer.omitted_bytes == buffer.total_bytes
    assert limit - 6 <= kept <= limit  # at each of the two cuts at most three bytes of a character go


def test_what_fits_is_kept_whole() -> None:
    buffer = HeadTailBuffer(10)
    for piece in (b"12345", b"67890"):
        buffer.append(piece)
    assert (buffer.text(), buffer.omitted_bytes) == ("1234567890", 0)
