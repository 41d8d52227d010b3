"""Why a request to an exec-server is refused."""

from __future__ import annotations

from typing import Any

from codex_trio.environments.exec_protocol import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST


class RequestRefused(Exception):
    """The request is answered with an error of this code and text."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


def invalid_request(message: str) -> RequestRefused:
    """Return the refusal of what cannot be asked for now."""
    return RequestRefused(INVALID_REQUEST, message)


def invalid_params(message: str) -> RequestRefused:
    """Return the refusal of params that make no sense."""
    return RequestRefused(INVALID_PARAMS, message)


def internal_error(message: str, data: Any = None) -> RequestRefused:
    """Return the refusal of what the machine cannot do."""
    return RequestRefused(INTERNAL_ERROR, message, data)
