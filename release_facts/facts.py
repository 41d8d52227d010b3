"""What one release says about itself, as a value that is kept in a file.

Owns its form alone; `gather` asks a binary for it.
"""

from pathlib import Path
from typing import Any

import msgspec

from release_facts.schemas import Protocol, read_protocol

Tools = dict[str, dict[str, Any]]
"""By the names of configurations: the tools offered to the model, by name."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What one release says about itself."""

    release: str
    stable: dict[str, Any]
    """The bundle of JSON Schemas without what is experimental."""
    experimental: dict[str, Any]
    catalogue: Any = None
    """The bundled models, as `codex debug models --bundled` prints them."""
    models: Any = None
    """Rows of `model/list`, hidden ones too."""
    features: Any = None
    """Rows of `experimentalFeature/list`."""
    settings: Any = None
    """What `config/read` shows for a configuration that sets little."""
    skills: Any = None
    """Those that the release brings along."""
    tools: Tools = msgspec.field(default_factory=dict[str, dict[str, Any]])
    missing: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """What could not be had, and why."""

    @property
    def protocol(self) -> Protocol:
        """Types and methods."""
        return read_protocol(stable=self.stable, experimental=self.experimental)


def save(facts: Facts, path: Path) -> None:
    """Keep facts in a file."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=1))


def load(path: Path) -> Facts:
    """The facts in a file. Raises OSError or msgspec.ValidationError."""
    return msgspec.json.decode(path.read_bytes(), type=Facts)
