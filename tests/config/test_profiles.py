"""Profiles: files of the user's that are put on top of `config.toml` for one run."""

import pytest
from config_setting import Setting

from codex_trio.config.errors import ConfigLoadError, ConfigWriteError, StartupRefused
from codex_trio.config.read import ConfigReader
from codex_trio.config.service import ConfigService
from codex_trio.config.settings import TypedOverrides
from codex_trio.config.write import ConfigEdit, write_config


def service(setting: Setting, profile: str = "work", *, strict: bool = False) -> ConfigService:
    return ConfigService(
        setting.home,
        environ={"HOME": str(setting.base)},
        system_dir=setting.etc,
        profile=profile,
        cwd=setting.project,
        strict=strict,
    )


def edit(key: str, value: object) -> ConfigEdit:
    return ConfigEdit(key_path=key, value=value, merge_strategy="replace")


def test_a_profile_lies_between_the_users_file_and_the_project(setting: Setting) -> None:
    setting.user('model = "base"\nreview_model = "base"\nmodel_verbosity = "low"\n' + setting.trust())
    profile = setting.home / "work.config.toml"
    profile.write_text('model = "work"\nreview_model = "work"\n')
    setting.project_file('model = "project"\n')

    config = service(setting).load()
    view = ConfigReader(service(setting)).read(setting.project)

    assert (config.model, config.review_model, config.model_verbosity) == ("project", "work", "low")
    assert [layer.source.to_plain() for layer in view.layers] == [
        {"type": "project", "dotCodexFolder": str(setting.project / ".codex")},
        {"type": "user", "file": str(profile), "profile": "work"},
        {"type": "user", "file": str(setting.user_file), "profile": None},
        {"type": "system", "file": str(setting.etc / "config.toml")},
    ]
    assert view.origins["review_model"].source.profile == "work"
    assert view.origins["model_verbosity"].source.profile is None


def test_a_change_of_the_profile_counts_for_the_next_thread(setting: Setting) -> None:
    profile = setting.home / "work.config.toml"
    profile.write_text('model = "one"\n')
    running = service(setting)
    assert running.load().model == "one"

    profile.write_text('model = "another"\n')

    assert running.load().model == "another"


def test_what_clients_write_goes_into_the_profile_in_use(setting: Setting) -> None:
    setting.user('model = "base"\n')
    profile = setting.home / "work.config.toml"
    profile.write_text('# mine\nmodel = "work"\n')
    running = service(setting)

    outcome = write_config(running, [edit("model", "new")])

    assert (outcome.status, outcome.file_path) == ("ok", profile)
    assert profile.read_text() == '# mine\nmodel = "new"\n'
    assert setting.user_file.read_text() == 'model = "base"\n'
    write_config(running, [edit("model", "newer")], file_path=str(profile), expected_version=outcome.version)
    with pytest.raises(ConfigWriteError, match="modified since"):
        write_config(running, [edit("model", "x")], expected_version=outcome.version)
    with pytest.raises(ConfigWriteError, match="Only writes to the user config"):
        write_config(running, [edit("model", "x")], file_path=str(setting.user_file))


def test_trust_that_is_given_with_a_profile_is_saved_in_it(setting: Setting) -> None:
    (setting.project / ".git").mkdir()
    (setting.project / ".git" / "HEAD").touch()
    setting.user("auto_trust = true\n")

    config = service(setting).load_for_new_thread(typed=TypedOverrides(sandbox_mode="workspace-write"))

    assert config.trust_level == "trusted"
    assert (setting.home / "work.config.toml").read_text() == setting.trust()


def test_a_profile_without_a_file_changes_nothing_and_says_so(setting: Setting) -> None:
    setting.user('model = "base"\n')

    config = service(setting, "wrok").load()

    assert config.model == "base"
    assert config.warnings == (
        f"The profile `wrok` changes nothing: {setting.home / 'wrok.config.toml'} does not exist.",
    )


@pytest.mark.parametrize("older", ['profile = "work"\n', '[profiles.work]\nmodel = "x"\n'])
def test_a_profile_of_the_older_form_is_not_mixed_with_a_file(setting: Setting, older: str) -> None:
    setting.user(older)
    (setting.home / "work.config.toml").write_text('model = "work"\n')

    with pytest.raises(ConfigLoadError, match=r"--profile `work` cannot be used while .* contains legacy"):
        service(setting).load()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("model = [\n", r"work\.config\.toml:1:10: unclosed array"),
        ("model = 5\n", r"work\.config\.toml:1:9: invalid type: integer `5`"),
        ('profile = "x"\n', 'legacy `profile = "x"` config is no longer supported'),
    ],
)
def test_a_broken_profile_names_its_file_and_place(setting: Setting, text: str, told: str) -> None:
    (setting.home / "work.config.toml").write_text(text)

    with pytest.raises(ConfigLoadError, match=told):
        service(setting).load()


def test_a_key_that_nobody_reads_in_a_profile_is_refused_in_strict_loading(setting: Setting) -> None:
    (setting.home / "work.config.toml").write_text("bogus = 1\n")

    with pytest.raises(StartupRefused, match=r"work\.config\.toml:1:1: unknown configuration field `bogus`"):
        service(setting, strict=True).startup_default()


def test_a_profile_without_a_file_is_told_once(setting: Setting) -> None:
    file = setting.home / "work.config.toml"
    told = f"The profile `work` changes nothing: {file} does not exist."
    assert [warning.summary for warning in service(setting).startup_warnings()] == [told]
    file.symlink_to(setting.home / "nowhere")
    (linked,) = service(setting).startup_warnings()
    assert linked.summary.startswith(f"{file} is a link that leads nowhere")
    file.unlink()
    file.write_text("")
    assert service(setting).startup_warnings() == []
