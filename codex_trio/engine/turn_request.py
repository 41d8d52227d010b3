"""What a turn is asked to do: what is said to it, what comes along with that, and where the turn came from.

Owns these values. Does not own what becomes of them (tasks/turn.py) or their wire form (processors/turn.py, which makes
them).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec


class ContextPiece(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of context under a key of the client's choice; `name` labels what is not trusted as a tool's output."""

    value: str
    is_trusted: bool
    name: str | None = None


class MetadataChange(msgspec.Struct, frozen=True, kw_only=True):
    """What changes in the client's own metadata, which goes to the provider with the turn's requests."""

    replacement: Mapping[str, str] | None = None
    patch: Mapping[str, str] | None = None

    def apply(self, metadata: Mapping[str, str]) -> dict[str, str]:
        """Return the metadata from now on."""
        return {**(metadata if self.replacement is None else self.replacement), **(self.patch or {})}


class UserInput(msgspec.Struct, frozen=True, kw_only=True):
    """What a user said at once: input parts in the rollout's form, and all context that holds then, by key.

    `item_id` is that of the item that shows it, where it had one before a turn took it up.
    """

    content: list[dict[str, Any]]
    client_id: str | None = None
    item_id: str | None = None
    context: Mapping[str, ContextPiece] = {}
    metadata: MetadataChange = MetadataChange()


class ClientToolOutput(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool that the client ran by itself gave; `output` is text, or content parts as the model reads them."""

    name: str
    namespace: str | None
    output: str | list[dict[str, Any]]
    context: Mapping[str, ContextPiece] = {}
    metadata: MetadataChange = MetadataChange()


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """What the model is to read that no user has said: clients do not see it, and it interrupts nothing."""

    item: dict[str, Any]
    context: Mapping[str, ContextPiece] = {}
    metadata: MetadataChange = MetadataChange()


TurnInput: TypeAlias = UserInput | ClientToolOutput | Remark


class TurnRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn is asked to do.

    `output_schema` constrains its last message. `service_tier` holds for this turn only: a name, known or not; None is
    the thread's own. `trigger` is what made the client start the turn, `parent_turn_id` the turn on whose behalf it
    works, `root_turn_id` the first one of that chain, this one when None.
    """

    turn_id: str
    input: TurnInput
    output_schema: Any = None
    service_tier: str | None = None
    trigger: str | None = None
    parent_turn_id: str | None = None
    root_turn_id: str | None = None

    @property
    def root_id(self) -> str:
        """The first turn of the chain that this one belongs to."""
        return self.root_turn_id or self.turn_id
