"""Headers for a server behind an address, from a command of the user's (`http_headers_helper`).

Owns what the command is given and what of its output counts. Does not own the process (`model/short_command`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from codex_trio.extensions.mcp.errors import McpGone
from codex_trio.extensions.mcp.stdio import inherited
from codex_trio.model.short_command import run_short, why_not_run
from codex_trio.util import decoding

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_HEADERS = decoding.json_decoder(dict[str, str])


async def helped_headers(
    name: str, command: str, *, environ: Mapping[str, str], folder: str, seconds: float
) -> dict[str, str]:
    """Return the headers that a shell command prints as a JSON object, by their names in small letters.

    It sees the variables that a server's process would see. Raises McpGone, which tells nothing of what it printed:
    that may be a secret. Observed in release 0.171.0.
    """
    what = f"http_headers_helper of MCP server '{name}'"
    try:
        ran = await run_short(["/bin/sh", "-c", command], cwd=folder, environ=inherited(environ), seconds=seconds)
    except (OSError, ValueError) as error:
        raise McpGone(f"{what} could not be run: {why_not_run(error)}") from error
    if ran.status is None:
        raise McpGone(f"{what} took longer than {seconds:g} s (startup_timeout_sec)")
    if ran.problem is not None:
        raise McpGone(f"{what} {ran.problem}")
    if ran.is_cut:
        raise McpGone(f"{what} printed too much")
    try:
        headers = _HEADERS.decode(ran.output)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise McpGone(f"{what} printed no JSON object of texts") from error
    for header, value in headers.items():
        if not _NAME.fullmatch(header) or not _VALUE.fullmatch(value):
            raise McpGone(f"{what} printed a header that cannot be sent: {header[:100]!r}")
    return {header.lower(): value for header, value in headers.items()}
