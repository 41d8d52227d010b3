"""Outputs as lists and histories show them: the beginning and the end of one that is long.

Owns how much that is. A client that wants all of an output reads the item by itself (`thread/items/read`).
"""

from __future__ import annotations

import msgspec

LIMIT_BYTES = 65_536
"""How much of a command's output a history shows, in UTF-8 (as 0.171.0)."""

_MARK = "\n... command output shortened: thread/items/read gives all of it ...\n"


def shortened(output: str | msgspec.Raw) -> str | msgspec.Raw:
    """Return the output, or what of a long one is shown. A raw one is a JSON string."""
    if isinstance(output, msgspec.Raw):
        # Escaped, it is no shorter than it is: most are passed on as they are.
        if memoryview(output).nbytes <= LIMIT_BYTES:
            return output
        output = msgspec.json.decode(output, type=str)
    if 4 * len(output) <= LIMIT_BYTES:
        return output
    data = output.encode(errors="surrogatepass")
    if len(data) <= LIMIT_BYTES:
        return output
    tail = (LIMIT_BYTES - len(_MARK)) // 2
    head = LIMIT_BYTES - len(_MARK) - tail
    return data[:head].decode(errors="ignore") + _MARK + data[-tail:].decode(errors="ignore")
