"""The tools of a thread's turns: called by the model itself, or by its scripts.

Owns which of the two a turn gets, and what outlives turns: the values that scripts keep, and how many there were.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from codex_trio.tools.code_mode.cells import Cells, ScriptEngine, StoredValues
from codex_trio.tools.code_mode.registry import CodeModeRegistry
from codex_trio.tools.registry import OfferedTools, ToolOffer, ToolProvider, plain_tools
from codex_trio.util.bell import Bell


class ThreadTools:
    """Offers the tools of the providers that there are at the time, turn by turn."""

    def __init__(
        self, providers: Callable[[], Sequence[ToolProvider]], start_process: Callable[[], ScriptEngine]
    ) -> None:
        self._providers = providers
        self._start_process = start_process
        self._stored = StoredValues()
        self._numbers = itertools.count(1)
        self._turn: tuple[Bell, Cells] | None = None

    def offer(self, offer: ToolOffer) -> OfferedTools:
        """Return the tools of one turn."""
        only = offer.model.code_mode_only or offer.feature("code_mode_only")
        # The script is free text, which not every provider takes.
        if not offer.custom_tools or not (only or offer.feature("code_mode")):
            return plain_tools(self._providers(), offer)

        def cells() -> Cells:
            # What a turn's model is offered may change while its scripts run.
            if self._turn is None or self._turn[0] is not offer.said_more:
                spawn = offer.commands.run_in_background
                new = Cells(self._start_process, stored=self._stored, numbers=self._numbers, spawn=spawn)
                self._turn = offer.said_more, new
            return self._turn[1]

        return CodeModeRegistry(self._providers(), offer, only=only, cells=cells)
