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


class McpTimeout(McpFailure):
    """The server took longer than its time limit."""
