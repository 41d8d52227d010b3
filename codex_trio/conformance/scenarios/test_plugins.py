"""Plugins and marketplaces: what there is, installing it, and what it brings along."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import codex_trio.testing.mcp_server
from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, function_call, message

SERVER = str(Path(codex_trio.testing.mcp_server.__file__))


def put(path: Path, content: Any) -> Path:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def write_plugin(folder: Path, name: str = "alpha", **more: Any) -> None:
    """Write a plugin with a skill, a hook and an MCP server."""
    manifest = {"name": name, "version": "1.2.3", "description": "For tests.", "keywords": ["k"], **more}
    put(folder / ".codex-plugin/plugin.json", manifest)
    put(folder / "skills/hello/SKILL.md", "---\nname: hello\ndescription: Say hello\n---\nHello.\n")
    put(folder / ".mcp.json", {"mcpServers": {"tiny": {"command": sys.executable, "args": ["-S", SERVER]}}})
    hook = {"type": "command", "command": "true"}
    put(folder / "hooks/hooks.json", {"hooks": {"SessionStart": [{"hooks": [hook]}]}})


def write_marketplace(root: Path, *plugins: dict[str, Any], name: str = "market") -> Path:
    """Write the file of a marketplace; by default with one plugin, which is written too."""
    if not plugins:
        write_plugin(root / "plugins/alpha")
        plugins = ({"name": "alpha", "source": "./plugins/alpha"},)
    return put(root / ".agents/plugins/marketplace.json", {"name": name, "plugins": list(plugins)})


async def listed(probe: Probe, **params: Any) -> dict[str, dict[str, Any]]:
    """Return the plugins of all marketplaces by their ids."""
    found = await probe.request("plugin/list", params)
    return {plugin["id"]: plugin for market in found["marketplaces"] for plugin in market["plugins"]}


async def refused(probe: Probe, method: str, params: dict[str, Any]) -> str:
    """Return why a request was refused."""
    return (await probe.refusal(method, params)).message


async def test_an_installed_plugin_brings_skills_hooks_and_servers_until_it_is_removed(lab: Lab) -> None:
    file = write_marketplace(lab.cwd / "market")
    put(lab.cwd / "market/plugins/alpha/commands/go/on.md", "---\ndescription: Go on\n---\nGo.\n")
    put(lab.cwd / "market/plugins/alpha/commands/with.md", "---\ndescription: Go with\n---\nGo with $ARGUMENTS.\n")
    lab.configure()
    async with lab.run() as probe:
        assert await listed(probe) == {}
        found = (await listed(probe, cwds=[str(lab.cwd / "market")]))["alpha@market"]
        assert (found["installed"], found["enabled"], found["localVersion"]) == (False, False, "1.2.3")
        assert found["source"] == {"type": "local", "path": str(lab.cwd / "market/plugins/alpha")}
        chosen = {"marketplacePath": str(file), "pluginName": "alpha"}
        plugin = (await probe.request("plugin/read", chosen))["plugin"]
        assert [skill["name"] for skill in plugin["skills"]] == ["alpha:hello"]
        assert plugin["hooks"] == [
            {"key": "alpha@market:hooks/hooks.json:session_start:0:0", "eventName": "sessionStart"}
        ]
        assert plugin["mcpServers"] == ["tiny"]
        thread = await probe.start_thread()
        assert await probe.request("plugin/install", chosen) == {"authPolicy": "ON_INSTALL", "appsNeedingAuth": []}
        # The thread that was there has its server now.
        await probe.until("mcpServer/startupStatus/updated", where=lambda told: told["status"] == "ready")
        root = lab.codex_home / "plugins/cache/market/alpha/1.2.3"
        (entry,) = (await probe.request("skills/list", {}))["data"]
        skills = {skill["name"]: skill for skill in entry["skills"] if skill["scope"] == "user"}
        assert sorted(skills) == ["alpha:hello", "alpha:source-command-go-on"]
        assert skills["alpha:hello"]["path"] == f"{root}/skills/hello/SKILL.md"
        assert skills["alpha:source-command-go-on"]["description"] == "Go on"
        assert {skill["pluginId"] for skill in skills.values()} == {"alpha@market"}
        (hooks,) = (await probe.request("hooks/list", {}))["data"]
        assert [(hook["key"], hook["source"], hook["trustStatus"]) for hook in hooks["hooks"]] == [
            ("alpha@market:hooks/hooks.json:session_start:0:0", "plugin", "untrusted")
        ]
        (server,) = (await probe.request("mcpServerStatus/list", {"threadId": thread["id"]}))["data"]
        assert (server["name"], server["pluginId"], server["environmentId"]) == ("tiny", "alpha@market", "local")
        lab.script(
            answer(function_call("echo", {"message": "hi"}, call_id="c", namespace="mcp__tiny")), answer(message("ok"))
        )
        turn = await probe.run_turn(thread["id"])
        (called,) = turn.items("mcpToolCall")
        assert (called["status"], called["pluginId"]) == ("completed", "alpha@market")
        assert "alpha:hello" in json.dumps(lab.model.requests[0].body["input"])
        (told,) = [text for text in lab.model.requests[0].texts("developer") if text.startswith("<plugins_")]
        assert told.startswith("<plugins_instructions>\n")
        assert told.endswith("\n</plugins_instructions>")
        assert await probe.request("plugin/uninstall", {"pluginId": "alpha@market"}) == {}
        assert await probe.request("plugin/uninstall", {"pluginId": "alpha@market"}) == {}
        assert (await probe.request("mcpServerStatus/list", {}))["data"] == []
        assert not root.exists()
    assert "alpha@market" not in (lab.codex_home / "config.toml").read_text()


async def test_what_a_plugin_says_of_itself_is_shown(lab: Lab) -> None:
    shown = {
        "displayName": "Alpha",
        "category": "Other",
        "defaultPrompt": ["a", "b", "c", "d"],
        "websiteURL": "https://site.example",
        "logo": "./logo.png",
        "composerIcon": "../outside.png",
        "screenshots": ["./one.png", "two.png"],
    }
    root = lab.cwd / "market"
    write_plugin(root / "plugins/alpha", interface=shown)
    write_marketplace(
        root,
        {"name": "alpha", "source": "./plugins/alpha", "category": "Tools", "policy": {"authentication": "ON_USE"}},
        {"name": "elsewhere", "source": {"source": "git-subdir", "url": "https://git.example/x.git", "path": "p"}},
        {"name": "out", "source": "./../out"},
        {"name": "not a name", "source": "./plugins/alpha"},
        {"name": "alpha", "source": "./plugins/second"},
    )
    lab.configure()
    async with lab.run() as probe:
        plugins = await listed(probe, cwds=[str(root)])
    assert list(plugins) == ["alpha@market", "elsewhere@market"]
    interface = plugins["alpha@market"]["interface"]
    assert interface["category"] == "Tools"
    assert interface["defaultPrompt"] == ["a", "b", "c"]
    assert interface["websiteUrl"] == "https://site.example"
    assert interface["logo"] == f"{root}/plugins/alpha/logo.png"
    assert interface["composerIcon"] is None
    assert interface["screenshots"] == [f"{root}/plugins/alpha/one.png"]
    assert plugins["alpha@market"]["authPolicy"] == "ON_USE"
    assert plugins["elsewhere@market"]["source"] == {
        "type": "git",
        "url": "https://git.example/x.git",
        "path": "p",
        "refName": None,
        "sha": None,
    }


async def test_plugins_that_must_not_or_cannot_be_installed_are_refused(lab: Lab) -> None:
    root = lab.cwd / "market"
    for name in ("other", "blank", "dots"):
        write_plugin(root / name, "else" if name == "other" else name)
    write_plugin(root / "blank", "blank", version="")
    write_plugin(root / "dots", "dots", version="..")
    put(root / "broken/.codex-plugin/plugin.json", "{")
    file = write_marketplace(
        root,
        {"name": "never", "source": "./other", "policy": {"installation": "NOT_AVAILABLE"}},
        {"name": "others", "source": "./other", "policy": {"products": ["CHATGPT"]}},
        {"name": "nobodys", "source": "./other", "policy": {"products": []}},
        {"name": "other", "source": "./other", "policy": {"products": ["CODEX"]}},
        {"name": "missing", "source": "./missing"},
        {"name": "broken", "source": "./broken"},
        {"name": "blank", "source": "./blank"},
        {"name": "dots", "source": "./dots"},
    )
    lab.configure()
    async with lab.run() as probe:
        names = [plugin["name"] for plugin in (await listed(probe, cwds=[str(root)])).values()]
        assert names == ["never", "other", "missing", "broken", "blank", "dots"]
        for name, reason in {
            "never": "plugin `never` is not available for install in marketplace `market`",
            "others": "plugin `others` is not available for install in marketplace `market`",
            "nobodys": "plugin `nobodys` is not available for install in marketplace `market`",
            "other": "plugin.json name `else` does not match marketplace plugin name `other`",
            "missing": "missing plugin.json",
            "broken": "failed to parse plugin.json: ",
            "blank": "invalid plugin version in plugin.json: must not be blank",
            "dots": "invalid plugin version: path traversal is not allowed",
            "zz": "plugin `zz` was not found in marketplace `market`",
        }.items():
            told = await refused(probe, "plugin/install", {"marketplacePath": str(file), "pluginName": name})
            assert told.startswith(reason)
    assert list((lab.codex_home / "plugins").glob("cache/*/*")) == []


async def test_a_marketplace_that_cannot_be_read_is_told_of_and_hides_no_other(lab: Lab) -> None:
    broken = write_marketplace(lab.cwd / "broken")
    broken.write_text("{")
    write_marketplace(lab.home)
    lab.configure()
    folders = [str(lab.cwd / "broken"), str(lab.cwd / "nothing")]
    async with lab.run() as probe:
        found = await probe.request("plugin/list", {"cwds": folders})
        (error,) = found["marketplaceLoadErrors"]
        assert error["marketplacePath"] == str(broken)
        assert error["message"].startswith(f"invalid marketplace file `{broken}`: ")
        assert [market["name"] for market in found["marketplaces"]] == ["market"]
        found = await probe.request("plugin/search", {"searchTerm": "ALPH", "cwds": folders})
        assert [row["plugin"]["id"] for row in found["data"]] == ["alpha@market"]


async def test_without_the_feature_there_are_no_plugins(lab: Lab) -> None:
    file = write_marketplace(lab.cwd / "market")
    lab.configure(tables="[features]\nplugins = false\n")
    chosen = {"marketplacePath": str(file), "pluginName": "alpha"}
    async with lab.run() as probe:
        await probe.request("plugin/install", chosen)
        assert await listed(probe, cwds=[str(lab.cwd / "market")]) == {}
        assert await refused(probe, "plugin/read", chosen) == "plugins feature is disabled"
        (hooks,) = (await probe.request("hooks/list", {}))["data"]
        assert hooks["hooks"] == []
        assert (await probe.request("mcpServerStatus/list", {}))["data"] == []


async def test_catalogues_of_an_account_are_said_to_need_one(lab: Lab) -> None:
    target = {"remotePluginId": "x"}
    skill = {"remoteMarketplaceName": "m", "remotePluginId": "x", "skillName": "s"}
    kinds = ["vertical", "workspace-directory", "shared-with-me", "created-by-me-remote"]
    requests: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("plugin/read", {"remoteMarketplaceName": "m", "pluginName": "x"}, "read remote plugin details"),
        ("plugin/install", {"remoteMarketplaceName": "m", "pluginName": "x"}, "read remote plugin details before"),
        ("plugin/skill/read", skill, "read remote plugin skill details"),
        ("plugin/uninstall", {"pluginId": "x"}, "resolve remote plugin before uninstall"),
        ("plugin/list", {"marketplaceKinds": kinds}, "list remote plugin catalog"),
        ("plugin/share/list", {}, "list remote plugin shares"),
        ("plugin/share/checkout", target, "checkout plugin share"),
        ("plugin/share/delete", target, "delete remote plugin share"),
        ("plugin/share/save", {"pluginPath": str(lab.cwd)}, "save remote plugin share"),
        (
            "plugin/share/updateTargets",
            {**target, "discoverability": "PRIVATE", "shareTargets": []},
            "update remote plugin share targets",
        ),
    )
    lab.configure()
    async with lab.run() as probe:
        for method, params, doing in requests:
            told = await refused(probe, method, params)
            assert told.startswith(doing)
            assert told.endswith(": chatgpt authentication required for remote plugin catalog")


async def test_what_no_catalogue_could_have_is_refused_as_such(lab: Lab) -> None:
    no_id = "invalid remote plugin id"
    target = {"principalType": "workspace", "principalId": "w", "role": "reader"}
    new, old = {"pluginPath": str(lab.cwd)}, {"pluginPath": str(lab.cwd), "remotePluginId": "x"}
    later, everybody = (
        "discoverability and shareTargets are only supported when creating",
        "shareTargets cannot include",
    )
    requests: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("plugin/read", {"remoteMarketplaceName": "m", "pluginName": "a b"}, no_id),
        ("plugin/install", {"remoteMarketplaceName": "m", "pluginName": "a/b"}, no_id),
        ("plugin/skill/read", {"remoteMarketplaceName": "m", "remotePluginId": "", "skillName": "s"}, no_id),
        (
            "plugin/skill/read",
            {"remoteMarketplaceName": "m", "remotePluginId": "x", "skillName": ""},
            "invalid remote plugin skill name: cannot be empty",
        ),
        ("plugin/uninstall", {"pluginId": "plugins~x"}, "resolve remote plugin before uninstall"),
        ("plugin/list", {"marketplaceKinds": ["local", "shared-with-me"]}, "list remote plugin catalog"),
        ("plugin/share/checkout", {"remotePluginId": "../../x"}, no_id),
        ("plugin/share/delete", {"remotePluginId": ""}, no_id),
        ("plugin/share/save", {**new, "discoverability": "LISTED"}, "discoverability LISTED is not supported"),
        ("plugin/share/save", {**new, "shareTargets": [target]}, everybody),
        ("plugin/share/save", {**old, "remotePluginId": "x y"}, no_id),
        ("plugin/share/save", {**old, "discoverability": "PRIVATE"}, later),
        ("plugin/share/save", {**old, "shareTargets": []}, later),
        ("plugin/share/updateTargets", {"remotePluginId": "", "discoverability": "PRIVATE", "shareTargets": []}, no_id),
        (
            "plugin/share/updateTargets",
            {"remotePluginId": "x", "discoverability": "PRIVATE", "shareTargets": [target]},
            everybody,
        ),
    )
    write_marketplace(lab.cwd / "market")
    lab.configure()
    async with lab.run() as probe:
        for method, params, said in requests:
            assert (await refused(probe, method, params)).startswith(said)
        # A vendor's product has a shelf of its own, with nothing on it.
        for kinds in (["vertical"], []):
            shelf = {"marketplaceKinds": kinds, "cwds": [str(lab.cwd / "market")]}
            assert (await probe.request("plugin/list", shelf))["marketplaces"] == []
        both = {"marketplaceKinds": ["vertical", "local"], "cwds": [str(lab.cwd / "market")]}
        assert len((await probe.request("plugin/list", both))["marketplaces"]) == 1


async def test_a_folder_is_added_as_a_marketplace_and_removed(lab: Lab) -> None:
    root = lab.cwd / "market"
    write_marketplace(root)
    write_marketplace(lab.cwd / "other", {"name": "x", "source": "./x"})
    lab.configure()
    async with lab.run() as probe:
        added = {"marketplaceName": "market", "installedRoot": str(root), "alreadyAdded": False}
        assert await probe.request("marketplace/add", {"source": str(root)}) == added
        assert await probe.request("marketplace/add", {"source": str(root)}) == {**added, "alreadyAdded": True}
        assert list(await listed(probe)) == ["alpha@market"]
        for source, reason in {
            str(lab.cwd / "other"): "marketplace 'market' is already added from a different source; remove it ",
            str(lab.cwd / "nowhere"): "failed to resolve local marketplace source path: No such file or directory",
            str(lab.cwd): f"invalid marketplace file `{lab.cwd}`: marketplace root does not contain a supported",
            f"file://{root}": "invalid marketplace source format; expected owner/repo, a git URL, or a local ",
            " ": "marketplace source must not be empty",
            "--upload-pack=x": "invalid marketplace source format; expected owner/repo",
        }.items():
            assert (await refused(probe, "marketplace/add", {"source": source})).startswith(reason)
        upgraded = await probe.request("marketplace/upgrade", {})
        assert upgraded == {"selectedMarketplaces": [], "upgradedRoots": [], "errors": []}
        told = await refused(probe, "marketplace/upgrade", {"marketplaceName": "market"})
        assert told == "marketplace `market` is not configured as a Git marketplace"
        removed = await probe.request("marketplace/remove", {"marketplaceName": "market"})
        assert removed == {"marketplaceName": "market", "installedRoot": None}
        told = await refused(probe, "marketplace/remove", {"marketplaceName": "market"})
        assert told == "marketplace `market` is not configured or installed"
        assert await listed(probe) == {}
    assert root.is_dir()


def git(folder: Path, *arguments: str) -> None:
    """Run git with a name, and nobody's settings."""
    name = {f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environ = {"PATH": os.defpath, "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", **name}
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, env=environ)


def commit(folder: Path) -> None:
    """Commit all that a repository has."""
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")


async def test_a_repository_is_added_as_a_marketplace_and_upgraded_with_what_is_installed(lab: Lab) -> None:
    repository = lab.home / "git/market"
    file = write_marketplace(repository)
    git(repository, "init", "-q", "-b", "main")
    commit(repository)
    put(lab.home / ".gitconfig", f'[url "{lab.home}/git/"]\ninsteadOf = "https://git.invalid/"\n')
    lab.configure()
    root = lab.codex_home / ".tmp/marketplaces/market"
    async with lab.run() as probe:
        added = {"marketplaceName": "market", "installedRoot": str(root), "alreadyAdded": False}
        assert await probe.request("marketplace/add", {"source": "https://git.invalid/market"}) == added
        path = root / file.relative_to(repository)
        await probe.request("plugin/install", {"marketplacePath": str(path), "pluginName": "alpha"})
        write_plugin(repository / "plugins/alpha", version="2.0.0")
        commit(repository)
        upgraded = {"selectedMarketplaces": ["market"], "upgradedRoots": [str(root)], "errors": []}
        assert await probe.request("marketplace/upgrade", {}) == upgraded
        assert await probe.request("marketplace/upgrade", {}) == {**upgraded, "upgradedRoots": []}
        found = (await listed(probe))["alpha@market"]
        assert (found["localVersion"], found["installed"]) == ("2.0.0", True)
        assert [path.name for path in (lab.codex_home / "plugins/cache/market/alpha").iterdir()] == ["2.0.0"]
        removed = await probe.request("marketplace/remove", {"marketplaceName": "market"})
        assert removed == {"marketplaceName": "market", "installedRoot": str(root)}
        assert not root.exists()
