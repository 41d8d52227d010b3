"""Settings tell the truth: a key is acted on, concerns somebody else, or its user is told that nothing comes of it."""

import re
from pathlib import Path

import pytest
from config_setting import Setting

import codex_trio
from codex_trio.config import features
from codex_trio.config.errors import StartupRefused
from codex_trio.config.keys import CONFIG, KEYS, Key, without_effect
from codex_trio.config.settings import EffectiveConfig

PACKAGE = Path(codex_trio.__file__).parent

FIELDS = {
    "background_terminal_max_timeout": "background_terminal_max_timeout_ms",
    "experimental_compact_prompt_file": "_compact_prompt",
    "features": "feature",
    "instructions": "base_instructions",
    "model_instructions_file": "_base_instructions",
    "model_provider": "model_provider_id",
    "thread_unload_delay_secs": "thread_unload_delay_seconds",
}
"""Under which name the owner reads a key, where it is not the key's own."""

HONOURED = [key for key in KEYS if key.status == "honoured"]


def test_every_key_stands_once_and_has_an_owner_or_none() -> None:
    assert len({key.name for key in KEYS}) == len(KEYS) == len(CONFIG.fields)
    for key in KEYS:
        assert (key.owner is not None) == (key.status == "honoured"), key.name


@pytest.mark.parametrize("key", HONOURED, ids=lambda key: key.name)
def test_the_owner_of_a_key_reads_it(key: Key) -> None:
    assert key.owner is not None
    text = (PACKAGE / key.owner).read_text()
    assert re.search(rf"[.\"' ({{]{FIELDS.get(key.name, key.name)}\b", text), f"{key.owner} does not read {key.name}"


def test_what_the_configuration_offers_is_read_somewhere() -> None:
    """No field of the effective configuration is there for nobody."""
    outside = "\n".join(
        path.read_text()
        for path in PACKAGE.rglob("*.py")
        if not path.is_relative_to(PACKAGE / "config") and "conformance" not in path.parts
    )
    inside = {"cwd", "codex_home", "project_root", "trust_level", "merged", "stack", "warnings", "rule_folders"}
    names = set(EffectiveConfig.__struct_fields__) - inside - {"features"}
    assert {name for name in names if not re.search(rf"\.{name}\b", outside)} == set()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            "[mcp_servers.docs]\nurl = 'http://x'\nexperimental_environment = 'x'\n",
            "mcp_servers.docs.experimental_environment",
        ),
        ("[profiles.work]\nmodel = 'x'\n", "profiles"),
        ("[features]\nnetwork_proxy = false\n", "features.network_proxy"),
        ("[features]\nunified_exec = false\n", "features.unified_exec"),
        ("[model_providers.m]\nname = 'M'\nproject_id = 'x'\n", "model_providers.m.project_id"),
        ("[shell_environment_policy]\nexperimental_use_profile = true\n", "shell_environment_policy.experimental_use"),
    ],
)
def test_who_sets_what_is_not_supported_is_told_and_refused_when_strict(
    setting: Setting, text: str, named: str
) -> None:
    setting.user(text)
    (warning,) = setting.service().startup_warnings()
    assert warning.summary.startswith("These settings are not supported yet and have no effect:\n")
    assert f"user ({setting.user_file}): `{named}" in warning.summary
    with pytest.raises(StartupRefused, match=rf"{setting.user_file}:\d+:\d+: .*`{named}.*` is not supported yet"):
        setting.service(strict=True).startup_default()


@pytest.mark.parametrize(
    "text",
    [
        "web_search = 'live'\n[tools]\nview_image = false\nweb_search = { context_size = 'low' }\n",
        "[mcp_servers.docs]\ncommand = 'x'\nenabled = false\n",
        "[profiles]\n",
        "notify = ['x']\n",
        "[features]\ngoals = false\nunified_exec = true\nshell_tool = false\ntool_search = true\n",
        "[model_providers.m]\nname = 'M'\nsupports_websockets = false\n",
        "[tui]\ntheme = 'x'\n[notice]\nx = 1\n",
        "[history]\npersistence = 'none'\n",
    ],
)
def test_who_asks_for_what_is_so_anyway_is_left_in_peace(setting: Setting, text: str) -> None:
    setting.user(text)
    assert setting.service(strict=True).startup_warnings() == []


def test_every_switch_is_acted_on_or_told_about_one_way_or_the_other() -> None:
    for feature in features.KNOWN.values():
        told = [list(features.without_effect({feature.name: value})) for value in (False, True)]
        silent = feature.effect in ("acted", "client") or feature.stage == "removed"
        assert told.count([]) == (2 if silent else 1), feature.name
        assert feature.is_on(enabled=True) is not (told[True] == [feature.name]), feature.name


def test_the_switches_that_are_acted_on_are_those_that_the_code_reads() -> None:
    read = re.compile(
        r"""\.feature\("(\w+)"\)|features\.get\("(\w+)"\)|^(?:[A-Z_]*FEATURE|SWITCH)(?:: Final)? = "(\w+)"$""", re.M
    )
    modules = [path for path in PACKAGE.rglob("*.py") if "conformance" not in path.parts]
    found = {name for path in modules for match in read.findall(path.read_text()) for name in match if name}
    acted = {feature.name for feature in features.KNOWN.values() if feature.effect == "acted"}
    assert {features.ALIASES.get(name, name) for name in found} == acted


def test_a_setting_for_the_users_file_alone_is_told_about_elsewhere(setting: Setting) -> None:
    (warning,) = setting.service(("auto_trust", True)).startup_warnings()
    assert "session-flags: `auto_trust` counts in the user's own file only" in warning.summary
    assert list(without_effect({"auto_trust": True})) == []
