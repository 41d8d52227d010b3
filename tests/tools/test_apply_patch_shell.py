"""A patch in a shell heredoc is recognised when applying it is all that the command does."""

import pytest

from codex_trio.execpolicy.bash import Bash
from codex_trio.tools.apply_patch.shell import ShellPatch, detect_shell_patch
from codex_trio.tools.calls import ToolFailure

PATCH = "*** Begin Patch\n*** Add File: a\n+$HOME `x` \\$y\n*** End Patch\n"


def detect(script: str) -> ShellPatch | None:
    return detect_shell_patch(["/bin/bash", "-lc", script], Bash())


@pytest.mark.parametrize(
    ("script", "workdir"),
    [
        (f"apply_patch <<'EOF'\n{PATCH}EOF", None),
        (f"\n\napplypatch <<EOF\n{PATCH}EOF\n\n", None),
        (f'apply_patch<<"E F"\n{PATCH}E F', None),
        (f"A=1 apply_patch <<EOF\n{PATCH}EOF", None),
        (f"cd sub && apply_patch <<EOF\n{PATCH}EOF", "sub"),
        (f"cd 'a b' &&\napply_patch <<EOF\n{PATCH}EOF", "a b"),
    ],
)
def test_a_heredoc_for_apply_patch_alone_is_a_patch(script, workdir):
    assert detect(script) == ShellPatch(PATCH, workdir)


def test_a_heredoc_that_strips_tabs_gives_the_patch_without_them():
    indented = "".join(f"\t{line}\n" for line in PATCH.splitlines())
    assert detect(f"apply_patch <<-EOF\n{indented}\tEOF") == ShellPatch(PATCH, None)


@pytest.mark.parametrize(
    "script",
    [
        f"echo x && apply_patch <<EOF\n{PATCH}EOF",
        f"apply_patch <<EOF\n{PATCH}EOF\necho x",
        f"apply_patch <<EOF | cat\n{PATCH}EOF",
        f"apply_patch <<EOF > out\n{PATCH}EOF",
        f"apply_patch x <<EOF\n{PATCH}EOF",
        f"cd a; apply_patch <<EOF\n{PATCH}EOF",
        f"cd a b && apply_patch <<EOF\n{PATCH}EOF",
        f"cd $X && apply_patch <<EOF\n{PATCH}EOF",
        f"cd ~ && apply_patch <<EOF\n{PATCH}EOF",
        f"(apply_patch <<EOF\n{PATCH}EOF\n)",
        f"/usr/bin/apply_patch <<EOF\n{PATCH}EOF",
        f"apply_patch '{PATCH}'",
        f"cat <<EOF | apply_patch\n{PATCH}EOF",
        "apply_patch",
        "ls",
        "",
    ],
)
def test_anything_more_or_less_runs_as_a_command(script):
    assert detect(script) is None


@pytest.mark.parametrize("script", [PATCH, f"\n{PATCH}", f"<<EOF\n{PATCH}EOF", PATCH.replace("$HOME", "apply_patch")])
def test_a_patch_without_a_call_is_refused_with_a_hint(script):
    with pytest.raises(ToolFailure) as caught:
        detect(script)
    assert str(caught.value) == (
        "apply_patch verification failed: patch detected without explicit call to apply_patch. "
        'Rerun as ["apply_patch", "<patch>"]'
    )


def test_commands_that_are_no_shell_scripts_are_left_alone():
    assert detect_shell_patch(["apply_patch", PATCH], Bash()) is None
