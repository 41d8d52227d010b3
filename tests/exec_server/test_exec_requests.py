"""What an exec-server does with files, what confines its clients' commands, and what it refuses."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from exec_server_lab import ExecClient, Refusal, open_lab, said, script

from codex_trio.environments.exec_permissions import context_of, place_of
from codex_trio.environments.place import WorkPlace
from codex_trio.sandbox.policy import (
    DangerFullAccess,
    ExternalSandbox,
    ReadableParts,
    ReadOnly,
    SandboxLimits,
    SandboxPolicy,
    WorkspaceWrite,
)

READ_ONLY: dict[str, Any] = {
    "type": "managed",
    "file_system": {
        "type": "restricted",
        "entries": [{"path": {"type": "special", "value": {"kind": "root"}}, "access": "read"}],
    },
    "network": "restricted",
}


def sandbox(cwd: Path, permissions: dict[str, Any]) -> dict[str, Any]:
    return {"permissions": permissions, "cwd": cwd.as_uri(), "workspaceRoots": [cwd.as_uri()]}


@pytest.mark.parametrize(
    "policy",
    [
        DangerFullAccess(),
        ReadOnly(),
        ReadOnly(network_access=True),
        ExternalSandbox(network_access=True),
        WorkspaceWrite(workspace_roots=("/a", "/b c")),
        ReadOnly(limits=SandboxLimits(readable=ReadableParts(paths=("/a", "/r"), system=True))),
        WorkspaceWrite(workspace_roots=("/a",), limits=SandboxLimits(readable=ReadableParts(paths=("/r",)))),
        ReadOnly(limits=SandboxLimits(denied=("/s", "/a/**/*.env"))),
        WorkspaceWrite(workspace_roots=("/a",), limits=SandboxLimits(denied=("/a/s",), read_only=("/a/b", "/t/c"))),
        WorkspaceWrite(
            workspace_roots=("/a",),
            writable_roots=("/d",),
            network_access=True,
            exclude_slash_tmp=True,
            exclude_tmpdir_env_var=True,
        ),
    ],
)
def test_a_policy_is_the_same_on_the_other_side(policy: SandboxPolicy) -> None:
    place = WorkPlace(cwd="/a", policy=policy)
    context = context_of(place, lambda path: Path(path).as_uri())
    assert place_of(context, "/a", tmpdir="/t") == place


async def test_a_sandbox_holds_for_commands_and_for_changes_of_files(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        place = WorkPlace(cwd=str(work), policy=WorkspaceWrite(exclude_slash_tmp=True, exclude_tmpdir_env_var=True))
        context = context_of(place, lambda path: Path(path).as_uri())
        for name, confined in (("open", context), ("closed", sandbox(work, READ_ONLY))):
            await client.call("process/start", script(name, f"touch {name}; touch ../{name}", work, sandbox=confined))
            await client.until("process/closed", name)
            params = {"path": (work / f"{name}.txt").as_uri(), "dataBase64": "aGk=", "sandbox": confined}
            if name == "open":
                assert await client.call("fs/writeFile", params) == {}
            else:
                assert "may not be written" in (await client.refusal("fs/writeFile", params)).message
            params["path"] = (tmp_path / f"{name}.txt").as_uri()
            assert "may not be written" in (await client.refusal("fs/writeFile", params)).message
            assert "Read-only" in (await client.refusal("fs/createDirectory", params)).message
    assert sorted(path.name for path in work.iterdir()) == ["open", "open.txt"]


async def test_a_sandbox_holds_for_what_is_read_of_files(tmp_path: Path) -> None:
    for name in ("seen", "hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("hi")
    readable = ReadableParts(paths=(str(tmp_path / "seen"),))
    place = WorkPlace(cwd=str(tmp_path / "seen"), policy=ReadOnly(limits=SandboxLimits(readable=readable)))
    context = context_of(place, lambda path: Path(path).as_uri())
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        for name, is_seen in (("seen", True), ("hidden", False)):
            reads = [
                ("fs/readFile", {"path": (tmp_path / name / "file").as_uri()}),
                ("fs/readDirectory", {"path": (tmp_path / name).as_uri()}),
                ("fs/open", {"path": (tmp_path / name / "file").as_uri(), "handleId": name, "mode": "read"}),
            ]
            for method, params in reads:
                if is_seen:
                    await client.call(method, {**params, "sandbox": context})
                else:
                    refused = await client.refusal(method, {**params, "sandbox": context})
                    assert "Permission denied" in refused.message, method


async def test_what_a_profile_closes_is_closed_to_commands_and_to_requests_about_files(tmp_path: Path) -> None:
    work = tmp_path / "work"
    for name in ("open", "kept", "secret"):
        (work / name).mkdir(parents=True)
        (work / name / "file").write_text("hi")
    (work / "link").symlink_to("secret/file")
    limits = SandboxLimits(denied=(str(work / "secret"),), read_only=(str(work / "kept"),))
    policy = WorkspaceWrite(exclude_slash_tmp=True, exclude_tmpdir_env_var=True, limits=limits)
    context = context_of(WorkPlace(cwd=str(work), policy=policy), lambda path: Path(path).as_uri())
    options = {"maxDepth": 3, "maxDirectories": 9, "maxEntries": 9, "followDirectorySymlinks": True}
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        for method in ("fs/readFile", "fs/getMetadata", "fs/canonicalize"):
            for name in ("secret/file", "link"):
                refused = await client.refusal(method, {"path": (work / name).as_uri(), "sandbox": context})
                assert "Permission denied" in refused.message, (method, name)
            await client.call(method, {"path": (work / "open" / "file").as_uri(), "sandbox": context})
        told = {"path": work.as_uri(), "sandbox": context, "options": options}
        found = (await client.call("fs/walk", told))["entries"]
        names = [Path(entry["path"].removeprefix(work.as_uri())) for entry in found]
        assert [str(name) for name in names] == ["/kept", "/open", "/kept/file", "/open/file"]
        refused = await client.refusal("fs/walk", {**told, "path": (work / "secret").as_uri()})
        assert "Permission denied" in refused.message
        text = "cat secret/file link; for name in open kept secret; do touch $name/new; done"
        if await is_started(client, script("p", text, work, sandbox=context)):
            await client.until("process/closed", "p")
            assert b"hi" not in said((await client.call("process/read", {"processId": "p"}))["chunks"])
            assert [str(path.relative_to(work)) for path in work.rglob("new")] == ["open/new"]


FETCH = """
import os, socket, urllib.error, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": os.environ["http_proxy"]}))
def attempt(what):
    try:
        print(what())
    except OSError as error:
        print(type(error).__name__)
attempt(lambda: opener.open("http://127.0.0.1:PORT/", timeout=20).status)
attempt(lambda: opener.open("http://other.test/", timeout=20).status)
attempt(lambda: socket.create_connection(("127.0.0.1", PORT), timeout=20))
"""


async def test_a_process_reaches_the_hosts_that_its_client_lists_and_the_client_hears_of_others(tmp_path: Path) -> None:
    async def answer(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some(10_000)
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    (tmp_path / "work").mkdir()
    async with open_lab(tmp_path) as lab, trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, answer, listeners)
        client, _ = await lab.connect()
        text = FETCH.replace("PORT", str(listeners[0].socket.getsockname()[1]))
        confinements: dict[str, dict[str, Any]] = {
            "confined": {"sandbox": sandbox(tmp_path / "work", READ_ONLY)},
            "free": {},
        }
        for name, confinement in confinements.items():
            wanted = {**script(name, "", tmp_path / "work", **confinement), **proxied({"127.0.0.1": "allow"})}
            if not await is_started(client, {**wanted, "argv": [sys.executable, "-c", text]}):
                continue
            await client.until("process/closed", name)
            read = await client.call("process/read", {"processId": name})
            assert said(read["chunks"]).decode().split() == ["200", "HTTPError", "ConnectionRefusedError"]
            heard = await client.until("network/policyDecision", name)
            shown = {key: heard[key] for key in ("decision", "reason", "protocol", "host", "port", "method")}
            assert shown == {
                "decision": "deny",
                "reason": "not_allowed",
                "protocol": "http",
                "host": "other.test",
                "port": 80,
                "method": "GET",
            }
        nursery.cancel_scope.cancel()


async def is_started(client: ExecClient, params: dict[str, Any]) -> bool:
    """Start a process, unless nothing but Landlock works here, which then is said."""
    try:
        await client.call("process/start", params)
    except Refusal as refused:
        if "Landlock cannot" not in refused.message:
            raise
        return False
    return True


async def test_permissions_that_cannot_be_enforced_are_refused(tmp_path: Path) -> None:
    def entries(*entries: dict[str, Any]) -> dict[str, Any]:
        return {**READ_ONLY, "file_system": {"type": "restricted", "entries": list(entries)}}

    unknown: list[dict[str, Any]] = [
        {"type": "new"},
        {},
        entries({"path": {"type": "special", "value": {"kind": "root"}}, "access": "none"}),
        entries({"path": {"type": "special", "value": {"kind": "project_roots", "subpath": "../x"}}, "access": "none"}),
        {**READ_ONLY, "file_system": {"type": "unrestricted"}},
    ]
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        for permissions in unknown:
            confined = sandbox(tmp_path, permissions)
            refused = await client.refusal("process/start", script("p", "touch ran", tmp_path, sandbox=confined))
            assert (refused.code, refused.message[:9]) == (-32602, "sandbox: ")
            params = {"path": (tmp_path / "ran").as_uri(), "dataBase64": "", "sandbox": confined}
            assert (await client.refusal("fs/writeFile", params)).code == -32602
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("max_at_once", "heard"), [(None, b"hi"), (1, b"")])
async def test_requests_of_a_connection_wait_where_so_many_are_under_way(
    tmp_path: Path, max_at_once: int | None, heard: bytes
) -> None:
    async with open_lab(tmp_path, max_at_once=max_at_once) as lab:
        client, _ = await lab.connect()
        await client.call("process/start", script("p", "cat", tmp_path, pipeStdin=True))
        wait = {"processId": "p", "waitMs": 60_000 if heard else 50}
        reading = await client.send("process/read", wait)
        written = await client.send("process/write", {"processId": "p", "chunk": "aGk=", "writeId": "w"})
        assert said((await client.answer(reading))["chunks"]) == heard
        await client.answer(written)


async def test_a_program_is_started_under_the_name_that_is_asked_for(tmp_path: Path) -> None:
    place = WorkPlace(cwd=str(tmp_path), policy=WorkspaceWrite(exclude_slash_tmp=True, exclude_tmpdir_env_var=True))
    context = context_of(place, lambda path: Path(path).as_uri())
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        for name, more in (("open", {}), ("confined", {"sandbox": context})):
            text = f'echo "$0"; tr "\\0" "\\n" </proc/$$/cmdline | head -n 1; env | cut -d= -f1 >{name}'
            await client.call("process/start", script(name, text, tmp_path, arg0="other", **more))
            await client.until("process/closed", name)
            read = await client.call("process/read", {"processId": name})
            shown = b"".join(base64.b64decode(chunk["chunk"]) for chunk in read["chunks"])
            assert shown.decode().splitlines()[-1:] == ["other"], shown
            assert "LC_CTYPE" not in (tmp_path / name).read_text().split()


async def test_files_are_read_and_changed(tmp_path: Path) -> None:
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        folder, file = tmp_path / "a b" / "c", tmp_path / "a b" / "c" / "f"
        assert await client.call("fs/createDirectory", {"path": folder.as_uri()}) == {}
        assert await client.call("fs/writeFile", {"path": str(file), "dataBase64": "aGVsbG8="}) == {}
        assert await client.call("fs/readFile", {"path": file.as_uri()}) == {"dataBase64": "aGVsbG8="}
        (folder / "l").symlink_to(file)
        found = await client.call("fs/getMetadata", {"path": (folder / "l").as_uri()})
        assert (found["isFile"], found["isSymlink"], found["size"]) == (True, True, 5)
        assert await client.call("fs/canonicalize", {"path": (folder / "l").as_uri()}) == {"path": file.as_uri()}
        await client.call("fs/copy", {"sourcePath": file.as_uri(), "destinationPath": (folder / "g").as_uri()})
        await client.call("fs/remove", {"path": file.as_uri(), "recursive": False, "force": False})
        entries = (await client.call("fs/readDirectory", {"path": folder.as_uri()}))["entries"]
        assert entries == [{"fileName": "g", "isDirectory": False, "isFile": True}]
        await client.call("fs/open", {"path": (folder / "g").as_uri(), "handleId": "h"})
        block = await client.call("fs/readBlock", {"handleId": "h", "offset": 1, "len": 3})
        assert block == {"chunk": "ZWxs", "eof": False}
        block = await client.call("fs/readBlock", {"handleId": "h", "offset": 4, "len": 3})
        assert block == {"chunk": "bw==", "eof": True}
        assert await client.call("fs/close", {"handleId": "h"}) == {}


def proxied(domains: dict[str, str]) -> dict[str, Any]:
    """Return what limits a process to hosts."""
    return {"networkProxy": {"proxy": {"enabled": True, "domains": domains}}}


TRUE: dict[str, Any] = {"processId": "p", "argv": ["true"], "cwd": "/"}
LIMITED = proxied({"a.test": "allow"})
WALK = {"maxDepth": 2, "maxDirectories": 9, "maxEntries": 9, "followDirectorySymlinks": False}
CONFIG = {"cwd": "file:///", "configPaths": [["model"]], "requirementsPaths": []}
NOT_FOUND = "No such file or directory (os error 2)"


@pytest.mark.parametrize(
    ("method", "params", "code", "problem"),
    [
        ("initialize", {"clientName": "again"}, -32600, "initialize may only be sent once per connection"),
        ("bogus/method", {}, -32601, "exec-server stub does not implement `bogus/method` yet"),
        ("process/start", {"processId": "p", "argv": [], "cwd": "/"}, -32602, "argv must not be empty"),
        ("process/start", {"processId": "p", "argv": ["true"], "cwd": "x"}, -32602, "`x` is not an absolute path"),
        ("process/start", {"processId": "p", "argv": ["no-such-program"], "cwd": "/"}, -32603, NOT_FOUND),
        ("process/start", {"processId": "p", "argv": ["true"], "cwd": "/none"}, -32603, NOT_FOUND),
        ("process/start", {"processId": "p", "argv": ["no-such"], "cwd": "/", "arg0": "x"}, -32603, NOT_FOUND),
        ("process/start", {**TRUE, "managedNetwork": {}}, -32602, "`managedNetwork` is held to a proxy of this"),
        ("process/start", {**TRUE, "enforceManagedNetwork": True}, -32602, "send `networkProxy`"),
        ("process/start", {**TRUE, "networkProxy": {"proxy": {"enabled": False}}}, -32602, "an enabled proxy"),
        (
            "process/start",
            {**TRUE, **LIMITED, "managedNetwork": {"loopbackPorts": [1]}},
            -32602,
            "`managedNetwork.loop",
        ),
        ("process/start", {**TRUE, "networkProxy": {"proxy": {}}}, -32602, "enabled"),
        ("process/start", {**TRUE, **proxied({"a/b": "allow"})}, -32602, "`a/b` in `networkProxy.proxy.domains` of"),
        ("process/start", {**TRUE, **proxied({"*": "deny"})}, -32602, "what is not listed is closed"),
        ("process/read", {"processId": "nope"}, -32600, "unknown process id nope"),
        ("process/signal", {"processId": "nope", "signal": "interrupt"}, -32600, "unknown process id nope"),
        ("process/signal", {"processId": "nope", "signal": "kill"}, -32602, "signal"),
        ("process/write", {"processId": "nope", "chunk": "!", "writeId": "w"}, -32602, "Invalid symbol 33, offset 0."),
        ("process/write", {"processId": "nope", "chunk": ""}, -32602, "writeId"),
        ("fs/readFile", {"path": "/none"}, -32004, NOT_FOUND),
        ("fs/readFile", {"path": "/dev/zero"}, -32600, "path `/dev/zero` is not a file"),
        ("fs/readFile", {"path": "file:///"}, -32600, "path `/` is not a file"),
        ("fs/readFile", {"path": "file://far/x"}, -32602, "is not a path on this machine"),
        ("fs/writeFile", {"path": "/x", "dataBase64": "!"}, -32600, "fs/writeFile requires valid base64 dataBase64: "),
        ("fs/remove", {"path": "/none", "force": False}, -32004, NOT_FOUND),
        ("fs/open", {"path": "/dev/tty", "handleId": "h"}, -32600, "is not a file"),
        ("fs/open", {"path": "/none", "handleId": "h", "mode": "append"}, -32602, "mode"),
        ("fs/open", {"path": "/dev/null", "handleId": "h", "mode": "replace"}, -32600, "is not a file"),
        ("fs/open", {"path": "/none/x", "handleId": "h", "mode": "replace"}, -32004, NOT_FOUND),
        ("fs/readBlock", {"handleId": "h", "offset": 0, "len": 1}, -32004, "unknown file handle `h`"),
        ("fs/readBlock", {"handleId": "h", "offset": 0, "len": 0}, -32600, "must be between 1 and 1048576"),
        ("fs/writeBlock", {"handleId": "h", "offset": 0, "chunk": "YQ=="}, -32004, "unknown file handle `h`"),
        ("fs/writeBlock", {"handleId": "h", "offset": 0, "chunk": ""}, -32600, "must be between 1 and 1048576"),
        ("fs/writeBlock", {"handleId": "h", "offset": 0, "chunk": "!"}, -32602, "Invalid symbol 33, offset 0."),
        ("fs/writeBlock", {"handleId": "h", "offset": 2**63 - 1, "chunk": "YQ=="}, -32600, "64-bit file offset"),
        ("fs/walk", {"path": "/none", "options": WALK}, -32004, NOT_FOUND),
        ("fs/walk", {"path": "/", "options": {**WALK, "maxEntries": 0}}, -32600, "must be greater than zero"),
        ("fs/walk", {"path": "/", "options": {**WALK, "maxDepth": 65}}, -32600, "exceed maximums: depth=64"),
        ("fs/watchMissing", {"watchId": 1, "missing": ["x"]}, -32602, "`x` is not an absolute path"),
        ("environmentConfig/read", {**CONFIG, "configPaths": []}, -32602, "at least one config or requirements path"),
        ("environmentConfig/read", {**CONFIG, "configPaths": [[]]}, -32602, "at least one key segment"),
        ("environmentConfig/read", {**CONFIG, "cwd": "x"}, -32602, "`x` is not an absolute path"),
    ],
)
async def test_bad_requests_are_refused_and_the_server_goes_on(
    tmp_path: Path, method: str, params: dict[str, Any], code: int, problem: str
) -> None:
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        refused = await client.refusal(method, params)
        assert (refused.code, problem in refused.message) == (code, True), refused.message
        assert await client.call("environment/status") == {"status": "ready"}


NUMBERS = [
    ("process/read", {"processId": "p"}, "afterSeq"),
    ("process/read", {"processId": "p"}, "maxBytes"),
    ("process/read", {"processId": "p"}, "waitMs"),
    ("fs/readBlock", {"handleId": "h", "len": 1}, "offset"),
    ("fs/readBlock", {"handleId": "h", "offset": 0}, "len"),
    ("fs/writeBlock", {"handleId": "h", "chunk": "YQ=="}, "offset"),
    ("fs/walk", {"path": "/", "options": WALK}, "options.maxDepth"),
    ("fs/walk", {"path": "/", "options": WALK}, "options.maxDirectories"),
    ("fs/walk", {"path": "/", "options": WALK}, "options.maxEntries"),
    ("fs/watchMissing", {"missing": []}, "watchId"),
    ("http/request", {"method": "GET", "url": "http://127.0.0.1:1/", "requestId": "r"}, "timeoutMs"),
]


async def test_a_number_that_is_none_is_refused_by_its_name(tmp_path: Path) -> None:
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        for method, params, field in NUMBERS:
            for value in (-1, 1e30, 10**30, 1.5, "1", True):
                outer, _, inner = field.rpartition(".")
                bad = {**params, outer: {**WALK, inner: value}} if outer else {**params, inner: value}
                refused = await client.refusal(method, bad)
                assert (refused.code, field in refused.message) == (-32602, True), (method, field, refused.message)


async def test_what_is_no_request_is_answered_too(tmp_path: Path) -> None:
    async with open_lab(tmp_path) as lab:
        client = lab.dial()
        refused = await client.refusal("environment/info", {})
        assert (refused.code, refused.message) == (-32600, "client must call initialize before using exec methods")
        for text in (b"junk", b"[]", b'{"id":99}', b'{"id":1,"method":"\xff"}'):
            await client.transport.send(text)
            answer = await _next(client)
            assert (answer["id"], answer["error"]["code"]) == (-1, -32600)
        await client.note("no/such/note", {})
        facts = (await client.call("initialize", {"clientName": "x", "more": 1}))["environmentInfo"]
        assert facts["shell"]["path"].endswith(facts["shell"]["name"])
        assert facts == await client.call("environment/info")


async def _next(client: ExecClient) -> dict[str, Any]:
    message = await client.transport.receive()
    assert message is not None
    return msgspec.json.decode(message)
