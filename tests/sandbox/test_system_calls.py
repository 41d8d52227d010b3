"""Which system calls a confined command can and cannot make, and that programs which need the others work."""

import os
import socket

import pytest
from sandbox_lab import SandboxLab

from codex_trio.sandbox.policy import DangerFullAccess, ReadOnly, WorkspaceWrite

WORKSPACE = WorkspaceWrite(exclude_slash_tmp=True)
ONLINE = WorkspaceWrite(exclude_slash_tmp=True, network_access=True)

WAKES_ITS_LOOP = "import asyncio, time; print(asyncio.run(asyncio.to_thread(lambda: time.sleep(0.2) or 'woken')))"
RUNS_A_CHILD = """
import asyncio
async def main():
    child = await asyncio.create_subprocess_exec("sh", "-c", "sleep 0.2; echo woken", stdout=-1, stdin=-1)
    print((await child.communicate(b"x"))[0].decode().strip())
asyncio.run(main())
"""
TALKS_OVER_A_PAIR = """
import socket
a, b = socket.socketpair()
a.send(b"wo"); a.sendall(b"ken"); a.getsockname(), a.getpeername(), a.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)
a.shutdown(socket.SHUT_WR)
print((b.recv(9) + b.recv(9)).decode())
"""

TRY_CALLS = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
for number in {numbers}:
    result = libc.syscall(ctypes.c_long(number), 0, 0, 0, 0, 0)
    print(number, result, errno.errorcode.get(ctypes.get_errno()))
"""

if os.uname().machine not in ("x86_64", "aarch64"):
    pytest.skip("no filter is known for this processor", allow_module_level=True)
IO_URING = (425, 426, 427)
KEYS = (248, 249, 250) if os.uname().machine == "x86_64" else (217, 218, 219)


@pytest.mark.parametrize("script", [WAKES_ITS_LOOP, RUNS_A_CHILD, TALKS_OVER_A_PAIR], ids=["loop", "child", "pair"])
async def test_event_loops_work_without_the_network(lab: SandboxLab, script: str) -> None:
    for policy in (WORKSPACE, ReadOnly()):
        assert (await lab.python(policy, script)).output == "woken\n"


@pytest.mark.parametrize(
    "policy", [WORKSPACE, ONLINE, ReadOnly(network_access=True)], ids=["off", "on", "read-only on"]
)
async def test_no_call_that_dodges_the_filter_and_no_keys_whatever_the_network(
    lab: SandboxLab, policy: WorkspaceWrite | ReadOnly
) -> None:
    numbers = (*IO_URING, *KEYS)
    outcome = await lab.python(policy, TRY_CALLS.replace("{numbers}", str(numbers)))
    assert outcome.output.splitlines() == [f"{number} -1 EPERM" for number in numbers]
    vsock = await lab.python(policy, "import socket; socket.socket(40, socket.SOCK_STREAM)")
    assert "Operation not permitted" in vsock.output


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="only there are 32-bit calls")
@pytest.mark.parametrize("policy", [WORKSPACE, ONLINE], ids=["off", "on"])
async def test_calls_in_another_convention_end_the_command(lab: SandboxLab, policy: WorkspaceWrite) -> None:
    # mov eax, 20 (getpid); int 0x80; ret
    script = r"""
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
print(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))())
"""
    outcome = await lab.python(policy, script)
    assert outcome.output == ""
    assert outcome.exit_code == 128 + 31


async def test_no_datagram_reaches_a_socket_in_the_file_system(lab: SandboxLab) -> None:
    path = lab.workspace / "log"
    script = f"""
import socket
for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC):
    for make in (lambda: socket.socket(socket.AF_UNIX, kind), lambda: socket.socketpair(type=kind)[0]):
        for send in (lambda s: s.sendmsg([b"x"], [], 0, "{path}"), lambda s: s.sendto(b"x", "{path}")):
            try:
                send(make()); print("sent")
            except PermissionError:
                print("refused")
"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(path))
        assert (await lab.python(WORKSPACE, script)).output == "refused\n" * 12
        with pytest.raises(BlockingIOError):
            log.recv(9, socket.MSG_DONTWAIT)


async def test_an_address_is_never_taken_with_a_message(lab: SandboxLab) -> None:
    script = "import socket; a, b = socket.socketpair(); a.sendto(b'x', '/nowhere')"
    assert "Operation not permitted" in (await lab.python(WORKSPACE, script)).output


async def test_the_limits_of_other_processes_cannot_be_changed(lab: SandboxLab) -> None:
    async with lab.spawner.start(lab.request(DangerFullAccess(), "sleep", "300")) as victim:
        script = f"""
import os, resource
for change in (
    lambda: resource.prlimit({victim.pid}, resource.RLIMIT_NOFILE, (64, 64)),
    lambda: os.setpriority(os.PRIO_PROCESS, {victim.pid}, 5),
    lambda: os.sched_setaffinity({victim.pid}, {{0}}),
):
    try:
        change(); print("changed")
    except OSError:
        pass
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)); print("own ones can")
"""
        assert (await lab.python(WORKSPACE, script)).output == "own ones can\n"


async def test_extended_attributes_of_files_elsewhere_cannot_be_changed(lab: SandboxLab) -> None:
    script = f"import os; os.setxattr('{lab.outside}/secret', 'user.x', b'x')"
    assert (await lab.python(WORKSPACE, script)).exit_code != 0
    assert os.listxattr(lab.outside / "secret") == []
