"""What a model provider is told of the repository that is worked in."""

from collections.abc import Mapping
from typing import Any

import msgspec


class WorkspaceState(msgspec.Struct, frozen=True, kw_only=True):
    """How a work tree stands; `commit` is None before the first one. `remote_urls` are free of credentials."""

    root: str
    commit: str | None
    has_changes: bool
    remote_urls: Mapping[str, str]

    def to_metadata(self) -> dict[str, Any]:
        """Return it as providers know it (0.171.0)."""
        return {
            self.root: {
                **({"associated_remote_urls": self.remote_urls} if self.remote_urls else {}),
                **({} if self.commit is None else {"latest_git_commit_hash": self.commit}),
                "has_changes": self.has_changes,
            }
        }
