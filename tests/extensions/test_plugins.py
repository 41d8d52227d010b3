"""Installing plugins: nothing leads out of its folder, nothing is there by half, and git runs nothing of a source."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from codex_trio.config.service import ConfigService
from codex_trio.execution.spawner import open_process_spawner
from codex_trio.extensions.mcp.settings import StdioCommand, configured_servers
from codex_trio.extensions.plugin_parts import PluginParts
from codex_trio.extensions.plugins.catalog import MOST_LISTED, PluginCatalog
from codex_trio.extensions.plugins.changes import PluginChanges, plugin_changes
from codex_trio.extensions.plugins.copying import CopyBounds, copy_plugin
from codex_trio.extensions.plugins.discovery import MarketplaceFinder
from codex_trio.extensions.plugins.fetching import FetchBounds, GitFetcher
from codex_trio.extensions.plugins.installed import LOOK_SECONDS, InstalledPlugins
from codex_trio.extensions.plugins.names import PluginFailed, PluginId, PluginRefused
from codex_trio.extensions.plugins.products import product_of
from codex_trio.extensions.plugins.sources import marketplace_source
from codex_trio.extensions.plugins.store import PluginStore, open_workplace
from codex_trio.extensions.skills.roots import plugin_roots
from codex_trio.extensions.skills.scan import SkillScanner
from codex_trio.extensions.skills.skill import SkillFile

ALPHA = PluginId("alpha", "market")


def put(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def write_plugin(folder: Path, name: str = "alpha", **more: Any) -> None:
    put(folder / ".codex-plugin/plugin.json", {"name": name, "version": "1.0.0", **more})


def write_marketplace(root: Path, *plugins: dict[str, Any]) -> Path:
    return put(root / ".agents/plugins/marketplace.json", {"name": "market", "plugins": list(plugins)})


class Home:
    """A home with a configuration, as a server has it."""

    def __init__(self, tmp_path: Path) -> None:
        self.path = tmp_path / "codex-home"
        self.path.mkdir()
        self.user = tmp_path / "user"
        self.user.mkdir()
        environ = {"HOME": str(self.user), "PATH": os.defpath, "GIT_CONFIG_NOSYSTEM": "1"}
        self.environ = environ
        self.config = ConfigService(self.path, environ=environ, system_dir=tmp_path / "etc", cwd=tmp_path)
        self.store = PluginStore(self.path)
        self.installed = InstalledPlugins(self.store)

    def changes(self, start: Any = None) -> PluginChanges:
        return plugin_changes(self.config, start, environ=self.environ, product="codex")

    async def parts(self) -> Any:
        return await self.installed(self.config.load())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def require(home: Home, text: str) -> None:
    put(home.config.paths.requirements, text)


def serving_plugin(tmp_path: Path, name: str = "market") -> Path:
    root = tmp_path / name
    write_plugin(root / "alpha", mcpServers={"one": {"command": "./run"}, "two": {"url": "https://mcp.example"}})
    return write_marketplace(root, {"name": "alpha", "source": "./alpha"})


# Commands


def skills_of(parts: PluginParts) -> dict[str, SkillFile]:
    files = [file for root in plugin_roots([parts]) for file in SkillScanner().scan(root).files]
    return {file.name: file for file in files}


async def test_commands_are_skills_where_skills_can_do_the_same(home: Home, tmp_path: Path) -> None:
    root = tmp_path / "market"
    write_plugin(root / "alpha")
    for name, text in {
        "do": "---\ndescription: >\n  Do the\n  thing\n---\nFirst this.\n",
        "sub/Big Name": "---\ndescription: 5\n---\nRun ${CLAUDE_PLUGIN_ROOT}/x.\n",
        "README": "How these are used.\n",
        "a": "---\ndescription: a\n---\nFix $ARGUMENTS\n",
        "b": "---\ndescription: b\n---\nSee !`git status`\n",
        "c": "---\ndescription: c\n---\nSee @src/x\n",
        "d": "Only text\n",
        "e": "---\ndescription: [\n---\nText\n",
        "f": "---\ndescription: f\n---\n",
        "sub-big-name": "---\ndescription: second\n---\nText\n",
    }.items():
        put(root / f"alpha/commands/{name}.md", text)
    path = write_marketplace(root, {"name": "alpha", "source": "./alpha"})
    done = await home.changes().installer.install(path, "alpha")
    [parts] = await home.parts()
    skills = skills_of(parts)
    assert {name: skill.description for name, skill in skills.items()} == {
        "source-command-do": "Do the thing",
        "source-command-sub-big-name": "second",
    }
    told = await trio.Path(skills["source-command-do"].path).read_text()
    assert told.endswith("the plugin `alpha`. Follow it when the user asks for it by that name.\n\nFirst this.\n")
    assert [problem.partition(" (")[0] for problem in done.unused_commands] == [
        *(f"commands/{name}.md" for name in "abcdef"),
        "commands/sub/Big Name.md",
    ]


async def test_commands_are_those_that_a_manifest_names(home: Home, tmp_path: Path) -> None:
    root = tmp_path / "market"
    write_plugin(root / "alpha", commands=["./one.md", "./more", "../other.md", 5])
    for name in ("commands/usual.md", "one.md", "more/two.md"):
        put(root / f"alpha/{name}", "---\ndescription: Go\n---\nGo.\n")
    put(root / "other.md", "---\ndescription: Go\n---\nGo.\n")
    path = write_marketplace(root, {"name": "alpha", "source": "./alpha"})
    done = await home.changes().installer.install(path, "alpha")
    [parts] = await home.parts()
    assert sorted(skills_of(parts)) == ["source-command-one", "source-command-two"]
    assert ["../other.md" in done.unused_commands[0], " 5 (" in done.unused_commands[1]] == [True, True]


# What an administrator allows


async def test_nothing_is_added_installed_or_loaded_but_from_allowed_sources(home: Home, tmp_path: Path) -> None:
    path, other = serving_plugin(tmp_path), serving_plugin(tmp_path, "other")
    changes = home.changes()
    catalog = PluginCatalog(home.store, MarketplaceFinder(home.user), product="codex")
    await changes.marketplaces.add(str(tmp_path / "market"), ref=None, sparse_paths=None)
    await changes.installer.install(path, "alpha")
    source = f'source = "local"\npath = "{tmp_path}/market"\n'
    restricted = "[marketplaces]\nrestrict_to_allowed_sources = true\n"
    require(home, f"{restricted}[marketplaces.allowed_sources.a]\n{source}")
    assert [parts.id for parts in await home.parts()] == ["alpha@market"]
    offers = catalog.list(home.config.load(), [tmp_path / "other"]).offers
    assert [offer.marketplace.path for offer in offers] == [path]
    with pytest.raises(PluginRefused, match="`market` must be added to config before plugins can be installed"):
        await changes.installer.install(other, "alpha")
    with pytest.raises(PluginRefused, match=f"^marketplace source `{tmp_path}/other` is not allowed by requirements"):
        await changes.marketplaces.add(str(tmp_path / "other"), ref=None, sparse_paths=None)
    require(home, restricted)
    assert await home.parts() == ()
    with pytest.raises(PluginRefused, match=f"marketplace source `{tmp_path}/market` is not allowed"):
        catalog.read(home.config.load(), path, "alpha")
    assert catalog.list(home.config.load(), [tmp_path / "other"]).offers == ()
    assert await changes.marketplaces.remove("market") is None


async def test_servers_of_plugins_are_those_that_are_listed_for_them(home: Home, tmp_path: Path) -> None:
    path = serving_plugin(tmp_path)
    await home.changes().installer.install(path, "alpha")

    async def enabled() -> list[str]:
        config = home.config.load()
        servers = configured_servers(config.merged, await home.installed(config), required=config.requirements)
        return [name for name, server in servers.items() if server.enabled]

    assert await enabled() == ["one", "two"]
    for allowed, left in (
        ('[plugins."alpha@market".mcp_servers.one.identity]\ncommand = "./run"\n', ["one"]),
        ('[plugins."alpha@market".mcp_servers.two.identity]\nurl = "https://mcp.example"\n', ["two"]),
        ('[plugins."alpha@market".mcp_servers.one.identity]\ncommand = "/run"\n', []),
        ('[plugins."other@market".mcp_servers.one.identity]\ncommand = "./run"\n', []),
        ('[plugins."alpha@market"]\n', ["one", "two"]),
        ('[mcp_servers.two.identity]\nurl = "https://mcp.example"\n', ["two"]),
        ('[mcp_servers]\n[plugins."alpha@market".mcp_servers.one.identity]\ncommand = "./run"\n', []),
    ):
        require(home, allowed)
        assert await enabled() == left, allowed


# What is copied


def test_only_files_and_folders_are_copied(tmp_path: Path) -> None:
    source = tmp_path / "source"
    put(tmp_path / "secret", "s")
    put(source / "a/run.sh", "x").chmod(0o4755)
    put(source / ".git/config", "x")
    (source / "out").symlink_to(tmp_path / "secret")
    (source / "folder").symlink_to(tmp_path)
    os.mkfifo(source / "pipe")
    assert copy_plugin(source, tmp_path / "copy") == ["folder", "out", "pipe"]
    copied = sorted(str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*"))
    assert copied == ["a", "a/run.sh"]
    assert (tmp_path / "copy/a/run.sh").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        (CopyBounds(files=2), "more than 2 files"),
        (CopyBounds(total_bytes=3), "more than 3 bytes"),
        (CopyBounds(depth=1), "more than 1 folders inside one another"),
    ],
)
def test_a_plugin_that_is_too_large_is_refused(tmp_path: Path, bounds: CopyBounds, reason: str) -> None:
    put(tmp_path / "source/a/b/c", "1234")
    with pytest.raises(PluginRefused, match=reason):
        copy_plugin(tmp_path / "source", tmp_path / "copy", bounds=bounds)


async def test_a_folder_behind_a_link_out_of_its_marketplace_is_not_installed(home: Home, tmp_path: Path) -> None:
    write_plugin(tmp_path / "outside")
    path = write_marketplace(tmp_path / "market", {"name": "alpha", "source": "./alpha"})
    (tmp_path / "market/alpha").symlink_to(tmp_path / "outside")
    with pytest.raises(PluginRefused, match="leads out of its marketplace"):
        await home.changes().installer.install(path, "alpha")
    assert home.store.root_of(ALPHA) is None


async def test_parts_outside_of_a_plugin_are_none_of_it(home: Home, tmp_path: Path) -> None:
    put(tmp_path / "market/secret/SKILL.md", "---\nname: s\ndescription: d\n---\n")
    root = tmp_path / "market/alpha"
    server = {"command": "./run", "args": ["${CLAUDE_PLUGIN_ROOT}/x"], "required": True}
    write_plugin(
        root,
        skills=["../secret", "./skills", "/etc", "skills"],
        hooks=["../hooks.json", {"hooks": {"Stop": []}}],
        mcpServers={"in": server, "out": {"command": "sh", "cwd": "../.."}},
    )
    put(root / "skills/s/SKILL.md", "---\nname: s\ndescription: d\n---\n")
    path = write_marketplace(tmp_path / "market", {"name": "alpha", "source": "./alpha"})
    await home.changes().installer.install(path, "alpha")
    (parts,) = await home.parts()
    assert parts.skill_roots == (parts.root / "skills",)
    assert parts.hook_files == ()
    assert parts.hooks == ({"Stop": []},)
    servers = configured_servers({"mcp_servers": {"mine": {"command": "x"}}}, [parts])
    inner = servers["in"].transport
    assert isinstance(inner, StdioCommand)
    assert (inner.command, inner.args, inner.cwd) == (f"{parts.root}/run", (f"{parts.root}/x",), str(parts.root))
    assert (servers["in"].required, servers["in"].plugin_id) == (False, "alpha@market")
    outer = servers["out"].transport
    assert isinstance(outer, StdioCommand)
    assert outer.cwd == f"{parts.root}/.outside-of-the-plugin"


def test_the_configurations_own_server_counts_and_what_is_said_of_a_plugins(home: Home) -> None:
    put(home.path / "config.toml", '[plugins."alpha@market".mcp_servers.two]\nenabled = false\n')
    root = home.store.folder_of(ALPHA) / "1.0.0"
    write_plugin(root, mcpServers={"one": {"command": "a"}, "two": {"command": "b"}})
    (parts,) = trio.run(home.parts)
    servers = configured_servers({"mcp_servers": {"one": {"command": "own"}}}, [parts])
    assert servers["one"].plugin_id is None
    assert servers["two"].plugin_id == "alpha@market"
    assert not servers["two"].enabled


# What is there by half, or of several processes


async def test_what_a_process_that_died_has_left_is_not_loaded_and_removed(home: Home) -> None:
    put(home.path / "config.toml", '[plugins."alpha@market"]\nenabled = true\n')
    staging = home.path / "plugins/.staging"
    write_plugin(staging / "wdead/plugin")
    os.utime(staging / "wdead", (0, 0))
    with open_workplace(staging) as held:
        os.utime(held, (0, 0))
        assert await home.parts() == ()
        home.changes().sweep()
        assert list(staging.iterdir()) == [held]


async def test_an_installed_version_takes_the_place_of_any_other_in_one_step(home: Home, tmp_path: Path) -> None:
    path = write_marketplace(tmp_path / "market", {"name": "alpha", "source": "./alpha"})
    for version, text in (("1.9.0", "a"), ("1.10.0", "b"), ("1.10.0", "c")):
        write_plugin(tmp_path / "market/alpha", version=version, description=text)
        await home.changes().installer.install(path, "alpha")
        (parts,) = await home.parts()
        assert (parts.root.name, parts.description) == (version, text)
        assert [found.name for found in home.store.folder_of(ALPHA).iterdir()] == [version]
    # One that died behind the first step leaves two whole versions.
    write_plugin(home.store.folder_of(ALPHA) / "1.9.0")
    root = home.store.root_of(ALPHA)
    assert root is not None
    assert root.name == "1.10.0"
    await home.changes().installer.uninstall(ALPHA)
    await home.changes().installer.uninstall(ALPHA)
    assert await home.parts() == ()
    assert list((home.path / "plugins/.staging").iterdir()) == []


def test_processes_that_install_at_the_same_time_wait_for_one_another(home: Home) -> None:
    order: list[str] = []
    waits = threading.Event()

    def other() -> None:
        waits.set()
        with PluginStore(home.path).changing():
            order.append("other")

    with home.store.changing():
        thread = threading.Thread(target=other)
        thread.start()
        waits.wait(10)
        order.append("one")
    thread.join(10)
    assert order == ["one", "other"]


async def test_a_hook_that_was_changed_is_not_the_one_that_was_trusted(home: Home, mock_clock: MockClock) -> None:
    put(home.path / "config.toml", '[plugins."alpha@market"]\nenabled = true\n')
    root = home.store.folder_of(ALPHA) / "1.0.0"
    write_plugin(root, hooks={"Stop": []})
    script = put(root / "run.sh", "true")
    (before,) = await home.parts()
    assert (await home.parts())[0] is before
    script.write_text("rm")
    mock_clock.jump(LOOK_SECONDS)
    (after,) = await home.parts()
    assert before.content_hash != after.content_hash


async def test_what_is_installed_anew_is_there_at_once(home: Home, tmp_path: Path, mock_clock: MockClock) -> None:
    put(home.path / "config.toml", '[plugins."alpha@market"]\nenabled = true\n')
    for number in range(3):
        # The same version, with the same manifest: only what is beside it differs.
        write_plugin(tmp_path / "new", hooks={"Stop": []})
        put(tmp_path / "new/run.sh", f"echo {number}")
        with home.store.changing():
            root = home.store.put(ALPHA, "1.0.0", tmp_path / "new")
        shutil.rmtree(tmp_path / "new", ignore_errors=True)
        (found,) = await home.parts()
        assert (await home.parts())[0] is found
        (read_anew,) = await InstalledPlugins(home.store)(home.config.load())
        assert (found.root, found.content_hash) == (root, read_anew.content_hash)
    with home.store.changing():
        home.store.remove(ALPHA)
    assert await home.parts() == ()


# What is listed


def test_entries_that_cannot_be_used_are_named(home: Home, tmp_path: Path) -> None:
    root = tmp_path / "market"
    write_plugin(root / "alpha")
    one = {"name": "alpha", "source": "./alpha"}
    bad: list[Any] = [
        {"name": "a\nb", "source": "./a"},
        5,
        {"name": "out", "source": "./../out"},
        {"name": "none"},
        one,
        {"name": "odd", "source": "./alpha", "policy": {"installation": "NEVER"}},
        {"name": "odder", "source": "./alpha", "policy": 5},
    ]
    path = write_marketplace(root, one, *bad)
    catalog = PluginCatalog(home.store, MarketplaceFinder(home.user), product="codex")
    found = catalog.list(home.config.load(), [root])
    assert [plugin.entry.id for offer in found.offers for plugin in offer.plugins] == [ALPHA]
    [(where, told)] = found.errors
    assert (where, told.partition(": ")[0]) == (str(path), "marketplace `market` has plugins that cannot be used")
    source = "(its source is no folder of the marketplace (./path), repository or npm package)"
    for said in ("`plugins[2]` (its name must", f"`out` {source}", f"`none` {source}", "`alpha` (there is one of its"):
        assert said in told
    assert "`a b` (its name must" in told
    assert "`odd` (its policy cannot be read: Invalid enum value 'NEVER' - at `$.installation`)" in told
    assert "`odder` (its policy cannot be read: Expected `object`, got `int`)" in told


def test_of_a_huge_marketplace_a_part_is_listed_and_all_is_found(home: Home, tmp_path: Path) -> None:
    entries = [{"name": f"p{number}", "source": "./p"} for number in range(10_000)]
    path = write_marketplace(tmp_path / "market", *entries)
    catalog = PluginCatalog(home.store, MarketplaceFinder(None), product="codex")
    config = home.config.load()
    found = catalog.list(config, [tmp_path / "market"])
    assert len(found.offers[0].plugins) == MOST_LISTED
    ((place, reason),) = found.errors
    assert place == str(path)
    assert "has 10000 plugins; only the first 2000 are listed" in reason
    assert [row[1].entry.id.name for row in catalog.search(config, [tmp_path / "market"], "p9999")] == ["p9999"]


@pytest.mark.parametrize(
    ("source", "product"),
    [("vscode", "codex"), ("exec", "codex"), ("ChatGPT", "chatgpt"), ("atlas", "atlas"), ("my-tool", None)],
)
def test_plugins_are_for_products(home: Home, tmp_path: Path, source: str, product: str | None) -> None:
    assert product_of(source) == product
    words = ("CODEX", "chatgpt", "atlas")
    entries = [{"name": word, "source": "./x", "policy": {"products": [word]}} for word in words]
    write_marketplace(tmp_path / "market", *entries, {"name": "all", "source": "./x"})
    catalog = PluginCatalog(home.store, MarketplaceFinder(None), product=product_of(source))
    (offer,) = catalog.list(home.config.load(), [tmp_path / "market"]).offers
    shown = [plugin.entry.id.name.casefold() for plugin in offer.plugins]
    assert shown == [*([] if product is None else [product]), "all"]


@pytest.mark.parametrize(
    ("text", "url", "ref"),
    [
        ("owner/repo", "https://github.com/owner/repo.git", None),
        ("owner/repo@v1", "https://github.com/owner/repo.git", "v1"),
        ("https://host.example/a.git#main", "https://host.example/a.git", "main"),
        ("git@host.example:a/b.git", "git@host.example:a/b.git", None),
        ("ssh://git@host.example/b", "ssh://git@host.example/b", None),
    ],
)
def test_sources_of_marketplaces(tmp_path: Path, text: str, url: str, ref: str | None) -> None:
    source = marketplace_source(text, ref=None, sparse_paths=None, cwd=tmp_path, home=None)
    assert (source.source, source.ref, source.folder) == (url, ref, None)


@pytest.mark.parametrize(
    ("text", "ref", "sparse"),
    [
        ("ext::sh -c x", None, None),
        ("--upload-pack=x", None, None),
        ("file:///x", None, None),
        ("a/b/c", None, None),
        ("owner/repo", "--x", None),
        ("owner/repo", "a:b", None),
        ("owner/repo", None, ["../x"]),
        ("owner/repo", None, ["-x"]),
        (".", "main", None),
    ],
)
def test_sources_that_are_none(tmp_path: Path, text: str, ref: str | None, sparse: list[str] | None) -> None:
    with pytest.raises(PluginRefused):
        marketplace_source(text, ref=ref, sparse_paths=sparse, cwd=tmp_path, home=None)


# What git does


def git(folder: Path, *arguments: str) -> str:
    name = {f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environ = {"PATH": os.defpath, "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", **name}
    command = ["git", "-c", "protocol.file.allow=always", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout.strip()


def repository(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")
    return folder


async def test_git_runs_no_hook_and_takes_neither_links_nor_submodules(home: Home, tmp_path: Path) -> None:
    inner = put(tmp_path / "inner/file", "x").parent
    repository(inner)
    source = tmp_path / "source"
    put(source / "run.sh", "x")
    (source / "link").symlink_to("/etc/hostname")
    repository(source)
    git(source, "submodule", "add", "-q", str(inner), "sub")
    git(source, "commit", "-qm", "y")
    newest = git(source, "rev-parse", "HEAD")
    ran = tmp_path / "ran"
    template = put(tmp_path / "template/hooks/post-checkout", f"#!/bin/sh\ntouch {ran}\n")
    template.chmod(0o755)
    put(home.user / ".gitconfig", f"[init]\ntemplateDir = {tmp_path}/template\n[core]\nhooksPath = {template.parent}\n")
    async with open_process_spawner() as spawner:
        fetcher = GitFetcher(spawner.start, home.environ)
        target = tmp_path / "target"
        assert await fetcher.fetch(str(source), target) == newest
        assert not ran.exists()
        assert (target / "run.sh").exists()
        assert not (target / "link").is_symlink()
        assert list((target / "sub").iterdir()) == []
        first = git(source, "rev-parse", "HEAD~1")
        assert await fetcher.fetch(str(source), tmp_path / "older", ref=first[:12]) == first
        with pytest.raises(PluginFailed, match="fatal: couldn't find remote ref nothing"):
            await fetcher.fetch(str(source), tmp_path / "nothing", ref="nothing")
        small = GitFetcher(spawner.start, home.environ, bounds=FetchBounds(files=1))
        with pytest.raises(PluginRefused, match="more than 1 files"):
            await small.fetch(str(source), tmp_path / "large")
        never = GitFetcher(spawner.start, home.environ, bounds=FetchBounds(seconds=0))
        with pytest.raises(PluginFailed, match="took longer than 0 seconds"):
            await never.fetch(str(source), tmp_path / "late")


async def test_a_fetched_marketplace_names_no_folder_of_this_machine(home: Home, tmp_path: Path) -> None:
    root = home.path / ".tmp/marketplaces/market"
    url = {"source": "url", "url": str(tmp_path)}
    npm = {"source": "npm", "package": "a"}
    path = write_marketplace(root, {"name": "alpha", "source": url}, {"name": "beta", "source": npm})
    installer = home.changes().installer
    with pytest.raises(PluginRefused, match="names a folder of this machine"):
        await installer.install(path, "alpha")
    with pytest.raises(PluginRefused, match="comes from the npm package `a`"):
        await installer.install(path, "beta")


async def test_what_is_enabled_and_missing_is_installed_by_reconciling(home: Home, tmp_path: Path) -> None:
    write_plugin(tmp_path / "market/alpha")
    write_marketplace(tmp_path / "market", {"name": "alpha", "source": "./alpha"})
    market = f'[marketplaces.market]\nsource_type = "local"\nsource = "{tmp_path}/market"\n'
    put(home.path / "config.toml", f'{market}[plugins."alpha@market"]\n[plugins."gone@market"]\n')
    installed, problems = await home.changes().installer.reconcile()
    assert [one.entry.id for one in installed] == [ALPHA]
    assert problems == [(PluginId("gone", "market"), "plugin `gone` was not found in marketplace `market`")]
    assert [part.id for part in await home.parts()] == ["alpha@market"]
