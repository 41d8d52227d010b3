"""Signatures of AWS requests, version 4: from a request and keys to headers. Pure.

Owns the signature. Does not own where keys come from (aws.py).

Protocol source: AWS Signature Version 4, with the published test suite in tests/model/test_aws_signature.py.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, unquote, urlsplit

import msgspec

_ALGORITHM = "AWS4-HMAC-SHA256"
_SPACES = re.compile(r" +")
_UNSIGNED = frozenset({"authorization", "user-agent", "originator", "accept-encoding", "content-length", "connection"})
"""What proxies on the way may change, and what says who is asking: 0.171.0 does not sign it either."""


class AwsKeys(msgspec.Struct, frozen=True, kw_only=True):
    """A pair of keys; `session_token` comes with those that are for a while."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return "AwsKeys(...)"


def signed(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: AwsKeys,
    region: str,
    service: str,
    now: datetime,
) -> dict[str, str]:
    """Return the headers of a request with what signs it. Names are in lower case."""
    address = urlsplit(url)
    moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    all_headers = {"host": address.netloc.rpartition("@")[2], **headers, "x-amz-date": moment}
    if keys.session_token is not None:
        all_headers["x-amz-security-token"] = keys.session_token
    to_sign = {name: _trimmed(value) for name, value in sorted(all_headers.items()) if name not in _UNSIGNED}
    names = ";".join(to_sign)
    canonical = "\n".join(
        (
            method,
            _canonical_path(address.path),
            _canonical_query(address.query),
            *(f"{name}:{value}" for name, value in to_sign.items()),
            "",
            names,
            sha256(body).hexdigest(),
        )
    )
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = f"{_ALGORITHM}\n{moment}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(_signing_key(keys, scope), text.encode(), sha256).hexdigest()
    credential = f"Credential={keys.access_key_id}/{scope}"
    return {
        **all_headers,
        "authorization": f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}",
    }


def _signing_key(keys: AwsKeys, scope: str) -> bytes:
    key = f"AWS4{keys.secret_access_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _trimmed(value: str) -> str:
    return _SPACES.sub(" ", value.strip())


def _canonical_path(path: str) -> str:
    """Return a path without `.`, `..` and empty parts, each part encoded once more, as all services but S3 want it."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(quote(part, safe="-_.~"))
    joined = "/" + "/".join(parts)
    return joined + "/" if path.endswith(("/", "/.", "/..")) and parts else joined


def _canonical_query(query: str) -> str:
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    encoded = [(_encoded(name), _encoded(value)) for name, _, value in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _encoded(text: str) -> str:
    return quote(unquote(text), safe="-_.~")
