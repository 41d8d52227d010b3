"""Permissions beyond the sandbox: how they are asked for, what is granted, and what follows."""

from typing import Any

import msgspec
import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import statuses
from codex_trio.conformance.shapes import ANY_INT
from codex_trio.testing.model_script import Event, answer, function_call, message

ASKED = "item/permissions/requestApproval"
FEATURES = "[features]\nrequest_permissions_tool = true\nexec_permission_approvals = true\n"


@pytest.fixture
def asking(lab: Lab) -> Lab:
    """A server whose model may ask for permissions, and can write nothing without."""
    lab.configure(tables=FEATURES, approval_policy="on-request", sandbox_mode="read-only")
    return lab


def wish(path: str, call_id: str = "ask") -> Event:
    """Return a model's request to write a path."""
    arguments = {"reason": "to build", "permissions": {"file_system": {"write": [path]}}}
    return function_call("request_permissions", arguments, call_id=call_id)


def command(cmd: str, call_id: str = "run", **arguments: Any) -> Event:
    """Return a command of the model."""
    return function_call("exec_command", {"cmd": cmd, **arguments}, call_id=call_id)


def writable(path: str) -> dict[str, Any]:
    """Return what lets a path be written, in the protocol's words."""
    entry = {"path": {"type": "path", "path": path}, "access": "write"}
    return {"network": None, "fileSystem": {"read": None, "write": [path], "entries": [entry]}}


async def test_what_is_asked_for_and_granted_holds_for_the_rest_of_the_turn(asking: Lab) -> None:
    cwd = str(asking.cwd)
    asking.script(
        answer(wish(cwd)),
        answer(command("echo hi > w; cat w")),
        answer(message("Done.")),
        answer(command("touch later", "late")),
        answer(message("Done.")),
    )
    async with asking.run() as probe:
        thread_id = (await probe.start_thread(cwd=cwd))["id"]
        turn = await probe.run_turn(thread_id, answer=lambda request: {"permissions": request["params"]["permissions"]})
        await probe.run_turn(thread_id)
    [request] = [sent for sent in turn.messages if sent.get("method") == ASKED]
    assert request["params"] == {
        "threadId": thread_id,
        "turnId": turn.id,
        "itemId": "ask",
        "environmentId": "local",
        "startedAtMs": ANY_INT,
        "cwd": cwd,
        "reason": "to build",
        "permissions": writable(cwd),
    }
    [resolved] = [sent for sent in turn.messages if sent.get("method") == "serverRequest/resolved"]
    assert resolved["params"] == {"threadId": thread_id, "requestId": request["id"]}
    assert [status.get("activeFlags") for status in statuses(turn.messages)] == [[], ["waitingOnApproval"], [], None]
    told = msgspec.json.decode(asking.model.requests[1].output_of("ask"))
    granted = {"network": None, "file_system": {"write": [cwd]}}
    assert told == {"permissions": granted, "scope": "turn"}
    [item] = turn.items("commandExecution")
    assert (item["id"], item["status"], item["aggregatedOutput"]) == ("run", "completed", "hi\n")
    assert not (asking.cwd / "later").exists()


async def test_a_client_can_grant_less_than_was_asked_for_but_not_more(asking: Lab) -> None:
    cwd = str(asking.cwd)
    (asking.cwd / "sub").mkdir()
    (asking.cwd / ".git").mkdir(exist_ok=True)
    asking.script(answer(wish(cwd)), answer(command("touch sub/x .git/x y; ls")), answer(message("Done.")))
    given = {"network": {"enabled": True}, "fileSystem": {"write": [f"{cwd}/sub", f"{cwd}/.git", "/"]}}
    async with asking.run() as probe:
        thread_id = (await probe.start_thread(cwd=cwd))["id"]
        await probe.run_turn(thread_id, answer=lambda _: {"permissions": given, "scope": "session"})
    told = msgspec.json.decode(asking.model.requests[1].output_of("ask"))
    granted = {"network": None, "file_system": {"write": [f"{cwd}/sub"]}}
    assert told == {"permissions": granted, "scope": "session"}
    assert [(asking.cwd / name).exists() for name in ("sub/x", ".git/x", "y")] == [True, False, False]


async def test_nobody_is_asked_to_agree_to_what_no_command_may_do(asking: Lab) -> None:
    loop = asking.cwd / "loop"
    loop.symlink_to("loop")
    wishes = {
        str(asking.codex_home): "is the server's own",
        str(loop): "cannot be followed",
        f"/{'x' * 9000}": "a path of 9001 characters",
    }
    calls = [answer(wish(path, f"ask{number}")) for number, path in enumerate(wishes)]
    asking.script(*calls, answer(command("touch w")), answer(message("Done.")))
    async with asking.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(asking.cwd)))["id"]
        turn = await probe.run_turn(thread_id)
    assert turn.of(ASKED) == []
    for number, problem in enumerate(wishes.values()):
        assert problem in asking.model.requests[-1].output_of(f"ask{number}")
    assert "Read-only file system" in asking.model.requests[-1].output_of("run")


async def test_a_command_can_ask_for_itself(asking: Lab) -> None:
    cwd = str(asking.cwd)
    more: dict[str, Any] = {
        "sandbox_permissions": "with_additional_permissions",
        "justification": "It has to.",
        "additional_permissions": {"file_system": {"write": ["."]}},
    }
    asking.script(answer(command("touch w", **more)), answer(message("Done.")))
    async with asking.run() as probe:
        thread_id = (await probe.start_thread(cwd=cwd))["id"]
        turn = await probe.run_turn(thread_id, answer=lambda _: {"decision": "accept"})
    [asked] = [sent["params"] for sent in turn.messages if sent.get("method", "").endswith("requestApproval")]
    assert (asked["reason"], asked["additionalPermissions"]) == ("It has to.", writable(cwd))
    assert asked["availableDecisions"] == ["accept", "cancel"]
    assert (asking.cwd / "w").exists()


async def test_a_grant_may_have_all_that_follows_in_the_turn_reviewed(asking: Lab) -> None:
    cwd = str(asking.cwd)
    asking.script(
        answer(wish(cwd)),
        answer(command("touch fine")),
        answer(message(msgspec.json.encode({"outcome": "allow"}).decode())),
        answer(command("touch spoilt", "refused")),
        answer(message(msgspec.json.encode({"outcome": "deny", "rationale": "no"}).decode())),
        answer(message("Done.")),
        answer(command("echo later", "late")),
        answer(message("Done.")),
    )

    def granted(request: Event) -> Event:
        return {"permissions": request["params"]["permissions"], "strictAutoReview": True}

    async with asking.run() as probe:
        thread_id = (await probe.start_thread(cwd=cwd))["id"]
        turn = await probe.run_turn(thread_id, answer=granted)
        later = await probe.run_turn(thread_id)
    reviewed = [told["targetItemId"] for told in turn.of("item/autoApprovalReview/completed")]
    assert (reviewed, later.of("item/autoApprovalReview/completed")) == (["run", "refused"], [])
    assert msgspec.json.decode(asking.model.requests[1].output_of("ask"))["strict_auto_review"] is True
    assert [item["status"] for item in turn.items("commandExecution")] == ["completed", "declined"]
    assert [(asking.cwd / name).exists() for name in ("fine", "spoilt")] == [True, False]
