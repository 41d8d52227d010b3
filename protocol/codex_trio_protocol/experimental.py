"""The experimental gate: what a client without the experimental capability may not use.

Pure. The dispatcher asks after decoding params and answers a refusal with the returned message.
"""

from typing import Any

from msgspec import UNSET

from codex_trio_protocol.base import Wire
from codex_trio_protocol.table import MethodSpec


def check(spec: MethodSpec, params: Any, *, enabled: bool) -> str | None:
    """Message that refuses this request, or None when it may go on.

    `params` is the decoded params struct or None. A gated field refuses as soon as it holds something: an empty list
    counts, `false` and null do not.
    """
    if enabled:
        return None
    reason = spec.name if spec.experimental else _gated_part(spec.name, params)
    return None if reason is None else f"{reason} requires experimentalApi capability"


def _gated_part(method: str, params: Any) -> str | None:
    if not isinstance(params, Wire):
        return None
    for name in params.__struct_fields__:
        value: object = getattr(params, name)
        if name in params.experimental_fields:
            if value is not None and value is not UNSET and value is not False:
                return f"{method}.{_wire_name(params, name)}"
        elif isinstance(value, Wire) and value.experimental_reason is not None:
            return value.experimental_reason
    return None


def _wire_name(params: Wire, name: str) -> str:
    index = params.__struct_fields__.index(name)
    return params.__struct_encode_fields__[index]
