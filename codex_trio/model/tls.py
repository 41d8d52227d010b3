"""Whom TLS connections to providers trust.

Owns: reading `CODEX_CA_CERTIFICATE`, `SSL_CERT_FILE` and `SSL_CERT_DIR`.
Does not own: connections (`http`). Reading certificates takes tens of milliseconds: do it in a thread.
"""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Mapping
from pathlib import Path


class UnusableCertificates(Exception):
    """The certificates that the environment names cannot be used. The text says which and why."""


def tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that trusts the authorities named in the environment, else those of this machine.

    `CODEX_CA_CERTIFICATE` names one more file of authorities, and wins over the other two. `SSL_CERT_FILE` stands in
    place of the machine's own, `SSL_CERT_DIR` (folders, separated by colons) beside them. Raises UnusableCertificates.
    """
    for name in ("CODEX_CA_CERTIFICATE", "SSL_CERT_FILE"):
        if path := environ.get(name, "").strip():
            return _with_file(name, path, alone=name == "SSL_CERT_FILE")
    folders = environ.get("SSL_CERT_DIR", "").strip()
    return _with_folders(folders.split(os.pathsep)) if folders else _machines_own()


def no_tls() -> ssl.SSLContext:
    """Return a context that trusts nobody: plain connections do not need the certificates that take long to read."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _machines_own() -> ssl.SSLContext:
    import httpcore2

    return httpcore2.default_ssl_context()


def _with_file(name: str, path: str, *, alone: bool) -> ssl.SSLContext:
    try:
        if alone:
            return ssl.create_default_context(cafile=path)
        # What else the environment names does not matter, usable or not.
        context = ssl.create_default_context()
        context.load_verify_locations(cafile=path)
    except (OSError, ValueError) as error:
        raise UnusableCertificates(f"cannot use {name} ({path}): {error}") from error
    return context


def _with_folders(folders: list[str]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for folder in filter(None, folders):
        try:
            paths = sorted(Path(folder).iterdir())
        except OSError as error:
            raise UnusableCertificates(f"cannot use SSL_CERT_DIR ({folder}): {error.strerror}") from error
        context.load_verify_locations(capath=folder)
        # OpenSSL only finds files that are named by a hash. What is no certificate is somebody else's file.
        for path in paths:
            if path.suffix in (".pem", ".crt", ".cer") and path.is_file():
                with contextlib.suppress(OSError, ValueError):
                    context.load_verify_locations(cafile=path)
    return context
