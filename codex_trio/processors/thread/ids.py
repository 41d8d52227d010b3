"""Checking thread ids from requests; the texts are those that clients know."""

from __future__ import annotations

import uuid

from codex_trio.rpc.errors import RpcError, invalid_params, invalid_request

_HEX = set("0123456789abcdefABCDEF")
_GROUPS = (8, 4, 4, 4, 12)


def parse_thread_id(text: str, *, noun: str = "thread") -> str:
    """Return the id in canonical form. Raises RpcError when it is no UUID."""
    problem = _problem(text)
    if problem is not None:
        raise _invalid(noun, problem)
    return str(uuid.UUID(text.removeprefix("urn:uuid:").strip("{}")))


def thread_id_param(text: str, *, noun: str = "thread") -> str:
    """Return the id in canonical form, where a bad one is a bad param. Raises RpcError."""
    try:
        return parse_thread_id(text, noun=noun)
    except RpcError as error:
        raise invalid_params(error.message) from error


def parse_bare_id(text: str) -> str:
    """Return the same for methods that do not say what the id is of. Raises RpcError."""
    problem = _problem(text)
    if problem is not None:
        raise invalid_request(problem)
    return parse_thread_id(text)


def _invalid(noun: str, problem: str) -> RpcError:
    return invalid_request(f"invalid {noun} id: {problem}")


def _problem(text: str) -> str | None:
    """Return why a text is no UUID, worded as clients of the established server see it; None when it is one."""
    body = text.removeprefix("urn:uuid:")
    if body.startswith("{") and body.endswith("}"):
        body = body[1:-1]
    for position, character in enumerate(body):
        if character not in _HEX and character != "-":
            return (
                "invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], "
                f"found `{character}` at {position + 1 + len(text) - len(body)}"
            )
    groups = body.split("-")
    if len(groups) == 1:
        return None if len(body) == 32 else f"invalid length: expected length 32 for simple format, found {len(body)}"
    if len(groups) != len(_GROUPS):
        return f"invalid group count: expected 5, found {len(groups)}"
    for number, (group, length) in enumerate(zip(groups, _GROUPS, strict=True)):
        if len(group) != length:
            return f"invalid group length in group {number}: expected {length}, found {len(group)}"
    return None
