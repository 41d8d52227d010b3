"""What a long-lived server has read is kept, and never shown after it has changed."""

import os
from pathlib import Path
from time import monotonic, sleep, time_ns

import pytest
from config_setting import Setting

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.service import ConfigService

LONG_AGO = 1_000_000_000


def settle(*paths: Path) -> None:
    """Wait until files that were just written count as settled."""
    deadline = monotonic() + 10
    while any(path.stat().st_ctime_ns > time_ns() - 150_000_000 for path in paths):
        assert monotonic() < deadline
        sleep(0.02)


def rewrite_in_place(path: Path, text: str) -> None:
    """A an editor does that keeps the file: same inode, and here the same length too."""
    assert len(text) == path.stat().st_size
    with path.open("r+") as file:
        file.write(text)


def test_unchanged_files_are_read_once(setting: Setting) -> None:
    setting.user('model = "one"\n')
    service = setting.service()
    settle(setting.user_file)
    first = service.load(setting.project)
    assert service.load(setting.project) is first
    assert service.sources(setting.project) is service.sources(setting.project)


def test_a_change_of_the_same_length_is_seen_at_once(setting: Setting) -> None:
    setting.user('model = "one"\n')
    service = setting.service()
    settle(setting.user_file)
    assert service.load(setting.project).model == "one"
    for model in ("two", "six", "ten"):
        rewrite_in_place(setting.user_file, f'model = "{model}"\n')
        assert service.load(setting.project).model == model


def test_a_file_put_back_with_an_old_date_is_seen(setting: Setting) -> None:
    setting.user('model = "one"\n')
    service = setting.service()
    settle(setting.user_file)
    assert service.load(setting.project).model == "one"
    backup = setting.user_file.with_suffix(".backup")
    backup.write_text('model = "two"\n')
    os.utime(backup, ns=(LONG_AGO, LONG_AGO))
    backup.replace(setting.user_file)
    assert service.load(setting.project).model == "two"


def test_a_repository_made_around_the_folder_is_seen(setting: Setting) -> None:
    service: ConfigService = setting.service()
    below = setting.project / "below"
    below.mkdir()
    service.load(below)
    assert service.load(below).project_root == below
    (setting.project / ".git").mkdir()
    assert service.load(below).project_root == below
    (setting.project / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert service.load(below).project_root == setting.project


def test_a_broken_file_is_an_error_each_time_and_fine_once_it_is_mended(setting: Setting) -> None:
    setting.user("model = ")
    service = setting.service()
    settle(setting.user_file)
    for _ in range(2):
        with pytest.raises(ConfigLoadError):
            service.load(setting.project)
    setting.user('model = "one"\n')
    assert service.load(setting.project).model == "one"


def test_an_instructions_file_is_read_each_time(setting: Setting) -> None:
    instructions = setting.user_file.parent / "instructions.md"
    instructions.write_text("Be kind.")
    setting.user(f'model_instructions_file = "{instructions}"\n')
    service = setting.service()
    settle(setting.user_file, instructions)
    assert service.load(setting.project).base_instructions == "Be kind."
    instructions.write_text("Be brief.")
    assert service.load(setting.project).base_instructions == "Be brief."


def test_files_that_say_the_same_come_to_the_same_configuration(setting: Setting) -> None:
    setting.user('model = "one"\n')
    service = setting.service()
    first = service.load(setting.project)
    os.utime(setting.user_file)
    assert service.load(setting.project) is first


def test_a_number_in_place_of_a_switch_that_equals_it_is_an_error(setting: Setting) -> None:
    service = setting.service()
    for _ in range(2):
        setting.user("allow_login_shell = true\n")
        assert service.load(setting.project).allow_login_shell is True
        setting.user("allow_login_shell = 1\n")
        with pytest.raises(ConfigLoadError, match="expected a boolean"):
            service.load(setting.project)


async def test_the_own_folder_is_current_without_being_read_again_and_never_stale(setting: Setting) -> None:
    setting.user('model = "one"\n')
    service = setting.service()
    settle(setting.user_file)
    first = await service.current()
    assert await service.current(setting.project) is first
    assert (await service.current(setting.base)).cwd == setting.base
    rewrite_in_place(setting.user_file, 'model = "two"\n')
    assert (await service.current()).model == "two"
    setting.user("model = ")
    with pytest.raises(ConfigLoadError):
        await service.current()
