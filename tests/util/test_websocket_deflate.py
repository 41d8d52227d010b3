"""Compressed messages of a websocket: what is agreed on, and that each comes out as it went in."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.util.websocket_deflate import (
    Agreement,
    ExtensionProblem,
    MessageDeflater,
    MessageInflater,
    agreement_of,
)


@given(messages=st.lists(st.binary(max_size=200), max_size=6), forgets=st.booleans(), bits=st.integers(9, 15))
def test_messages_come_out_as_they_went_in(messages: list[bytes], forgets: bool, bits: int) -> None:  # noqa: FBT001
    deflater, inflater = MessageDeflater(forgets=forgets, bits=bits), MessageInflater(forgets=forgets)
    for message in messages:
        assert b"".join(inflater.pieces(deflater.deflated(message))) == message


def test_a_long_message_comes_in_pieces() -> None:
    message = bytes(1_000_000)
    pieces = list(MessageInflater(forgets=False).pieces(MessageDeflater(forgets=False).deflated(message)))
    assert b"".join(pieces) == message
    assert max(map(len, pieces)) == 256 * 1024


def test_a_stream_that_was_ended_is_followed_by_another() -> None:
    inflater = MessageInflater(forgets=False)
    for message in (b"one", b"two"):
        ended = zlib.compressobj(wbits=-15)
        data = ended.compress(message) + ended.flush()
        for payload in (data, data + b"\x00"):
            assert b"".join(inflater.pieces(payload)) == message


@pytest.mark.parametrize(
    ("header", "agreed"),
    [
        (None, None),
        (" ", None),
        ("permessage-deflate", Agreement()),
        ("PerMessage-Deflate;server_no_context_takeover", Agreement(server_forgets=True)),
        ("permessage-deflate; client_no_context_takeover", Agreement(client_forgets=True)),
        ('permessage-deflate; client_max_window_bits="10"', Agreement(client_bits=10)),
        ("permessage-deflate; server_max_window_bits=8", Agreement()),
    ],
)
def test_what_a_server_agrees_to_is_read(header: str | None, agreed: Agreement | None) -> None:
    assert agreement_of(header) == agreed


@pytest.mark.parametrize(
    "header",
    [
        "permessage-bzip2",
        "permessage-deflate, permessage-deflate",
        "permessage-deflate; unknown",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=10; client_max_window_bits=10",
        "permessage-deflate;",
    ],
)
def test_what_makes_no_sense_is_refused(header: str) -> None:
    with pytest.raises(ExtensionProblem):
        agreement_of(header)
