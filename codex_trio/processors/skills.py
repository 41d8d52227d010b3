"""Skills: which there are for a folder, which are on, and where else to look for them.

Protocol source: `skills/list|config/write|extraRoots/set`, release 0.171.0.
"""

from __future__ import annotations

from pathlib import Path

from codex_trio_protocol.v2 import skills as wire
from msgspec import UNSET

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.write import effective_stack, write_edits
from codex_trio.extensions.skills.skill import Skill, SkillInterface, SkillListing, ToolDependency
from codex_trio.extensions.skills.switches import SkillSelector, SkillSwitches, switch_edit
from codex_trio.processors.config_writes import written
from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_params

_MOST_ENTRIES = 64


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = SkillsProcessor(services)
    return {
        "skills/list": processor.list,
        "skills/config/write": processor.write,
        "skills/extraRoots/set": processor.set_extra_roots,
    }


class SkillsProcessor:
    def __init__(self, services: Services) -> None:
        self._config = services.config
        self._extensions = services.extensions
        self._entries: dict[str, tuple[SkillListing, wire.SkillsListEntry]] = {}

    async def list(self, params: wire.SkillsListParams, _context: RequestContext) -> wire.SkillsListResponse:
        """Return the skills for each folder, by default the server's own; a folder stands as it was given."""
        cwds = params.cwds or [str(self._config.resolve_cwd(None))]
        return wire.SkillsListResponse(data=[await self._entry(cwd, anew=params.force_reload) for cwd in cwds])

    async def write(
        self, params: wire.SkillsConfigWriteParams, _context: RequestContext
    ) -> wire.SkillsConfigWriteResponse:
        """Switch a skill on or off in the user's configuration."""
        name = None if params.name is None else params.name.strip()
        if (params.path is None) == (not name):
            raise invalid_params("skills/config/write requires exactly one of path or name")
        selector = SkillSelector(path=str(params.path)) if params.path is not None else SkillSelector(name=name)

        def write() -> bool:
            edit = switch_edit(effective_stack(self._config), selector, enabled=params.enabled)
            write_edits(self._config, [edit])
            return SkillSwitches(effective_stack(self._config)).chosen(selector)

        return wire.SkillsConfigWriteResponse(effective_enabled=await written(write))

    async def set_extra_roots(
        self, params: wire.SkillsExtraRootsSetParams, context: RequestContext
    ) -> wire.SkillsExtraRootsSetResponse:
        """Look for skills in these folders too, as long as this process runs."""
        self._extensions.skills.set_extra_roots(Path(root) for root in params.extra_roots)
        context.after_response(self._extensions.skills.tell_changed)
        return wire.SkillsExtraRootsSetResponse()

    async def _entry(self, cwd: str, *, anew: bool) -> wire.SkillsListEntry:
        try:
            config = await self._config.current(Path(cwd))
        except (ConfigLoadError, TimeoutError) as error:
            return _failed(cwd, self._config.resolve_cwd(Path(cwd)), error)
        listing = (await self._extensions.of(config, anew=anew)).skills
        kept = self._entries.get(cwd)
        if kept is not None and kept[0] is listing:
            return kept[1]
        entry = _entry(cwd, listing)
        self._entries.pop(cwd, None)
        while len(self._entries) >= _MOST_ENTRIES:
            self._entries.pop(next(iter(self._entries)))
        self._entries[cwd] = (listing, entry)
        return entry


def _failed(cwd: str, folder: Path, error: ConfigLoadError | TimeoutError) -> wire.SkillsListEntry:
    text = error.message if isinstance(error, ConfigLoadError) else f"the folder {error.strerror}"
    problem = wire.SkillErrorInfo(path=str(folder), message=f"failed to load configuration: {text}")
    return wire.SkillsListEntry(cwd=cwd, skills=[], errors=[problem])


def _entry(cwd: str, listing: SkillListing) -> wire.SkillsListEntry:
    return wire.SkillsListEntry(
        cwd=cwd,
        skills=[_skill(skill) for skill in listing.skills],
        errors=[wire.SkillErrorInfo(path=problem.path, message=problem.message) for problem in listing.problems],
    )


def _skill(skill: Skill) -> wire.SkillMetadata:
    details = skill.file.details
    return wire.SkillMetadata(
        name=skill.name,
        description=skill.file.description,
        short_description=skill.file.short_description or UNSET,
        interface=UNSET if details.interface is None else _interface(details.interface),
        dependencies=wire.SkillDependencies(tools=[_tool(tool) for tool in details.dependencies])
        if details.dependencies
        else UNSET,
        path=skill.path,
        scope=skill.root.scope,
        enabled=skill.is_enabled,
        plugin_id=skill.root.plugin_id,
    )


def _interface(interface: SkillInterface) -> wire.SkillInterface:
    return wire.SkillInterface(
        display_name=interface.display_name,
        short_description=interface.short_description,
        icon_small=interface.icon_small,
        icon_large=interface.icon_large,
        brand_color=interface.brand_color,
        default_prompt=interface.default_prompt,
    )


def _tool(tool: ToolDependency) -> wire.SkillToolDependency:
    return wire.SkillToolDependency(
        type=tool.type,
        value=tool.value,
        description=tool.description or UNSET,
        transport=tool.transport or UNSET,
        command=tool.command or UNSET,
        url=tool.url or UNSET,
    )
