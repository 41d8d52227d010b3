"""The `codex-trio` command around its subcommands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codex_trio.cli.command_line import build_parser
from codex_trio.cli.main import main
from codex_trio.cli.options import UsageError, config_overrides
from codex_trio.version import PROTOCOL_RELEASE, __version__


def exit_code(*arguments: str) -> int | str | None:
    try:
        return main(arguments)
    except SystemExit as ended:
        return ended.code


def test_the_module_runs_as_a_command(tmp_path: Path) -> None:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-m", "codex_trio", "--version"], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"codex-trio {__version__} (app-server protocol {PROTOCOL_RELEASE})\n"


def test_little_is_imported_before_ctrl_c_ends_the_command_quietly(tmp_path: Path) -> None:
    # Each of these takes milliseconds, in which Ctrl-C would print a traceback.
    code = (
        "import sys; from codex_trio.cli.main import main; print(*{'collections', 'enum', 'signal'} & {*sys.modules})"
    )
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-S", "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_help_names_the_subcommands(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("--help") == 0
    text = capsys.readouterr().out
    assert "app-server" in text
    assert "exec" in text


def test_a_command_line_without_a_subcommand_gets_the_help_and_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: codex-trio" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--bogus"], "--bogus"),
        (["exec", "--bogus", "hi"], "--bogus"),
        (["exec", "hi", "--bogus"], "--bogus"),
        (["exec", "--sandbox", "open", "hi"], "'open'"),
        (["exec", "one", "two"], "'two'"),
        (["exec", "resume", "id", "prompt", "more"], "'more'"),
        (["nothing"], "'nothing'"),
        (["exec", "--da", "hi"], "'--da'"),
        (["app-server", "--lis", "off"], "'--lis'"),
        (["exec", "resume", "--la", "hi"], "'--la'"),
        (["app-server", "proxy", "--so", "x"], "'--so'"),
        (["--strict", "exec", "hi"], "'--strict'"),
    ],
)
def test_what_is_not_known_is_named_and_ends_with_code_2(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*arguments) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "tip"),
    [
        (["exec", "--modle", "x", "hi"], "'--model'"),
        (["exec", "resume", "--lst"], "'--last'"),
        (["app-server", "--lisen", "off"], "'--listen'"),
        (["exce", "hi"], "'exec'"),
        (["fix the bug"], 'codex-trio exec "PROMPT"'),
        (["--model", "x", "exec", "hi"], "codex-trio exec --model"),
        (["exec", "-p", "../work", "hi"], "pass a plain name such as `work`"),
        (["-p", "work", "app-server"], "-c KEY=VALUE"),
        (["app-server", "--profile", "work"], "unexpected argument '--profile'"),
        (["login"], "OPENAI_API_KEY"),
        (["e", "--jsn"], "'--json'"),
        (["reveiw", "x"], "'review'"),
        (["--base", "main", "review"], "codex-trio review --base"),
        (["debug", "models"], "codex_trio.testing.model_server"),
    ],
)
def test_what_was_probably_meant_is_said(arguments: list[str], tip: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(*arguments) == 2
    assert tip in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (["help"], "usage: codex-trio [-h]"),
        (["help", "exec"], "usage: codex-trio exec [OPTIONS]"),
        (["exec", "help"], "usage: codex-trio exec [OPTIONS]"),
        (["exec", "--json", "help", "resume"], "usage: codex-trio exec [OPTIONS] resume"),
        (["exec", "resume", "help"], "usage: codex-trio exec [OPTIONS] resume"),
        (["help", "review"], "usage: codex-trio exec [OPTIONS] review"),
        (["--enable", "exec", "app-server", "help"], "usage: codex-trio app-server"),
    ],
)
def test_the_word_help_gets_help(arguments: list[str], usage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(*arguments) == 0
    assert capsys.readouterr().out.startswith(usage)


def test_an_argument_in_another_encoding_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("exec", os.fsdecode(b"caf\xe9")) == 2
    assert "not UTF-8" in capsys.readouterr().err


def test_each_subcommand_explains_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("exec", "--help") == 0
    assert "--output-last-message" in capsys.readouterr().out
    assert exit_code("exec", "resume", "--help") == 0
    assert "--last" in capsys.readouterr().out


def test_settings_on_both_sides_of_a_subcommand_add_up_in_order() -> None:
    arguments = ["-c", "a=1", "--enable", "memories", "exec", "-c", "a=2", "resume", "-c", "a=3", "id", "-c", "b=4"]
    options = build_parser("exec").parse_args(arguments)
    assert config_overrides(options) == (("a", 1), ("features.memories", True), ("a", 2), ("a", 3), ("b", 4))


def test_a_setting_without_a_value_is_refused() -> None:
    options = build_parser("exec").parse_args(["exec", "-c", "model", "hi"])
    with pytest.raises(UsageError, match="missing '='"):
        config_overrides(options)
