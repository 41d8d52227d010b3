"""What a session is at: the settings of its thread, how much of them is stored, and the task that runs.

Owns these, and that the environments know in time which folders commands may write. Does not own the values
(engine/settings.py) or the tasks.
"""

from __future__ import annotations

from codex_trio.engine.session.task import Task
from codex_trio.engine.settings import ThreadSettings, TurnOverrides
from codex_trio.environments.thread import ThreadEnvironments
from codex_trio.state.rollout.events import ThreadSettingsApplied
from codex_trio.state.rollout.lines import Payload


class SessionState:
    def __init__(self, thread_id: str, settings: ThreadSettings, environments: ThreadEnvironments) -> None:
        self.settings = settings
        """Those of later turns."""
        self.active: Task | None = None
        self._environments = environments
        self._thread_id = thread_id
        self._stored: ThreadSettings | None = None
        self.note_roots(settings)

    @property
    def in_effect(self) -> ThreadSettings:
        """What the running task runs with, whatever was changed for later ones meanwhile."""
        return self.settings if self.active is None else self.active.settings

    def change(self, overrides: TurnOverrides) -> None:
        """Change the settings of later turns; one that runs goes on as it began."""
        self.settings = overrides.apply(self.settings)
        self.note_roots(self.settings)

    def task_ended(self, task: Task) -> None:
        """Note that a task has ended: the next one may begin."""
        if self.active is task:
            self.active = None

    def opening_lines(self, settings: ThreadSettings, turn_id: str, *, root_turn_id: str) -> list[Payload]:
        """Return the lines that say what a turn, and all later ones, run with."""
        lines: list[Payload] = [settings.to_turn_context(turn_id, root_turn_id=root_turn_id)]
        unstored = self.unstored()
        if unstored is not None:
            self._stored, line = unstored
            lines.append(line)
        return lines

    def unstored(self) -> tuple[ThreadSettings, ThreadSettingsApplied] | None:
        """Return the settings that later turns run with, and the line for them, unless they are `note_stored`."""
        if self.settings == self._stored:
            return None
        return self.settings, self.settings.to_settings_applied(self._thread_id)

    def note_stored(self, settings: ThreadSettings) -> None:
        """Note which settings the rollout tells of."""
        self._stored = settings

    def note_roots(self, settings: ThreadSettings) -> None:
        """Remember the folders that commands may write, before any command can put others in their place."""
        for environment_id, place in settings.places():
            self._environments.note(environment_id, place)
