"""Service tiers: how fast, and at what price, the provider is to answer.

Owns their names.
"""

_DEFAULT = "default"
_ASKED_FOR = ("flex", "priority")


def canonical_tier(name: str) -> str:
    """Return the tier's own name: clients say `fast` for `priority`."""
    return "priority" if name == "fast" else name


def known_tier(name: str | None) -> str | None:
    """Return the tier's own name; None for one that is not known."""
    tier = canonical_tier(name or "")
    return tier if tier in (_DEFAULT, *_ASKED_FOR) else None


def requested_tier(tier: str | None) -> str | None:
    """Return what a request asks for; the provider's choice is asked for by saying nothing."""
    return tier if tier in _ASKED_FOR else None
