"""What a sandboxed command can and cannot do, under every mechanism that this machine has."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from sandbox_lab import PATIENCE, SandboxLab, wait_for_empty, wait_for_processes

import codex_trio
from codex_trio.execution.sessions import open_exec_sessions
from codex_trio.execution.spawner import ProcessSpawner
from codex_trio.sandbox.policy import DangerFullAccess, ExternalSandbox, ReadOnly, WorkspaceWrite
from codex_trio.sandbox.probe import SandboxProbe
from codex_trio.sandbox.protected import PROTECTED_NAMES

# The test's folders may themselves lie in /tmp, so that must not be writable.
WORKSPACE = WorkspaceWrite(exclude_slash_tmp=True)
ONLINE = WorkspaceWrite(exclude_slash_tmp=True, network_access=True)

DOOMED_SERVER = Path(__file__).with_name("doomed_sandbox_server.py")

TRY_INET_SOCKET = "import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM)"
TRY_UNIX_CONNECT = "import socket; socket.socket(socket.AF_UNIX).connect('{path}')"


async def test_everything_can_be_read(lab: SandboxLab) -> None:
    outcome = await lab.shell(ReadOnly(), f"cat {lab.outside}/secret; test -r /etc/passwd && echo yes")
    assert (outcome.exit_code, outcome.output) == (0, "readable\nyes\n")


async def test_read_only_means_that_nothing_can_be_written(lab: SandboxLab) -> None:
    folders = (lab.workspace, lab.outside, lab.tmpdir)
    for folder in folders:
        (folder / "old").write_text("kept")
    attempts = ("touch {}/new", "echo gone >{}/old", "rm {}/old", "mv {}/old {}/moved", "truncate -s 0 {}/old")
    scripts = [attempt.replace("{}", str(folder)) for folder in folders for attempt in attempts]
    assert await lab.what_works(ReadOnly(), *scripts) == []
    assert all((folder / "old").read_text() == "kept" for folder in folders)


async def test_the_workspace_and_tmpdir_can_be_written_and_nothing_else(lab: SandboxLab) -> None:
    script = f"""
        echo a >new; mkdir -p deep/er; mv new deep/er/moved; rm -r deep/er/moved; echo b >kept
        echo c >{lab.tmpdir}/file
        touch {lab.outside}/x || echo refused 1
        echo x >>{lab.outside}/secret || echo refused 2
        mv {lab.outside}/secret . || echo refused 3
        mkdir {lab.outside}/d || echo refused 4
        ln {lab.outside}/secret hard && echo x >>hard || echo refused 5
        ln -s {lab.outside}/secret soft && echo x >>soft || echo refused 6
    """
    outcome = await lab.shell(WORKSPACE, f"{{ {script} }} 2>/dev/null")
    assert outcome.output == "".join(f"refused {number}\n" for number in range(1, 7))
    assert (lab.workspace / "kept").read_text() == "b\n"
    assert (lab.tmpdir / "file").read_text() == "c\n"
    assert (lab.outside / "secret").read_text() == "readable\n"
    assert os.listdir(lab.outside) == ["secret"]


async def test_the_temporary_folders_can_be_excluded(lab: SandboxLab) -> None:
    policy = WorkspaceWrite(exclude_slash_tmp=True, exclude_tmpdir_env_var=True)
    scripts = (f"touch {lab.tmpdir}/x", "touch /tmp/codex-trio-test-file", "touch x")
    assert await lab.what_works(policy, *scripts) == ["touch x"]


async def test_slash_tmp_can_be_written_by_default(lab: SandboxLab) -> None:
    assert await lab.can(WorkspaceWrite(), 'name=$(mktemp /tmp/codex-trio-test-XXXXXX) && rm "$name"')


async def test_more_roots_can_be_opened_and_missing_ones_do_not_matter(lab: SandboxLab) -> None:
    policy = WorkspaceWrite(writable_roots=(str(lab.outside), "/no/such/root"), exclude_slash_tmp=True)
    assert await lab.can(policy, f"touch {lab.outside}/x")


async def test_the_policys_folder_counts_not_where_the_command_starts(lab: SandboxLab) -> None:
    assert (await lab.shell(WORKSPACE, "touch x", cwd=lab.outside)).exit_code != 0
    outcome = await lab.shell(WORKSPACE, f"pwd; touch {lab.workspace}/x", cwd=lab.outside)
    assert (outcome.exit_code, outcome.output) == (0, f"{lab.outside}\n")


async def test_a_workspace_reached_through_a_link_can_be_written(lab: SandboxLab) -> None:
    real = lab.workspace.rename(lab.outside / "real")
    lab.workspace.symlink_to(real)
    allowed = f"touch {lab.workspace}/x {real}/y"
    assert await lab.what_works(WORKSPACE, allowed, f"touch {lab.outside}/z") == [allowed]


async def test_protected_folders_cannot_be_changed_replaced_or_created(mount_lab: SandboxLab) -> None:
    lab = mount_lab
    existing = [lab.workspace / name for name in PROTECTED_NAMES]
    missing = [lab.tmpdir / name for name in PROTECTED_NAMES]
    for folder in existing:
        folder.mkdir()
        (folder / "config").write_text("kept")
    attempts = (
        "echo x >{}/config",
        "rm {}/config",
        "mv {} {}.away",
        "rm -r {}",
        "rmdir {}",
        "mkdir {}",
        "chmod 777 {}",
        "ln -s / {}/link",
    )
    scripts = [attempt.replace("{}", str(folder)) for folder in existing + missing for attempt in attempts]
    assert await lab.what_works(WORKSPACE, *scripts) == []
    assert all((folder / "config").read_text() == "kept" for folder in existing)
    assert not any(folder.exists() for folder in missing)
    assert await lab.can(WORKSPACE, "mkdir sub && mkdir sub/.git"), "only the roots' own entries are protected"


async def test_a_worktrees_git_pointer_and_what_it_points_to_are_protected(mount_lab: SandboxLab) -> None:
    lab = mount_lab
    repository = lab.outside / "main" / "worktrees" / "w"
    repository.mkdir(parents=True)
    (lab.workspace / ".git").write_text(f"gitdir: {repository}\n")
    policy = WorkspaceWrite(writable_roots=(str(lab.outside),), exclude_slash_tmp=True)
    free = f"touch {lab.outside}/x"
    assert await lab.what_works(policy, f"touch {repository}/HEAD", "echo x >.git", "rm .git", free) == [free]


async def test_a_root_named_inside_a_protected_folder_is_open(lab: SandboxLab) -> None:
    hooks = lab.workspace / ".git" / "hooks"
    hooks.mkdir(parents=True)
    policy = WorkspaceWrite(writable_roots=(str(hooks),), exclude_slash_tmp=True)
    assert await lab.can(policy, f"touch {hooks}/x")
    if lab.probe.mechanism != "landlock":
        assert not await lab.can(policy, "touch .git/x")


async def test_the_network_is_off_unless_the_policy_opens_it(lab: SandboxLab) -> None:
    assert "Operation not permitted" in (await lab.python(WORKSPACE, TRY_INET_SOCKET)).output
    assert "Operation not permitted" in (await lab.python(ReadOnly(), TRY_INET_SOCKET)).output
    assert (await lab.python(ONLINE, TRY_INET_SOCKET)).exit_code == 0


async def test_a_local_service_cannot_be_reached_through_the_sandbox(lab: SandboxLab) -> None:
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, answer, listeners)
        connect = f"import socket; print(socket.create_connection(('127.0.0.1', {port}), 5).recv(9))"
        assert (await lab.python(ONLINE, connect)).output == "b'reached'\n"
        assert "reached" not in (await lab.python(WORKSPACE, connect)).output
        nursery.cancel_scope.cancel()


async def answer(stream: trio.SocketStream) -> None:
    await stream.send_all(b"reached")


async def test_a_unix_socket_cannot_be_reached_while_the_network_is_off(lab: SandboxLab) -> None:
    path = lab.workspace / "service"
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(str(path))
        service.listen()
        refused = await lab.python(WORKSPACE, TRY_UNIX_CONNECT.format(path=path))
        assert "Operation not permitted" in refused.output
        online = await lab.python(ONLINE, TRY_UNIX_CONNECT.format(path=path))
        # Landlock cannot tell one socket in the file system from another: the server's own is one, too.
        assert (online.exit_code == 0) == (lab.probe.mechanism != "landlock")


async def test_programs_can_still_talk_to_their_children(lab: SandboxLab) -> None:
    script = "import socket; a, b = socket.socketpair(); a.sendmsg([b'hi']); print(b.recv(2))"
    assert (await lab.python(WORKSPACE, script)).output == "b'hi'\n"
    assert (await lab.shell(WORKSPACE, "echo hi | cat | tee /dev/null")).output == "hi\n"


async def test_a_command_can_tell_that_it_has_no_network(lab: SandboxLab) -> None:
    show = "echo ${CODEX_SANDBOX_NETWORK_DISABLED:-unset}"
    assert (await lab.shell(WORKSPACE, show)).output == "1\n"
    assert (await lab.shell(ONLINE, show)).output == "unset\n"
    assert (await lab.shell(ExternalSandbox(), show)).output == "1\n"
    assert (await lab.shell(DangerFullAccess(), show)).output == "unset\n"


async def test_a_command_has_no_privileges_to_use_or_gain(lab: SandboxLab) -> None:
    for policy in (WORKSPACE, ONLINE):
        outcome = await lab.shell(policy, "grep -E '^(CapPrm|CapEff|NoNewPrivs)' /proc/self/status")
        fields = dict(line.split(":\t") for line in outcome.output.splitlines())
        assert fields == {"CapPrm": "0" * 16, "CapEff": "0" * 16, "NoNewPrivs": "1"}
    assert not await lab.can(ONLINE, "mount -t tmpfs none /mnt")


async def test_other_processes_cannot_be_signalled_or_traced(lab: SandboxLab) -> None:
    async with lab.spawner.start(lab.request(DangerFullAccess(), "sleep", "300")) as victim:
        if lab.probe.mechanism != "landlock" or await landlock_scopes_signals(lab):
            assert not await lab.can(WORKSPACE, f"kill -0 {victim.pid}")
            assert not await lab.can(ONLINE, f"kill -0 {victim.pid}")
        trace = f"import ctypes; print(ctypes.CDLL(None).ptrace(16, {victim.pid}, 0, 0))"
        assert (await lab.python(WORKSPACE, trace)).output == "-1\n"
        assert (await lab.python(ONLINE, trace)).output == "-1\n"


async def landlock_scopes_signals(lab: SandboxLab) -> bool:
    script = "from codex_trio.sandbox import kernel; print(kernel.landlock_abi())"
    root = Path(codex_trio.__file__).parent.parent
    outcome = await lab.python(DangerFullAccess(), f"import sys; sys.path.insert(0, {str(root)!r}); {script}")
    return int(outcome.output) >= 6


async def test_the_machine_itself_cannot_be_changed(lab: SandboxLab) -> None:
    harmless = "echo x >/dev/null && head -c 1 /dev/urandom >/dev/null"
    attempts = (
        "cat /proc/sys/kernel/core_pattern >/proc/sys/kernel/core_pattern",
        ": >>/proc/sysrq-trigger",
        ": >>/sys/kernel/uevent_helper",
        "for disk in /dev/vda /dev/sda /dev/nvme0n1; do test -e $disk && : >>$disk && exit 0; done; exit 1",
        harmless,
    )
    assert await lab.what_works(WORKSPACE, *attempts) == [harmless]


async def test_a_namespace_inside_the_sandbox_undoes_nothing(mount_lab: SandboxLab) -> None:
    lab = mount_lab
    (lab.workspace / ".git").mkdir()
    root = Path(codex_trio.__file__).parent.parent
    attempts = f"""
import sys
sys.path.insert(0, {str(root)!r})
from codex_trio.sandbox import kernel

def attempt(name, action):
    try:
        action()
        print(name)
    except OSError:
        pass

def write(path):
    with open(path, "w"):
        pass

attempt("in a namespace", lambda: kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS))
attempt("map", lambda: write("/proc/self/uid_map"))
attempt("remount .git", lambda: kernel.set_mount_attributes(".git", remove=kernel.MOUNT_ATTR_RDONLY, recursive=False))
attempt("remount /", lambda: kernel.set_mount_attributes("/", remove=kernel.MOUNT_ATTR_RDONLY, recursive=False))
attempt("uncover", lambda: kernel.mount(".", "/mnt", None, kernel.MS_BIND))
attempt("copy", lambda: kernel.mount(".", "/mnt", None, kernel.MS_BIND | kernel.MS_REC))
attempt("write copy", lambda: write("/mnt/.git/x"))
attempt("write .git", lambda: write(".git/x"))
attempt("write outside", lambda: write({str(lab.outside / "x")!r}))
attempt("new proc", lambda: kernel.mount("proc", "/proc", "proc", 0))
"""
    done = (await lab.python(ONLINE, attempts)).output.splitlines()
    assert set(done) <= {"in a namespace", "map", "copy"}


@pytest.mark.parametrize(
    ("script", "exit_code"), [("true", 0), ("exit 3", 3), ("kill -TERM $$", 143), ("kill -KILL $$", 137)]
)
async def test_exit_codes_come_through(lab: SandboxLab, script: str, exit_code: int) -> None:
    assert (await lab.shell(WORKSPACE, script)).exit_code == exit_code


async def test_a_missing_program_is_an_error(lab: SandboxLab) -> None:
    outcome = await lab.run(lab.request(WORKSPACE, "no-such-program"))
    assert outcome.exit_code != 0
    assert "no-such-program" in outcome.output


async def test_a_terminal_works_inside(lab: SandboxLab) -> None:
    outcome = await lab.run(
        lab.request(
            WORKSPACE, "/bin/sh", "-c", "test -t 0 && stty size; echo hi >/dev/tty; echo ho >/dev/stdout", tty=True
        )
    )
    assert (outcome.exit_code, outcome.output) == (0, "24 80\r\nhi\r\nho\r\n")


async def test_an_interrupt_typed_at_a_terminal_goes_to_the_command_alone(
    tmp_path: Path, spawner: ProcessSpawner, terminal_probe: SandboxProbe
) -> None:
    lab = SandboxLab(tmp_path, spawner, terminal_probe)
    script = "trap 'echo caught' INT; echo ready; read line; read line; exit 7"
    seen = b""
    with trio.fail_after(PATIENCE):
        async with lab.spawner.start(lab.request(WORKSPACE, "/bin/sh", "-c", script, tty=True)) as process:
            while b"ready" not in seen:
                seen += await process.stdout.receive()
            await process.write(b"\x03")
            while b"caught" not in seen:
                seen += await process.stdout.receive()
            await process.write(b"one\ntwo\n")  # The interrupt may have ended the first read, or come before it.
            assert await process.wait() == 7


async def test_a_cancelled_command_is_gone_with_everything_in_its_sandbox(lab: SandboxLab) -> None:
    marker = f"300.{os.getpid()}01"
    request = lab.request(WORKSPACE, "/bin/sh", "-c", f"setsid sleep {marker} & exec sleep {marker}")
    with trio.fail_after(PATIENCE):
        async with open_exec_sessions(lab.spawner) as sessions:
            await sessions.open(request)
            await wait_for_processes(marker, exist=True)
    await wait_for_processes(marker, exist=False)


async def test_what_a_command_leaves_in_the_background_ends_with_its_sandbox(mount_lab: SandboxLab) -> None:
    marker = f"300.{os.getpid()}02"
    outcome = await mount_lab.shell(WORKSPACE, f"setsid sleep {marker} >/dev/null 2>&1 & echo started")
    assert outcome.output.splitlines()[0] == "started"
    await wait_for_processes(marker, exist=False)


async def test_a_sandboxed_command_dies_with_a_killed_server(lab: SandboxLab) -> None:
    marker = f"300.{os.getpid()}03"
    # It looks for what this lab's commands are confined by.
    env = {**lab.env, "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    server = await trio.lowlevel.open_process(
        [sys.executable, str(DOOMED_SERVER), str(lab.workspace), str(lab.probe.mechanism), marker],
        env=env,
        stdin=subprocess.DEVNULL,
    )
    try:
        await wait_for_processes(f"sleep\0{marker}", exist=True)
    finally:
        server.send_signal(signal.SIGKILL)
        with trio.CancelScope(shield=True):
            await server.wait()
    await wait_for_processes(f"sleep\0{marker}", exist=False)
    await wait_for_empty(lab.workspace)
