"""Line framing, without any I/O."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_trio.transport.base import MessageTooLong
from codex_trio.transport.lines import LineSplitter


def drain(splitter: LineSplitter) -> list[bytes | str]:
    """Return every line to be had now; a discarded one shows as 'too long'."""
    lines: list[bytes | str] = []
    while True:
        try:
            line = splitter.next_line()
        except MessageTooLong:
            lines.append("too long")
            continue
        if line is None:
            return lines
        lines.append(line)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=12).map(lambda data: data.replace(b"\n", b"")), max_size=6), st.data())
def test_lines_are_the_same_however_the_stream_is_cut(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    splitter = LineSplitter(limit=100)
    seen: list[bytes | str] = []
    while stream:
        size = data.draw(st.integers(min_value=1, max_value=len(stream)))
        splitter.feed(stream[:size])
        stream = stream[size:]
        seen += drain(splitter)
    assert seen == lines


@settings(deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=30), max_size=8), st.integers(min_value=1, max_value=40))
def test_a_line_over_the_limit_is_reported_once_and_the_next_one_is_whole(sizes: list[int], cut: int) -> None:
    limit = 10
    stream = b"".join(b"x" * size + b"\n" for size in sizes)
    splitter = LineSplitter(limit=limit)
    seen: list[bytes | str] = []
    for start in range(0, len(stream), cut):
        splitter.feed(stream[start : start + cut])
        seen += drain(splitter)
    assert seen == ["too long" if size > limit else b"x" * size for size in sizes]


def test_a_last_line_without_a_line_end_counts() -> None:
    splitter = LineSplitter(limit=10)
    splitter.feed(b"one\ntwo")
    assert drain(splitter) == [b"one"]
    splitter.feed(b"")
    assert drain(splitter) == [b"two"]
    assert drain(splitter) == []


def test_a_huge_line_takes_no_more_memory_than_the_limit() -> None:
    splitter = LineSplitter(limit=1000)
    seen: list[bytes | str] = []
    for _ in range(1000):
        splitter.feed(b"x" * 1000)
        seen += drain(splitter)
        assert splitter.buffered_bytes <= 2000
    splitter.feed(b"\nnext\n")
    assert [*seen, *drain(splitter)] == ["too long", b"next"]


def test_the_end_of_the_input_within_a_discarded_line_is_just_the_end() -> None:
    splitter = LineSplitter(limit=3)
    splitter.feed(b"abcdef")
    with pytest.raises(MessageTooLong):
        splitter.next_line()
    splitter.feed(b"")
    assert splitter.next_line() is None
