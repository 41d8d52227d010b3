"""What a repository can put in the place of files that the server reads: it answers soon, with a clear error."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from config_setting import Setting

from codex_trio.config.errors import ConfigLoadError

DEEP = "nested more than 100 levels deep"


def text(content: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_text(content)

    return write


def link(target: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.symlink_to(target)

    return make


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3 << 30)


def folder(path: Path) -> None:
    path.mkdir()


def latin(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")


UNFIT: dict[str, tuple[Callable[[Path], None], str]] = {
    "device": (link("/dev/zero"), "a device, not a regular file"),
    "pipe": (os.mkfifo, "a named pipe, not a regular file"),
    "kernel file without an end": (link("/proc/self/pagemap"), "larger than|Permission|not permitted|Invalid argument"),
    "sparse": (sparse, "larger than"),
    "long": (text("a = 1 # much\n" * 30_000), "larger than"),
    "loop": (link("config.toml"), "Too many levels of symbolic links"),
    "folder": (folder, "is a folder"),
    "no text": (latin, "not UTF-8 text"),
    "deep array": (text("a=" + "[" * 100_000 + "]" * 100_000), DEEP),
    "array": (text("a=" + "[" * 150 + "]" * 150), DEEP),
    "deep table": (text("a=" + "{a=" * 20_000 + "1" + "}" * 20_000), DEEP),
    "dotted key": (text(".".join(["a"] * 30_000) + "=1"), "a key of more than 100 parts"),
    "quoted key": (text(".".join(['"a b"'] * 20_000) + "=1"), "a key of more than 100 parts"),
    "dotted header": (text("[" + " . ".join(["a"] * 30_000) + "]"), "a key of more than 100 parts"),
    "many dotted keys": (text("\n".join(f"b{i}." + ".".join(["a"] * 900) + "=1" for i in range(100))), "a key of more"),
    "number": (text("a=" + "9" * 200_000), "a number with too many digits"),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_project_file_that_is_none_is_refused_where_it_counts_and_ignored_elsewhere(
    setting: Setting, kind: str
) -> None:
    make, said = UNFIT[kind]
    (setting.project / ".codex").mkdir()
    make(setting.project / ".codex" / "config.toml")

    assert setting.service().load().trust_level is None
    setting.user(setting.trust())
    with pytest.raises(ConfigLoadError, match=said) as caught:
        setting.service().load()
    assert str(setting.project / ".codex" / "config.toml") in caught.value.message


@pytest.mark.parametrize("kind", ["device", "pipe", "sparse", "number", "dotted key", "array"])
def test_a_users_file_that_is_none_is_named(setting: Setting, kind: str) -> None:
    make, said = UNFIT[kind]
    make(setting.user_file)
    service = setting.service()

    assert service.startup_default().model is None
    (warning,) = service.startup_warnings()
    assert said in (warning.details or "")
    assert str(setting.user_file) in (warning.details or "")


def test_long_texts_with_many_dots_are_read(setting: Setting) -> None:
    words = "A word. " * 500 + "." * 500 + "a.b.c.d " * 200
    setting.user(f'developer_instructions = """{words}"""\n')
    assert setting.service().load().developer_instructions == words


@pytest.mark.parametrize("name", [".git", ".codex", ".codex/config.toml", ".codex/rules", "AGENTS.md"])
def test_a_link_to_where_one_may_not_look_is_nothing(setting: Setting, name: str) -> None:
    closed = setting.base / "closed"
    closed.mkdir()
    path = setting.project / name
    path.parent.mkdir(exist_ok=True)
    # For root no folder is closed; a name that is too long cannot be looked at by anybody.
    path.symlink_to(closed / ("x" * 300))

    assert setting.service().load().project_root == setting.project
    assert setting.service().startup_warnings() == [] or name.startswith(".codex/")


@pytest.mark.parametrize("key", ["model_instructions_file", "experimental_compact_prompt_file"])
@pytest.mark.parametrize("kind", ["device", "pipe", "sparse", "folder"])
def test_a_text_file_that_is_none_is_refused(setting: Setting, key: str, kind: str) -> None:
    make, said = UNFIT[kind]
    make(setting.base / "text")
    with pytest.raises(ConfigLoadError, match=f"^failed to read .* file {setting.base / 'text'}: .*{said}"):
        setting.service((key, str(setting.base / "text"))).load()


@pytest.mark.parametrize("config", [{"a.b": None}, {".".join(["a"] * 200): 1}])
def test_a_requests_map_has_limits_too(setting: Setting, config: dict[str, object]) -> None:
    if "a.b" in config:
        value: object = 1
        for _ in range(5000):
            value = {"x": value}
        config = {"a.b": value}
    with pytest.raises(ConfigLoadError, match=DEEP):
        setting.service().load(None, config)
