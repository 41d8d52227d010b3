"""What goes wrong between us and a server of the Model Context Protocol."""

from __future__ import annotations

from typing import Any


class McpFailure(Exception):
    """A request did not come to a result; the text says why."""


class McpError(McpFailure):
    """The server answered with an error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class McpGone(McpFailure):
    """The server cannot be reached, or ended."""


class McpRequestFailed(McpFailure):
    """A request to a server that runs did not come to a result; the text says which, and why."""


class McpTimeout(McpFailure):
    """The server took longer than its time limit."""


class McpLoginNeeded(McpFailure):
    """The server lets in only who is logged in. `again` where a login that there was does not count any more."""

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again
