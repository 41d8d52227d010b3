"""Writing the user's configuration for a client."""

import errno
import os
import tomllib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Literal

import pytest
from config_setting import MOCK_PROVIDER, Setting
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.config.edit import Edit, edit_file, edit_table, edit_text, why_not_written
from codex_trio.config.errors import ConfigWriteError
from codex_trio.config.gateways import GatewayChange, write_gateway
from codex_trio.config.read import ConfigReader
from codex_trio.config.sources import MAX_FILE_BYTES
from codex_trio.config.write import ConfigEdit, WriteOutcome, parse_key_path, set_default_provider, write_config

_BAD_POLICY = (
    "Invalid configuration: unknown variant `bogus`, expected one of `untrusted`, `on-failure`, `on-request`, "
    "`granular`, `never`\nin `approval_policy`\n"
)

Strategy = Literal["replace", "upsert"]

FILE = """# top comment
model = "gpt-5.5" # why
personality = "friendly"

[mcp_servers.a] # a
command = "a" # keep me
args = ["1"]
[mcp_servers.a.env]
X = "1" # x

# last
[history]
persistence = "none"
"""


def change(key: str, value: Any, strategy: Strategy = "replace") -> ConfigEdit:
    return ConfigEdit(key_path=key, value=value, merge_strategy=strategy)


def write(setting: Setting, *edits: ConfigEdit, flags: tuple[tuple[str, Any], ...] = ()) -> WriteOutcome:
    return write_config(setting.service(*flags), edits)


def refused(setting: Setting, *edits: ConfigEdit, **options: Any) -> ConfigWriteError:
    before = setting.user_file.read_text() if setting.user_file.exists() else None
    with pytest.raises(ConfigWriteError) as caught:
        write_config(setting.service(), edits, **options)
    assert (setting.user_file.read_text() if setting.user_file.exists() else None) == before
    return caught.value


def test_a_value_is_replaced_in_its_place_with_its_comment_kept(setting: Setting) -> None:
    setting.user(FILE)

    outcome = write(setting, change("model", "gpt-x"))

    assert (outcome.status, outcome.file_path, outcome.overridden) == ("ok", setting.user_file, None)
    assert setting.user_file.read_text() == FILE.replace('"gpt-5.5"', '"gpt-x"')


def test_a_new_value_goes_before_the_first_table_and_a_new_table_to_the_end(setting: Setting) -> None:
    setting.user(FILE)

    write(setting, change("model_reasoning_effort", "high", "upsert"), change("mcp_servers.new.command", "b"))

    text = setting.user_file.read_text()
    assert text.index("model_reasoning_effort") < text.index("[mcp_servers.a]")
    assert '[mcp_servers.new]\ncommand = "b"\n' in text
    for line in FILE.splitlines():
        assert line in text


COMMENTED = """# all of this
model = "a" # why

# the projects
[projects."/a"]
trust_level = "trusted"
# of a

# mine, do not touch
[model_providers.mine]
name = "x"

# the rest

# tui
[history]
persistence = "none"
"""


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("approval_policy", "never", "# why\n", '# why\napproval_policy = "never"\n'),
        ('projects."/a".trust_level', "untrusted", '"trusted"', '"untrusted"'),
        ('projects."/a".x', "y", "# of a\n", '# of a\nx = "y"\n'),
        (
            'projects."/b".trust_level',
            "trusted",
            "# of a\n",
            '# of a\n\n[projects."/b"]\ntrust_level = "trusted"\n',
        ),
        ("model_providers.mine.base_url", "u", 'name = "x"\n', 'name = "x"\nbase_url = "u"\n'),
        (
            'projects."/a"',
            None,
            '# the projects\n[projects."/a"]\ntrust_level = "trusted"\n# of a\n\n',
            "",
        ),
        ("model_providers", None, '# mine, do not touch\n[model_providers.mine]\nname = "x"\n\n', ""),
    ],
)
def test_comments_stay_with_what_they_are_about(
    setting: Setting, key: str, value: Any, before: str, after: str
) -> None:
    setting.user(COMMENTED)
    write(setting, change(key, value))
    assert setting.user_file.read_text() == COMMENTED.replace(before, after, 1)


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("# of p\n[projects.a]\n", 'model = "m"\n\n# of p\n[projects.a]\n'),
        ("# all\n\n# of p\n[projects.a]\n", '# all\nmodel = "m"\n\n# of p\n[projects.a]\n'),
        ("[projects.a]\n", 'model = "m"\n\n[projects.a]\n'),
    ],
)
def test_the_first_key_goes_above_what_is_said_of_the_first_table(text: str, then: str) -> None:
    assert edit_text(text, [Edit(path=("model",), value="m", merge=False)]) == then


def test_the_comment_that_begins_a_file_stays() -> None:
    text = "# all of this\n[projects.a]\nx = 1\n"
    assert edit_text(text, [Edit(path=("projects", "a"), value=None, merge=False)]) == "# all of this\n"


def test_two_servers_that_write_at_once_lose_nothing(setting: Setting) -> None:
    setting.user(FILE)

    def write_one(name: str, accept: Callable[[dict[str, Any]], None] | None = None) -> None:
        edit_file(setting.user_file, [Edit(path=("projects", name), value={"x": 1}, merge=False)], accept=accept)

    with ThreadPoolExecutor(1) as pool:
        others: list[Future[None]] = []

        def have_another_write(_table: dict[str, Any]) -> None:
            others.append(pool.submit(write_one, "b"))
            wait(others, timeout=0.2)  # it does not end before this write has

        write_one("a", have_another_write)
        others[0].result(timeout=60)
    assert tomllib.loads(setting.user_file.read_text())["projects"].keys() == {"a", "b"}


@pytest.mark.parametrize("there", [True, False])
def test_what_an_editor_saves_during_a_write_is_kept(setting: Setting, *, there: bool) -> None:
    if there:
        setting.user('model = "old"\n')
    seen: list[dict[str, Any]] = []

    def saved_meanwhile(table: dict[str, Any]) -> None:
        seen.append(table)
        if len(seen) == 1:
            setting.user('model = "by hand"\n')

    edit_file(setting.user_file, [Edit(path=("personality",), value="friendly", merge=False)], accept=saved_meanwhile)

    assert tomllib.loads(setting.user_file.read_text()) == {"model": "by hand", "personality": "friendly"}
    assert seen[1:] == [{"model": "by hand", "personality": "friendly"}]


def test_a_file_that_is_saved_again_and_again_is_not_written(setting: Setting) -> None:
    saved: list[str] = []

    def save(_table: dict[str, Any]) -> None:
        saved.append(f"# {'x' * len(saved)}\n")
        setting.user(saved[-1])

    with pytest.raises(ConfigWriteError, match="is being changed by another program") as caught:
        edit_file(setting.user_file, [Edit(path=("model",), value="m", merge=False)], accept=save)
    assert caught.value.code == "configVersionConflict"
    assert setting.user_file.read_text() == saved[-1]


def test_a_version_that_passes_while_others_write_refuses_the_write(setting: Setting) -> None:
    setting.user('model = "a"\n')
    services = [setting.service() for _ in range(4)]
    version = write_config(services[0], [change("model", "b")]).version

    def refusal(number: int) -> str:
        try:
            write_config(services[number], [change("model", f"m{number}")], expected_version=version)
        except ConfigWriteError as error:
            return error.code
        return ""

    with ThreadPoolExecutor(len(services)) as pool:
        refusals = list(pool.map(refusal, range(len(services)), timeout=60))
    assert sorted(refusals) == ["", *["configVersionConflict"] * 3]


def test_upsert_lays_a_table_over_the_old_one(setting: Setting) -> None:
    setting.user(FILE)

    write(setting, change("mcp_servers.a", {"env": {"Y": "2"}, "args": ["2"]}, "upsert"))

    text = setting.user_file.read_text()
    assert tomllib.loads(text)["mcp_servers"]["a"] == {"command": "a", "args": ["2"], "env": {"X": "1", "Y": "2"}}
    assert 'command = "a" # keep me' in text
    assert 'X = "1" # x' in text


def test_replace_leaves_exactly_the_new_table_but_keeps_comments_of_what_stays(setting: Setting) -> None:
    setting.user(FILE)

    write(setting, change("mcp_servers.a", {"command": "b"}))

    text = setting.user_file.read_text()
    assert tomllib.loads(text)["mcp_servers"] == {"a": {"command": "b"}}
    assert 'command = "b" # keep me' in text


@pytest.mark.parametrize("strategy", ["replace", "upsert"])
def test_null_deletes_and_deleting_what_is_not_there_is_fine(setting: Setting, strategy: Strategy) -> None:
    setting.user(FILE)

    first = write(setting, change("mcp_servers.a.env", None, strategy), change("personality", None, strategy))
    second = write(setting, change("no.such.key", None, strategy))

    assert second.version == first.version
    table = tomllib.loads(setting.user_file.read_text())
    assert "personality" not in table
    assert table["mcp_servers"] == {"a": {"command": "a", "args": ["1"]}}


def test_a_file_is_made_when_there_is_none_and_only_its_owner_may_read_it(setting: Setting) -> None:
    write(setting, change("model", "x"))

    assert setting.user_file.read_text() == 'model = "x"\n'
    assert setting.user_file.stat().st_mode & 0o777 == 0o600


def test_a_link_to_the_file_stays_a_link_and_its_permissions_stay(setting: Setting) -> None:
    real = setting.base / "dotfiles.toml"
    real.write_text('model = "a"\n')
    real.chmod(0o640)
    setting.user_file.symlink_to(real)

    write(setting, change("model", "b"))

    assert setting.user_file.is_symlink()
    assert real.read_text() == 'model = "b"\n'
    assert real.stat().st_mode & 0o777 == 0o640


def test_keys_with_dots_stand_in_quotes(setting: Setting) -> None:
    write(setting, change('mcp_servers."new.two"', {"command": "b"}), change("projects.'/a b'.trust_level", "trusted"))

    table = tomllib.loads(setting.user_file.read_text())
    assert table == {"mcp_servers": {"new.two": {"command": "b"}}, "projects": {"/a b": {"trust_level": "trusted"}}}


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "keyPath must not be empty"),
        ("a..b", "keyPath segments must not be empty"),
        ("a.", "keyPath segments must not be empty"),
        ('a."b"c', "keyPath is not a dotted path"),
        ('"\\q"', "keyPath is not a dotted path"),
    ],
)
def test_a_key_path_that_names_no_key_is_refused(setting: Setting, key: str, message: str) -> None:
    error = refused(setting, change(key, 1))

    assert (error.message, error.code) == (message, "configValidationError")


def test_unknown_keys_and_features_are_written_all_the_same(setting: Setting) -> None:
    outcome = write(setting, change("modle", 1), change("features", {"bogus": True}))

    told = outcome.without_effect or ""
    assert "`modle` is not known. Did you mean `model`?" in told
    assert "`features.bogus` is not known" in told
    assert write(setting, change("modle", None), change("model", "m")).without_effect is None
    write(setting, change("no_such_key", 1), change("features", {"bogus": True}), change("model", None))
    assert tomllib.loads(setting.user_file.read_text()) == {"no_such_key": 1, "features": {"bogus": True}}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("model", 7, "Invalid configuration: invalid type: integer `7`, expected a string\nin `model`\n"),
        (
            "approval_policy",
            "bogus",
            _BAD_POLICY,
        ),
        ("mcp_servers.new.one", {"command": "b"}, "Invalid configuration: invalid transport\nin `mcp_servers.new`\n"),
    ],
)
def test_a_value_that_would_break_the_configuration_is_not_written(
    setting: Setting, key: str, value: Any, message: str
) -> None:
    setting.user(FILE)

    error = refused(setting, change("history.max_bytes", 5), change(key, value))

    assert (error.message, error.code) == (message, "configValidationError")


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, {"a": [{"b": 2**70}]}])
def test_a_number_that_toml_cannot_hold_is_not_written(setting: Setting, value: Any) -> None:
    problem = refused(setting, change("anything", value))
    assert problem.message == "value has an integer that TOML cannot hold: they end at 9223372036854775807"
    write(setting, change("anything", [2**63 - 1, -(2**63)]))


def test_a_broken_file_is_left_as_it_is(setting: Setting) -> None:
    setting.user("[broken\n")

    assert refused(setting, change("model", "x")).code == "configValidationError"


def test_an_expected_version_that_has_passed_refuses_the_write(setting: Setting) -> None:
    setting.user(FILE)
    service = setting.service()
    (version,) = [layer.version for layer in ConfigReader(service).read(None).layers if layer.source.kind == "user"]

    outcome = write_config(service, [change("model", "b1")], expected_version=version)
    error = refused(setting, change("model", "b2"), expected_version=version)

    assert (error.message, error.code) == (
        "Configuration was modified since last read. Fetch latest version and retry.",
        "configVersionConflict",
    )
    assert write_config(service, [], expected_version=outcome.version).version == outcome.version


def test_only_the_users_file_may_be_named(setting: Setting) -> None:
    for path in ("other.toml", str(setting.base / "other.toml"), "config.toml"):
        error = refused(setting, change("model", "x"), file_path=path)
        assert (error.message, error.code) == ("Only writes to the user config are allowed", "configLayerReadonly")

    write_config(setting.service(), [change("model", "x")], file_path=str(setting.user_file))
    assert setting.user_file.exists()


def test_a_value_under_a_command_line_setting_is_written_and_told_to_have_no_effect(setting: Setting) -> None:
    flags = (("model", "flag"),)

    outcome = write(setting, change("model", "user"), flags=flags)

    assert outcome.status == "okOverridden"
    assert outcome.overridden is not None
    assert outcome.overridden.message == "Overridden by session flags"
    assert outcome.overridden.layer.source.kind == "sessionFlags"
    assert outcome.overridden.effective_value == "flag"
    assert setting.user_file.read_text() == 'model = "user"\n'
    assert write(setting, change("model", "flag"), flags=flags).status == "ok"
    assert write(setting, change("model", None), flags=flags).status == "okOverridden"


def test_a_written_value_counts_for_the_next_load(setting: Setting) -> None:
    setting.user('model_provider = "mock"\n' + MOCK_PROVIDER)
    service = setting.service()
    assert service.load().model is None

    write_config(
        service, [change("model", "b1"), change("sandbox_workspace_write", {"network_access": True}, "upsert")]
    )

    config = service.load()
    assert (config.model, config.sandbox_workspace_write.network_access) == ("b1", True)


def test_key_paths_take_quoted_and_bare_keys() -> None:
    assert parse_key_path("a.b") == ("a", "b")
    assert parse_key_path('a."b.c".d') == ("a", "b.c", "d")
    assert parse_key_path("projects./abs/path x") == ("projects", "/abs/path x")


_KEYS = st.sampled_from(["a", "b", "c", "d e", "f.g"])
_SCALARS = st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", 'q"', "n\nl"])
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(_SCALARS, max_size=2) | st.dictionaries(_KEYS, inner), max_leaves=6
)
_EDITS = st.builds(
    Edit,
    path=st.lists(_KEYS, min_size=1, max_size=3).map(tuple),
    value=st.none() | _VALUES,
    merge=st.booleans(),
)


@given(st.dictionaries(_KEYS, _VALUES), st.lists(_EDITS, max_size=3))
def test_editing_a_text_does_to_its_table_what_the_edits_say(table: dict[str, Any], edits: list[Edit]) -> None:
    import tomlkit

    text = "# head\n" + tomlkit.dumps(table)

    try:
        edited = edit_text(text, edits)
    except ConfigWriteError as error:
        assert "without changing other settings" in error.message or "Unable to edit" in error.message  # noqa: PT017
        return
    assert tomllib.loads(edited) == edit_table(tomllib.loads(text), edits)
    assert edited.startswith("# head\n")


@pytest.mark.parametrize("key", ['projects."/x"', 'projects."/x".trust_level', "projects"])
def test_the_only_entry_of_a_table_can_be_deleted(setting: Setting, key: str) -> None:
    setting.user('# mine\n\n[projects."/x"]\ntrust_level = "trusted"\n')
    write(setting, change(key, None))
    assert "trusted" not in setting.user_file.read_text()


def test_a_byte_order_mark_and_windows_line_ends_stay(setting: Setting) -> None:
    setting.user_file.write_bytes(b'\xef\xbb\xbf# mine\r\nmodel = "a"\r\n')
    write(setting, change("model", "b"))
    assert setting.user_file.read_bytes() == b'\xef\xbb\xbf# mine\r\nmodel = "b"\r\n'


def test_inline_tables_over_several_lines_can_be_written_beside(setting: Setting) -> None:
    setting.user('[otel]\nexporter = { otlp-http = {\n  endpoint = "https://otel.example",\n} }\n')
    write(setting, change("model", "b"))
    assert setting.service().load().model == "b"
    assert "endpoint" in setting.user_file.read_text()


@pytest.mark.parametrize(
    ("text", "key", "value", "edited"),
    [
        ("mcp_servers = {} # why\n", "mcp_servers.a.command", "b", 'mcp_servers = {a = {command = "b"}} # why\n'),
        ("projects = {}\n", "projects.x", {"trust_level": "trusted"}, 'projects = {x = {trust_level = "trusted"}}\n'),
        ("[desktop]\na = {}\n", "desktop.a.b", {"c": {"d": [1]}}, "[desktop]\na = {b = {c = {d = [1]}}}\n"),
        ("desktop.a = 3\n", "desktop.a.b.c", 1, None),
    ],
)
def test_a_table_is_put_into_one_between_braces(
    setting: Setting, text: str, key: str, value: Any, edited: str | None
) -> None:
    setting.user(text)

    write(setting, change(key, value, "upsert"))

    written = setting.user_file.read_text()
    assert tomllib.loads(written) == edit_table(
        tomllib.loads(text), [Edit(path=tuple(key.split(".")), value=value, merge=True)]
    )
    assert edited is None or written == edited


@pytest.mark.parametrize("text", ["model_providers = 3\n", "[model_providers]\na = 3\n"])
def test_providers_that_are_no_tables_are_named_when_one_is_changed(setting: Setting, text: str) -> None:
    setting.user(text)
    service = setting.service()
    new = GatewayChange(name="New", base_url="https://new.example/v1")
    for attempt in (
        lambda: write_gateway(service, new),
        lambda: write_gateway(service, GatewayChange(id="a", env_key="KEY")),
        lambda: set_default_provider(service, "a"),
    ):
        with pytest.raises(ConfigWriteError, match=r"(?s)Invalid configuration: .*integer `3`.*in `model_providers"):
            attempt()
    assert setting.user_file.read_text() == text


def test_what_would_make_the_file_too_long_to_be_read_is_refused(setting: Setting) -> None:
    setting.user(FILE)
    assert "would be larger than" in refused(setting, change("model", "x" * MAX_FILE_BYTES)).message


def test_what_is_nested_too_deeply_is_refused(setting: Setting) -> None:
    value: object = 1
    for _ in range(5000):
        value = {"x": value}
    with pytest.raises(ConfigWriteError, match="nested more than 100 levels deep"):
        write(setting, change("desktop", value))
    with pytest.raises(ConfigWriteError, match="nested more than 100 levels deep"):
        write(setting, change(".".join(["a"] * 200), 1))
    assert not setting.user_file.exists()


@pytest.mark.parametrize(
    ("number", "said"), [(errno.EBUSY, "mount the folder that holds it"), (errno.EROFS, "Read-only file system")]
)
def test_a_file_that_nothing_can_take_the_place_of_is_named_with_the_way_out(number: int, said: str) -> None:
    told = why_not_written(Path("/home/config.toml"), OSError(number, os.strerror(number)))
    assert told.startswith("failed to write /home/config.toml: ")
    assert said in told
