"""The catalog of models that a user brings along, and switches that clients set while the server runs."""

import json
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, function_call, message

ENTRY: dict[str, Any] = {
    "slug": "own-model",
    "display_name": "Own Model",
    "description": "Of the user.",
    "default_reasoning_level": "low",
    "supported_reasoning_levels": [{"effort": "low", "description": "Little"}],
    "shell_type": "shell_command",
    "visibility": "list",
    "supported_in_api": True,
    "priority": 1,
    "upgrade": {"model": "next-model", "migration_markdown": "Go on."},
    "base_instructions": "You are the user's own model.",
    "supports_reasoning_summaries": True,
    "support_verbosity": False,
    "default_verbosity": None,
    "apply_patch_tool_type": None,
    "truncation_policy": {"mode": "bytes", "limit": 10000},
    "supports_parallel_tool_calls": False,
    "context_window": 100000,
    "experimental_supported_tools": [],
    "service_tiers": [{"id": "priority", "name": "Fast", "description": "Faster"}],
}


def bring_along(lab: Lab, models: Any, *, model: str = "") -> None:
    """Configure a catalog of the user's own."""
    (lab.codex_home / "catalog.json").write_text(json.dumps(models) if not isinstance(models, str) else models)
    lab.configure(extra=f'model_catalog_json = "catalog.json"\n{model}')


async def test_a_catalog_of_the_users_own_replaces_the_built_in_one(lab: Lab) -> None:
    hidden = {**ENTRY, "slug": "hidden-model", "visibility": "hide", "priority": 0}
    elsewhere = {**ENTRY, "slug": "not-in-the-api", "supported_in_api": False}
    bring_along(lab, {"models": [ENTRY, hidden, elsewhere]})
    lab.script(answer(message("Hello.")))
    async with lab.run() as probe:
        (listed,) = (await probe.request("model/list", {}))["data"]
        assert listed["isDefault"]
        assert (listed["model"], listed["upgrade"], listed["upgradeInfo"]["migrationMarkdown"]) == (
            "own-model",
            "next-model",
            "Go on.",
        )
        assert [tier["id"] for tier in listed["serviceTiers"]] == ["priority"]
        every = (await probe.request("model/list", {"includeHidden": True}))["data"]
        assert [(row["model"], row["hidden"], row["isDefault"]) for row in every] == [
            ("hidden-model", True, False),
            ("own-model", False, True),
        ]
        started = await probe.request("thread/start", {"model": "own-model"})
        await probe.run_turn(started["thread"]["id"])
    assert "You are the user's own model." in json.dumps(lab.model.requests[0].body)


@pytest.mark.parametrize(
    ("catalog", "told"),
    [
        ({"models": []}, "model_catalog_json path `{path}` must contain at least one model"),
        ({"models": [{"slug": "x"}]}, "failed to parse model_catalog_json path `{path}` as JSON: "),
    ],
)
async def test_a_catalog_that_cannot_be_used_is_named_and_no_thread_starts(lab: Lab, catalog: Any, told: str) -> None:
    bring_along(lab, catalog)
    async with lab.run() as probe:
        warning = (await probe.until("configWarning"))["params"]
        refused = await probe.refusal("thread/start", {})
    said = told.format(path=lab.codex_home / "catalog.json")
    assert warning["summary"] == "Invalid configuration; using defaults."
    assert warning["details"].startswith(said)
    assert "path" not in warning
    assert refused.code == -32600
    assert refused.message.startswith(f"failed to load configuration: {said}")


async def test_a_client_sets_switches_for_as_long_as_the_server_runs(lab: Lab, probe: Probe) -> None:
    chosen = {"memories": True, "shell_tool": False, "of-no-server": True}
    assert await probe.request("experimentalFeature/enablement/set", {"enablement": chosen}) == {
        "enablement": {"memories": True}
    }
    shown = (await probe.request("config/read", {}))["config"]["features"]
    listed = (await probe.request("experimentalFeature/list", {"limit": 500}))["data"]
    assert shown["memories"] is True
    assert {row["name"]: row["enabled"] for row in listed}["memories"] is True
    assert "memories" not in (lab.codex_home / "config.toml").read_text()


async def test_what_the_users_file_says_of_a_switch_goes_before_what_clients_set(lab: Lab) -> None:
    lab.configure(tables="[features]\nmemories = false\n")
    async with lab.run() as probe:
        await probe.request("experimentalFeature/enablement/set", {"enablement": {"memories": True}})
        assert (await probe.request("config/read", {}))["config"]["features"]["memories"] is False


async def test_what_the_provider_in_use_can_do_is_told(probe: Probe) -> None:
    assert await probe.request("modelProvider/capabilities/read", {}) == {"imageGeneration": True, "webSearch": True}


@pytest.mark.parametrize(
    ("kind", "offered"),
    [
        ("default", {"exec_command", "write_stdin"}),
        ("local", {"exec_command", "write_stdin"}),
        ("shell_command", {"exec_command", "write_stdin"}),
        ("unified_exec", {"exec_command", "write_stdin"}),
        ("disabled", set[str]()),
    ],
)
async def test_an_entry_may_take_the_tools_for_commands_away_and_no_other_kind_of_shell_is_offered(
    lab: Lab, kind: str, offered: set[str]
) -> None:
    bring_along(lab, {"models": [{**ENTRY, "shell_type": kind}]})
    lab.script(
        answer(
            function_call("shell_command", {"command": "echo hi"}, call_id="old"),
            function_call("exec_command", {"cmd": "echo hi"}, call_id="new"),
        ),
        answer(message("Hello.")),
    )
    async with lab.run() as probe:
        started = await probe.request("thread/start", {"model": "own-model", "cwd": str(lab.cwd)})
        turn = await probe.run_turn(started["thread"]["id"])
    first, last = lab.model.requests
    assert set(first.tool_names) & {"exec_command", "write_stdin", "shell", "shell_command", "local_shell"} == offered
    assert last.output_of("old") == "unsupported call: shell_command"
    assert (last.output_of("new") == "unsupported call: exec_command") == (not offered)
    assert [item["id"] for item in turn.items("commandExecution")] == (["new"] if offered else [])
