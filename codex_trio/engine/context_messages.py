"""The context that comes before a user's words: rules, project instructions, place and time.

Owns which context messages a turn adds: all of them at first, later only those whose text changed. What was said before
is read off the model's history itself, so that it holds for resumed threads too, whoever recorded them. Does not own
the texts (engine/instructions.py).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from codex_trio.domain.ids import uuid7
from codex_trio.engine import instructions, modes, skill_texts
from codex_trio.engine.history import message_item
from codex_trio.engine.response_items import ResponseItem, texts_of
from codex_trio.engine.settings import ThreadSettings
from codex_trio.extensions.plugin_parts import PluginParts
from codex_trio.extensions.skills.skill import Skill


class ContextTexts(msgspec.Struct, frozen=True, kw_only=True):
    """What the model is to know before it reads the user's words; None where there is nothing to say."""

    permissions: str | None
    developer: str | None
    mode: str | None
    mode_end: str | None
    """What to say in place of `mode`, if that is None and a mode was told of before."""
    team: str | None
    project_docs: str | None
    environment: str | None
    tools: str | None = None
    memories: str | None = None
    window: str | None = None
    skills: str | None = None
    plugins: str | None = None


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the context needs besides the settings. `writable_folders` are those that the sandbox policy opens."""

    shell: str | None
    timezone: str
    writable_folders: Sequence[str]
    project_docs: str | None
    hidden_tools: Mapping[str, str] = {}
    """The namespaces of tools that the model has to search for, and what they are about."""
    environments: Sequence[instructions.EnvironmentView] = ()
    """All that the thread works in, where that is more than one."""
    memories: str | None = None
    """What the model is told of former threads."""
    agent_path: str | None = None
    """The thread's place in a team of agents that it works for."""
    window: str | None = None
    """Which context window this is, where the model is to know."""
    skills: Sequence[Skill] = ()
    """Those that the model may take up by itself."""
    plugins: Sequence[PluginParts] = ()
    asks_in: Collection[str] = (modes.PLAN,)
    """The modes in which the model has a tool to ask the user by."""


class ContextParts(msgspec.Struct, frozen=True, kw_only=True):
    """Which parts the user lets the model be told; `time` is that of the environment."""

    permissions: bool = True
    mode: bool = True
    environment: bool = True
    time: bool = True


ALL_PARTS = ContextParts()


def context_texts(
    settings: ThreadSettings, surroundings: Surroundings, today: datetime.date, parts: ContextParts = ALL_PARTS
) -> ContextTexts:
    """Return the texts for a turn with these settings."""
    policy = settings.confinement
    docs = surroundings.project_docs
    return ContextTexts(
        permissions=instructions.permissions_text(
            settings.approval_policy, policy, writable_roots=surroundings.writable_folders
        )
        if parts.permissions
        else None,
        developer=settings.developer_instructions or None,
        mode=modes.text_of(settings.mode, surroundings.asks_in) if parts.mode else None,
        mode_end=modes.end_text(surroundings.asks_in) if parts.mode else None,
        team=None if surroundings.agent_path is None else instructions.team_text(surroundings.agent_path),
        project_docs=instructions.user_instructions(docs, cwd=str(settings.cwd)) if docs else None,
        environment=instructions.environment_context(
            cwd=str(settings.cwd),
            shell=None if surroundings.shell is None else Path(surroundings.shell).name,
            environments=surroundings.environments,
            current_date=today if parts.time else None,
            timezone=surroundings.timezone if parts.time else None,
            filesystem=instructions.FilesystemView(workspace_roots=tuple(settings.roots), policy=policy),
        )
        if parts.environment
        else None,
        memories=surroundings.memories,
        skills=skill_texts.skills_text(surroundings.skills),
        plugins=skill_texts.plugins_text(surroundings.plugins),
        tools=instructions.hidden_tools_text(surroundings.hidden_tools) if surroundings.hidden_tools else None,
        window=surroundings.window,
    )


def context_items(texts: ContextTexts, history: Iterable[ResponseItem]) -> list[ResponseItem]:
    """Return the messages that bring a history up to date: those texts that it does not already hold as the latest."""
    latest = _latest(history)
    developer = [
        text
        for key, text in (
            ("memories", texts.memories),
            ("developer", texts.developer),
            ("skills", texts.skills or (skill_texts.NO_SKILLS if "skills" in latest else None)),
            ("permissions", texts.permissions),
            ("plugins", texts.plugins or (skill_texts.NO_PLUGINS if "plugins" in latest else None)),
            ("mode", texts.mode or (texts.mode_end if "mode" in latest else None)),
            ("tools", texts.tools),
            ("team", texts.team),
            ("window", texts.window),
        )
        if text is not None
        and latest.get(key) != text
        and not (key == "developer" and text in latest["developer_texts"])
    ]
    news = None if texts.environment is None else _environment_news(texts.environment, latest)
    user = [
        text
        for key, text in (("project_docs", texts.project_docs), ("environment", news))
        if text is not None and latest.get(key) != text
    ]
    items: list[ResponseItem] = []
    if developer:
        items.append(message_item("developer", developer, item_id=uuid7()))
    if user:
        items.append(message_item("user", user, item_id=uuid7()))
    return items


_ENVIRONMENT = re.compile(
    rf"{instructions.ENVIRONMENT_CONTEXT_TAG}\n"
    r"((?:  <cwd>[^<]*</cwd>\n)?(?:  <shell>[^<]*</shell>\n)?(?:  <environments>.*</environments>\n)?)(.*)",
    re.DOTALL,
)


def _environment_parts(text: str) -> dict[str, str]:
    """Split a text on the environment: the lines on folder and shell, if it has any, and all else."""
    found = _ENVIRONMENT.match(text)
    place, rest = ("", text) if found is None else found.groups()
    return {"environment_rest": rest, **({"place": place} if place else {})}


def _environment_news(text: str, latest: Mapping[str, Any]) -> str | None:
    """Return what to say of an environment: not again where it is, if only date or rights are others (0.171.0)."""
    parts = _environment_parts(text)
    if latest.get("place") != parts.get("place"):
        return text
    rest = parts["environment_rest"]
    return None if latest.get("environment_rest") == rest else f"{instructions.ENVIRONMENT_CONTEXT_TAG}\n{rest}"


_KINDS = (
    ("permissions", "<permissions instructions>"),
    ("mode", "<collaboration_mode>"),
    ("skills", skill_texts.SKILLS_TAG),
    ("plugins", skill_texts.PLUGINS_TAG),
    ("tools", instructions.HIDDEN_TOOLS_TAG),
    ("team", instructions.TEAM_TAG),
    ("memories", instructions.MEMORIES_TAG),
    ("window", instructions.CONTEXT_WINDOW_TAG),
    ("project_docs", instructions.USER_INSTRUCTIONS_PREFIX),
    ("environment", instructions.ENVIRONMENT_CONTEXT_TAG),
)


def _latest(history: Iterable[ResponseItem]) -> dict[str, Any]:
    """Return the context text of each kind that the model saw last, and all other developer texts."""
    latest: dict[str, Any] = {"developer_texts": set()}
    for item in history:
        if item.get("type") != "message" or item.get("role") not in ("developer", "user"):
            continue
        for text in texts_of(item):
            kind = next((kind for kind, prefix in _KINDS if text.startswith(prefix)), None)
            if kind == "environment":
                latest.update(_environment_parts(text))
            elif kind is not None:
                latest[kind] = text
            elif item["role"] == "developer":
                latest["developer_texts"].add(text)
    return latest
