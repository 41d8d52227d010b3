"""Settings that a sandboxed command may have written do not count until a person has looked at them."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from config_setting import Setting

from codex_trio.config.command_writes import CommandWrites
from codex_trio.config.write import ConfigEdit, write_config

FOLDER = "command_writes"


@pytest.fixture
def trusted(setting: Setting) -> Setting:
    """A project that the user trusts, with a subfolder."""
    (setting.project / ".git").mkdir()
    (setting.project / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (setting.project / "sub").mkdir()
    setting.user(setting.trust())
    return setting


def past_the_tick() -> None:
    """Wait until what changes now is later than what changed before, by the slow clock of files too."""
    time.sleep(0.06)


def run_command(setting: Setting, writes: Callable[[], object], *, root: Path | None = None) -> None:
    """Do something as a sandboxed command would, under a server of its own."""
    notes = CommandWrites(setting.home / FOLDER)
    folders = [os.path.realpath(root or setting.project)]
    past_the_tick()
    notes.begin(folders)
    writes()
    notes.finish(folders)


def model_in(setting: Setting, folder: str = "sub") -> str | None:
    return setting.service().load(setting.project / folder).model


def plant(setting: Setting, folder: str = "sub") -> None:
    setting.project_file('model = "planted"\n', folder=folder)


def test_a_command_that_writes_settings_gets_nothing_of_it(trusted: Setting) -> None:
    run_command(trusted, lambda: plant(trusted))

    service = trusted.service()
    config = service.load(trusted.project / "sub")

    assert config.model is None
    assert trusted.project / "sub" / ".codex" / "rules" not in config.rule_folders
    (warning,) = service.unannounced_warnings(config)
    assert str(trusted.project / "sub" / ".codex" / "config.toml") in warning.summary
    assert "changed while a sandboxed command could write there" in warning.summary


def test_what_the_user_writes_before_between_and_after_commands_counts(trusted: Setting) -> None:
    def write(model: str) -> str | None:
        trusted.project_file(f'model = "{model}"\n', folder="sub")
        return model_in(trusted)

    assert write("before") == "before"
    run_command(trusted, lambda: None)
    assert model_in(trusted) == "before"
    assert write("between") == "between"
    run_command(trusted, lambda: None)
    assert model_in(trusted) == "between"
    assert write("after") == "after"


def test_settings_elsewhere_are_not_doubted(trusted: Setting) -> None:
    other = trusted.base / "other"
    other.mkdir()
    run_command(trusted, lambda: plant(trusted), root=other)
    assert model_in(trusted) == "planted"


def _edit(setting: Setting) -> None:
    with (setting.project / "sub" / ".codex" / "config.toml").open("r+") as file:
        file.write('model = "planted"')
    os.utime(setting.project / "sub" / ".codex" / "config.toml", (0, 0))


def _move_folder(setting: Setting) -> None:
    (setting.project / "sub" / ".codex").rename(setting.project / "away")
    (setting.project / "ready").rename(setting.project / "sub" / ".codex")


def _move_file(setting: Setting) -> None:
    (setting.project / "ready" / "config.toml").replace(setting.project / "sub" / ".codex" / "config.toml")


def _link_file(setting: Setting) -> None:
    (setting.project / "sub" / ".codex" / "config.toml").unlink()
    os.link(setting.project / "ready" / "config.toml", setting.project / "sub" / ".codex" / "config.toml")


def _symlink_folder(setting: Setting) -> None:
    (setting.project / "sub" / ".codex").rename(setting.project / "away")
    (setting.project / "sub" / ".codex").symlink_to(setting.project / "ready")


def _symlink_file(setting: Setting) -> None:
    (setting.project / "sub" / ".codex" / "config.toml").unlink()
    (setting.project / "sub" / ".codex" / "config.toml").symlink_to(setting.project / "ready" / "config.toml")


def _symlink_above(setting: Setting) -> None:
    (setting.project / "sub").rename(setting.project / "was")
    (setting.project / "sub").symlink_to("lair")


@pytest.mark.parametrize(
    "way", [_edit, _move_folder, _move_file, _link_file, _symlink_folder, _symlink_file, _symlink_above]
)
def test_what_was_there_before_cannot_be_brought_into_place(trusted: Setting, way: Callable[[Setting], None]) -> None:
    trusted.project_file('model = "honest"  # and a line as long as the other\n', folder="sub")
    plant(trusted, folder="lair")
    (trusted.project / "ready").mkdir()
    (trusted.project / "ready" / "config.toml").write_text('model = "planted"\n')
    assert model_in(trusted) == "honest"

    run_command(trusted, lambda: way(trusted))

    assert model_in(trusted) is None


@pytest.mark.parametrize("name", ["new.rules", "old.rules"])
def test_rules_are_doubted_like_settings(trusted: Setting, name: str) -> None:
    rules = trusted.project / "sub" / ".codex" / "rules"
    rules.mkdir(parents=True)
    (rules / "old.rules").write_text("")
    service = trusted.service()
    time.sleep(0.12)
    assert rules in service.load(trusted.project / "sub").rule_folders

    run_command(trusted, lambda: (rules / name).write_text('prefix_rule(["touch"], decision="allow")'))

    assert rules not in service.load(trusted.project / "sub").rule_folders


def test_saving_again_or_answering_again_makes_them_count(trusted: Setting) -> None:
    run_command(trusted, lambda: plant(trusted))
    service = trusted.service()
    assert service.load(trusted.project / "sub").model is None

    answer = ConfigEdit(key_path=f'projects."{trusted.project}".trust_level', value="trusted", merge_strategy="upsert")
    write_config(service, [answer])
    assert service.load(trusted.project / "sub").model == model_in(trusted) == "planted"

    run_command(trusted, lambda: plant(trusted))
    assert service.load(trusted.project / "sub").model is None
    for path in (trusted.project / "sub" / ".codex", trusted.project / "sub" / ".codex" / "config.toml"):
        os.utime(path)
    assert service.load(trusted.project / "sub").model == model_in(trusted) == "planted"


@pytest.mark.parametrize("value", [{"trust_level": "trusted"}, {"trust_level": "untrusted"}, None])
def test_only_trust_is_an_answer(trusted: Setting, value: object) -> None:
    run_command(trusted, lambda: plant(trusted))
    service = trusted.service()
    write_config(service, [ConfigEdit(key_path=f'projects."{trusted.project}"', value=value, merge_strategy="replace")])
    trusted.user(trusted.trust())
    expected = "planted" if value == {"trust_level": "trusted"} else None
    assert trusted.service().load(trusted.project / "sub").model == expected


def test_a_command_that_still_runs_when_its_server_dies_is_remembered(trusted: Setting) -> None:
    notes = CommandWrites(trusted.home / FOLDER)
    notes.begin([os.path.realpath(trusted.project)])
    plant(trusted)
    assert model_in(trusted) is None
    del notes  # as when the process ends: nothing more is noted, and the lock is gone

    assert model_in(trusted) is None
    assert model_in(trusted) is None
    plant(trusted)
    past_the_tick()
    assert model_in(trusted) == "planted"


def test_notes_of_servers_that_are_gone_become_one_file(trusted: Setting) -> None:
    for _ in range(5):
        run_command(trusted, lambda: plant(trusted))
    notes = CommandWrites(trusted.home / FOLDER)
    assert notes.doubted([str(trusted.project / "sub" / ".codex" / "config.toml")])
    assert len(list((trusted.home / FOLDER).glob("*.json"))) == 1


def test_notes_do_not_grow_without_end_and_forget_nothing(trusted: Setting) -> None:
    notes = CommandWrites(trusted.home / FOLDER)
    folders = [os.path.realpath(trusted.project)]
    for number in range(300):
        notes.begin(folders)
        if number == 3:
            plant(trusted)
        notes.finish(folders)
    (file,) = (trusted.home / FOLDER).glob("*.json")
    assert len(msgspec.json.decode(file.read_bytes())["writes"][folders[0]]) <= 200
    assert model_in(trusted) is None


def test_overlapping_commands_end_with_the_last(trusted: Setting) -> None:
    notes = CommandWrites(trusted.home / FOLDER)
    folders = [os.path.realpath(trusted.project)]
    notes.begin(folders)
    notes.begin(folders)
    notes.finish(folders)
    plant(trusted)
    assert model_in(trusted) is None
    notes.finish(folders)
    assert model_in(trusted) is None
    past_the_tick()
    plant(trusted)
    assert model_in(trusted) == "planted"


def test_a_full_disk_is_an_error_before_the_command_and_none_after(
    trusted: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = CommandWrites(trusted.home / FOLDER)
    folders = [os.path.realpath(trusted.project)]

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            notes.begin(folders)
    notes.begin(folders)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        notes.finish(folders)
    past_the_tick()
    plant(trusted)
    assert notes.doubted([str(trusted.project / "sub" / ".codex" / "config.toml")]) == []
    # On disk the command has not ended: others have their doubts.
    assert model_in(trusted) is None


def test_damaged_notes_of_others_do_no_harm(trusted: Setting) -> None:
    (trusted.home / FOLDER).mkdir()
    (trusted.home / FOLDER / "x.json").write_text("{")
    (trusted.home / FOLDER / "y.json").mkdir()
    plant(trusted)
    assert model_in(trusted) == "planted"
