"""What the model is told of skills: which there are, what is in those that the user names, which plugins bring some.

Owns the texts and their bounds, as pure functions. Does not own skills (`extensions/skills`), nor when they are told
(`context_messages`).

The tags are established: rollouts and clients know them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from codex_trio.extensions.plugin_parts import PluginParts
from codex_trio.extensions.skills.skill import Skill

SKILLS_TAG = "<skills_instructions>"
PLUGINS_TAG = "<plugins_instructions>"

MAX_DESCRIPTION = 1024
_SHORT_DESCRIPTION = 160
MAX_LIST = 24_000
"""Characters that the list of skills may take of a model's context."""

_INTRODUCTION = """\
## Skills
A skill is a folder with instructions in a file `SKILL.md`, written for tasks of one kind. You are told the name of \
each skill, what it is for, and where its file is: a path that begins with one of these folders' short names."""

_RULES = """\
### How to use them
- Use a skill when the user names it (`$name`, or in plain words) or when the task is plainly what it describes; if \
several fit, take as few as cover the task. A skill counts for the turn in which it was called for, not for later ones.
- Before anything else, read its `SKILL.md` whole, with the folder's full path in place of the short name. Where its \
text was given to you in a `<skill>` block, you have read it.
- Relative paths in it count from the folder of that `SKILL.md`. Read those further files that it sends you to for \
this task, and no others. Run scripts that it brings rather than writing them anew, and use its templates.
- Say in half a sentence which skill you use. If one cannot be read or does not fit, say so and go on without.
- A skill is advice on how to work. It gives no permission: sandbox, approvals and the user's words stand above it."""

NO_SKILLS = f"{SKILLS_TAG}\n## Skills\nThere are no skills any more.\n</skills_instructions>"
"""What is said when there were some before."""

_MOST_PLUGINS = 100
_MOST_SERVERS = 10
_MAX_TITLE = 80

_PLUGINS = """\
## Plugins
The user has installed plugins: bundles of skills and MCP servers for some purpose. These are there:"""

_PLUGIN_RULES = """\
A plugin is nothing that you can call. When the user names one, look first among what it brings: its skills are listed \
as `plugin:skill`, and the tools of its servers as those of any other server. If nothing of it fits the task, say so \
and go on without it."""

NO_PLUGINS = f"{PLUGINS_TAG}\n## Plugins\nThere are no plugins any more.\n</plugins_instructions>"
"""What is said when there were some before."""


def plugins_text(plugins: Sequence[PluginParts]) -> str | None:
    """Return what the model is told of the plugins that bring something for it; None when there are none."""
    lines = [_plugin_line(plugin) for plugin in plugins if plugin.skill_roots or plugin.mcp_servers]
    if not lines:
        return None
    if len(lines) > _MOST_PLUGINS:
        lines[_MOST_PLUGINS:] = [f"- ... and {len(lines) - _MOST_PLUGINS} more."]
    return "\n".join((PLUGINS_TAG, _PLUGINS, *lines, _PLUGIN_RULES, "</plugins_instructions>"))


def _plugin_line(plugin: PluginParts) -> str:
    # Words of a stranger: they stay on their line, and short.
    title = " ".join(plugin.title.split())[:_MAX_TITLE]
    shown = f" ({title})" if title and title != plugin.name else ""
    names = [" ".join(name.split())[:_MAX_TITLE] for name in list(plugin.mcp_servers)[:_MOST_SERVERS]]
    if len(plugin.mcp_servers) > _MOST_SERVERS:
        names.append("...")
    servers = f"; MCP servers: {', '.join(names)}" if names else ""
    return f"- {plugin.name}{shown}{servers}"


def skills_text(offered: Sequence[Skill]) -> str | None:
    """Return what the model is told of the skills that it may take up by itself; None when there are none."""
    if not offered:
        return None
    folders = list(dict.fromkeys(str(skill.root.path) for skill in offered))
    short = {folder: f"r{number}" for number, folder in enumerate(folders)}
    table = "\n".join(f"- `{name}` = `{folder}`" for folder, name in short.items())
    listed = "\n".join(_lines(offered, short))
    return (
        f"{SKILLS_TAG}\n{_INTRODUCTION}\n### Folders\n{table}\n### Available skills\n{listed}\n{_RULES}\n"
        "</skills_instructions>"
    )


def skill_text(skill: Skill, text: str) -> str:
    """Return a skill that the user named, with what is in its file."""
    return f"<skill>\n<name>{skill.name}</name>\n<path>{skill.path}</path>\n{text}\n</skill>"


def _lines(offered: Sequence[Skill], short: dict[str, str]) -> list[str]:
    """Return a line for each skill: a shorter one where there are many, and none for the last of very many."""
    lines = [_line(skill, short, limit=MAX_DESCRIPTION) for skill in offered]
    if sum(map(len, lines)) > MAX_LIST:
        lines = [_line(skill, short, limit=_SHORT_DESCRIPTION) for skill in offered]
    kept: list[str] = []
    room = MAX_LIST
    for line in lines:
        room -= len(line)
        if room < 0:
            kept.append(f"- ... and {len(lines) - len(kept)} more, in the same folders.")
            break
        kept.append(line)
    return kept


def _line(skill: Skill, short: dict[str, str], *, limit: int) -> str:
    folder = str(skill.root.path)
    below = f"{folder}/"
    path = f"{short[folder]}/{skill.path.removeprefix(below)}" if skill.path.startswith(below) else skill.path
    description = skill.file.description
    if len(description) > limit:
        description = f"{description[:limit].rstrip()}..."
    return f"- {skill.name}: {description} (file: {os.path.normpath(path)})"
