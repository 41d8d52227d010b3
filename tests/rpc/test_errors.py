"""Which error a client gets for an exception."""

import pytest

from codex_trio.rpc.errors import RpcError, internal_error, invalid_request, to_rpc_error


class ThreadMissing(Exception):
    """A domain error."""


def translate(error: Exception) -> RpcError | None:
    return invalid_request(f"thread not found: {error}") if isinstance(error, ThreadMissing) else None


def test_an_error_of_ours_is_itself() -> None:
    error = internal_error("no", {"reason": "x"})
    assert to_rpc_error(error, translate) is error
    assert error.to_body().data == {"reason": "x"}


def test_a_domain_error_is_what_the_server_says_it_is() -> None:
    error = to_rpc_error(ThreadMissing("t1"), translate)
    assert error is not None
    assert (error.code, error.message) == (-32600, "thread not found: t1")


def test_a_group_of_one_is_the_one() -> None:
    group = ExceptionGroup("nursery", [ExceptionGroup("inner", [ThreadMissing("t1")])])
    error = to_rpc_error(group, translate)
    assert error is not None
    assert error.message == "thread not found: t1"


@pytest.mark.parametrize("error", [RuntimeError("x"), ExceptionGroup("two", [ThreadMissing("a"), ThreadMissing("b")])])
def test_anything_else_is_unexpected(error: Exception) -> None:
    assert to_rpc_error(error, translate) is None
    assert to_rpc_error(error) is None
