"""A thread id that is none is refused with what is wrong with it, in the words that clients know."""

import pytest

from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.errors import RpcError


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x", "invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], found `x` at 1"),
        ("abc", "invalid length: expected length 32 for simple format, found 3"),
        ("01a20265-92c4-7a91-a8db", "invalid group count: expected 5, found 4"),
        ("01a20265-92c4-7a91-a8db-c0de722859", "invalid group length in group 4: expected 12, found 10"),
    ],
)
def test_a_malformed_id_is_refused(text, problem):
    with pytest.raises(RpcError) as refused:
        parse_thread_id(text)
    assert refused.value.message == f"invalid thread id: {problem}"


@pytest.mark.parametrize(
    "text",
    [
        "01a20265-92c4-7a91-a8db-c0de722859c2",
        "01A20265-92C4-7A91-A8DB-C0DE722859C2",
        "01a2026592c47a91a8dbc0de722859c2",
        "urn:uuid:01a20265-92c4-7a91-a8db-c0de722859c2",
    ],
)
def test_every_form_of_an_id_means_the_same_thread(text):
    assert parse_thread_id(text) == "01a20265-92c4-7a91-a8db-c0de722859c2"
