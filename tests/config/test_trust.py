"""Which projects may bring their own configuration, and how they come to be trusted."""

import subprocess
from pathlib import Path

import pytest
from config_setting import MOCK_PROVIDER, Setting

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.settings import SandboxMode, TypedOverrides

GIT_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def make_repository(folder: Path) -> None:
    """A much of a repository as counts: a `.git` folder with a HEAD."""
    make(folder / ".git" / "HEAD", folder=False)


def make(path: Path, *, folder: bool) -> None:
    """An empty file or folder, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if folder:
        path.mkdir()
    else:
        path.touch()


def test_a_project_nobody_decided_about_has_no_say_and_is_told_so_at_start(setting: Setting) -> None:
    setting.project_file('model = "project"\n')
    service = setting.service()

    (warning,) = service.startup_warnings()

    assert service.load().model is None
    assert service.load().trust_level is None
    assert warning.summary == (
        "Project-local config, hooks, and exec policies are disabled in the following folders until the project is "
        f"trusted, but skills still load.\n    1. {setting.project / '.codex'}\n       To load project-local config, "
        f"hooks, and exec policies, add {setting.project} as a trusted project in {setting.user_file}.\n"
    )


def test_a_trusted_project_has_a_say_and_commands_may_write_in_it(setting: Setting) -> None:
    setting.user(setting.trust())
    setting.project_file('model = "project"\n')

    config = setting.service().load()

    assert (config.model, config.trust_level) == ("project", "trusted")
    assert (config.approval_policy, config.sandbox_mode) == ("on-request", "workspace-write")


def test_an_untrusted_project_has_no_say_and_commands_are_asked_about(setting: Setting) -> None:
    setting.user(setting.trust(level="untrusted"))
    setting.project_file("model = [\n")

    config = setting.service().load()
    (layer,) = [layer for layer in config.stack.layers if layer.source.kind == "project"]

    assert (config.model, config.trust_level) == (None, "untrusted")
    assert (config.approval_policy, config.sandbox_mode) == ("untrusted", "workspace-write")
    assert (layer.disabled_reason or "").startswith(
        f"{setting.project} is marked as untrusted in the effective configuration."
    )


def test_a_trusted_project_with_a_broken_file_is_an_error_that_shows_the_line(setting: Setting) -> None:
    setting.user(setting.trust())
    path = setting.project_file("model = [\n")

    with pytest.raises(ConfigLoadError) as caught:
        setting.service().load()

    assert caught.value.message == (
        f"Error parsing project config file {path}: TOML parse error at line 1, column 10\n"
        "  |\n1 | model = [\n  |          ^\nunclosed array, expected `]`\n"
    )
    assert caught.value.range is None


def test_a_wrong_type_in_a_trusted_project_names_the_projects_file(setting: Setting) -> None:
    setting.user(setting.trust())
    path = setting.project_file("model = 5\n")

    with pytest.raises(ConfigLoadError, match=f"^{path}:1:9: invalid type: integer `5`"):
        setting.service().load()


def test_a_project_cannot_redirect_requests_and_is_told_so(setting: Setting) -> None:
    setting.user('model_provider = "mock"\n' + MOCK_PROVIDER + setting.trust())
    path = setting.project_file('model = "pm"\nnotify = ["x"]\nmodel_provider = "evil"\n[otel]\nenvironment = "x"\n')

    config = setting.service().load()

    assert (config.model, config.model_provider_id, "notify" in config.merged) == ("pm", "mock", False)
    (warning,) = config.warnings
    assert warning == (
        f"Ignored unsupported project-local config keys in {path}: model_provider, notify, otel. If you want these "
        "settings to apply, manually set them in your user-level config.toml."
    )


def test_the_nearest_entry_decides_so_a_subfolder_can_be_trusted_again(setting: Setting) -> None:
    make_repository(setting.project)
    sub = setting.project / "sub"
    setting.project_file('model = "root"\n')
    setting.project_file('model_verbosity = "low"\n', folder="sub")
    setting.user(setting.trust(level="untrusted") + setting.trust(sub))

    config = setting.service().load(sub)

    assert (config.model, config.model_verbosity) == (None, "low")


def test_every_folder_from_the_root_to_the_working_folder_counts_the_nearest_most(setting: Setting) -> None:
    make_repository(setting.project)
    setting.project_file('model = "root"\nmodel_verbosity = "low"\n')
    setting.project_file('model = "sub"\n', folder="sub")
    setting.project_file('model = "beside"\n', folder="other")
    setting.user(setting.trust())

    config = setting.service().load(setting.project / "sub" / "deep")

    assert (config.model, config.model_verbosity) == ("sub", "low")
    assert config.project_root == setting.project


def test_other_markers_can_stand_for_a_projects_root(setting: Setting) -> None:
    (setting.project / "top.marker").write_text("")
    deep = setting.project / "a" / "b"
    deep.mkdir(parents=True)
    setting.user('project_root_markers = ["top.marker"]\n')

    assert setting.service().load(deep).project_root == setting.project
    assert setting.service(("project_root_markers", [])).load(deep).project_root == deep


def test_the_users_own_folder_is_not_also_a_project(setting: Setting) -> None:
    home = setting.project / ".codex"
    setting.home.rename(home)
    setting.home = home
    setting.user('model = "user"\n' + setting.trust())

    layers = setting.service().load().stack.layers

    assert [layer.source.kind for layer in layers] == ["system", "user"]


@pytest.mark.parametrize("mode", ["workspace-write", "danger-full-access"])
@pytest.mark.parametrize("thing", [".git/HEAD", ".codex/", ".codex/hooks.json", "top.marker"])
def test_starting_a_thread_trusts_nothing_however_much_it_may_do(
    setting: Setting, thing: str, mode: SandboxMode
) -> None:
    make(setting.project / thing, folder=thing.endswith("/"))
    setting.project_file('model = "project"\nsandbox_mode = "danger-full-access"\n')
    service = setting.service(("project_root_markers", [".git", "top.marker"]))

    for _ in range(2):
        config = service.load_for_new_thread(typed=TypedOverrides(sandbox_mode=mode, approval_policy="never"))
        assert (config.model, config.trust_level, config.rule_folders) == (
            None,
            None,
            (setting.etc / "rules", setting.home / "rules"),
        )
    assert not setting.user_file.exists()


def test_whoever_starts_a_thread_where_settings_have_no_effect_is_told_once(setting: Setting) -> None:
    folder = setting.base / "elsewhere"
    make(folder / ".codex" / "config.toml", folder=False)
    service = setting.service()
    service.startup_warnings()

    (warning,) = service.unannounced_warnings(service.load_for_new_thread(folder))

    assert f"1. {folder / '.codex'}" in warning.summary
    assert service.unannounced_warnings(service.load_for_new_thread(folder)) == []


def test_a_request_can_take_trust_away_and_not_give_it(setting: Setting) -> None:
    make_repository(setting.project)
    setting.project_file('model = "project"\n')

    def load(level: str) -> tuple[str | None, str | None]:
        request = {"projects": {str(setting.project): {"trust_level": level}}}
        config = setting.service().load_for_new_thread(None, request)
        return config.model, config.trust_level

    assert load("trusted") == (None, None)
    setting.user(setting.trust())
    assert load("trusted") == ("project", "trusted")
    assert load("untrusted") == (None, "untrusted")


def test_the_command_line_is_the_users_own_word(setting: Setting) -> None:
    setting.project_file('model = "project"\n')
    flag = ("projects", {str(setting.project): {"trust_level": "trusted"}})
    assert setting.service(flag).load().model == "project"


def test_a_project_cannot_make_itself_or_others_trusted(setting: Setting) -> None:
    make_repository(setting.project)
    inner = setting.project / "inner"
    make_repository(inner)
    setting.project_file(f"auto_trust = true\n{setting.trust(inner)}")
    setting.project_file('model = "inner"\n', folder="inner")
    setting.user(setting.trust())
    service = setting.service()

    config = service.load_for_new_thread(inner, typed=TypedOverrides(sandbox_mode="workspace-write"))

    assert (config.model, config.trust_level) == (None, None)
    assert "auto_trust" in service.load().warnings[0]
    assert setting.user_file.read_text() == setting.trust()


@pytest.mark.parametrize("way_back", [None, "", "/somewhere/else/.git", "\0"])
def test_a_folder_that_only_claims_to_be_a_worktree_is_not_trusted_as_one(
    setting: Setting, way_back: str | None
) -> None:
    trusted = setting.base / "trusted"
    make_repository(trusted)
    entry = trusted / ".git" / "worktrees" / "tree"
    entry.mkdir(parents=True)
    if way_back is not None:
        (entry / "gitdir").write_text(way_back)
    (setting.project / ".git").write_text(f"gitdir: {entry}\n")
    setting.project_file('model = "project"\n')
    setting.user(setting.trust(trusted))

    assert setting.service().load().model is None

    (entry / "gitdir").write_text(f"{setting.project / '.git'}\n")
    assert setting.service().load().model == "project"


# --- with `auto_trust` ---

ASKED_FOR = "auto_trust = true\n"


@pytest.mark.parametrize("mode", ["workspace-write", "danger-full-access"])
def test_a_user_can_have_projects_trusted_by_letting_a_thread_write(setting: Setting, mode: str) -> None:
    setting.user(f'# mine\nmodel = "user" # why\n{ASKED_FOR}')
    setting.project_file('model = "project"\n')
    service = setting.service()

    config = service.load_for_new_thread(None, {"sandbox_mode": mode})

    assert (config.model, config.trust_level) == ("project", "trusted")
    assert setting.user_file.read_text() == f'# mine\nmodel = "user" # why\n{ASKED_FOR}\n{setting.trust()}'


@pytest.mark.parametrize("where", ["the command line", "a request"])
def test_only_the_users_file_can_ask_for_that(setting: Setting, where: str) -> None:
    make_repository(setting.project)
    flags = [("auto_trust", True)] if where == "the command line" else []
    request = {"auto_trust": True} if where == "a request" else None

    typed = TypedOverrides(sandbox_mode="workspace-write")
    config = setting.service(*flags).load_for_new_thread(None, request, typed=typed)

    assert config.trust_level is None
    assert not setting.user_file.exists()


def test_looking_only_or_an_earlier_decision_changes_nothing(setting: Setting) -> None:
    make_repository(setting.project)
    setting.user(ASKED_FOR)
    service = setting.service()
    service.load_for_new_thread(typed=TypedOverrides(sandbox_mode="read-only", approval_policy="never"))
    assert setting.user_file.read_text() == ASKED_FOR

    text = ASKED_FOR + setting.trust(level="untrusted")
    setting.user(text)
    service.load_for_new_thread(typed=TypedOverrides(sandbox_mode="danger-full-access"))
    assert setting.user_file.read_text() == text


@pytest.mark.parametrize("mode", ["workspace-write", "danger-full-access"])
@pytest.mark.parametrize(
    "plain", ["nothing", ".git/", ".git", ".git/config", ".git/HEAD/", ".codex", ".agents/skills/", "sub/.codex/"]
)
def test_a_plain_folder_leaves_no_entry_however_much_a_thread_may_do_there(
    setting: Setting, plain: str, mode: SandboxMode
) -> None:
    make(setting.project / plain, folder=plain.endswith("/"))
    setting.user(ASKED_FOR)

    config = setting.service().load_for_new_thread(typed=TypedOverrides(sandbox_mode=mode, approval_policy="never"))

    assert (config.sandbox_mode, config.trust_level) == (mode, None)
    assert setting.user_file.read_text() == ASKED_FOR


@pytest.mark.parametrize("thing", [".git/HEAD", ".codex/", ".codex/hooks.json", "top.marker"])
def test_a_repository_own_settings_or_a_marker_make_a_folder_one_to_trust(setting: Setting, thing: str) -> None:
    make(setting.project / thing, folder=thing.endswith("/"))
    setting.user(ASKED_FOR)
    service = setting.service(("project_root_markers", [".git", "top.marker"]))

    service.load_for_new_thread(typed=TypedOverrides(sandbox_mode="workspace-write"))

    assert setting.user_file.read_text() == f"{ASKED_FOR}\n{setting.trust()}"


def test_the_settings_of_a_folder_above_that_is_no_root_do_not_count(setting: Setting) -> None:
    setting.project_file('model = "above"\n')
    setting.user(ASKED_FOR)
    sub = setting.project / "sub"
    sub.mkdir()

    setting.service().load_for_new_thread(sub, typed=TypedOverrides(sandbox_mode="workspace-write"))

    assert setting.user_file.read_text() == ASKED_FOR


def test_trust_from_a_subfolder_is_given_to_the_repository(setting: Setting) -> None:
    make_repository(setting.project)
    setting.user(ASKED_FOR)
    sub = setting.project / "sub"
    sub.mkdir()

    setting.service().load_for_new_thread(sub, typed=TypedOverrides(sandbox_mode="workspace-write"))

    assert setting.user_file.read_text() == f"{ASKED_FOR}\n{setting.trust()}"


def test_a_linked_worktree_shares_the_trust_of_its_main_checkout(setting: Setting) -> None:
    main = setting.project / "main"
    tree = setting.project / "tree"

    def git(*arguments: str) -> None:
        environment = {**GIT_ENVIRONMENT, "HOME": str(setting.base)}
        subprocess.run(["git", "-C", str(main), *arguments], check=True, capture_output=True, env=environment)

    main.mkdir()
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "x")
    git("worktree", "add", "-q", str(tree))
    setting.project_file('model = "tree"\n', folder="tree")
    setting.user(ASKED_FOR)

    config = setting.service().load_for_new_thread(tree, typed=TypedOverrides(sandbox_mode="workspace-write"))

    assert config.model == "tree"
    assert setting.user_file.read_text() == f"{ASKED_FOR}\n{setting.trust(main)}"


def test_trust_follows_a_symlink_to_the_project(setting: Setting, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(setting.project)
    setting.user(setting.trust())
    setting.project_file('model = "project"\n')

    assert setting.service().load(link).model == "project"
