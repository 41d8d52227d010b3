"""Bad input in any layer is told with file, line, column and key, and the server goes on."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from config_setting import Setting

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.service import ConfigService
from codex_trio.config.sources import OrganizationSettings

Make = Callable[[Path], None]


def text(content: str | bytes) -> Make:
    def write(path: Path) -> None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return write


def circle(path: Path) -> None:
    path.symlink_to(path)


def link_to_nowhere(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


LAYERS: dict[str, Callable[[Setting], Path]] = {
    "packaged": lambda setting: setting.base / "defaults.toml",
    "system": lambda setting: setting.etc / "config.toml",
    "user": lambda setting: setting.user_file,
    "profile": lambda setting: setting.home / "work.config.toml",
    "project": lambda setting: setting.project / ".codex" / "config.toml",
    "managed": lambda setting: setting.etc / "managed_config.toml",
    "requirements": lambda setting: setting.etc / "requirements.toml",
}
"""The files that make up a configuration, lowest first."""

UNREADABLE: dict[str, tuple[Make, str]] = {
    "no TOML": (text("a = 1\n[broken\n"), r"(:2:8: |line 2, column 8\b)[\s\S]*unclosed table, expected `\]`"),
    "a key twice": (text("a = 1\n a = 2\n"), r"(:2:2: |line 2, column 2\b)[\s\S]*duplicate key `a`"),
    "deep nesting": (text("a = " + "[" * 150 + "]" * 150), "nested more than 100 levels deep in `a`"),
    "no UTF-8": (text(b'model = "\xff"\n'), r":1:10: not UTF-8 text \(byte 9\)"),
    "10 MB": (text("# much\n" * 1_500_000), "larger than"),
    "a circle of links": (circle, "Too many levels of symbolic links"),
    "a folder": (folder, "is a folder"),
    "a pipe": (pipe, "a named pipe"),
}
WRONG_VALUES = {
    "a wrong type": ("\n model = 5\n", ":2:10: invalid type: integer `5`, expected a string in `model`"),
    "a wrong word": ('sandbox_mode = "open"\n', ":1:16: unknown variant `open`, expected one of "),
    "a wrong type inside": (
        "[features]\nmemories = 1\n",
        ":2:12: invalid type: integer `1`, expected a boolean in `features.memories`",
    ),
}
FINE = {
    "a byte order mark": b"\xef\xbb\xbf" + b'model_verbosity = "low"\n',
    "Windows line ends": b'model_verbosity = "low"\r\n[features]\r\nmemories = false\r\n',
    "no line end": b'model_verbosity = "low"',
}


def service(setting: Setting) -> ConfigService:
    """Return what reads all layers, in a project that is trusted by the command line."""
    return ConfigService(
        setting.home,
        environ={"HOME": str(setting.base)},
        cli_overrides=[("projects", {str(setting.project): {"trust_level": "trusted"}})],
        system_dir=setting.etc,
        cwd=setting.project,
        packaged=setting.base / "defaults.toml",
        profile="work",
    )


def put(setting: Setting, layer: str, make: Make) -> Path:
    (setting.home / "work.config.toml").touch()
    path = LAYERS[layer](setting)
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    make(path)
    return path


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("fault", UNREADABLE)
def test_what_cannot_be_read_is_told_by_file_and_place_and_the_server_starts(
    setting: Setting, layer: str, fault: str
) -> None:
    make, said = UNREADABLE[fault]
    path = put(setting, layer, make)
    loaded = service(setting)
    with pytest.raises(ConfigLoadError, match=said) as caught:
        loaded.load()
    assert str(path) in caught.value.message
    # A server says so, and goes on with the least that may be.
    default = loaded.startup_default()
    assert default.model is None
    (warning,) = loaded.startup_warnings()
    assert (warning.summary, warning.details) == ("Invalid configuration; using defaults.", caught.value.message)


@pytest.mark.parametrize("layer", [name for name in LAYERS if name != "requirements"])
@pytest.mark.parametrize("fault", WRONG_VALUES)
def test_a_wrong_value_is_told_with_its_place(setting: Setting, layer: str, fault: str) -> None:
    content, said = WRONG_VALUES[fault]
    path = put(setting, layer, text(content))
    with pytest.raises(ConfigLoadError) as caught:
        service(setting).load()
    assert caught.value.message.startswith(f"{path}{said}")
    assert caught.value.range is not None


@pytest.mark.parametrize("layer", [name for name in LAYERS if name != "requirements"])
@pytest.mark.parametrize("form", FINE)
def test_what_editors_of_other_systems_write_is_read(setting: Setting, layer: str, form: str) -> None:
    put(setting, layer, text(FINE[form]))
    assert service(setting).load().model_verbosity == "low"


@pytest.mark.parametrize("layer", [name for name in LAYERS if name not in ("managed", "requirements")])
def test_a_link_to_nowhere_is_no_file(setting: Setting, layer: str) -> None:
    put(setting, layer, link_to_nowhere)
    assert service(setting).load().model is None


@pytest.mark.parametrize("layer", [name for name in LAYERS if name not in ("managed", "requirements")])
def test_a_link_to_nowhere_is_told_once(setting: Setting, layer: str) -> None:
    path = put(setting, layer, link_to_nowhere)
    loaded = service(setting)
    (told,) = loaded.startup_warnings()
    assert told.summary == f"{path} is a link that leads nowhere: it says nothing, until there is a file at its end."
    assert loaded.unannounced_warnings(loaded.load()) == []


@pytest.mark.parametrize("layer", ["managed", "requirements"])
def test_a_link_of_an_administrator_to_nowhere_stops_threads(setting: Setting, layer: str) -> None:
    path = put(setting, layer, link_to_nowhere)
    with pytest.raises(ConfigLoadError, match=f"failed to read {path}: it is a link that leads nowhere"):
        service(setting).load()


@pytest.mark.parametrize(
    ("content", "said"),
    [("[broken\n", ":1:8: unclosed table"), ("model = 5\n", "expected a string\nin `model`")],
)
def test_settings_of_an_organization_are_told_by_its_name(setting: Setting, content: str, said: str) -> None:
    given = OrganizationSettings(id="1", name="Ours", config=content)
    loaded = ConfigService(
        setting.home, environ={}, system_dir=setting.etc, cwd=setting.project, organizations=(given,)
    )
    with pytest.raises(ConfigLoadError) as caught:
        loaded.load()
    assert caught.value.message.startswith("settings of your organization: Ours:")
    assert said in caught.value.message
