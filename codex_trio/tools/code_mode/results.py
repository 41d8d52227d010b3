"""What scripts are given of a tool's output: values to compute with, where the tool has some, else text. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from codex_trio.tools.calls import ToolOutput


def value_of(output: ToolOutput) -> Any:
    """Return what a script gets for an output."""
    if output.value is not msgspec.UNSET:
        return output.value
    content = output.content
    if isinstance(content, str):
        return content
    if all(part.get("type") == "input_text" for part in content):
        return "\n".join(part["text"] for part in content)
    return content
