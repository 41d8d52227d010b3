"""Where the words and options of `codex-trio exec` may stand."""

import argparse
from pathlib import Path

import pytest

from codex_trio.cli.command_line import build_parser
from codex_trio.cli.exec_request import make_request
from codex_trio.cli.options import UsageError, config_overrides


def parse(*arguments: str) -> argparse.Namespace:
    return build_parser("exec").parse_args(["exec", *arguments])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "-m", "gpt", "fix it"],
        ["--json", "fix it", "-m", "gpt"],
        ["fix it", "--json", "-m", "gpt"],
        ["-m", "gpt", "--json", "--", "fix it"],
    ],
)
def test_a_prompt_may_stand_anywhere_among_the_options(arguments: list[str]) -> None:
    options = parse(*arguments)
    assert (options.words, options.json, options.model, options.subcommand) == (["fix it"], True, "gpt", None)


def test_a_prompt_that_looks_like_an_option_or_subcommand_stands_behind_two_dashes() -> None:
    assert parse("--", "--last").words == ["--last"]
    assert parse("--json", "--", "resume").words == ["resume"]
    assert parse("--", "resume").subcommand is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "resume", "id", "go on", "-m", "gpt"],
        ["resume", "--json", "id", "-m", "gpt", "go on"],
        ["-m", "gpt", "resume", "id", "--json", "--", "go on"],
    ],
)
def test_resume_takes_the_options_of_exec_on_both_sides(arguments: list[str]) -> None:
    options = parse(*arguments)
    assert (options.subcommand, options.words) == ("resume", ["id", "go on"])
    assert (options.json, options.model, options.last) == (True, "gpt", False)


def test_resuming_the_latest_thread_leaves_the_only_word_for_the_prompt() -> None:
    options = parse("resume", "--last", "go on", "--all")
    assert (options.words, options.last, options.all) == (["go on"], True, True)


def test_several_images_can_be_given_in_each_of_the_usual_ways() -> None:
    options = parse("look", "-i", "a.png,b.png", "c.png", "--image", "d.png")
    assert [image for images in options.images for image in images] == [Path(f"{name}.png") for name in "abcd"]
    assert parse("-i", "a.png", "--", "look").words == ["look"]


def test_the_name_that_sdks_use_for_json_works_too() -> None:
    assert parse("--experimental-json", "resume", "id", "--image", "a.png").json


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--local-provider", "ollama", "hi"], "--local-provider changes nothing without --oss"),
        (["-i", "/nowhere/a.png", "--", "hi"], 'Failed to read image "/nowhere/a.png": No such file or directory'),
        (["-i", "/nowhere/a.png", "a prompt"], 'Failed to read image "/nowhere/a.png": No such file or directory'),
        (["-i", "/", "--", "hi"], 'Failed to read image "/": is a folder'),
    ],
)
def test_what_would_change_nothing_or_reach_nobody_is_refused_before_anything_starts(
    arguments: list[str], problem: str
) -> None:
    with pytest.raises(UsageError) as refused:
        make_request(parse("--skip-git-repo-check", *arguments), None, lambda _: None)
    assert problem in str(refused.value)


def test_a_feature_that_nobody_knows_is_told_with_the_nearest_one() -> None:
    for name, told in (("pluggins", "Unknown feature flag: pluggins. Did you mean `plugins`?"), ("zzz", "flag: zzz")):
        with pytest.raises(UsageError) as refused:
            config_overrides(parse("--enable", name, "hi"))
        assert str(refused.value).endswith(told)
