"""The experimental gate: what a client without the experimental capability may not use.

Pure. The dispatcher asks after decoding params and answers a refusal with the returned message.
"""

from typing import Any

import msgspec

from codex_trio_protocol.base import Wire
from codex_trio_protocol.table import MethodSpec


def check(spec: MethodSpec, params: Any, *, enabled: bool) -> str | None:
    """Message that refuses this request, or None when it may go on.

    `params` is the decoded params struct or None. A gated field refuses when it holds anything but its default: an
    empty list counts, and so does an explicit null where null means something else than absence.
    """
    if enabled:
        return None
    reason = spec.name if spec.experimental else _gated_part(params, spec.name)
    return None if reason is None else f"{reason} requires experimentalApi capability"


def _gated_part(value: object, path: str) -> str | None:
    """Name of the first gated thing in an object, by wire order."""
    if not isinstance(value, Wire):
        return None
    if value.experimental_reason is not None:
        return value.experimental_reason
    names = value.__struct_fields__
    defaults = value.__struct_defaults__
    unset: tuple[object, ...] = (msgspec.NODEFAULT,) * (len(names) - len(defaults)) + defaults
    for name, key, default in zip(names, value.__struct_encode_fields__, unset, strict=True):
        held: object = getattr(value, name)
        if name in value.experimental_fields:
            if held is not default:
                return f"{path}.{key}"
        elif (reason := _gated_part(held, f"{path}.{key}")) is not None:
            return reason
    return None
