"""How problems in a configuration are told, and which of them keep a server from starting."""

from pathlib import Path

import pytest
from config_setting import MOCK_PROVIDER, Setting
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.config import toml_text
from codex_trio.config.errors import (
    ConfigLoadError,
    ConfigWarning,
    StartupRefused,
    TextPosition,
    TextRange,
    UnsupportedPolicy,
)


def problem(setting: Setting, text: str) -> ConfigLoadError:
    setting.user(text)
    with pytest.raises(ConfigLoadError) as caught:
        setting.service().load()
    return caught.value


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ('model = "x"\n[broken\n', (2, 8, 8), "unclosed table, expected `]`"),
        ('model = "a\n', (1, 11, 11), 'invalid basic string, expected `"`'),
        ("a = 1\n  a = 2\n", (2, 3, 3), "duplicate key `a`"),
        ("a = [1,\n", (1, 8, 8), "unclosed array, expected `]`"),
        ("model\n", (1, 6, 6), "key with no value, expected `=`"),
        ("model = gpt\n", (1, 9, 9), "string values must be quoted, expected literal string"),
        (
            "\n\napproval_policy = 5\n",
            (3, 19, 19),
            "invalid type: integer `5`, expected string or table in `approval_policy`",
        ),
        (
            "[otel]\nheaders_helper_refresh_interval_ms = 0\n",
            (2, 38, 38),
            "invalid value: integer `0`, expected a nonzero u64 in `otel.headers_helper_refresh_interval_ms`",
        ),
        (
            "[rollout_trace]\nmax_bytes = -1\n",
            (2, 13, 14),
            "invalid value: integer `-1`, expected u64 in `rollout_trace.max_bytes`",
        ),
        ("\tmodel = 5\n", (1, 10, 10), "invalid type: integer `5`, expected a string in `model`"),
        ("model = false # no\n", (1, 9, 13), "invalid type: boolean `false`, expected a string in `model`"),
        (
            'model = """\nabc"""\nmodel_verbosity="zz"\n',
            (3, 17, 20),
            "unknown variant `zz`, expected one of `low`, `medium`, `high` in `model_verbosity`",
        ),
        (
            'history = { max_bytes = 1, persistence = "q" }\n',
            (1, 42, 44),
            "unknown variant `q`, expected `save-all` or `none` in `history.persistence`",
        ),
        (
            "[model_providers.m]\nname=5\n",
            (2, 6, 6),
            "invalid type: integer `5`, expected a string in `model_providers.m.name`",
        ),
        ("[model_providers.m]\n", (1, 1, 19), "model_providers.m: provider name must not be empty"),
        ("[mcp_servers.a]\n", (1, 1, 15), "invalid transport in `mcp_servers.a`"),
        ("[[model]]\n", (1, 1, 9), "invalid type: sequence, expected a string in `model`"),
        (
            "project_doc_max_bytes = -4\n",
            (1, 25, 26),
            "invalid value: integer `-4`, expected usize in `project_doc_max_bytes`",
        ),
        (
            "mcp_oauth_callback_port = 70000\n",
            (1, 27, 31),
            "invalid value: integer `70000`, expected u16 in `mcp_oauth_callback_port`",
        ),
        (
            "approval_policy = { granular = { rules = true } }\n",
            (1, 32, 47),
            "missing field `sandbox_approval` in `approval_policy.granular`",
        ),
        ('notify = ["x", # why\n 3 ]\n', (2, 2, 2), "invalid type: integer `3`, expected a string in `notify.1`"),
        (
            'projects."/x".trust_level = "zz"\n',
            (1, 29, 32),
            "unknown variant `zz`, expected `trusted` or `untrusted` in `projects./x.trust_level`",
        ),
        (
            "features.memories = 1\n",
            (1, 21, 21),
            "invalid type: integer `1`, expected a boolean in `features.memories`",
        ),
    ],
)
def test_a_problem_in_a_file_is_told_with_file_line_and_column(
    setting: Setting, text: str, place: tuple[int, int, int], message: str
) -> None:
    line, column, end = place

    found = problem(setting, text)

    assert found.message == f"{setting.user_file}:{line}:{column}: {message}"
    assert found.path == setting.user_file
    assert found.range == TextRange(TextPosition(line, column), TextPosition(line, end))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"model": 5}, "invalid type: integer `5`, expected a string\nin `model`\n"),
        ({"features.memories": "x"}, 'invalid type: string "x", expected a boolean\nin `features`\n'),
        ({"project_doc_fallback_filenames": ["x", 1]}, "invalid type: integer `1`, expected a string\nin `"),
        ({"sandbox_mode": "zz"}, "unknown variant `zz`, expected one of `read-only`, `workspace-write`, "),
        ({"model_context_window": 1.5}, "invalid type: floating point `1.5`, expected i64\nin `model_context_window`"),
        ({"approval_policy": {"granular": {"sandbox_approval": True}}}, "missing field `rules`\nin `approval_policy`"),
        (
            {"model_providers": {"amazon-bedrock": {"env_key": "X"}}},
            "model_providers.amazon-bedrock only supports changing `base_url`, ",
        ),
        (
            {"model_providers": {"m": {"name": "M", "aws": {"region": "r"}}}},
            "model_providers.m: provider aws is only supported for `amazon-bedrock` or `amazon-bedrock-runtime`",
        ),
        (
            {"model_providers": {"amazon-bedrock": {"aws": {"credential_export": {"command": " "}}}}},
            "model_providers.amazon-bedrock: provider aws.credential_export.command must not be empty",
        ),
        (
            {"model_providers": {"amazon-bedrock": {"aws": {"auth_refresh": {"command": "sh"}}}}},
            "model_providers.amazon-bedrock: provider aws.auth_refresh.command must be `aws`",
        ),
        (
            {"model_providers": {"amazon-bedrock": {"aws": {"profile": "p", "credential_export": {"command": "x"}}}}},
            "model_providers.amazon-bedrock: provider aws.credential_export cannot be combined with aws.profile",
        ),
        ({"model_providers": {"openai": {"name": "x"}}}, "model_providers contains reserved built-in provider IDs: "),
        ({"model_providers": {"p": {"name": "x", "wire_api": "chat"}}}, '`wire_api = "chat"` is no longer supported.'),
        ({"mcp_servers": {"a": {"command": "x", "url": "y"}}}, "url is not supported for stdio\nin `mcp_servers.a`\n"),
        ({"model_provider": "nope"}, "Model provider `nope` not found"),
        ({"default_permissions": "x"}, "default_permissions requires a `[permissions]` table"),
        ({"profile": "x"}, 'legacy `profile = "x"` config is no longer supported; use `--profile x` with `x.config'),
        ({"approval_policy": "untrusted"}, 'approval_policy = "untrusted" is no longer supported; remove this setting'),
    ],
)
def test_a_problem_in_a_requests_map_is_told_by_its_key(
    setting: Setting, overrides: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigLoadError) as caught:
        setting.service().load(None, overrides)

    assert caught.value.message.startswith(message)
    assert caught.value.path is None


def test_a_mistake_in_a_lower_layer_that_a_higher_one_covers_does_no_harm(setting: Setting) -> None:
    setting.user("model = 5\n")

    assert setting.service().load(None, {"model": "fine"}).model == "fine"


def test_a_broken_user_file_starts_with_defaults_and_one_warning_with_its_place(setting: Setting) -> None:
    setting.user('model = "x"\n[broken\n')
    service = setting.service()

    default = service.startup_default()
    place = TextPosition(2, 8)

    assert (default.model, default.model_provider_id) == (None, "openai")
    assert service.startup_warnings() == [
        ConfigWarning(
            summary="Invalid configuration; using defaults.",
            details=f"{setting.user_file}:2:8: unclosed table, expected `]`",
            path=setting.user_file,
            range=TextRange(place, place),
        )
    ]


def test_a_problem_without_a_place_is_warned_of_without_one(setting: Setting) -> None:
    setting.user('profile = "nope"\n')
    service = setting.service()

    assert service.startup_default().model_provider_id == "openai"
    (warning,) = service.startup_warnings()
    assert warning.details is not None
    assert warning.details.startswith('legacy `profile = "nope"` config is no longer supported')
    assert (warning.path, warning.range) == (None, None)


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        (("model", 5), "invalid type: integer `5`, expected a string\nin `model`\n"),
        (("model_provider", "nope"), "Model provider `nope` not found"),
        (("approval_policy", "untrusted"), 'approval_policy = "untrusted" is no longer supported; remove this setting'),
        (("profile", "z"), 'legacy `profile = "z"` config is no longer supported; use `--profile z` with `z.config'),
    ],
)
def test_a_mistake_on_the_command_line_refuses_the_start(
    setting: Setting, flag: tuple[str, object], message: str
) -> None:
    with pytest.raises(StartupRefused) as caught:
        setting.service(flag).startup_default()

    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("text", "flag", "message"),
    [
        (
            '[permissions.mine]\nextends = ":workspace"\n',
            ("default_permissions", "mien"),
            "default_permissions refers to undefined profile `mien`",
        ),
        (
            'model = 5\n[model_providers.mine]\nname = "Mine"\nbase_url = "http://127.0.0.1/"\n',
            ("model_provider", "mine"),
            "{file}:1:9: invalid type: integer `5`, expected a string",
        ),
    ],
)
def test_a_flag_that_names_what_is_in_a_file_is_judged_beside_that_file(
    setting: Setting, text: str, flag: tuple[str, object], message: str
) -> None:
    setting.user(text)
    with pytest.raises(StartupRefused) as caught:
        setting.service(flag).startup_default()
    assert message.format(file=setting.user_file) in caught.value.message


def test_the_untrusted_policy_in_a_file_refuses_the_start(setting: Setting) -> None:
    setting.user('approval_policy = "untrusted"\n')

    with pytest.raises(StartupRefused) as caught:
        setting.service().startup_default()
    assert caught.value.message == 'approval_policy = "untrusted" is no longer supported; remove this setting'
    with pytest.raises(UnsupportedPolicy):
        setting.service().load()


@pytest.mark.parametrize("text", ['approval_policy = "untrusted"\n', 'model_provider = "none"\n', "[broken\n"])
def test_no_start_is_refused_any_more_by_what_is_written_while_the_server_runs(setting: Setting, text: str) -> None:
    setting.user('model = "x"\n')
    (setting.etc / "requirements.toml").write_text('allowed_approval_policies = ["never"]\n')
    service = setting.service()
    service.startup_default()

    setting.user(text)
    with pytest.raises(ConfigLoadError):
        service.load()
    service.startup_default()
    assert service.requirements().approval_policies is not None

    setting.user('model = "y"\n')
    assert service.startup_default().model == "y"


def test_strict_loading_refuses_a_key_that_nobody_reads_with_its_place(setting: Setting) -> None:
    setting.user('model = "x"\nbogus = 1\n')

    with pytest.raises(StartupRefused) as caught:
        setting.service(strict=True).startup_default()

    assert caught.value.message == f"{setting.user_file}:2:1: unknown configuration field `bogus`"


@pytest.mark.parametrize(
    ("text", "place", "key", "meant"),
    [
        ('modle = "x"\n', "1:1", "modle", "model"),
        ("[featurs]\nmemories = true\n", "1:2", "featurs", "features"),
        ("[features]\ngoals = true\nmemoris = true\n", "3:1", "features.memoris", "memories"),
        ('[projects."/p"]\ntrust_levle = "trusted"\n', "2:1", "projects./p.trust_levle", "trust_level"),
        ('[mcp_servers.x]\ncommand = "true"\nenabeld = true\n', "3:1", "mcp_servers.x.enabeld", "enabled"),
        ('[mcp_servers.x]\nurl = "u"\noauth.client = "c"\n', "3:7", "mcp_servers.x.oauth.client", "client_id"),
        (
            '[mcp_servers.x]\nurl = "u"\n[mcp_servers.x.tools.t]\naproval_mode = "auto"\n',
            "4:1",
            "mcp_servers.x.tools.t.aproval_mode",
            "approval_mode",
        ),
    ],
)
def test_a_key_that_is_spelt_wrong_is_told_with_its_place_and_the_nearest_known_one(
    setting: Setting, text: str, place: str, key: str, meant: str
) -> None:
    setting.user(text)
    (warning,) = setting.service().load().warnings
    assert f"user ({setting.user_file}:{place}): `{key}` is ignored. Did you mean `{meant}`?" in warning
    with pytest.raises(StartupRefused) as caught:
        setting.service(strict=True).startup_default()
    refusal = f"{setting.user_file}:{place}: unknown configuration field `{key}`. Did you mean `{meant}`?"
    assert caught.value.message == refusal


def test_strict_loading_accepts_a_file_of_known_keys(setting: Setting) -> None:
    setting.user('model = "x"\nmodel_provider = "mock"\n[tui]\nanything = 1\n' + MOCK_PROVIDER)

    assert setting.service(strict=True).startup_default().model == "x"


def test_keys_that_nobody_reads_are_warned_of_once_and_at_most_three_are_listed(setting: Setting) -> None:
    setting.user("zork = 1\n[features]\nnope = true\n[history]\nwhat = 1\n")
    service = setting.service(("blah", 3))

    (warning,) = service.startup_warnings()

    assert warning.details is None
    assert warning.summary == (
        "Codex is ignoring 4 unrecognized configuration settings. Check for typos or deprecated settings.\n"
        "  session-flags: `blah` is ignored.\n"
        f"  user ({setting.user_file}:3:1): `features.nope` is ignored.\n"
        f"  user ({setting.user_file}:5:1): `history.what` is ignored.\n"
        "  ... and 1 more ignored settings."
    )


def test_numbers_that_count_as_others_are_told_with_their_place(setting: Setting) -> None:
    setting.user("[agents]\nmax_depth = -1\n[memories]\nmax_unused_days = 400\nmin_rollout_idle_hours = 6\n")
    (warning,) = setting.service().load().warnings
    assert warning == (
        "These numbers are out of bounds:\n"
        f"  user ({setting.user_file}:2:13): `agents.max_depth = -1` counts as 0: it goes from 0 to 2147483647.\n"
        f"  user ({setting.user_file}:4:19): `memories.max_unused_days = 400` counts as 365: it goes from 0 to 365."
    )


@pytest.mark.parametrize("name", ["~/project", "project", "/home/me/project/", "/home/me/../project", "./p", ""])
def test_a_project_whose_name_can_be_no_folders_is_told_with_its_place(setting: Setting, name: str) -> None:
    setting.user(f'[projects."/"]\ntrust_level = "untrusted"\n[projects."{name}"]\ntrust_level = "trusted"\n')
    (warning,) = setting.service().load().warnings
    assert warning == (
        "These entries of `projects` trust or distrust nothing:\n"
        f"  user ({setting.user_file}:3:11): `{name}` is not how a folder is written there: give its absolute path, "
        "without `~`, `.`, `..` and without a `/` at its end."
    )


def test_a_thread_is_told_every_warning_but_clients_only_new_ones(setting: Setting) -> None:
    setting.user("zork = 1\n")
    service = setting.service()
    service.startup_warnings()

    same = service.load()
    assert len(same.warnings) == 1
    assert service.unannounced_warnings(same) == []

    more = service.load(None, {"bogus": 1})
    assert "session-flags: `bogus` is ignored." in more.warnings[0]
    assert service.unannounced_warnings(more) == [ConfigWarning(summary=more.warnings[0])]
    assert service.unannounced_warnings(more) == []


def test_a_file_that_is_no_text_or_may_not_be_read_is_named(setting: Setting) -> None:
    setting.user_file.write_bytes(b'model = "\xff"\n')
    with pytest.raises(ConfigLoadError, match="not UTF-8"):
        setting.service().load()

    setting.user_file.unlink()
    setting.user_file.mkdir()
    with pytest.raises(ConfigLoadError, match=f"failed to read config file {setting.user_file}: is a folder"):
        setting.service().load()


def test_the_finder_sees_through_comments_quotes_arrays_and_windows_line_ends() -> None:
    text = (
        "# [not.a.table]\r\n"
        'a."b.c".d = 1 # "x" = 2\r\n'
        "[t]\r\n"
        "s = 'it\\'\r\n"
        "m = '''\r\n[x]\r\n'''\r\n"
        "[[list]]\r\nv = 1\r\n[[list]]\r\nv = [ {k = 2}, [3] ]\r\n"
        "[list.sub]\r\nw = 4\r\n"
    )

    def line_of(*path: str | int) -> int:
        found = toml_text.find_value(text, path)
        assert found is not None
        return found.start.line

    assert line_of("a", "b.c", "d") == 2
    assert line_of("t", "s") == 4
    assert line_of("t", "m") == 5
    assert line_of("list", 0, "v") == 9
    assert line_of("list", 1, "v", 0, "k") == 11
    assert line_of("list", 1, "v", 1, 0) == 11
    assert line_of("list", 1, "sub", "w") == 13
    assert toml_text.find_value(text, ("missing",)) is None


_KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=6)
_VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_every_key_of_any_file_can_be_found_again(table: dict[str, object]) -> None:
    import tomlkit

    text = tomlkit.dumps(table)
    lines = text.split("\n")

    for name in toml_text.parse(text):
        place = toml_text.find_key(text, (name,))
        assert place is not None
        assert place.start.line <= len(lines)


@given(st.text(st.sampled_from("[]{}=.,#\"'\\ab1 \n\t")))
def test_no_text_makes_reading_fail_in_another_way_than_with_a_place(text: str) -> None:
    try:
        table = toml_text.parse(text)
    except toml_text.TomlSyntaxError as error:
        rendered = toml_text.render_syntax_error(text, error)
        place = (error.position.line, error.position.column)
        table = {}
    else:
        rendered, place = "TOML parse error", (1, 1)
    assert rendered.startswith("TOML parse error")
    assert min(place) >= 1
    for name in table:
        assert toml_text.find_value(text, (name,)) is not None


def test_a_folder_in_the_way_of_a_file_is_as_good_as_no_file(tmp_path: Path) -> None:
    base = tmp_path / "x"
    base.mkdir()
    setting = Setting(base)
    (setting.project / ".codex").write_text("not a folder")

    assert setting.service().load().model is None


def test_keys_of_the_users_catalog_that_nobody_reads_are_told_once(setting: Setting) -> None:
    catalog = setting.user_file.parent / "catalog.json"
    catalog.write_text('{"models": [{"slug": "own", "display_name": "Own", "prioritee": 1}]}')
    setting.user('model_catalog_json = "catalog.json"\n')
    service = setting.service()
    (warning,) = service.startup_warnings()
    assert warning.summary == (
        f"model_catalog_json path `{catalog}` has keys that change nothing: `prioritee` of own (no such key is known)"
    )
    assert service.unannounced_warnings(service.load()) == []
