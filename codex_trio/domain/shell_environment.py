"""The shell environment policy: of commands here, and of those that an exec-server is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec


class ShellEnvironmentPolicy(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which variables commands inherit. Patterns are globs without regard to case; later steps win.

    Source: the `shell_environment_policy` configuration table, whose keys and defaults these are, and `envPolicy` of an
    exec-server's `process/start`, whose JSON this is.
    """

    inherit: Literal["all", "core", "none"] = "all"
    ignore_default_excludes: bool = True
    """False also removes names that look like secrets (KEY, SECRET, TOKEN)."""
    exclude: tuple[str, ...] = ()
    set: Mapping[str, str] = {}
    include_only: tuple[str, ...] = ()
    """When given, everything else is removed at the end."""
