"""What codex-trio depends on, told when it is built.

The contract is a distribution of its own in `protocol/`. In a checkout it is taken from there, so that `pip install .`
needs no index that has it; what is built from a source distribution, which has no `protocol/`, names the release.
"""

from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Dependencies(MetadataHookInterface):
    """Set the dependencies: those of the configuration, and the contract."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill in the field that `dynamic` names."""
        protocol = Path(self.root) / "protocol"
        source = f"@ {protocol.as_uri()}" if protocol.is_dir() else f"== {metadata['version']}"
        metadata["dependencies"] = [*self.config["dependencies"], f"codex-trio-protocol {source}"]
