"""What a client reads: values, where they come from, and the layers."""

import hashlib
from pathlib import Path

import pytest
from config_setting import MOCK_PROVIDER, Setting

from codex_trio.config import toml_text
from codex_trio.config.errors import ConfigReadError
from codex_trio.config.layers import LayerSource, table_version
from codex_trio.config.read import ConfigReader


def digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def test_every_known_key_is_there_and_null_when_nobody_set_it(setting: Setting) -> None:
    config = ConfigReader(setting.service()).read(None).config

    assert config["model"] is None
    assert config["tools"] is None
    assert config["client_search_provider"] is None
    assert config["history"] == {"persistence": "save-all", "max_bytes": None}
    assert config["project_root_markers"] == [".git"]
    assert config["model_providers"] == {}
    assert config["sandbox_workspace_write"] is None
    assert set(config["shell_environment_policy"].values()) == {None}
    assert config["features"]["mentions_v2"] is True
    assert config["features"]["memories"] is False
    assert config["features"]["mcp_shared_repl_cwd"] is False
    assert [config[name] for name in ("code_mode", "responses", "rollout_trace")] == [None] * 3
    assert len(config) == 110


def test_tables_that_are_set_are_filled_up_and_unknown_keys_left_out(setting: Setting) -> None:
    setting.user(
        'bogus = 1\napproval_policy = "on-failure"\n[tools]\nweb_search = true\n[features]\nmemories = true\nx = true\n'
        '[sandbox_workspace_write]\nwritable_roots = ["rel"]\n[mcp_servers.a]\ncommand = "c"\n' + MOCK_PROVIDER
    )

    config = ConfigReader(setting.service()).read(None).config

    assert "bogus" not in config
    assert config["approval_policy"] == "on-request"
    assert config["tools"] == {"web_search": None}
    assert config["features"]["memories"] is True
    assert config["features"]["x"] is True
    assert config["sandbox_workspace_write"] == {
        "writable_roots": [str(setting.home / "rel")],
        "network_access": False,
        "exclude_tmpdir_env_var": False,
        "exclude_slash_tmp": False,
    }
    assert config["mcp_servers"]["a"]["enabled"] is True
    assert config["model_providers"]["mock"]["wire_api"] == "responses"
    assert config["model_providers"]["mock"]["env_key"] is None


def test_origins_name_the_deciding_layer_of_every_leaf(setting: Setting) -> None:
    setting.user('model = "user"\nnotify = ["a", "b"]\n' + setting.trust())
    setting.project_file('model = "project"\n')

    view = ConfigReader(setting.service(("tools.web_search", True))).read(setting.project)

    project = LayerSource("project", setting.project / ".codex")
    assert (view.origins["model"].source, view.origins["model"].version) == (project, digest('{"model":"project"}'))
    assert view.origins["tools.web_search"].source == LayerSource("sessionFlags")
    assert view.origins["notify.1"].source == LayerSource("user", setting.user_file)
    assert f"projects.{setting.project}.trust_level" in view.origins


def test_layers_are_listed_highest_first_and_disabled_ones_say_why(setting: Setting) -> None:
    setting.user('model = "user"\nlog_dir = "logs"\n')
    setting.project_file('model = "project"\nnotify = ["x"]\n')

    view = ConfigReader(setting.service(("model_verbosity", "low"))).read(Path())

    flags, project, user, system = view.layers
    assert [layer.source.to_plain()["type"] for layer in view.layers] == ["sessionFlags", "project", "user", "system"]
    assert flags.table == {"model_verbosity": "low"}
    assert project.table == {"model": "project"}
    assert (project.disabled_reason or "").startswith("To load project-local config, hooks, and exec policies, add ")
    assert user.table == {"model": "user", "log_dir": str(setting.home / "logs")}
    assert user.disabled_reason is None
    assert (system.table, system.version) == ({}, digest("{}"))
    assert view.config["model"] == "user"
    assert user.source.to_plain() == {"type": "user", "file": str(setting.user_file), "profile": None}


def test_without_a_folder_projects_are_left_out(setting: Setting) -> None:
    setting.user(setting.trust())
    setting.project_file('model = "project"\n')
    service = setting.service()

    assert ConfigReader(service).read(None).config["model"] is None
    assert ConfigReader(service).read(Path("does/not/exist")).config["model"] is None
    assert ConfigReader(service).read(setting.project).config["model"] == "project"


def test_dates_read_as_a_table_with_one_telling_key(setting: Setting) -> None:
    setting.user("[desktop]\nwhen = 1979-05-27\n")

    assert ConfigReader(setting.service()).read(None).config["desktop"] == {
        "when": {"$__toml_private_datetime": "1979-05-27"}
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[broken\n", "failed to read configuration layers: {file}:1:8: unclosed table, expected `]`"),
        (
            "\nmodel = 5\n",
            "invalid configuration: invalid type: integer `5`, expected a string\nin `model`\nof {file}:2:9\n",
        ),
        ('model_provider = "nope"\n', "failed to resolve feature override precedence: Model provider `nope` not found"),
        ('profile = "p"\n', 'failed to resolve feature override precedence: legacy `profile = "p"` config is no '),
    ],
)
def test_a_broken_configuration_cannot_be_read(setting: Setting, text: str, message: str) -> None:
    setting.user(text)

    with pytest.raises(ConfigReadError) as caught:
        ConfigReader(setting.service()).read(None)

    assert caught.value.message.startswith(message.format(file=setting.user_file))


def test_what_is_set_for_one_run_and_cannot_be_read_is_said_to_be_in_no_file(setting: Setting) -> None:
    with pytest.raises(ConfigReadError) as caught:
        ConfigReader(setting.service(("model", 5))).read(None)

    assert caught.value.message.endswith("expected a string\nin `model`\nof what is set for this run\n")


def test_addresses_are_read_without_their_passwords(setting: Setting) -> None:
    setting.user('openai_base_url = "https://me:secret@a.test/v1"\n' + MOCK_PROVIDER.replace("//", "//me:secret@"))

    view = ConfigReader(setting.service()).read(None)

    assert "secret" not in str(view.config)
    assert view.config["openai_base_url"] == "https://***@a.test/v1"
    # What is used, and what a version stands for, is what the file says.
    assert "secret" in str(view.layers[-1].table) + str(view.layers[0].table)


def test_a_line_that_is_wrong_is_shown_without_its_password() -> None:
    text = 'openai_base_url = "https://me:secret@a.test/v1\n'
    with pytest.raises(toml_text.TomlSyntaxError) as caught:
        toml_text.parse(text)

    shown = toml_text.render_syntax_error(text, caught.value)

    assert "secret" not in shown
    assert 'openai_base_url = "https://*********@a.test/v1' in shown


@pytest.mark.parametrize(("before", "behind"), [(0, 5000), (5000, 0), (5000, 5000), (10, 10)])
def test_of_a_long_line_what_stands_around_the_fault_is_shown(before: int, behind: int) -> None:
    text = f'a = "{"x" * before}"!{"y" * behind}\n'
    with pytest.raises(toml_text.TomlSyntaxError) as caught:
        toml_text.parse(text)

    _, _, shown, caret, *_ = toml_text.render_syntax_error(text, caught.value).split("\n")

    assert len(shown) < 300
    assert shown[caret.index("^")] == "!"
    assert ("..." in shown) == (before + behind > 100)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("a = [1e16, 1e21, -1e300, 1.5, 1e-7]", '{"a":[1e+16,1e+21,-1e+300,1.5,1e-7]}'),
        ("a = 123456789012345680.0", '{"a":1.2345678901234568e+17}'),
        ("a = 1e15\nb = [inf, nan]", '{"a":1000000000000000.0,"b":[null,null]}'),
        ("[b]\nc = 1979-05-27\n[a]", '{"a":{},"b":{"c":{"$__toml_private_datetime":"1979-05-27"}}}'),
        ("b = [[1]]\na = [{x = 'é', y = 07:32:00}]", None),
        ('a = "e16\\u2028\\u001f\\"\\\\/\\n"', '{"a":"e16\u2028\\u001f\\"\\\\/\\n"}'),
        ("a = 9223372036854775807\nb = true", '{"a":9223372036854775807,"b":true}'),
    ],
)
def test_a_layers_version_is_the_hash_that_other_servers_have(text: str, canonical: str | None) -> None:
    canonical = canonical or '{"a":[{"x":"é","y":{"$__toml_private_datetime":"07:32:00"}}],"b":[[1]]}'
    assert table_version(toml_text.parse(text)) == digest(canonical)
