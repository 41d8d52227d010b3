"""The library for zstd: Python's own, or the same for versions that have none. Import it on first use: few need it."""

from __future__ import annotations

import sys
from typing import Any


def zstd_library() -> Any:
    """Return the module."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
