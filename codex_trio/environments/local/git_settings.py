"""What git is run with, so that a repository has no say in what else is run, and nobody is asked.

Owns the variables and settings that every run of ours shares: no hooks, monitors or prompts. Does not own running it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping


class GitSettings:
    """`environ` is the whole environment for git. `protocols` are those that it may fetch by."""

    def __init__(self, environ: Mapping[str, str], *, protocols: str = "none") -> None:
        self.environ = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
        self.environ |= {
            "LC_ALL": "C",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            # What is missing in a partial clone is not fetched.
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": protocols,
        }
        self._count = 0
        self.configure({"core.fsmonitor": "false", "core.hooksPath": os.devnull})

    def configure(self, settings: Mapping[str, str]) -> None:
        """Set these, whatever files say."""
        for key, value in settings.items():
            self.environ |= {f"GIT_CONFIG_KEY_{self._count}": key, f"GIT_CONFIG_VALUE_{self._count}": value}
            self._count += 1
        self.environ["GIT_CONFIG_COUNT"] = str(self._count)
