"""What an administrator requires of a configuration, in whatever file."""

from typing import Any

import pytest
from config_setting import MOCK_PROVIDER, Setting

from codex_trio.config.errors import ConfigLoadError, ConfigWriteError
from codex_trio.config.read import ConfigReader
from codex_trio.config.requirements import Required
from codex_trio.config.settings import HostLists, TypedOverrides
from codex_trio.config.write import ConfigEdit, write_config

LOOKING = 'allowed_sandbox_modes = ["read-only"]\n'
ASKING = 'allowed_approval_policies = ["on-request"]\n'
FORBIDDEN_NEVER = "invalid value for `approval_policy`: `Never` is not in the allowed set [OnRequest] (set by {})"


@pytest.fixture
def setting(tmp_path) -> Setting:
    return Setting(tmp_path)


def require(setting: Setting, text: str) -> str:
    path = setting.etc / "requirements.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def manage(setting: Setting, text: str) -> str:
    path = setting.etc / "managed_config.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_what_is_not_allowed_gives_way_to_what_is_and_says_so(setting: Setting) -> None:
    path = require(setting, ASKING + LOOKING + 'allowed_approvals_reviewers = ["user"]\n')
    setting.user(
        'approval_policy = "never"\nsandbox_mode = "read-only"\napprovals_reviewer = "auto_review"\n' + setting.trust()
    )

    config = setting.service().load()

    assert (config.approval_policy, config.approvals_reviewer, config.sandbox_mode) == (
        "on-request",
        "user",
        "read-only",
    )
    told = "Configured value for `{}` is disallowed by requirements; falling back to required value {}. Details: {}"
    reviewer = f"invalid value for `approvals_reviewer`: `AutoReview` is not in the allowed set [User] (set by {path})"
    assert [text for text in config.warnings if "disallowed" in text] == [
        told.format("approval_policy", "OnRequest", FORBIDDEN_NEVER.format(path)),
        told.format("approvals_reviewer", "User", reviewer),
    ]


def test_what_nobody_asked_for_gives_way_in_silence(setting: Setting) -> None:
    require(setting, 'allowed_approval_policies = ["never"]\n' + LOOKING)
    setting.user(setting.trust())

    config = setting.service().load()

    assert (config.approval_policy, config.sandbox_mode, config.warnings) == ("never", "read-only", ())


@pytest.mark.parametrize("how", ["request", "command line", "typed"])
def test_neither_a_request_nor_the_command_line_gets_more(setting: Setting, how: str) -> None:
    require(setting, ASKING + LOOKING)
    settings = {"approval_policy": "on-request", "sandbox_mode": "danger-full-access"}
    match how:
        case "request":
            config = setting.service().load(None, settings)
        case "command line":
            config = setting.service(*settings.items()).load()
        case _:
            config = setting.service().load(typed=TypedOverrides(sandbox_mode="danger-full-access"))

    assert config.sandbox_mode == "read-only"
    assert any("`DangerFullAccess` is not in the allowed set [ReadOnly]" in text for text in config.thread_warnings)


def test_a_thread_that_could_neither_write_nor_ask_does_not_start(setting: Setting) -> None:
    require(setting, LOOKING)
    with pytest.raises(ConfigLoadError, match='`approval_policy = "never"` cannot be used here'):
        setting.service().load(None, {"approval_policy": "never", "sandbox_mode": "danger-full-access"})


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ('allowed_sandbox_modes = ["read-only"\n', "1:37", "unclosed array"),
        ('# one\nallowed_approval_policies = "never"\n', "2:29", 'invalid type: string "never", expected a sequence'),
        ('allowed_approval_policies = ["sometimes"]\n', "1:30", "unknown variant `sometimes`"),
        ("allowed_approval_policies = []\n", "1:29", "it cannot be empty"),
        ('\nallowed_sandbox_modes = ["workspace-write"]\n', "2:25", "it must include `read-only`"),
        ("[features]\ngoals = 1\n", "2:9", "invalid type: integer `1`, expected a boolean"),
        ('[mcp_servers.a.identity]\ncommand = "x"\nurl = "y"\n', "1:1", "expected either `command` or `url`"),
        ('[rules]\nprefix_rules = [{ pattern = [], decision = "forbidden" }]\n', "2:", "a rule without words"),
        ('[rules]\nprefix_rules = [{ pattern = [{ token = "rm" }], decision = "allow" }]\n', "2:", "unknown variant"),
        (
            '[permissions.filesystem]\ndeny_read = ["/a", "/"]\n',
            "2:20",
            "`/` cannot be denied: that is everything in `p",
        ),
        ('[permissions.filesystem]\ndeny_read = ["//tmp/.."]\n', "2:14", "`//tmp/..` cannot be denied"),
        ('[[remote_sandbox_config]]\nhostname_patterns = ["*"]\nallowed_sandbox_modes = []\n', "3:25", "must include"),
    ],
)
def test_a_file_that_cannot_be_used_never_means_that_nothing_is_required(
    setting: Setting, text: str, line: str, problem: str
) -> None:
    path = require(setting, text)
    service = setting.service()

    with pytest.raises(ConfigLoadError) as raised:
        service.load_for_new_thread()
    assert raised.value.message.startswith(f"failed to parse requirements layer {path}:{line}")
    assert problem in raised.value.message
    with pytest.raises(ConfigLoadError):
        service.requirements()
    # The server itself goes on, with the least there is, and tells its clients.
    default = service.startup_default()
    assert (default.approval_policy, default.sandbox_mode) == ("on-request", "read-only")
    assert [warning.details for warning in service.startup_warnings()] == [raised.value.message]
    with pytest.raises(ConfigWriteError, match="failed to parse requirements layer"):
        write_config(service, [ConfigEdit(key_path="model", value="m", merge_strategy="replace")])
    assert not setting.user_file.exists()


@pytest.mark.parametrize("name", ["requirements.toml", "managed_config.toml"])
@pytest.mark.parametrize("what", ["a link to nowhere", "a folder", "no text"])
def test_a_file_that_cannot_be_read_stops_threads(setting: Setting, name: str, what: str) -> None:
    path = setting.etc / name
    service = setting.service()
    service.load_for_new_thread()
    match what:
        case "a link to nowhere":
            path.symlink_to("nowhere")
        case "a folder":
            path.mkdir()
        case _:
            path.write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigLoadError, match=str(path)):
        service.load_for_new_thread()
    assert service.startup_default().sandbox_mode == "read-only"


def test_a_folder_of_the_machine_that_cannot_be_looked_at_stops_threads(setting: Setting) -> None:
    setting.etc.rmdir()
    setting.etc.symlink_to("x" * 300)
    with pytest.raises(ConfigLoadError, match="File name too long"):
        setting.service().load_for_new_thread()


def test_a_managed_configuration_with_a_wrong_value_names_its_place(setting: Setting) -> None:
    path = manage(setting, 'model = "m"\nsandbox_mode = "everything"\n')
    with pytest.raises(ConfigLoadError, match=f"^{path}:2:16: unknown variant `everything`"):
        setting.service().load()


def test_a_managed_configuration_beats_the_command_line_and_requires_what_it_says(setting: Setting) -> None:
    path = manage(setting, 'model = "managed"\nsandbox_mode = "workspace-write"\napproval_policy = "on-request"\n')
    require(setting, 'allowed_approval_policies = ["never"]\n' + LOOKING)
    setting.user('model = "own"\n')
    service = setting.service(("model", "flag"))

    config = service.load(typed=TypedOverrides(approval_policy="never"))

    assert (config.model, config.sandbox_mode, config.approval_policy) == ("managed", "workspace-write", "on-request")
    view = ConfigReader(service).read(None)
    assert view.layers[0].source.to_plain() == {"type": "legacyManagedConfigTomlFromFile", "file": path}
    assert view.origins["model"].source.file == setting.etc / "managed_config.toml"
    required = service.requirements()
    assert required.sandbox_modes is not None
    assert (required.sandbox_modes.words, required.sandbox_modes.source) == (("read-only", "workspace-write"), path)
    outcome = write_config(service, [ConfigEdit(key_path="model", value="new", merge_strategy="replace")])
    assert outcome.overridden is not None
    assert outcome.overridden.message == f"Overridden by legacy managed_config.toml: {path}"
    assert outcome.overridden.effective_value == "managed"


def test_switches_are_as_required_and_writing_others_is_refused(setting: Setting) -> None:
    path = require(setting, "[features]\ngoals = false\nmulti_agent = false\n")
    setting.user("[features]\ngoals = true\n")
    service = setting.service()

    config = service.load()
    assert (config.feature("goals"), config.feature("multi_agent")) == (False, False)
    assert sum("`features.goals`" in text for text in config.warnings) == 1

    expected = f"`features.goals=true` is not in the allowed set [goals=false] (set by {path})"
    for key, value in (("features.goals", True), ("features", {"collab": True})):
        with pytest.raises(ConfigWriteError) as raised:
            write_config(service, [ConfigEdit(key_path=key, value=value, merge_strategy="upsert")])
        assert raised.value.code == "configValidationError"
        assert expected.replace("goals", "goals" if key != "features" else "multi_agent") in raised.value.message
    write_config(service, [ConfigEdit(key_path="features.goals", value=False, merge_strategy="replace")])


@pytest.mark.parametrize(
    ("key", "value", "effective"),
    [
        ("approval_policy", "never", "on-request"),
        ("sandbox_mode", "danger-full-access", "read-only"),
        ("web_search", "live", "cached"),
        ("approvals_reviewer", "auto_review", "user"),
        ("allow_login_shell", True, False),
        ("mcp_servers.other.command", "x", None),
    ],
)
def test_a_write_that_changes_nothing_for_the_sake_of_requirements_says_so(
    setting: Setting, key: str, value: Any, effective: Any
) -> None:
    path = require(
        setting,
        ASKING
        + LOOKING
        + 'allowed_web_search_modes = ["cached"]\nallowed_approvals_reviewers = ["user"]\nallow_login_shell = false\n'
        + '[mcp_servers.mine.identity]\ncommand = "good"\n',
    )
    outcome = write_config(setting.service(), [ConfigEdit(key_path=key, value=value, merge_strategy="replace")])

    assert outcome.overridden is not None
    assert outcome.overridden.layer.source.to_plain() == {"type": "system", "file": path}
    assert (outcome.status, outcome.overridden.effective_value) == ("okOverridden", effective)


def test_only_servers_that_are_what_they_must_be_are_on(setting: Setting) -> None:
    path = require(
        setting,
        '[mcp_servers.mine.identity]\ncommand = "good"\n[mcp_servers.far.identity]\nurl = "https://a.example"\n',
    )
    setting.user(
        '[mcp_servers.mine]\ncommand = "evil"\nrequired = true\n[mcp_servers.other]\ncommand = "good"\n'
        '[mcp_servers.far]\nurl = "https://a.example"\n'
    )
    config = setting.service().load()

    tables = config.merged["mcp_servers"]
    assert {name: table.get("enabled", True) for name, table in tables.items()} == {
        "mine": False,
        "other": False,
        "far": True,
    }
    assert tables["mine"]["required"] is False
    assert config.warnings == (
        f"MCP server `mine` is not the one that is allowed by that name (set by {path}); it is disabled.",
        f"MCP server `other` is not among those that are allowed (set by {path}); it is disabled.",
    )


def test_forced_settings_and_instructions_count_whatever_is_asked_for(setting: Setting) -> None:
    require(
        setting,
        'additional_developer_instructions = "Be kind."\nmodel_provider = "mock"\nallow_login_shell = false\n'
        'allowed_login_methods = ["api"]\n',
    )
    setting.user('developer_instructions = "Mine."\n' + MOCK_PROVIDER)

    config = setting.service().load(None, {"model_provider": "openai", "allow_login_shell": True})

    assert (config.model_provider_id, config.allow_login_shell, config.forced_login_method) == ("mock", False, "api")
    assert config.developer_instructions == "Mine.\n\nBe kind."
    assert any("`model_provider` is overridden" in text for text in config.warnings)


@pytest.mark.parametrize("kind", ["prompt", "agent"])
def test_what_is_required_and_not_seen_to_stops_threads(setting: Setting, kind: str) -> None:
    path = require(setting, f'[[hooks.Stop]]\nhooks = [{{ type = "{kind}" }}]\n')
    with pytest.raises(ConfigLoadError, match=f"^{path}: `type = .{kind}.. in `hooks.Stop` is required"):
        setting.service().load_for_new_thread()


RESTRICTED = "[marketplaces]\nrestrict_to_allowed_sources = true\n"
ONE_SOURCE = RESTRICTED + "[marketplaces.allowed_sources.one]\n"
USERS_MARKETPLACES = """
[marketplaces.mine]
source_type = "git"
source = "https://git.example/mine.git"
ref = "v1"
[plugins."alpha@mine"]
[plugins."beta@elsewhere"]
[plugins."gamma@elsewhere"]
enabled = false
"""


@pytest.mark.parametrize(
    ("allowed", "is_allowed"),
    [
        ('source = "git"\nurl = "https://git.example/mine.git"\n', True),
        ('source = "git"\nurl = "https://git.example/mine.git"\nref = "v1"\n', True),
        ('source = "git"\nurl = "https://git.example/mine.git"\nref = "v2"\n', False),
        ('source = "git"\nurl = "https://git.example/mine"\n', False),
        ('source = "host_pattern"\nhost_pattern = "^git[.]example$"\n', True),
        ('source = "host_pattern"\nhost_pattern = "^example$"\n', False),
        ('source = "local"\npath = "/git.example/mine.git"\n', False),
    ],
)
def test_marketplaces_and_their_plugins_come_from_allowed_sources_only(
    setting: Setting, allowed: str, *, is_allowed: bool
) -> None:
    path = require(setting, ONE_SOURCE + allowed)
    setting.user(USERS_MARKETPLACES)
    config = setting.service().load()
    assert list(config.merged["marketplaces"]) == (["mine"] if is_allowed else [])
    assert list(config.merged["plugins"]) == (["alpha@mine"] if is_allowed else [])
    refused = f"marketplace source `https://git.example/mine.git#v1` is not allowed by requirements from {path}"
    left_out = ["beta@elsewhere"] if is_allowed else ["alpha@mine", "beta@elsewhere"]
    assert [text for text in config.warnings if str(path) in text] == [
        *([] if is_allowed else [f"{refused}; `marketplaces.mine` is left out."]),
        *(
            f"Plugin `{name}` is left out: its marketplace is not configured from an allowed source (set by {path})."
            for name in left_out
        ),
    ]
    said = write_config(
        setting.service(), [ConfigEdit(key_path="marketplaces.mine.ref", value="v1", merge_strategy="replace")]
    )
    assert (None if said.overridden is None else said.overridden.message) == (None if is_allowed else refused)


def test_a_link_to_an_allowed_folder_stands_for_that_folder_alone(setting: Setting) -> None:
    folder = setting.etc / "market"
    (folder.parent / "link").symlink_to(folder)
    require(setting, ONE_SOURCE + f'source = "local"\npath = "{folder}"\n')
    setting.user(f'[marketplaces.linked]\nsource_type = "local"\nsource = "{folder.parent / "link"}"\n')
    assert setting.service().load().merged["marketplaces"]["linked"]["source"] == str(folder)


def test_sources_that_are_listed_and_not_insisted_on_restrict_nothing(setting: Setting) -> None:
    require(setting, '[marketplaces.allowed_sources.one]\nsource = "git"\n')
    setting.user(USERS_MARKETPLACES)
    config = setting.service().load()
    assert (len(config.merged["marketplaces"]), len(config.merged["plugins"])) == (1, 3)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (ONE_SOURCE, "missing source"),
        (ONE_SOURCE + 'source = "git"\n', "missing url"),
        (ONE_SOURCE + 'source = "local"\npath = "market"\n', "local path must be absolute"),
        (
            ONE_SOURCE + 'source = "host_pattern"\nhost_pattern = "("\n',
            "host_pattern cannot be used as a regular expression",
        ),
        (ONE_SOURCE + 'source = "svn"\n', "unknown variant `svn`"),
        (ONE_SOURCE + 'source = "git"\nurl = "u"\nrefs = "v1"\n', "unknown field `refs`"),
        ("[marketplaces]\nrestrict_to_allowed_source = true\n", "unknown field `restrict_to_allowed_source`"),
        ('[plugins."p@m".mcp_servers.s.identity]\n', "expected either `command` or `url`"),
    ],
)
def test_a_restriction_that_cannot_be_used_is_none_in_silence(setting: Setting, table: str, said: str) -> None:
    path = require(setting, table)
    with pytest.raises(ConfigLoadError) as raised:
        setting.service().load()
    assert said in str(raised.value)
    assert str(path) in str(raised.value)


def test_models_that_need_review_or_are_allowed_nothing_by_rules_are_known_by_any_namespace(setting: Setting) -> None:
    path = require(setting, '[auto_review]\nrequired_on_models = ["a"]\nignore_rules = ["b"]\n')
    requirements = setting.service().load().requirements
    for model in ("a", "vendor/a"):
        told = f"To use model `{model}`, you need to use auto review (set by {path})."
        assert (requirements.needs_review(model), requirements.counts_allowing_rules(model)) == (told, True)
    for model in ("b", "vendor/b"):
        assert (requirements.needs_review(model), requirements.counts_allowing_rules(model)) == (None, False)


@pytest.mark.parametrize("name", ["required_on_models", "ignore_rules"])
@pytest.mark.parametrize("model", ["", " m", "vendor/m"])
def test_what_is_no_name_of_a_model_is_no_requirement_in_silence(setting: Setting, name: str, model: str) -> None:
    path = require(setting, f'[auto_review]\n{name} = ["m", "{model}"]\n')
    with pytest.raises(ConfigLoadError) as raised:
        setting.service().load()
    assert f"`{model}` is no name of a model" in str(raised.value)
    assert str(path) in str(raised.value)


def test_hosts_that_may_be_reached_are_read_and_close_full_access(setting: Setting) -> None:
    path = require(
        setting,
        "[experimental_network]\nenabled = true\nmanaged_allowed_domains_only = true\nhttp_port = 8080\n"
        'denied_domains = ["B.test"]\nreview_domains = ["r.test"]\n'
        '[experimental_network.domains]\n"*.A.test" = "allow"\n',
    )
    setting.user('sandbox_mode = "danger-full-access"\n' + setting.trust())

    config = setting.service().load()

    lists = HostLists(source=path, allowed=("*.a.test",), denied=("b.test",), reviewed=("r.test",), is_final=True)
    assert config.requirements.hosts == Required(lists, path)
    assert config.sandbox_mode == "read-only"
    kept = f"cannot keep commands to the hosts that `experimental_network` allows (set by {path})"
    told = [text for text in config.warnings if path in text]
    assert len(told) == 2
    assert told[0].startswith(f"`experimental_network.http_port` of {path} changes nothing")
    assert kept in told[1]


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("enabled = false\n", False),
        ('enabled = false\ndenied_domains = ["a.test"]\n', True),
    ],
)
def test_limits_of_hosts_that_are_switched_off_limit_nothing(setting: Setting, text: str, *, warned: bool) -> None:
    path = require(setting, f"[experimental_network]\n{text}")
    requirements = setting.service().load().requirements
    assert requirements.hosts is None
    unused = f"`experimental_network` of {path} limits no hosts: it says `enabled = false`."
    assert requirements.warnings == ((unused,) if warned else ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('domains = { "http://a" = "allow" }', "`http://a` in `experimental_network.domains` of"),
        ('denied_domains = ["*"]', 'cannot deny "*": list what may be reached, and set `managed_allowed_domains_only'),
        ('domains = { "a.test" = "maybe" }', "experimental_network.domains.a.test"),
        ('enabled = "yes"', "experimental_network.enabled"),
    ],
)
def test_hosts_that_cannot_be_meant_are_no_limits_in_silence(setting: Setting, text: str, problem: str) -> None:
    path = require(setting, f"[experimental_network]\n{text}\n")
    with pytest.raises(ConfigLoadError) as raised:
        setting.service().load()
    assert str(raised.value).startswith(f"failed to parse requirements layer {path}:")
    assert problem in str(raised.value)


def test_unknown_keys_are_told_and_nothing_else(setting: Setting) -> None:
    path = require(setting, 'bogus = 1\nallowed_sandbox_mode = ["read-only"]\n[permissions.p]\nextends = "x"\n')
    (warning,) = setting.service().load().warnings
    assert warning == (
        "Codex is ignoring 3 unrecognized configuration settings. Check for typos or deprecated settings.\n"
        f"  requirements ({path}): `bogus` is ignored.\n"
        f"  requirements ({path}): `allowed_sandbox_mode` is ignored. Did you mean `allowed_sandbox_modes`?\n"
        f"  requirements ({path}): `permissions.p` is ignored."
    )


def test_a_machine_may_have_modes_of_its_own(setting: Setting) -> None:
    require(
        setting,
        LOOKING + '[[remote_sandbox_config]]\nhostname_patterns = ["*"]\n'
        'allowed_sandbox_modes = ["read-only", "workspace-write"]\n',
    )
    assert setting.service().load(None, {"sandbox_mode": "workspace-write"}).sandbox_mode == "workspace-write"


def test_requirements_that_change_count_at_once(setting: Setting) -> None:
    service = setting.service()
    assert service.load(None, {"approval_policy": "never"}).approval_policy == "never"
    require(setting, ASKING)
    assert service.load(None, {"approval_policy": "never"}).approval_policy == "on-request"
    assert service.load().requirements.approval_policies is not None


def test_every_provider_is_told_where_data_must_stay(setting: Setting) -> None:
    require(setting, 'enforce_residency = "us"\n')
    setting.user(
        f'{MOCK_PROVIDER}http_headers = {{ X-OpenAI-Internal-Codex-Residency = "eu", other = "x" }}\n'
        'env_http_headers = { x-openai-internal-codex-residency = "WHERE" }\n'
    )
    providers = setting.service().load().model_providers

    assert {provider.http_headers["x-openai-internal-codex-residency"] for provider in providers.values()} == {"us"}
    assert providers["mock"].http_headers == {"other": "x", "x-openai-internal-codex-residency": "us"}
    assert providers["mock"].env_http_headers == {}
