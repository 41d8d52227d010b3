"""Compressed bodies come out as they went in, however they are cut, and never faster than they are asked for."""

import contextlib
import gzip
import sys
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.model.inflate import InflateError, inflater_for

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def bare_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def in_two_frames(data: bytes) -> bytes:
    return zstd.compress(data[:5]) + zstd.compress(data[5:])


SQUEEZES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "gzip in two parts": ("x-gzip", lambda data: gzip.compress(data[:5]) + gzip.compress(data[5:])),
    "zstd": ("zstd", zstd.compress),
    "zstd in two parts": ("ZSTD", in_two_frames),
    "deflate": ("deflate", zlib.compress),
    "deflate without its header": ("deflate", bare_deflate),
}


def inflate(encoding: str, *pieces: bytes) -> list[bytes]:
    inflater = inflater_for(encoding)
    assert inflater is not None
    found: list[bytes] = []
    for piece in pieces:
        inflater.feed(piece)
        while part := inflater.take():
            found.append(part)
    return found


@pytest.mark.parametrize("kind", SQUEEZES)
@given(data=st.binary(max_size=300), size=st.integers(1, 50))
def test_it_does_not_matter_where_a_compressed_body_is_cut(kind: str, data: bytes, size: int):
    encoding, squeeze = SQUEEZES[kind]
    body = squeeze(data)
    assert b"".join(inflate(encoding, *(body[at : at + size] for at in range(0, len(body), size)))) == data


@pytest.mark.parametrize(("encoding", "squeeze"), [("gzip", gzip.compress), ("zstd", zstd.compress)])
def test_what_is_small_only_when_compressed_comes_in_bounded_pieces(encoding: str, squeeze: Callable[[bytes], bytes]):
    pieces = inflate(encoding, squeeze(bytes(3_000_000)))
    assert sum(map(len, pieces)) == 3_000_000
    assert max(map(len, pieces)) <= 256 * 1024


def test_a_body_that_wants_too_much_memory_is_refused():
    level: dict[int, int] = {zstd.CompressionParameter.window_log: 27}
    with pytest.raises(InflateError, match="the body is no zstd"):
        inflate("zstd", zstd.compress(bytes(10_000_000), options=level))


@given(data=st.binary(max_size=100), encoding=st.sampled_from(["gzip", "deflate", "zstd", "br", "gzip, br"]))
def test_no_bytes_can_break_it(data: bytes, encoding: str):
    # An error of zlib's own would be nobody's to catch.
    with contextlib.suppress(InflateError):
        inflate(encoding, data, data)


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_nothing_is_undone_where_nothing_was_done(encoding: str):
    assert inflater_for(encoding) is None
