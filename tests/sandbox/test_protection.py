"""What a command may not change inside the folders that it may write, however it goes about it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import trio
from sandbox_lab import PATIENCE, SandboxLab

import codex_trio
from codex_trio.execution.sessions import open_exec_sessions
from codex_trio.sandbox.errors import RootChanged, SandboxUnavailable
from codex_trio.sandbox.own_files import own_files
from codex_trio.sandbox.policy import ReadOnly, WorkspaceWrite
from codex_trio.sandbox.probe import SandboxProbe
from codex_trio.util.lock_holders import only_commands_hold

WORKSPACE = WorkspaceWrite(exclude_slash_tmp=True)
ONLINE = WorkspaceWrite(exclude_slash_tmp=True, network_access=True)

REPLACEMENTS = (
    "unlink {} && mkdir {}",
    "rm -rf {}",
    "mv {} {}.away",
    "ln -sfn /etc {}",
    "mkdir new && mv -T new {}",
    "echo x >new.file && mv -fT new.file {}",
)


def make_repository(folder: Path) -> None:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")


@pytest.mark.parametrize(
    "target", ["real", "deep/real", "step", ".", "..", "/", "/etc", "/dev", "/nowhere/x", "missing/x", ".codex"]
)
async def test_a_link_in_place_of_settings_works_and_stays(mount_lab: SandboxLab, target: str) -> None:
    lab = mount_lab
    (lab.workspace / "deep" / "real").mkdir(parents=True)
    (lab.workspace / "real").mkdir()
    (lab.workspace / "step").symlink_to("deep/real")
    (lab.workspace / ".codex").symlink_to(target)
    inside = (f"{target}/config", f"mkdir -p {target}") if target in ("real", "deep/real", "missing/x") else ()
    attempts = [attempt.replace("{}", name) for attempt in REPLACEMENTS for name in (".codex", ".git")]
    attempts += ["mv deep deeper", "unlink step"] if target == "step" else []
    attempts += [f"echo x >{path}" for path in inside[:1]]
    harmless = "readlink .codex && echo x >file && echo x >/dev/null"
    if lab.probe.mechanism == "bubblewrap":
        with pytest.raises(SandboxUnavailable, match=r"cannot keep the symbolic link .*/\.codex in its place"):
            lab.request(WORKSPACE, "true")
        return
    assert await lab.what_works(WORKSPACE, *attempts, harmless) == [harmless]
    assert os.readlink(lab.workspace / ".codex") == target
    assert not (lab.workspace / "missing").exists()


async def test_what_a_link_leads_to_can_be_read_through_it(mount_lab: SandboxLab, machine: SandboxProbe) -> None:
    lab = mount_lab
    (lab.workspace / "real").mkdir()
    (lab.workspace / "real" / "config").write_text("kept\n")
    (lab.workspace / ".git").symlink_to("real")
    lab.probe = machine if lab.probe.mechanism == "bubblewrap" else lab.probe
    outcome = await lab.shell(WORKSPACE, "cat .git/config; cd .git && pwd -P")
    assert outcome.output == f"kept\n{lab.workspace}/real\n"


async def test_no_folder_above_what_is_mounted_can_be_moved(mount_lab: SandboxLab) -> None:
    lab = mount_lab
    top = lab.workspace / "top"
    inner, home, repository = top / "a" / "inner", top / "b" / "home", top / "c" / "main.git"
    for folder in (inner, home, repository / "worktrees" / "w"):
        folder.mkdir(parents=True)
    (repository / "worktrees" / "w" / "commondir").write_text("../..\n")
    (lab.workspace / ".git").write_text(f"gitdir: {repository}/worktrees/w\n")
    lab.guard(home)
    policy = WorkspaceWrite(writable_roots=(str(inner),), exclude_slash_tmp=True)
    free = "mkdir top/d && mv top/d top/e && touch top/a/inner/x"
    attempts = ("mv top away", "mv top/a away", "mv top/b away", "mv top/c away", "touch top/c/main.git/config")
    assert await lab.what_works(policy, *attempts, free) == [free]


async def test_a_folder_that_was_replaced_since_the_thread_began_is_not_opened(lab: SandboxLab) -> None:
    lab.anchors.note(WORKSPACE, cwd=str(lab.workspace), tmpdir=str(lab.tmpdir))
    lab.workspace.rename(lab.workspace.with_name("away"))
    lab.workspace.symlink_to(lab.outside)
    with pytest.raises(RootChanged):
        lab.request(WORKSPACE, "true")


async def test_what_is_the_servers_own_cannot_be_written_inside_a_writable_folder(lab: SandboxLab) -> None:
    home, code = lab.workspace / "u" / ".codex", lab.workspace / ".venv"
    for folder in (home, code, lab.workspace / "src"):
        folder.mkdir(parents=True)
        (folder / "file").write_text("kept")
    lab.guard(home, code)
    attempts = [
        attempt.replace("{}", str(folder))
        for folder in (home, code)
        for attempt in ("echo x >{}/file", "rm {}/file", "touch {}/new", "mv {} {}.away", "chmod -R 777 {}/.")
        if "chmod" not in attempt or lab.probe.mechanism != "landlock"
    ]
    free = "echo x >src/file && touch src/new"
    assert await lab.what_works(WORKSPACE, *attempts, "mv u away", free) == [free]
    assert (home / "file").read_text() == (code / "file").read_text() == "kept"


async def test_a_writable_folder_that_is_the_servers_own_stays_closed(lab: SandboxLab) -> None:
    (lab.workspace / "worktree").mkdir()
    lab.guard(lab.workspace)
    policy = WorkspaceWrite(writable_roots=(str(lab.workspace / "worktree"),), exclude_slash_tmp=True)
    assert await lab.what_works(policy, "touch x", "touch worktree/x") == ["touch worktree/x"]


@pytest.mark.parametrize("online", [ReadOnly(network_access=True), ONLINE], ids=["read-only", "workspace-write"])
async def test_a_socket_of_the_servers_own_is_out_of_reach_even_online(
    lab: SandboxLab, online: ReadOnly | WorkspaceWrite
) -> None:
    folder = lab.workspace / "control"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other:
        for own, path in ((one, folder / "s.sock"), (other, lab.tmpdir / "o.sock")):
            own.bind(str(path))
            own.listen()
        lab.guard(hidden=(folder, lab.tmpdir / "*.sock"))
        for path in (folder / "s.sock", lab.tmpdir / "o.sock"):
            outcome = await lab.python(online, f"import socket; socket.socket(socket.AF_UNIX).connect('{path}')")
            assert outcome.exit_code != 0


async def test_what_is_hidden_cannot_be_read_locked_or_removed(mount_lab: SandboxLab) -> None:
    lab = mount_lab
    locks = lab.tmpdir / "locks"
    locks.mkdir()
    for path in (locks / "a.lock", lab.tmpdir / "state.sqlite", lab.tmpdir / "state.sqlite-wal"):
        path.write_text("kept")
    lab.guard(hidden=(locks, lab.tmpdir / "*.sqlite*"))
    attempts = [
        f"cat {locks}/a.lock",
        f"rm -r {locks}",
        f"touch {locks}/b",
        f"mv {locks} {locks}2",
        *(f"{verb} {lab.tmpdir}/state.sqlite{end}" for verb in ("grep kept", "rm") for end in ("", "-wal")),
    ]
    for policy in (ReadOnly(), WORKSPACE):
        assert await lab.what_works(policy, *attempts) == []


async def test_a_subfolder_of_a_repository_looks_as_it_is(lab: SandboxLab) -> None:
    make_repository(lab.workspace)
    repository, app = lab.workspace, lab.workspace / "app"
    app.mkdir()
    lab.workspace = app
    assert (await lab.shell(WORKSPACE, "ls -A; test -e .git || echo no repository")).output == "no repository\n"
    assert os.listdir(app) == []
    assert sorted(os.listdir(repository)) == [".git", "app"]


async def test_settings_made_in_a_subfolder_of_a_repository_are_set_aside_at_once(
    lab: SandboxLab, caplog: pytest.LogCaptureFixture
) -> None:
    make_repository(lab.workspace)
    lab.workspace = lab.workspace / "app"
    lab.workspace.mkdir()
    make = "mkdir -p made/hooks && echo evil >made/config && mv made .git; echo evil >.codex; read line; mkdir .agents"
    with trio.fail_after(PATIENCE):
        async with open_exec_sessions(lab.spawner) as sessions:
            session = await sessions.open(lab.request(WORKSPACE, "/bin/sh", "-c", make, tty=True))
            for name in (".git", ".codex"):
                while not (lab.workspace / f"{name}.set-aside-1").exists():  # noqa: ASYNC110  # another process
                    await trio.sleep(0.01)
            await sessions.write(session.id, "\n")
            await session.wait()
    assert sorted(os.listdir(lab.workspace)) == [f"{name}.set-aside-1" for name in (".agents", ".codex", ".git")]
    assert (lab.workspace / ".git.set-aside-1" / "config").read_text() == "evil\n"
    assert "was moved to" in caplog.text


def test_the_program_and_its_interpreter_are_known_as_the_servers_own(tmp_path: Path) -> None:
    environment, project = tmp_path / "project" / ".venv", tmp_path / "project"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    packages = next(environment.glob("lib/python*/site-packages"))
    for module in (codex_trio, msgspec):
        (packages / module.__name__).symlink_to(Path(module.__file__ or "").parent)
    show = "from codex_trio.sandbox.own_files import own_files; print(*own_files(), sep='\\n')"
    shown = subprocess.run(
        [environment / "bin" / "python", "-c", show],
        cwd=project,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    found = shown.stdout.splitlines()
    assert {str(environment), str(environment / "bin" / "python"), os.path.realpath(sys.executable)} <= set(found)
    assert str(project) not in found, "the folder that it was started in is somebody's work"


def test_of_a_source_tree_only_what_is_in_use_is_the_servers_own() -> None:
    tree = Path(codex_trio.__file__ or "").parent
    if (tree.parent / "pyproject.toml").exists():
        assert str(tree) in own_files()
        assert str(tree.parent) not in own_files()


async def test_a_lock_that_a_command_took_is_known_as_its(lab: SandboxLab) -> None:
    lock = lab.workspace / "x.lock"
    lock.touch()
    hold = "import fcntl, time; f = open('x.lock'); fcntl.flock(f, 2); print('held', flush=True); time.sleep(300)"
    request = lab.request(ReadOnly(), sys.executable, "-I", "-S", "-c", hold)
    with trio.fail_after(PATIENCE), lock.open() as file:
        async with lab.spawner.start(request) as process:
            assert await process.stdout.receive() == b"held\n"
            assert only_commands_hold(file.fileno())
