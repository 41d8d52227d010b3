"""What this machine has to confine commands with, as it is told to people and clients.

Owns the report. Does not own what is found out (`probe`).
"""

from __future__ import annotations

import os

import msgspec

from codex_trio.sandbox import kernel, seccomp
from codex_trio.sandbox.probe import MECHANISMS, PassedOver, SandboxProbe


class SandboxReport(msgspec.Struct, frozen=True, kw_only=True):
    """`launcher` is the mechanism that commands run under, None when nothing can confine them."""

    launcher: str | None
    program: str | None
    """The bubblewrap in use."""
    version: str | None
    user_namespaces: bool
    landlock_abi: int | None
    """None when the kernel has no Landlock, or it is switched off."""
    seccomp: bool
    """Whether system calls can be filtered on this processor."""
    passed_over: tuple[PassedOver, ...]


def report_on(probe: SandboxProbe) -> SandboxReport:
    """Return what was found, and why what comes first in order of preference is not what is used."""
    used = probe.mechanism
    preferred = MECHANISMS[: MECHANISMS.index(used)] if used is not None else MECHANISMS
    reasons = [PassedOver(launcher=name, reason=probe.failures[name]) for name in preferred if name in probe.failures]
    return SandboxReport(
        launcher=used,
        program=probe.bubblewrap.path if probe.bubblewrap is not None else None,
        version=probe.bubblewrap.version if probe.bubblewrap is not None else None,
        user_namespaces="namespaces" in probe.available,
        landlock_abi=_landlock_abi(),
        seccomp=seccomp.is_supported(os.uname().machine),
        passed_over=(*probe.passed_over, *reasons),
    )


def _landlock_abi() -> int | None:
    try:
        return kernel.landlock_abi()
    except OSError:
        return None
