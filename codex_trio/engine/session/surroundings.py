"""What the model of a thread is told of where and how it works, beside what the user says.

Owns what it knows of that already. Does not own the texts (engine/context_messages.py, engine/additional_context.py).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codex_trio.config.layers import lookup
from codex_trio.domain.ids import uuid7
from codex_trio.engine import additional_context
from codex_trio.engine.context_messages import ContextParts, ContextTexts, Surroundings, context_items, context_texts
from codex_trio.engine.history import message_item
from codex_trio.engine.instructions import EnvironmentView
from codex_trio.engine.lineage import lineage_of
from codex_trio.engine.modes import asking_modes
from codex_trio.engine.project_docs import ProjectDocs
from codex_trio.engine.response_items import ResponseItem
from codex_trio.engine.session.memory import Memory
from codex_trio.engine.session.services import EngineServices, ThreadServices
from codex_trio.engine.session.warnings import ThreadWarnings
from codex_trio.engine.session.window import context_window_text
from codex_trio.engine.settings import ThreadSettings
from codex_trio.engine.skill_texts import skill_text
from codex_trio.engine.turn_request import ContextPiece
from codex_trio.environments.place import WorkPlace
from codex_trio.extensions.sets import ExtensionSet
from codex_trio.extensions.skills.mentions import may_name_skills, read_named
from codex_trio.extensions.skills.skill import Skill
from codex_trio.tools.context_window import FEATURE as CONTEXT_WINDOW_FEATURE
from codex_trio.util.abandonable import abandonable

_SKILL_SECONDS = 10.0
"""How long the files of named skills may take to be read."""


class ModelSurroundings:
    def __init__(
        self, services: EngineServices, thread: ThreadServices, *, memory: Memory, warnings: ThreadWarnings
    ) -> None:
        self._services = services
        self._thread = thread
        self._memory = memory
        self._warnings = warnings
        self._docs: tuple[Path, ProjectDocs] | None = None
        self._pieces: Mapping[str, ContextPiece] = {}

    async def items(self, settings: ThreadSettings, hidden_tools: Mapping[str, str]) -> list[ResponseItem]:
        """Return the messages that a turn with these settings, and tools to search for, adds.

        Raises RolloutReadError, RolloutWriteError.
        """
        await self._memory.recall()
        texts = await self._texts(settings, hidden_tools, window=self._memory.window)
        return context_items(texts, self._memory.history.items)

    async def all_items(self, settings: ThreadSettings, hidden_tools: Mapping[str, str]) -> list[ResponseItem]:
        """Return the messages that the next window begins with: all that is told, and the pieces of clients that
        hold.
        """
        texts = await self._texts(settings, hidden_tools, window=self._memory.window + 1)
        return [*context_items(texts, ()), *additional_context.context_items({}, self._pieces)]

    async def _texts(self, settings: ThreadSettings, hidden_tools: Mapping[str, str], *, window: int) -> ContextTexts:
        docs, config = await self._project_docs(settings), self._thread.config
        place = WorkPlace(cwd=str(settings.cwd), policy=settings.confinement)
        there = await self._thread.environments.description(settings.environments, place)
        brought = await self._thread.extensions(settings)
        surroundings = Surroundings(
            shell=there.shell,
            timezone=self._services.timezone,
            writable_folders=there.writable_folders,
            project_docs=docs.text,
            hidden_tools=hidden_tools,
            memories=await self._thread.memories(),
            environments=await self._views(settings),
            agent_path=self._thread.recorder.meta.agent_path,
            window=self._window_text(window) if config.feature(CONTEXT_WINDOW_FEATURE) else None,
            skills=self._offered_skills(brought),
            plugins=brought.plugins,
            asks_in=asking_modes(config),
        )
        included = ContextParts(
            permissions=config.include_permissions_instructions,
            mode=config.include_collaboration_mode_instructions,
            environment=config.include_environment_context,
            time=config.include_environment_context_time,
        )
        today = datetime.datetime.now().astimezone().date()
        return context_texts(settings, surroundings, today, included)

    def _window_text(self, number: int) -> str:
        meta = self._thread.recorder.meta
        return context_window_text(meta.id, number, agent_path=lineage_of(meta).path)

    async def _views(self, settings: ThreadSettings) -> list[EnvironmentView]:
        """Return what is told of several environments; nothing where there is one."""
        places = settings.places() if len(settings.environments) > 1 else []
        shell = self._thread.environments.shell
        return [
            EnvironmentView(id=environment_id, cwd=place.cwd, shell=await shell(environment_id, place))
            for environment_id, place in places
        ]

    def _offered_skills(self, brought: ExtensionSet) -> list[Skill]:
        if lookup(self._thread.config.merged, ["skills", "include_instructions"]) is False:
            return []
        return [skill for skill in brought.skills.skills if skill.is_offered]

    async def named_items(self, settings: ThreadSettings, content: Sequence[Mapping[str, Any]]) -> list[ResponseItem]:
        """Return the messages with the skills that an input names; what cannot be had is told to the user."""
        if not may_name_skills(content):
            return []
        extensions = await self._thread.extensions(settings)
        try:
            named = await abandonable(_SKILL_SECONDS, read_named, extensions.skills, content)
        except TimeoutError as error:
            self._warnings.tell(f"Went on without skills: their files {error.strerror}.")
            return []
        for warning in named.warnings:
            self._warnings.tell(warning)
        return [message_item("user", [skill_text(skill, text)], item_id=uuid7()) for skill, text in named.texts]

    def new_pieces(self, pieces: Mapping[str, ContextPiece]) -> list[ResponseItem]:
        """Return what of the context that comes with an input the model does not know; it does from now on."""
        items = additional_context.context_items(self._pieces, pieces)
        self._pieces = pieces
        return items

    async def _project_docs(self, settings: ThreadSettings) -> ProjectDocs:
        """Return the project's instructions, read again only when the working directory changed."""
        if self._docs is None or self._docs[0] != settings.cwd:
            docs = await self._thread.project_docs(settings)
            self._docs = (settings.cwd, docs)
            for warning in docs.warnings:
                self._warnings.tell(warning)
        return self._docs[1]
