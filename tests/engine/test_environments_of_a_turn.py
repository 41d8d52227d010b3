"""A turn works in the environment that its thread has, wherever that is: its tools touch this machine nowhere."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image
from session_lab import Bench, Response, ScriptedApprover, call, completed, open_session, outputs, says
from trio.testing import MockClock

from codex_trio.domain.items import CommandExecution, FileChange
from codex_trio.engine import events
from codex_trio.engine.settings import TurnOverrides
from codex_trio.environments.commands import CommandRequest
from codex_trio.environments.errors import UnusableEnvironment
from codex_trio.environments.selection import EnvironmentSelection
from codex_trio.model.events import OutputItemDone
from codex_trio.model.request import ModelRequest
from codex_trio.sandbox.policy import ReadOnly, WorkspaceWrite
from codex_trio.testing.environments import MemoryEnvironment, ScriptedCommand
from codex_trio.tools.context import NO_ENVIRONMENT
from codex_trio.tools.review import CommandQuestion, PatchQuestion, ReviewDecision, ReviewOutcome

ELSEWHERE = "elsewhere"
FREE = TurnOverrides(approval_policy="never", sandbox_policy=WorkspaceWrite())


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other, and is set on where time is to pass."""
    return MockClock(rate=1.0)


def patch(*lines: str) -> list[Any]:
    """Return a response that is one patch."""
    item = {
        "type": "custom_tool_call",
        "id": "ctc_1",
        "call_id": "p1",
        "name": "apply_patch",
        "input": "\n".join(["*** Begin Patch", *lines, "*** End Patch"]),
        "status": "completed",
    }
    return [OutputItemDone(item=item), completed()]


def runs(cmd: str, **more: Any) -> list[Any]:
    """Return a response that runs a command."""
    return [call("exec_command", "c1", {"cmd": cmd, "yield_time_ms": 250, **more}), completed()]


def tools_of(request: ModelRequest) -> list[dict[str, Any]]:
    """Return what the model was offered, in its JSON form."""
    return msgspec.to_builtins(request.tools or [])


def done(bench: Bench, kind: type) -> list[Any]:
    """Return the items of a kind that are over."""
    return [event.item for event in bench.heard.of(events.ItemCompleted) if isinstance(event.item, kind)]


async def test_a_patch_changes_its_files_and_none_here(tmp_path: Path, clock: MockClock) -> None:
    (tmp_path / "f").write_text("a\n")
    there = MemoryEnvironment(ELSEWHERE, {f"{tmp_path}/f": b"a\n", f"{tmp_path}/gone": b"x\n"})
    edits = patch(
        *("*** Update File: f", "*** Move to: g", "@@", "-a", "+b"),
        "*** Delete File: gone",
        *("*** Add File: new", "+n"),
    )
    async with open_session(tmp_path, clock, responses=[edits, says("done")], environment=there) as bench:
        assert (await bench.run("go", FREE)).status == "completed"
        (item,) = done(bench, FileChange)
        assert item.status == "completed"
    assert there.files.contents == {f"{tmp_path}/g": b"b\n", f"{tmp_path}/new": b"n\n"}
    assert (tmp_path / "f").read_text() == "a\n"
    assert not (tmp_path / "new").exists()


async def test_a_patch_is_asked_about_where_the_environment_says_so(tmp_path: Path, clock: MockClock) -> None:
    there = MemoryEnvironment(ELSEWHERE)
    adds = patch("*** Add File: new", "+n")
    async with open_session(tmp_path, clock, responses=[adds, says("done")], environment=there) as bench:
        approver: ScriptedApprover = bench.approver
        approver.decisions = [ReviewDecision(outcome=ReviewOutcome.ACCEPTED)]
        await bench.run("go", TurnOverrides(approval_policy="on-request", sandbox_policy=ReadOnly()))
        assert len(approver.questions) == 1
    assert there.files.contents == {f"{tmp_path}/new": b"n\n"}


async def test_a_picture_is_read_from_there(tmp_path: Path, clock: MockClock) -> None:
    data = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(data, "PNG")
    there = MemoryEnvironment(ELSEWHERE, {f"{tmp_path}/pictures/red.png": data.getvalue()})
    looks = [
        [call("view_image", "v1", {"path": "pictures/red.png"}), completed()],
        [call("view_image", "v2", {"path": "pictures"}), call("view_image", "v3", {"path": "no.png"}), completed()],
    ]
    async with open_session(tmp_path, clock, responses=[*looks, says("done")], environment=there) as bench:
        await bench.run("go", FREE)
        found = dict(outputs(bench.client.requests[-1]))
    assert found["v1"][0]["type"] == "input_image"
    assert found["v2"] == f"image path `{tmp_path}/pictures` is not a file: it is a folder"
    assert found["v3"].startswith(f"unable to locate image at `{tmp_path}/no.png`")


async def test_a_command_runs_there_under_the_policy_of_the_turn(tmp_path: Path, clock: MockClock) -> None:
    there = MemoryEnvironment(ELSEWHERE, script=lambda _: ScriptedCommand(output="hello\n", exit_code=3))
    responses: list[Response] = [runs("echo hello", workdir="sub"), says("done")]
    async with open_session(tmp_path, clock, responses=responses, environment=there) as bench:
        await bench.run("go", FREE)
        (item,) = done(bench, CommandExecution)
        assert (item.status, item.aggregated_output, item.exit_code) == ("failed", "hello\n", 3)
        assert "Process exited with code 3" in outputs(bench.client.requests[-1])[0][1]
        (opened,) = there.opened
        (session,) = opened.commands.started
        assert msgspec.structs.replace(session.request, hosts=None) == CommandRequest(
            call_id="c1",
            argv=("/bin/sh", "-lc", "echo hello"),
            reads_login=True,
            cwd=str(tmp_path / "sub"),
            tty=False,
            sandboxed=True,
        )
        (place,) = opened.commands.places
        assert (place.cwd, place.policy) == (str(tmp_path), WorkspaceWrite())
        # Which folders these are was taken before the command could replace any.
        assert place in opened.noted
        assert not opened.commands.is_closed
    assert opened.commands.is_closed


async def test_a_command_that_goes_on_there_takes_input_and_ends_with_its_turn(
    tmp_path: Path, clock: MockClock
) -> None:
    there = MemoryEnvironment(ELSEWHERE, script=lambda _: ScriptedCommand(output="> ", exit_code=None))
    types = [call("write_stdin", "w1", {"session_id": 1000, "chars": "yes\n"}), completed()]
    async with open_session(
        tmp_path, clock, responses=[runs("ask", tty=True), types, says("done")], environment=there
    ) as bench:
        await bench.run("go", FREE)
        (session,) = there.opened[0].commands.started
        assert session.typed == ["yes\n"]
        assert "Process running with session ID 1000" in outputs(bench.client.requests[-1])[1][1]
        assert [command.item.id for command in bench.session.running] == ["c1"]
        (command,) = bench.session.running
        await bench.session.running.kill(command, because="enough")
        (item,) = done(bench, CommandExecution)
        assert (item.status, session.killed_because) == ("failed", "enough")


async def test_nothing_that_needs_an_environment_is_offered_where_there_is_none(
    tmp_path: Path, clock: MockClock
) -> None:
    there = MemoryEnvironment(ELSEWHERE)
    calls = [
        call("exec_command", "c1", {"cmd": "true"}),
        call("view_image", "v1", {"path": "x"}),
        *patch("*** Add File: new", "+n"),
    ]
    async with open_session(
        tmp_path, clock, responses=[calls, says("done")], environment=there, environments=()
    ) as bench:
        await bench.run("go", FREE)
        assert [tool["name"] for tool in tools_of(bench.client.requests[0])] == ["update_plan"]
        said = [text for _, text in outputs(bench.client.requests[-1])]
        names = ("exec_command", "view_image")
        assert said == [f"unsupported call: {name}. {NO_ENVIRONMENT}" for name in names]
        assert f"unsupported custom tool call: apply_patch. {NO_ENVIRONMENT}" in bench.lines.text
    assert there.opened == []
    assert there.files.contents == {}


async def test_a_call_may_name_one_of_several_environments(tmp_path: Path, clock: MockClock) -> None:
    there, second = MemoryEnvironment(ELSEWHERE), MemoryEnvironment("second")
    calls = [
        call("exec_command", "c1", {"cmd": "true", "environment_id": "second"}),
        call("exec_command", "c2", {"cmd": "true", "environment_id": "third"}),
        call("view_image", "v1", {"path": "no.png", "environment_id": "second"}),
        *patch("*** Environment ID: second", "*** Add File: new", "+n"),
    ]
    selections = (EnvironmentSelection(id=ELSEWHERE), EnvironmentSelection(id="second", cwd="/far"))
    async with open_session(
        tmp_path, clock, responses=[calls, says("done")], environment=there, others=(second,), environments=selections
    ) as bench:
        await bench.run("go", FREE)
        first = bench.client.requests[0]
        offered = {tool["name"]: tool.get("parameters", {}).get("properties", {}) for tool in tools_of(first)}
        assert [name for name, known in offered.items() if "environment_id" in known] == ["exec_command", "view_image"]
        told = bench.lines.text.replace("\\n", "\n").replace('\\"', '"')
        assert '<environment id="second" primary="false">\n      <cwd>/far</cwd>' in told
        said = dict(outputs(bench.client.requests[-1]))
        assert said["c2"] == f"unknown turn environment id `third`; there are: `{ELSEWHERE}`, `second`"
        assert said["v1"].startswith("unable to locate image at `/far/no.png`")
        (session,) = second.opened[0].commands.started
        assert session.request.cwd == "/far"
    assert second.files.contents == {"/far/new": b"n\n"}
    assert there.files.contents == {}


async def test_what_is_accepted_for_the_session_in_one_environment_is_asked_about_in_another(
    tmp_path: Path, clock: MockClock
) -> None:
    places = (ELSEWHERE, "second")
    there, second = map(MemoryEnvironment, places)
    asks = {"cmd": "make it", "workdir": "/w"}
    calls = [call("exec_command", f"c{at}", asks | {"environment_id": places[at % 2]}) for at in range(4)]
    adds = [patch(f"*** Environment ID: {place}", "*** Add File: /w/new", "+n") for place in places]
    responses: list[Response] = [*([one, completed()] for one in calls), *adds, says("done")]
    async with open_session(
        tmp_path,
        clock,
        responses=responses,
        environment=there,
        others=(second,),
        environments=tuple(EnvironmentSelection(id=place, cwd="/w") for place in places),
    ) as bench:
        bench.approver.decisions = [ReviewDecision(outcome=ReviewOutcome.ACCEPTED_FOR_SESSION) for _ in range(4)]
        await bench.run("go", TurnOverrides(approval_policy="untrusted", sandbox_policy=ReadOnly()))
        asked = [(type(question), question.environment_id) for question in bench.approver.questions]
    assert asked == [(kind, place) for kind in (CommandQuestion, PatchQuestion) for place in places]


async def test_a_turn_may_go_to_an_environment_and_an_unknown_one_is_refused(tmp_path: Path, clock: MockClock) -> None:
    there = MemoryEnvironment(ELSEWHERE)
    responses: list[Response] = [says("nowhere"), runs("true"), says("there")]
    async with open_session(tmp_path, clock, responses=responses, environment=there, environments=()) as bench:
        await bench.run("go", FREE)
        assert there.opened == []
        chosen = (EnvironmentSelection(id=ELSEWHERE),)
        await bench.run("go there", TurnOverrides(environments=chosen))
        assert len(there.opened[0].commands.started) == 1
        with pytest.raises(UnusableEnvironment, match="unknown turn environment id `x`"):
            bench.begin("go on", TurnOverrides(environments=(EnvironmentSelection(id="x"),)))
