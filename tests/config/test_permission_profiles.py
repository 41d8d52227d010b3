"""What permission profiles of the user's own let be done, and what is said of those that cannot be used."""

from typing import Any

import pytest
from config_setting import Setting

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.permission_profiles import profiles
from codex_trio.config.requirements import Requirements
from codex_trio.config.settings import EffectiveConfig, ProfileRights, TypedOverrides
from codex_trio.sandbox.policy import ReadableParts, WorkspaceWrite
from codex_trio.threads.options import sandbox_of

OWN = '[permissions.p.filesystem]\n":root" = "read"\n'


@pytest.fixture
def setting(tmp_path) -> Setting:
    return Setting(tmp_path)


def load(setting: Setting, text: str, name: str = "p", **typed: Any) -> EffectiveConfig:
    setting.user(f'default_permissions = "{name}"\n{text}')
    return setting.service().load(typed=TypedOverrides(**typed))


def rights_of(config: EffectiveConfig) -> ProfileRights:
    assert config.permission_profile is not None
    assert config.permission_profile.rights is not None
    return config.permission_profile.rights


def test_entries_of_all_kinds(setting: Setting) -> None:
    config = load(
        setting,
        """
        [permissions.p]
        description = "For a test"
        [permissions.p.filesystem]
        glob_scan_max_depth = 4
        ":root" = "read"
        ":tmpdir" = "write"
        "~/notes" = "write"
        "/srv/data/**" = "read"
        "/var/secret" = "none"
        [permissions.p.filesystem.":project_roots"]
        "." = "write"
        "docs" = "read"
        "**/*.env" = "deny"
        [permissions.p.network]
        enabled = true
        """,
    )
    assert config.sandbox_mode == "workspace-write"
    assert config.permission_profile is not None
    assert (config.permission_profile.id, config.permission_profile.extends) == ("p", None)
    assert config.permission_profile.rights == ProfileRights(
        opens_workspace=True,
        writable=(f"{setting.base}/notes",),
        read_only=("/srv/data", "docs"),
        denied=("/var/secret", "**/*.env"),
        opens_tmpdir=True,
        opens_slash_tmp=False,
        network_access=True,
        scan_depth=4,
        more_roots=(),
    )
    assert config.warnings == ()


def test_a_profile_goes_on_from_another(setting: Setting) -> None:
    config = load(
        setting,
        """
        [permissions.base]
        extends = ":workspace"
        [permissions.base.filesystem]
        "/a" = "write"
        "/b" = "deny"
        [permissions.p]
        extends = "base"
        [permissions.p.workspace_roots]
        "/other" = true
        "/not" = false
        [permissions.p.filesystem]
        "/b" = "read"
        ":slash_tmp" = "read"
        [permissions.p.filesystem.":workspace_roots"]
        "gen" = "read"
        """,
    )
    rights = rights_of(config)
    assert config.permission_profile is not None
    assert config.permission_profile.extends == "base"
    assert (rights.opens_workspace, rights.opens_tmpdir, rights.opens_slash_tmp) == (True, True, False)
    assert (rights.writable, rights.read_only, rights.denied) == (("/a",), ("gen", "/b"), ())
    assert rights.more_roots == ("/other",)


def test_a_profile_that_reads_only_some_places(setting: Setting) -> None:
    config = load(
        setting,
        """
        [permissions.p.filesystem]
        ":minimal" = "read"
        ":slash_tmp" = "read"
        "/srv" = "read"
        "/var/own" = "write"
        [permissions.p.filesystem.":workspace_roots"]
        "." = "read"
        "gen" = "write"
        """,
    )
    rights = rights_of(config)
    assert (rights.readable, rights.reads_system) == (("/srv", ".", "/tmp"), True)
    assert (rights.writable, rights.opens_workspace, config.warnings) == (("/var/own", "gen"), False, ())
    policy = sandbox_of(config)
    assert isinstance(policy, WorkspaceWrite)
    assert policy.limits is not None
    assert policy.limits.readable == ReadableParts(paths=("/srv", ".", "/tmp"), system=True)


def test_a_profile_that_reads_nothing_of_the_system_is_told(setting: Setting) -> None:
    config = load(setting, '[permissions.p.filesystem]\n":workspace_roots" = "write"\n')
    assert rights_of(config).readable == ()
    (warning,) = config.warnings
    assert 'set `":minimal" = "read"` in its filesystem table' in warning
    everything = load(setting, '[permissions.p.filesystem]\n"/" = "read"\n')
    assert rights_of(everything).readable is None


def test_a_mode_that_a_request_asks_for_counts_more(setting: Setting) -> None:
    config = load(setting, OWN, sandbox_mode="workspace-write")
    assert (config.permission_profile, config.sandbox_mode) == (None, "workspace-write")
    assert load(setting, 'sandbox_mode = "danger-full-access"\n' + OWN).sandbox_mode == "read-only"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "default_permissions requires a `[permissions]` table"),
        ('[permissions.q]\nextends = ":workspace"\n', "default_permissions refers to undefined profile `p`"),
        ('[permissions.p]\nextends = "q"\n', "permissions profile `p` extends undefined profile `q`"),
        ('[permissions.p]\nextends = ":danger-full-access"\n', "cannot extend unsupported built-in profile"),
        ('[permissions.p]\nextends = "q"\n[permissions.q]\nextends = "p"\n', "`p` extends itself by way of `q`"),
        ('[permissions.":x"]\n' + OWN, "`:x` uses a reserved built-in profile prefix"),
        (OWN + '"rel" = "read"\n', "filesystem path `rel` must be absolute, use `~/...`, or start with `:`"),
        (OWN + '"/tmp/*.log" = "read"\n', "filesystem glob path `/tmp/*.log` only supports `deny` access"),
        (OWN + '":workspace_roots" = { "../x" = "write" }\n', "filesystem path `../x` in permissions profile `p` must"),
        (OWN + '"/" = "deny"\n', "permissions profile `p` cannot deny `/`"),
        (OWN + '"//tmp/.." = "none"\n', "cannot deny `//tmp/..`: that is everything"),
        (OWN + '"/" = { "." = "deny" }\n', "cannot deny `/`"),
        (OWN + '":new" = "deny"\n', "denies `:new`, which is not known here"),
        (OWN + "glob_scan_max_depth = 0\n", "permissions profile `p`: `glob_scan_max_depth` must be at least 1"),
        (OWN + '"/x" = "maybe"\n', "config.toml:4:8: unknown variant `maybe`"),
        (OWN + '":minimal" = "deny"\n', "permissions profile `p` cannot deny `:minimal`"),
        (OWN + '":minimal" = "write"\n', "permissions profile `p` cannot let `:minimal` be written"),
        (
            OWN + "[permissions.p.network]\nenabled = true\ndomains = { 'https://x' = 'allow' }\n",
            "`https://x` in `network.domains` of permissions profile `p` is no host",
        ),
    ],
)
def test_what_cannot_be_used_says_why(setting: Setting, text: str, problem: str) -> None:
    with pytest.raises(ConfigLoadError) as raised:
        load(setting, text)
    assert problem in raised.value.message


def test_a_chain_of_profiles_that_nobody_would_write_is_refused(setting: Setting) -> None:
    links = [f'[permissions.p{number}]\nextends = "p{number + 1}"\n' for number in range(200)]
    with pytest.raises(ConfigLoadError, match="`p0` extends more than 50 others in a row"):
        load(setting, "".join(links), name="p0")
    listed = profiles(load(setting, "".join(links), name=":workspace").stack.merged, Requirements(), home=None)
    assert [profile.allowed for profile in listed] == [True] * 3 + [False] * 200


@pytest.mark.parametrize(
    ("name", "key"), [("a-b_1", "a-b_1"), ("a.b", '"a.b"'), ('say "x"', '"say \\"x\\""'), ("ünd", '"ünd"')]
)
def test_the_way_to_open_a_host_names_the_table_as_it_is_to_be_written(setting: Setting, name: str, key: str) -> None:
    network = f"[permissions.{key}.network]\nenabled = true\ndomains = {{ 'a.test' = 'allow' }}\n"
    config = load(setting, f"[permissions.{key}]\nextends = ':workspace'\n{network}", name=name.replace('"', '\\"'))
    hosts = rights_of(config).hosts
    assert hosts is not None
    assert hosts.way_out == f'set "{{host}}" = "allow" in [permissions.{key}.network.domains]'


def test_what_is_not_known_yet_is_told(setting: Setting) -> None:
    config = load(setting, OWN + '":new" = "read"\n":workspace_roots" = { "**/k" = "deny" }\n')
    assert [warning.split("`")[1] for warning in config.warnings] == [":new", "p"]


def test_an_administrator_decides_which_may_be_chosen(setting: Setting) -> None:
    path = setting.etc / "requirements.toml"
    path.write_text(
        'default_permissions = ":read-only"\n'
        '[allowed_permission_profiles]\n":read-only" = true\n":workspace" = false\np = true\n'
    )
    config = load(setting, OWN + '"/a" = "write"\n[permissions.q]\nextends = "p"\n[permissions.r]\nextends = "z"\n')
    listed = profiles(config.stack.merged, config.requirements, home=setting.base)

    assert rights_of(config).writable == ("/a",)
    assert {profile.name: profile.allowed for profile in listed} == {
        ":read-only": True,
        ":workspace": False,
        ":danger-full-access": False,
        "p": True,
        "q": False,
        "r": False,
    }
    for other in (load(setting, OWN, name=":workspace"), load(setting, OWN, sandbox_mode="workspace-write")):
        assert other.sandbox_mode == "read-only"
        assert f"(set by {path})" in other.warnings[0]
    setting.user("")
    unasked = setting.service().load()
    assert unasked.permission_profile is not None
    assert (unasked.permission_profile.id, unasked.warnings) == (":read-only", ())
