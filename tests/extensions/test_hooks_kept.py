"""Hooks that were read are kept, and never shown after their files have changed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
import trio
from skill_lab import SkillLab

from codex_trio.extensions.hooks.hook import HookListing
from codex_trio.extensions.plugin_parts import PluginParts
from codex_trio.extensions.sets import ExtensionSets


def write_hooks(path: Path, command: str) -> None:
    """Write a file with one hook."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": command}]}]}}))


def settle(*paths: Path) -> None:
    """Wait until files that were just written count as settled."""
    deadline = time.monotonic() + 10
    while any(path.stat().st_ctime_ns > time.time_ns() - 150_000_000 for path in paths):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def commands(listing: HookListing) -> Iterable[str]:
    """Return what its hooks run."""
    return [getattr(hook.handler, "command", "") for hook in listing.hooks]


@pytest.mark.parametrize("is_own", [True, False])
async def test_hooks_are_kept_until_one_of_their_files_changes(tmp_path: Path, *, is_own: bool) -> None:
    lab = SkillLab(tmp_path)
    lab.configure()
    ours, bundled = lab.codex_home / "hooks.json", tmp_path / "plugin/hooks/hooks.json"
    write_hooks(ours, "one")
    write_hooks(bundled, "of the plugin")
    plugin = PluginParts(id="p@m", name="p", root=tmp_path / "plugin", data=tmp_path, hook_files=(bundled,))
    installed = [plugin]

    async def plugins(_config: object) -> list[PluginParts]:
        await trio.lowlevel.checkpoint()
        return list(installed)

    sets = ExtensionSets(
        lab.config.paths,
        lab.watches,
        skills_changed=lambda: None,
        plugins=plugins,
        own_folder=lab.project if is_own else None,
    )
    settle(ours, bundled, lab.codex_home / "config.toml")
    config = lab.config.load()
    first = await sets.hooks(config)
    assert commands(first) == ["one", "of the plugin"]
    assert await sets.hooks(config) is first
    # Of the same length, and in place.
    write_hooks(bundled, "of this plugin")
    assert commands(await sets.hooks(config)) == ["one", "of this plugin"]
    ours.unlink()
    assert commands(await sets.hooks(config)) == ["of this plugin"]
    installed.clear()
    assert (await sets.hooks(config)).hooks == ()
    lab.configure("[[hooks.Stop]]\nhooks = [{type = 'command', command = 'inline'}]\n")
    assert commands(await sets.hooks(lab.config.load())) == ["inline"]
