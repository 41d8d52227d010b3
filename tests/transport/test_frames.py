"""Websocket frames, without any I/O. What Autobahn finds is in test_websocket_autobahn.py."""

import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codex_trio.util.close_reason import CloseReason
from codex_trio.util.websocket_frames import (
    MAX_SENT_FRAME_BYTES,
    Checkpoint,
    Closed,
    Event,
    FrameError,
    FrameReader,
    FrameWriter,
    Message,
    Ping,
)

MASK = b"\x01\x80\x00\xff"


def client_frame(opcode: int, payload: bytes = b"", *, final: bool = True, mask: bytes = MASK) -> bytes:
    """Return a frame as clients send it, written by the book."""
    first = (0x80 if final else 0) | opcode
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", first, 0x80 | length)
    elif length < 65536:
        head = struct.pack("!BBH", first, 0x80 | 126, length)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, length)
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def events(reader: FrameReader) -> list[Event]:
    seen: list[Event] = []
    while (event := reader.next_event()) is not None:
        seen.append(event)
    return seen


def read(data: bytes, *, limit: int = 1 << 20) -> list[Event]:
    reader = FrameReader(max_message_bytes=limit)
    reader.feed(data)
    return events(reader)


def refusal(data: bytes, *, limit: int = 1 << 20) -> CloseReason:
    with pytest.raises(FrameError) as refused:
        read(data, limit=limit)
    return refused.value.reason


masks = st.binary(min_size=4, max_size=4)
texts = st.text(max_size=300).map(str.encode)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[Event]]:
    """Return what a well-behaved client sends, and what it means."""
    stream = b""
    meant: list[Event] = []
    for _ in range(draw(st.integers(0, 6))):
        binary = draw(st.booleans())
        fragments = draw(st.lists(st.binary(max_size=150) if binary else texts, min_size=1, max_size=4))
        opcode = 2 if binary else 1
        for number, fragment in enumerate(fragments):
            if draw(st.booleans()):
                ping = draw(st.binary(max_size=125))
                stream += client_frame(9, ping, mask=draw(masks)) + client_frame(10, mask=draw(masks))
                meant.append(Ping(ping))
            final = number == len(fragments) - 1
            stream += client_frame(opcode, fragment, final=final, mask=draw(masks))
            opcode = 0
        meant.append(Message(b"".join(fragments), binary))
    return stream, meant


@settings(deadline=None)
@given(conversations(), st.data())
def test_messages_are_the_same_however_the_stream_is_cut(
    conversation: tuple[bytes, list[Event]], data: st.DataObject
) -> None:
    stream, meant = conversation
    reader = FrameReader(max_message_bytes=1 << 20)
    seen: list[Event] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        reader.feed(stream[:size])
        stream = stream[size:]
        seen += events(reader)
    assert seen == meant


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=8))
@example([b"\x81\xfe"])
@example([b"\x88\x81\0\0\0\0\0"])
def test_whatever_comes_is_read_or_refused_with_a_sendable_reason(chunks: list[bytes]) -> None:
    reader = FrameReader(max_message_bytes=100)
    reason = CloseReason(1002, "")
    try:
        for chunk in chunks:
            reader.feed(chunk)
            events(reader)
    except FrameError as error:
        reason = error.reason
    assert reason.code in (1002, 1007, 1009)
    assert len(FrameWriter().close(reason)) <= 127


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 200_000])
def test_every_way_to_write_a_length_is_read(size: int) -> None:
    assert read(client_frame(2, b"x" * size)) == [Message(b"x" * size, binary=True)]


def test_a_text_may_be_cut_within_a_character() -> None:
    data = "zwölf".encode()
    assert read(client_frame(1, data[:3], final=False) + client_frame(0, data[3:])) == [Message(data)]


@pytest.mark.parametrize(
    "data",
    [
        b"\xc1\x80" + MASK,
        b"\x81\x05hello",
        client_frame(3),
        client_frame(11),
        client_frame(0, b"continues nothing"),
        client_frame(1, b"a", final=False) + client_frame(1, b"b"),
        client_frame(9, b"x", final=False),
        client_frame(9, b"x" * 126),
        client_frame(8, b"\x03"),
        client_frame(8, struct.pack("!H", 1005)),
        client_frame(8, struct.pack("!H", 999)),
        client_frame(8, struct.pack("!H", 5000)),
    ],
)
def test_breaches_of_the_protocol_are_named(data: bytes) -> None:
    reason = refusal(data)
    assert reason.code == 1002
    assert reason.text


@pytest.mark.parametrize("head", [b"\xf1", b"\x81\x05"])
def test_a_breach_is_noticed_before_the_frame_is_whole(head: bytes) -> None:
    assert refusal(head.ljust(2, b"\x80")).code == 1002


def test_text_that_is_not_utf_8_is_refused_as_soon_as_it_shows() -> None:
    assert refusal(client_frame(1, b"\xff")).code == 1007
    assert refusal(client_frame(1, b"a\xff", final=False)).code == 1007
    assert refusal(client_frame(1, b"zw\xc3", final=False) + client_frame(0, b"")).code == 1007
    assert refusal(client_frame(1, b"\xff" + b"x" * 100)[:20]).code == 1007
    assert refusal(client_frame(8, struct.pack("!H", 1000) + b"\xff")).code == 1007


def test_a_message_over_the_limit_is_refused_before_it_is_there() -> None:
    assert refusal(client_frame(1, b"x" * 101)[:8], limit=100) == CloseReason(
        1009, "a message is longer than 100 bytes"
    )
    assert refusal(client_frame(1, b"x" * 60, final=False) + client_frame(0, b"x" * 41)[:6], limit=100).code == 1009
    assert refusal(b"\x82\xff" + b"\xff" * 8 + MASK).code == 1009
    assert read(client_frame(1, b"x" * 100), limit=100) == [Message(b"x" * 100)]


def test_the_limit_counts_each_message_by_itself() -> None:
    whole = client_frame(1, b"x" * 50, final=False) + client_frame(0, b"x" * 50)
    assert read(whole * 3, limit=100) == [Message(b"x" * 100)] * 3


def test_a_close_says_why_or_nothing() -> None:
    assert read(client_frame(8, struct.pack("!H", 4000) + b"done")) == [Closed(CloseReason(4000, "done"))]
    assert read(client_frame(8)) == [Closed(CloseReason(1005, ""))]


@settings(deadline=None)
@given(conversations())
def test_a_client_reads_what_a_server_writes_and_the_other_way_round(conversation: tuple[bytes, list[Event]]) -> None:
    for from_client in (True, False):
        writer = FrameWriter(masked=from_client)
        reader = FrameReader(max_message_bytes=1 << 20, from_client=from_client)
        _, meant = conversation
        expected = [event for event in meant if isinstance(event, Message)]
        for message in expected:
            for frame in writer.message([message.payload], len(message.payload), binary=message.binary):
                reader.feed(b"".join(frame))
        reader.feed(writer.pong(b"not told") + writer.close(CloseReason(1001, "bye")))
        assert events(reader) == [*expected, Closed(CloseReason(1001, "bye"))]


@pytest.mark.parametrize("from_client", [True, False])
def test_only_clients_mask_what_they_send(*, from_client: bool) -> None:
    reader = FrameReader(max_message_bytes=100, from_client=from_client)
    reader.feed(FrameWriter(masked=not from_client).pong(b""))
    with pytest.raises(FrameError, match="masked") as refused:
        reader.next_event()
    assert refused.value.reason.code == 1002


def test_what_we_send_is_framed_by_the_book() -> None:
    assert sent([b"hi"]) == [b"\x81\x02hi"]
    assert sent([b"x" * 126], binary=True) == [b"\x82\x7e\x00\x7e" + b"x" * 126]
    assert sent([b"x" * 65536])[0][:10] == b"\x81\x7f" + struct.pack("!Q", 65536)
    assert FrameWriter().pong(b"p") == b"\x8a\x01p"
    assert FrameWriter().close(CloseReason(1001, "bye")) == b"\x88\x05\x03\xe9bye"
    assert FrameWriter().close(CloseReason(1005, "")) == b"\x88\x00"


def test_a_long_reason_is_cut_between_characters() -> None:
    frame = FrameWriter().close(CloseReason(1001, "ä" * 100))
    assert len(frame) <= 2 + 125
    assert frame[4:].decode() == "ä" * 61


def test_a_long_message_goes_in_short_fragments() -> None:
    limit = MAX_SENT_FRAME_BYTES
    first, last = sent([b"x" * (limit + 1)])
    assert (first[0], len(first)) == (0x01, 10 + limit)
    assert last == b"\x80\x01x"
    assert len(sent([b"x" * limit])) == 1


@given(st.lists(st.integers(0, 2 * MAX_SENT_FRAME_BYTES), max_size=4))
@settings(deadline=None, max_examples=25)
def test_fragments_do_not_depend_on_the_pieces_of_a_message(sizes: list[int]) -> None:
    pieces = [bytes([65 + number]) * size for number, size in enumerate(sizes)]
    frames = sent(pieces)
    assert frames == sent([b"".join(pieces)])
    assert [frame[0] & 0x80 for frame in frames] == [0] * (len(frames) - 1) + [0x80]


def test_a_flood_of_tiny_fragments_lets_others_have_their_turn() -> None:
    reader = FrameReader(max_message_bytes=1 << 20)
    reader.feed(client_frame(1, b"x", final=False) + client_frame(0, b"x", final=False) * 1000 + client_frame(0, b"x"))
    turns = 0
    while isinstance(event := reader.next_event(), Checkpoint):
        turns += 1
    assert event == Message(b"x" * 1002)
    assert turns > 10


def sent(pieces: list[bytes], *, binary: bool = False) -> list[bytes]:
    """Return the frames of a message."""
    size = sum(map(len, pieces))
    return [b"".join(frame) for frame in FrameWriter().message(pieces, size, binary=binary)]
