"""What it is that a known server does otherwise than a scenario asks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """One scenario that a kind of server does not fulfil."""

    scenario: str
    """`module::function` of the scenario, the module without its package."""
    kind: str
    """`codex-trio` or `reference`."""
    reason: str
    release: str | None = None
    """The only release of that server that it is about; None for every one."""
    is_certain: bool = True
    """Whether the scenario fails on every run; else it may pass, as where a server goes by the time that passes."""
