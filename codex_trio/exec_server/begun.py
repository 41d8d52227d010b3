"""An answer that is followed by events: these wait until it is sent."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import trio


class Begun(NamedTuple):
    result: msgspec.Struct
    answered: trio.Event
    """Set when the answer is sent."""
