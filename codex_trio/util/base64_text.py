"""Bytes in base64, as clients send them.

Owns: strict decoding, and saying what is wrong in the words that clients know.
"""

import base64
import binascii
import re

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]")


class NotBase64(ValueError):
    """The text is not base64 with its padding; the message says why."""


def decode_base64(text: str) -> bytes:
    """Return the bytes. Raises NotBase64."""
    raw = text.encode()
    odd = _NOT_BASE64.search(raw)
    if odd is not None:
        raise NotBase64(f"Invalid symbol {raw[odd.start()]}, offset {odd.start()}.")
    try:
        return base64.b64decode(raw, validate=True)
    except binascii.Error:
        raise NotBase64("Invalid padding") from None
