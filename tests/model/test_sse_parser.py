"""Events come out of a byte stream whole, however the network cuts it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.model.sse import SseError, SseEvent, SseParser


def parse(*chunks: bytes) -> list[bytes]:
    return [event.data for event in parse_events(*chunks)]


def parse_events(*chunks: bytes) -> list[SseEvent]:
    parser = SseParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


def finished(stream: bytes, *, size: int, parser: SseParser | None = None) -> tuple[list[tuple[bytes, str]], bytes]:
    """Return what there is in a stream that ends, cut into pieces of this size: data and names, and
    what was no event.
    """
    parser = parser or SseParser()
    events = [event for at in range(0, len(stream), size) for event in parser.feed(stream[at : at + size])]
    events += parser.finish()
    return [(event.data, event.name) for event in events], parser.strays


def test_the_data_of_each_event_comes_out_in_order():
    assert parse(b'event: a\ndata: {"n":1}\n\nevent: b\ndata: {"n":2}\n\n') == [b'{"n":1}', b'{"n":2}']


def test_comments_names_ids_and_empty_blocks_are_no_events():
    assert parse(b": ping\n\n\n\nevent: a\n\nid: 7\nretry: 5\n\ndata: x\n\n") == [b"x"]


def test_lines_of_one_event_are_joined():
    assert parse(b"data: one\ndata: two\ndata\ndata:three\n\n") == [b"one\ntwo\n\nthree"]


def test_a_field_that_only_contains_the_word_data_is_no_data():
    assert parse(b"event: data: no\n\nmetadata: no\n\nevent: data: no\ndata: yes\n\n") == [b"yes"]


def test_all_line_ends_of_the_standard_work():
    assert parse(b"data: a\r\n\r\ndata: b\r\rdata: c\n\n") == [b"a", b"b", b"c"]


def test_an_event_without_its_blank_line_is_only_there_when_the_stream_has_ended():
    assert parse(b"data: a\n\ndata: b\n") == [b"a"]
    assert finished(b"data: a\n\nevent: e\ndata: b", size=3) == ([(b"a", ""), (b"b", "e")], b"")


@pytest.mark.parametrize("block", [b"event: e\ndata: x\n\n", b"event:e\ndata:x\nid: 5\n\n", b"data: x\nevent: e\n\n"])
def test_an_event_has_the_name_of_its_line(block: bytes):
    [event] = parse_events(block)
    assert (event.data, event.name) == (b"x", "e")


@pytest.mark.parametrize("stray", [b"\xef\xbb\xbf", b" ", b"\x00", b"\xff\xfe"])
def test_stray_bytes_before_a_field_do_not_lose_it(stray: bytes):
    assert parse(b"data: a\n\n" + stray + b"data: b\n\n") == [b"a", b"b"]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_is_no_event_stream_is_kept(size: int):
    page = b'<html>\n\n<p class="x">Away</p>\n</html>'
    assert finished(page, size=size) == ([], page.replace(b"\n\n", b"\n"))
    assert finished(b'{"error": "no"}', size=size) == ([], b'{"error": "no"}')
    assert finished(b": comment\nid: 1\nretry: 5\n\nevent: e\n\n", size=size) == ([], b"")


def test_what_is_no_event_stream_is_kept_within_bounds():
    _, strays = finished(b"twenty bytes of junk\n\n" * 100, size=100, parser=SseParser(max_stray_bytes=50))
    assert len(strays) < 100


def test_a_byte_order_mark_before_the_first_event_does_not_matter():
    assert parse(b"\xef\xbb\xbfdata: a\n\n") == [b"a"]


def test_an_event_without_end_is_refused_before_memory_is():
    parser = SseParser(max_event_bytes=100)
    parser.feed(b"data: " + b"x" * 90)
    with pytest.raises(SseError, match="exceeds 100 bytes"):
        parser.feed(b"x" * 20)


LINES = st.sampled_from([b"data: {}", b"data:x", b"data", b": note", b"event: data: e", b"data: a: b", b"", b"", b"id"])
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(lines=st.lists(LINES, max_size=30), end=ENDS, cuts=st.lists(st.integers(0, 400), max_size=40))
def test_it_does_not_matter_where_the_stream_is_cut(lines: list[bytes], end: bytes, cuts: list[int]):
    stream = b"".join(line + end for line in lines)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[a:b] for a, b in pairwise(places)]
    expected = parse(b"".join(line + b"\n" for line in lines))
    assert parse(*pieces) == expected
    assert parse(*(stream[i : i + 1] for i in range(len(stream)))) == expected


@given(chunks=st.lists(st.binary(max_size=60), max_size=20))
def test_no_bytes_can_break_the_parser(chunks: list[bytes]):
    parse(*chunks)
