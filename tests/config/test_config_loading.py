"""What a configuration amounts to: layers, defaults, and what a request adds."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from config_setting import MOCK_PROVIDER, Setting

from codex_trio.config.approval import Granular
from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.overrides import OverrideError, feature_override, parse_override
from codex_trio.config.settings import SandboxWorkspaceWrite, TypedOverrides


def test_without_any_file_the_defaults_let_the_model_look_but_not_write(setting: Setting) -> None:
    config = setting.service().load()

    assert config.model is None
    assert config.model_provider.id == "openai"
    assert config.model_provider.requires_openai_auth
    assert (config.approval_policy, config.sandbox_mode) == ("on-request", "read-only")
    assert config.approvals_reviewer == "user"
    assert config.sandbox_workspace_write == SandboxWorkspaceWrite()
    assert config.project_doc_max_bytes == 32768
    assert config.background_terminal_max_timeout_ms == 300_000
    assert config.shell_environment_policy.inherit == "all"
    assert config.include_environment_context
    assert config.sqlite_home == setting.home
    assert config.feature("unified_exec")
    assert not config.feature("memories")
    assert config.warnings == ()


def test_higher_layers_win_and_tables_merge_key_by_key(setting: Setting) -> None:
    setting.system('model = "system"\nservice_tier = "fast"\n[sandbox_workspace_write]\nnetwork_access = true\n')
    setting.user(
        'model = "user"\nmodel_verbosity = "low"\n[sandbox_workspace_write]\nexclude_slash_tmp = true\n'
        + setting.trust()
    )
    setting.project_file('model = "project"\nmodel_reasoning_effort = "low"\n')

    config = setting.service(("model_reasoning_effort", "high")).load()

    assert (config.model, config.service_tier) == ("project", "priority")
    assert (config.model_verbosity, config.model_reasoning_effort) == ("low", "high")
    assert config.sandbox_workspace_write == SandboxWorkspaceWrite(network_access=True, exclude_slash_tmp=True)


@pytest.mark.parametrize(
    ("user", "flag", "excluded", "included"),
    [
        ('filters = {"X_*" = "exclude", "A" = "include"}', None, {"X_*"}, {"A"}),
        ('filters = {"X_*" = "exclude", "A" = "include"}', ("filters", {"x_*": "include"}), set(), {"A", "x_*"}),
        ('filters = {"X_*" = "exclude"}', ("exclude", ["B"]), {"B"}, set()),
        ('exclude = ["B"]\ninclude_only = ["C"]', ("filters", {"X_*": "exclude"}), {"X_*"}, set()),
    ],
)
def test_of_the_two_ways_to_filter_variables_the_higher_one_counts(
    setting: Setting, user: str, flag: tuple[str, Any] | None, excluded: set[str], included: set[str]
) -> None:
    setting.user(f"[shell_environment_policy]\n{user}\n")
    flags = () if flag is None else ((f"shell_environment_policy.{flag[0]}", flag[1]),)
    service = setting.service(*flags, strict=True)
    policy = service.load().shell_environment_policy
    assert (set(policy.exclude), set(policy.include_only)) == (excluded, included)
    assert service.startup_warnings() == []


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ('{"X" = "nope"}', "unknown variant `nope`, expected `include` or `exclude`"),
        ('{"X" = "include", "x" = "exclude"}', "duplicate shell environment filter `x` ignoring case"),
        ("{}\nexclude = []", "cannot mix `filters` with legacy `exclude` or `include_only`"),
    ],
)
def test_filters_of_variables_that_make_no_sense_are_refused(setting: Setting, filters: str, told: str) -> None:
    setting.user(f"[shell_environment_policy]\nfilters = {filters}\n")
    with pytest.raises(ConfigLoadError, match=re.escape(told)):
        setting.service().load()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("\n".join(f"k{number} = ''" for number in range(17)), "at most 16 entries"),
        (f"a = '{'x' * 129}'", "at most 128 bytes: that of `a` has more"),
        (f"a = '{'é' * 65}'", "at most 128 bytes: that of `a` has more"),
        (f"{'k' * 65} = ''", "keys must be short ASCII identifiers: `kkk"),
        ("9a = ''", "`9a` is none"),
        ("'' = ''", "`` is none"),
        ("'é' = ''", "`é` is none"),
        ("turn_id = ''", "contains a reserved key: `turn_id`"),
    ],
)
def test_metadata_for_requests_has_bounds(setting: Setting, given: str, told: str) -> None:
    setting.user(f"[responses_api_metadata]\n{given}\n")
    with pytest.raises(ConfigLoadError, match=re.escape(told)):
        setting.service().load()


def test_metadata_for_requests_is_taken_within_its_bounds(setting: Setting) -> None:
    most = {f"k{number}": "x" for number in range(14)} | {"k" * 64: "x" * 128, "a.b-c_D9": "é" * 64}
    setting.user("[responses_api_metadata]\n" + "\n".join(f"'{name}' = '{value}'" for name, value in most.items()))
    assert setting.service().load().merged["responses_api_metadata"] == most


def test_a_requests_map_beats_the_files_and_its_own_fields_beat_the_map(setting: Setting) -> None:
    setting.user('model = "user"\nmodel_provider = "mock"\ndeveloper_instructions = "user"\n' + MOCK_PROVIDER)
    service = setting.service()

    by_map = service.load(None, {"model": "map", "sandbox_workspace_write.network_access": True})
    by_field = service.load(
        None,
        {"model": "map"},
        typed=TypedOverrides(
            model="field",
            model_provider="openai",
            approval_policy="untrusted",
            sandbox_mode="danger-full-access",
            developer_instructions="field",
            base_instructions="base",
            service_tier="fast",
        ),
    )

    assert (by_map.model, by_map.sandbox_workspace_write.network_access) == ("map", True)
    assert (by_field.model, by_field.model_provider_id) == ("field", "openai")
    assert (by_field.approval_policy, by_field.sandbox_mode) == ("untrusted", "danger-full-access")
    assert (by_field.developer_instructions, by_field.base_instructions) == ("field", "base")
    assert by_field.service_tier == "priority"


def test_null_in_a_requests_map_is_an_empty_text(setting: Setting) -> None:
    setting.user('model = "user"\n')

    assert setting.service().load(None, {"model": None}).model == ""


def test_a_dotted_key_and_its_table_in_one_map_add_up(setting: Setting) -> None:
    config = setting.service().load(None, {"features.memories": True, "features": {"goals": False}})

    assert config.feature("memories")
    assert not config.feature("goals")


def test_paths_count_from_the_folder_of_the_file_that_holds_them(setting: Setting) -> None:
    setting.user('sqlite_home = "logs"\nsandbox_workspace_write.writable_roots = ["rel", "~/own", "/abs"]\n')

    config = setting.service().load()

    assert config.sqlite_home == setting.home / "logs"
    assert config.sandbox_workspace_write.writable_roots == (
        str(setting.home / "rel"),
        str(setting.base / "own"),
        "/abs",
    )
    assert setting.service().load(None, {"sqlite_home": "db"}).sqlite_home == setting.project / "db"


def test_model_providers_have_their_defaults_filled_in(setting: Setting) -> None:
    setting.user('model_provider = "mock"\n' + MOCK_PROVIDER + 'http_headers = { a = "b" }\nstream_max_retries = 500\n')

    provider = setting.service().load().model_provider

    assert (provider.id, provider.name, provider.base_url) == ("mock", "Mock", "http://127.0.0.1:9/v1")
    assert (provider.request_max_retries, provider.stream_max_retries) == (0, 100)
    assert provider.stream_idle_timeout_ms == 300_000
    assert provider.http_headers == {"a": "b"}
    assert not provider.requires_openai_auth


@pytest.mark.parametrize(
    ("name", "environ", "url"),
    [
        ("ollama", {}, "http://localhost:11434/v1"),
        ("lmstudio", {}, "http://localhost:1234/v1"),
        ("ollama", {"CODEX_OSS_PORT": "99"}, "http://localhost:99/v1"),
        ("ollama", {"CODEX_OSS_BASE_URL": "http://box/v1"}, "http://box/v1"),
    ],
)
def test_local_models_are_built_in_providers(setting: Setting, name: str, environ: dict[str, str], url: str) -> None:
    assert setting.service(("model_provider", name), environ=environ).load().model_provider.base_url == url


def test_the_openai_provider_can_be_pointed_elsewhere(setting: Setting) -> None:
    setting.user('openai_base_url = "http://proxy/v1"\n')

    assert setting.service().load().model_provider.base_url == "http://proxy/v1"


def test_approval_policies_are_read_in_all_their_forms(setting: Setting) -> None:
    service = setting.service()

    granular = {"granular": {"sandbox_approval": True, "rules": False, "mcp_elicitations": True}}
    assert service.load(None, {"approval_policy": granular}).approval_policy == Granular(
        sandbox_approval=True, rules=False, mcp_elicitations=True
    )
    assert service.load(None, {"approval_policy": "never"}).approval_policy == "never"
    assert service.load(None, {"approval_policy": "on-failure"}).approval_policy == "on-request"
    assert service.load(None, {"approvals_reviewer": "guardian_subagent"}).approvals_reviewer == "auto_review"


def test_instruction_files_are_read_and_missing_ones_named(setting: Setting) -> None:
    (setting.home / "base.md").write_text("be brief\n")
    setting.user('model_instructions_file = "base.md"\ninstructions = "ignored beside a file"\n')
    assert setting.service().load().base_instructions == "be brief"

    setting.user('model_instructions_file = "gone.md"\n')
    with pytest.raises(ConfigLoadError) as caught:
        setting.service().load()
    assert caught.value.message == (
        f"failed to read model instructions file {setting.home / 'gone.md'}: No such file or directory (os error 2)"
    )


def test_the_folders_beside_active_layers_are_listed_lowest_first(setting: Setting) -> None:
    setting.user(setting.trust())
    setting.project_file("")

    assert setting.service().load().rule_folders == tuple(
        each / "rules" for each in (setting.etc, setting.home, setting.project / ".codex")
    )


def test_a_file_edited_between_loads_counts_at_once(setting: Setting) -> None:
    service = setting.service()
    setting.user('model = "one"\n')
    assert service.load().model == "one"
    setting.user('model = "two"\n')
    assert service.load().model == "two"


def test_a_relative_folder_counts_from_the_servers_own(setting: Setting) -> None:
    assert setting.service().load(Path("sub")).cwd == setting.project / "sub"


@pytest.mark.parametrize(
    ("argument", "override"),
    [
        ("model=o3", ("model", "o3")),
        ('model = "o3"', ("model", "o3")),
        ("n=1_000", ("n", 1000)),
        ("flag=true", ("flag", True)),
        ("a.b={c=1}", ("a.b", {"c": 1})),
        ("list=[1, 2]", ("list", [1, 2])),
        ("list=[1", ("list", "[1")),
        ("x=a=b", ("x", "a=b")),
        ("x=", ("x", "")),
    ],
)
def test_a_command_line_setting_is_toml_or_else_text(argument: str, override: tuple[str, object]) -> None:
    assert parse_override(argument) == override


def test_a_command_line_setting_needs_a_key_and_a_sign() -> None:
    with pytest.raises(OverrideError, match=r"^Invalid override \(missing '='\): nonsense$"):
        parse_override("nonsense")
    with pytest.raises(OverrideError, match=r"^Empty key in override: =5$"):
        parse_override("=5")


def test_enabling_a_feature_on_the_command_line_sets_its_switch(setting: Setting) -> None:
    assert setting.service(feature_override("memories", enabled=True)).load().feature("memories")
    assert not setting.service(feature_override("collab", enabled=False)).load().feature("multi_agent")


def test_loading_a_small_home_takes_a_few_milliseconds_at_most(setting: Setting) -> None:
    setting.user('model = "m"\nmodel_provider = "mock"\n' + MOCK_PROVIDER)
    service = setting.service()
    service.load()

    def elapsed() -> float:
        start = time.thread_time()
        service.load()
        return time.thread_time() - start

    # Half a millisecond; several times that where every line is traced.
    assert min(elapsed() for _ in range(20)) < 0.01


def test_importing_the_configuration_does_not_import_the_toml_editor() -> None:
    code = "import sys, codex_trio.config.service; print('tomlkit' in sys.modules, 'trio' in sys.modules)"
    path = os.pathsep.join(entry for entry in sys.path if entry)

    result = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, env={"PYTHONPATH": path}
    )

    assert result.stdout.strip() == "False False", result.stderr
