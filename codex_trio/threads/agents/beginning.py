"""What a new agent begins with: what it is, what it runs with, and what it remembers.

Owns how these follow from its parent and from what is wanted. Does not own that it begins (control.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from codex_trio.domain.ids import uuid7
from codex_trio.engine.history import message_item
from codex_trio.engine.response_items import CALL_KINDS, ResponseItem
from codex_trio.engine.settings import ThreadSettings
from codex_trio.model.catalog import ModelCatalog, ModelInfo
from codex_trio.state.rollout.lines import SessionMeta, format_timestamp
from codex_trio.threads.agents.limits import defaults_of
from codex_trio.threads.agents.names import nickname, path_below
from codex_trio.threads.agents.roles import Role
from codex_trio.threads.agents.team import Member, Team
from codex_trio.tools.agents.port import NewAgent
from codex_trio.tools.calls import ToolFailure
from codex_trio.util.clock import now_ms

_YOU_ARE_ANOTHER = (
    "From here on you are another agent, which the one above has started: the conversation so far was its own. What it "
    "was told to do, and was allowed to, is not your task. The commands that it runs are not yours either. Your task "
    "follows."
)


def settings_of(parent: Member, wanted: NewAgent, role: Role | None, catalog: ModelCatalog) -> ThreadSettings:
    """Return what an agent runs with: what its parent does, but for defaults, the role and what is asked for.

    Raises ToolFailure.
    """
    active = parent.live.session.active
    settings = parent.live.settings if active is None else active.settings
    # What was agreed for the parent's way of working (a plan, say) is not the agent's.
    settings = msgspec.structs.replace(settings, collaboration_mode=None)
    defaults = defaults_of(parent.live.config)
    settings = _with(
        settings,
        defaults.model if wanted.model is None else None,
        defaults.effort if wanted.effort is None else None,
        catalog,
    )
    if role is not None:
        settings = _with_role(settings, role, catalog, is_final=wanted.model is None and wanted.effort is None)
    return _with(settings, wanted.model, wanted.effort, catalog)


def _with(settings: ThreadSettings, model: str | None, effort: str | None, catalog: ModelCatalog) -> ThreadSettings:
    if model is not None and model != settings.model:
        settings = msgspec.structs.replace(settings, model=_model(model, catalog).slug, effort=None)
    if effort is not None:
        _check_effort(effort, catalog.info(settings.model))
        settings = msgspec.structs.replace(settings, effort=effort)
    return settings


def _with_role(settings: ThreadSettings, role: Role, catalog: ModelCatalog, *, is_final: bool) -> ThreadSettings:
    """Return the settings with what the role says; what is asked for beside it may take its place unless it is final.

    Raises ToolFailure for an effort of the role's that its model does not know.
    """
    settings = role.apply(settings)
    if settings.effort is None or _knows(catalog.info(settings.model), settings.effort):
        return settings
    if role.settings.model_reasoning_effort is None:
        # It was the former model's.
        return msgspec.structs.replace(settings, effort=None)
    if is_final:
        _check_effort(settings.effort, catalog.info(settings.model))
    return settings


def _model(name: str, catalog: ModelCatalog) -> ModelInfo:
    listed = [model.slug for model in catalog.listed(include_hidden=False)]
    if name not in listed:
        raise ToolFailure(f"Unknown model `{name}` for spawn_agent. Available models: {', '.join(listed)}")
    return catalog.info(name)


def _knows(model: ModelInfo, effort: str) -> bool:
    return not model.known or any(option.effort == effort for option in model.efforts)


def _check_effort(effort: str, model: ModelInfo) -> None:
    if not _knows(model, effort):
        supported = [option.effort for option in model.efforts]
        raise ToolFailure(
            f"Reasoning effort `{effort}` is not supported for model `{model.slug}`. "
            f"Supported reasoning efforts: {', '.join(supported)}"
        )


def meta_of(parent: Member, team: Team, wanted: NewAgent, role: Role | None, settings: ThreadSettings) -> SessionMeta:
    """Return what a new agent is."""
    of_parent = parent.live.recorder.meta
    name = nickname(team.nicknames, () if role is None else role.nicknames)
    path = None if wanted.name is None else path_below(parent.path, wanted.name)
    role_name = None if role is None else role.name
    return msgspec.structs.replace(
        of_parent,
        session_id=parent.session_id,
        id=uuid7(),
        parent_thread_id=parent.thread_id,
        forked_from_id=parent.thread_id if wanted.fork else None,
        forked_from_ordinal_exclusive=None,
        timestamp=format_timestamp(now_ms()),
        cwd=str(settings.cwd),
        runtime_workspace_roots=settings.roots,
        source={
            "subagent": {
                "thread_spawn": {
                    "parent_thread_id": parent.thread_id,
                    "depth": parent.depth + 1,
                    "agent_path": path,
                    "agent_nickname": name,
                    "agent_role": role_name,
                }
            }
        },
        thread_source="subagent",
        agent_nickname=name,
        agent_role=role_name,
        agent_path=path,
        model_provider=settings.provider_id,
        dynamic_tools=None,
        memory_mode=None,
        history_mode="paginated",
        history_base=None,
        multi_agent_version=wanted.version,
        context_window=None,
    )


def remembered(history: Sequence[ResponseItem]) -> list[ResponseItem]:
    """Return what an agent that is to know its parent's conversation begins with.

    Calls that are under way stay behind: they are the parent's.
    """
    answered = {item.get("call_id") for item in history if item["type"].endswith("_output")}
    past = [item for item in history if item["type"] not in CALL_KINDS or item.get("call_id") in answered]
    return [*past, message_item("developer", [_YOU_ARE_ANOTHER], item_id=uuid7())]
