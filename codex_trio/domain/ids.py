"""Identifiers: UUIDv7 for threads, turns and items.

Owns how an id is made and what can be read out of one. Does not own where ids are stored.
"""

from __future__ import annotations

import os
import time
import uuid


def uuid7() -> str:
    """Return a new UUIDv7 in lower-case hyphenated form; ids made later in this process sort later.

    The order comes from the clock alone, so no state is kept: 48 bits of milliseconds, then the nanoseconds of that
    millisecond in the 20 bits that follow (RFC 9562, section 6.2, method 3), then 54 random bits. Two calls are always
    more than a nanosecond apart.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    random_bits = int.from_bytes(os.urandom(7), "big") & ((1 << 54) - 1)
    value = (
        (milliseconds & ((1 << 48) - 1)) << 80
        | 0x7 << 76
        | (nanoseconds >> 8) << 64
        | 0b10 << 62
        | (nanoseconds & 0xFF) << 54
        | random_bits
    )
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def created_ms(identifier: str) -> int | None:
    """Unix milliseconds at which a UUIDv7 was made; None for anything else."""
    try:
        value = uuid.UUID(identifier)
    except ValueError:
        return None
    if value.version != 7:
        return None
    return value.int >> 80


def is_uuid(text: str) -> bool:
    """Return whether text is a UUID of any version in the hyphenated form that file names and ids use."""
    if len(text) != 36:
        return False
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
