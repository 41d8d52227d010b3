"""`codex-trio app-server generate-json-schema` and `generate-ts`: the files that clients' generators expect."""

import json
from pathlib import Path

import pytest

from codex_trio.cli.main import main

NAMES = Path(__file__).with_name("generated-files-0.171.0.txt")
OLDER = {
    "CurrentTimeReadParams",
    "CurrentTimeReadResponse",
    "DeviceKeyAlgorithm",
    "DeviceKeyCreateParams",
    "DeviceKeyCreateResponse",
    "DeviceKeyProtectionClass",
    "DeviceKeyProtectionPolicy",
    "DeviceKeyPublicParams",
    "DeviceKeyPublicResponse",
    "DeviceKeySignParams",
    "DeviceKeySignPayload",
    "DeviceKeySignResponse",
    "LegacyAgentMessageDisplay",
    "PermissionProfile",
    "PermissionProfileFileSystemPermissions",
    "PermissionProfileNetworkPermissions",
    "ProfileV2",
    "ThreadRollbackParams",
    "ThreadRollbackResponse",
    "ThreadTurnsItemsListParams",
    "ThreadTurnsItemsListResponse",
}

OURS = {"ServerDiagnosticsLimit", "ServerDiagnosticsPassedOver", "ServerDiagnosticsSandbox"}


def expected_names(section: str, *, experimental: bool) -> set[str]:
    sections: dict[str, set[str]] = {}
    names: set[str] = set()
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            names = sections.setdefault(line.strip("[]"), set())
        elif not line.startswith("#"):
            names.update(line.split())
    return sections[section] | (sections[f"{section} experimental"] if experimental else set())


@pytest.mark.parametrize("experimental", [False, True], ids=["stable", "experimental"])
@pytest.mark.parametrize(("command", "section"), [("generate-json-schema", "json"), ("generate-ts", "typescript")])
def test_the_files_are_named_and_placed_as_clients_expect(
    tmp_path: Path, command: str, section: str, *, experimental: bool
) -> None:
    out = tmp_path / "some" / "folder"
    flags = ["--experimental"] if experimental else []
    assert main(["app-server", command, "--out", str(out), *flags]) == 0
    suffix = ".json" if section == "json" else ".ts"
    written = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {Path(name).suffix for name in written} == {suffix}
    names = {name.removesuffix(suffix) for name in written}
    expected = expected_names(section, experimental=experimental)
    assert expected - names == set()
    assert {name.removeprefix("v2/") for name in names - expected} <= OLDER | OURS


def test_stable_output_leaves_out_what_is_experimental(tmp_path: Path) -> None:
    for out, flags in ((tmp_path / "stable", []), (tmp_path / "all", ["--experimental"])):
        assert main(["app-server", "generate-json-schema", "-o", str(out), *flags]) == 0
    stable, everything = (
        json.loads((tmp_path / name / "v2" / "ThreadStartParams.json").read_text(encoding="utf-8"))["properties"]
        for name in ("stable", "all")
    )
    assert "cwd" in stable
    assert "dynamicTools" not in stable
    assert "dynamicTools" in everything


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for command in ("generate-json-schema", "generate-ts"):
        out = tmp_path / "file" / "below"
        assert main(["app-server", command, "--out", str(out)]) == 1
        assert capsys.readouterr().err.startswith(f"Error: cannot write to {out}: Not a directory")


@pytest.mark.parametrize("arguments", [[], ["--out"], ["--out", "a", "b"], ["--out", "a", "--bogus"]])
def test_a_wrong_command_line_is_refused_with_code_2(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["app-server", "generate-ts", *arguments])
    assert ended.value.code == 2
