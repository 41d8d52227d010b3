"""What a model asks to be let do beyond its sandbox, what it is told, and what later commands and patches can do."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from session_lab import Bench, DiskEnvironment, Response, call, completed, open_session, outputs, says, told
from trio.testing import MockClock

from codex_trio.config.approval import Granular
from codex_trio.engine.settings import TurnOverrides
from codex_trio.model.events import OutputItemDone
from codex_trio.sandbox.additional import NOTHING, AdditionalPermissions
from codex_trio.sandbox.policy import (
    DangerFullAccess,
    ReadOnly,
    SandboxLimits,
    SandboxPolicy,
    WorkspaceWrite,
)
from codex_trio.tools.review import PermissionGrant, PermissionsQuestion, ReviewDecision, ReviewOutcome

FEATURES = "[features]\nrequest_permissions_tool = true\nexec_permission_approvals = true\n"
WIDENS = "with_additional_permissions"
READS = TurnOverrides(approval_policy="on-request", sandbox_policy=ReadOnly())
NOTHING_GRANTED = {"permissions": {"network": None, "file_system": None}, "scope": "turn"}


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other."""
    return MockClock(rate=1.0)


class Lab:
    """A session that may ask, its folder, and what it starts."""

    def __init__(self, bench: Bench, environment: DiskEnvironment, base: Path) -> None:
        self.bench = bench
        self.base = base
        self._environment = environment

    @property
    def policies(self) -> list[SandboxPolicy]:
        """Those that the commands so far were started under."""
        return [place.policy for opened in self._environment.opened for place in opened.commands.places]

    async def turn(self, *calls: OutputItemDone, overrides: TurnOverrides = READS) -> list[Any]:
        """Return what the calls of a turn, made one after the other, came to."""
        responses: list[Response] = [[made, completed()] for made in calls]
        self.bench.client.go_on([*responses, says("well")])
        assert (await self.bench.run("go", overrides)).status == "completed"
        return [output for _, output in outputs(self.bench.client.requests[-1])][-len(calls) :]


def real(path: Path) -> Path:
    return Path(os.path.realpath(path))


@asynccontextmanager
async def open_lab(base: Path, clock: MockClock, features: str = FEATURES) -> AsyncGenerator[Lab]:
    base = real(base)
    (base / "codex").mkdir()
    (base / "codex" / "config.toml").write_text(features)
    environment = DiskEnvironment()
    async with open_session(base, clock, responses=[], environment=environment) as bench:
        bench.approver.grants = lambda question: PermissionGrant(permissions=question.wanted)
        yield Lab(bench, environment, base)


def asks(call_id: str, **permissions: Any) -> OutputItemDone:
    return call("request_permissions", call_id, {"permissions": permissions, "reason": "to build"})


def runs(call_id: str, cmd: str = "make it", **arguments: Any) -> OutputItemDone:
    return call("exec_command", call_id, {"cmd": cmd, **arguments})


def patch(call_id: str, path: Path) -> OutputItemDone:
    return call("apply_patch", call_id, {"input": f"*** Begin Patch\n*** Add File: {path}\n+x\n*** End Patch"})


def writing(*paths: Path) -> WorkspaceWrite:
    return WorkspaceWrite(
        writable_roots=tuple(map(str, paths)),
        exclude_tmpdir_env_var=True,
        exclude_slash_tmp=True,
        workspace_roots=(),
    )


async def test_what_is_granted_is_told_and_holds_for_commands_and_patches_of_the_turn_alone(
    tmp_path: Path, clock: MockClock
) -> None:
    async with open_lab(tmp_path, clock) as lab:
        wanted = {"write": [str(lab.base)]}
        heard, _, _ = await lab.turn(asks("a", file_system=wanted), runs("b"), patch("c", lab.base / "f"))
        assert json.loads(heard) == {"permissions": {"network": None, "file_system": wanted}, "scope": "turn"}
        assert (lab.base / "f").read_text() == "x\n"
        await lab.turn(runs("d"))
        assert lab.policies == [writing(lab.base), ReadOnly()]
        (question,) = lab.bench.approver.wanted
        assert (question.item_id, question.cwd, question.reason) == ("a", str(lab.base), "to build")
        assert question.wanted == AdditionalPermissions(write=(str(lab.base),))
        assert lab.bench.approver.notes == ["hold", "ask", "release"]
        assert lab.bench.approver.questions == []


async def test_a_grant_may_have_all_that_follows_in_the_turn_reviewed(tmp_path: Path, clock: MockClock) -> None:
    async with open_lab(tmp_path, clock) as lab:
        lab.bench.approver.grants = lambda question: PermissionGrant(permissions=question.wanted, strict_review=True)
        lab.bench.approver.decisions = [
            ReviewDecision(outcome=outcome) for outcome in (ReviewOutcome.ACCEPTED, ReviewOutcome.DECLINED) * 2
        ]
        names = [lab.base / "f", lab.base / "g"]
        heard, _, run, _, written = await lab.turn(
            asks("a", file_system={"write": ["."]}), runs("b"), runs("c"), *[patch(path.name, path) for path in names]
        )
        assert json.loads(heard)["strict_auto_review"] is True
        assert lab.bench.approver.reviewed == ["b", "c", "f", "g"]
        assert ("rejected by user" in run, written) == (True, "patch rejected by user")
        assert [path.exists() for path in names] == [True, False]
        assert lab.policies == [writing(lab.base)]
        await lab.turn(runs("d"))
        assert (lab.bench.approver.reviewed[4:], lab.bench.approver.questions) == ([], [])


async def test_what_is_granted_for_the_session_holds_for_later_turns_under_whatever_policy(
    tmp_path: Path, clock: MockClock
) -> None:
    async with open_lab(tmp_path, clock) as lab:
        lab.bench.approver.grants = lambda question: PermissionGrant(permissions=question.wanted, scope="session")
        (heard,) = await lab.turn(asks("a", network={"enabled": True}))
        assert json.loads(heard)["scope"] == "session"
        await lab.turn(runs("b"))
        await lab.turn(runs("c"), overrides=TurnOverrides(sandbox_policy=WorkspaceWrite()))
        await lab.turn(runs("d"), overrides=TurnOverrides(sandbox_policy=DangerFullAccess()))
        assert lab.policies == [
            ReadOnly(network_access=True),
            WorkspaceWrite(network_access=True),
            DangerFullAccess(),
        ]


Answer = Callable[[PermissionsQuestion, Path], AdditionalPermissions]


@pytest.mark.parametrize(
    ("answered", "granted"),
    [
        (lambda question, base: NOTHING, []),
        (lambda question, base: AdditionalPermissions(network=True, write=("/", f"{base}/sub")), ["sub"]),
        (lambda question, base: AdditionalPermissions(write=(f"{base}/away", f"{base}/.git")), []),
    ],
    ids=["nothing", "more", "what_leads_elsewhere"],
)
async def test_nothing_is_granted_that_was_not_asked_for(
    tmp_path: Path, clock: MockClock, answered: Answer, granted: list[str]
) -> None:
    async with open_lab(tmp_path, clock) as lab:
        (lab.base / "sub").mkdir()
        (lab.base / "away").symlink_to("/srv")
        lab.bench.approver.grants = lambda question: PermissionGrant(permissions=answered(question, lab.base))
        heard, _ = await lab.turn(asks("a", file_system={"write": ["."]}), runs("b"))
        paths = [lab.base / name for name in granted]
        files = {"write": [str(path) for path in paths]} if paths else None
        assert json.loads(heard)["permissions"] == {"network": None, "file_system": files}
        assert lab.policies == [writing(*paths) if paths else ReadOnly()]


async def test_who_is_asked_is_shown_where_paths_lead_and_a_later_link_leads_nowhere(
    tmp_path: Path, clock: MockClock
) -> None:
    async with open_lab(tmp_path, clock) as lab:
        (lab.base / "real").mkdir()
        (lab.base / "link").symlink_to("real")
        await lab.turn(asks("a", file_system={"read": ["link/x", "link/../real/x"], "write": ["link"]}))
        (question,) = lab.bench.approver.wanted
        assert question.wanted == AdditionalPermissions(read=(f"{lab.base}/real/x",), write=(f"{lab.base}/real",))


@pytest.mark.parametrize(
    ("policy", "is_asked"),
    [
        ("on-request", True),
        ("never", False),
        (Granular(sandbox_approval=False, rules=False, mcp_elicitations=False, request_permissions=True), True),
        (Granular(sandbox_approval=True, rules=True, mcp_elicitations=True, request_permissions=False), False),
    ],
)
async def test_nobody_is_asked_where_the_approval_policy_rules_that_out(
    tmp_path: Path, clock: MockClock, policy: Any, *, is_asked: bool
) -> None:
    async with open_lab(tmp_path, clock) as lab:
        overrides = TurnOverrides(approval_policy=policy, sandbox_policy=ReadOnly())
        (heard,) = await lab.turn(asks("a", network={"enabled": True}), overrides=overrides)
        assert bool(lab.bench.approver.wanted) is is_asked
        told = json.loads(heard)
        assert ("nobody is asked for permissions" in told.pop("refused_because", "")) is not is_asked
        assert (told == NOTHING_GRANTED) is not is_asked


@pytest.mark.parametrize(
    ("permissions", "problem"),
    [
        ({}, "request_permissions requires at least one permission"),
        ({"file_system": {"read": []}, "network": {"enabled": False}}, "requires at least one permission"),
        ({"file_system": {"wrote": ["/x"]}}, "unknown field `wrote`"),
        ({"disk": {}}, "unknown field `disk`"),
        ({"file_system": {"read": ["~/x"]}}, "`permissions.file_system.read` names `~/x`, which is no path"),
        ({"file_system": {"write": ["/x\u202ey"]}}, "names `/x\\u202ey`, in which not every character is seen"),
        ({"file_system": {"write": [""]}}, "`permissions.file_system.write` names ``, which is no path"),
        ({"file_system": {"write": ["/proc/sys"]}}, "names `/proc/sys`, of which every sandboxed command has its own"),
        ({"file_system": {"read": ["secret/key"]}}, "names `secret/key`, which the permissions of this thread deny"),
        ({"file_system": {"read": ["/x"] * 51}}, "51 paths are asked for, and at most 50 can be"),
    ],
)
async def test_what_is_no_request_is_refused_with_the_reason_and_nobody_is_asked(
    tmp_path: Path, clock: MockClock, permissions: dict[str, Any], problem: str
) -> None:
    policy = ReadOnly(limits=SandboxLimits(denied=("secret",)))
    async with open_lab(tmp_path, clock) as lab:
        overrides = msgspec.structs.replace(READS, sandbox_policy=policy)
        (heard,) = await lab.turn(asks("a", **permissions), overrides=overrides)
        assert problem in heard
        assert lab.bench.approver.notes == []


async def test_a_patch_tells_nothing_of_what_must_not_be_read(tmp_path: Path, clock: MockClock) -> None:
    policy = WorkspaceWrite(limits=SandboxLimits(denied=("secret",)))
    async with open_lab(tmp_path, clock) as lab:
        secret = lab.base / "secret"
        secret.mkdir()
        (secret / "key").write_text("right\n")
        (lab.base / "link").symlink_to(secret / "key")
        overrides = msgspec.structs.replace(READS, sandbox_policy=policy)
        hunks = [
            "*** Update File: secret/key\n@@\n-right\n+x",
            "*** Update File: secret/key\n@@\n-wrong\n+x",
            "*** Update File: link\n@@\n-wrong\n+x",
            "*** Update File: secret/absent\n@@\n-wrong\n+x",
            "*** Delete File: secret/absent",
        ]
        texts = [f"*** Begin Patch\n{hunk}\n*** End Patch" for hunk in hunks]
        made = [call("apply_patch", str(number), {"input": text}) for number, text in enumerate(texts)]
        heard = await lab.turn(*made, overrides=overrides)
        assert all(said.startswith("patch rejected: the permissions of this thread deny `") for said in heard)
        assert (secret / "key").read_text() == "right\n"


async def test_who_stops_the_turn_while_asked_grants_nothing(tmp_path: Path, clock: MockClock) -> None:
    async with open_lab(tmp_path, clock) as lab:
        lab.bench.approver.grants = lambda _: None
        lab.bench.client.go_on([[asks("a", network={"enabled": True}), completed()]])
        turn = lab.bench.begin("go", READS)
        await lab.bench.approver.asked.wait()
        await turn.interrupt(told())
        assert (await lab.bench.end_of(turn)).status == "interrupted"
        await lab.turn(runs("b"))
        assert lab.policies == [ReadOnly()]


async def test_a_command_is_asked_about_with_what_it_is_to_do_beyond_the_sandbox(
    tmp_path: Path, clock: MockClock
) -> None:
    accepted = [ReviewDecision(outcome=ReviewOutcome.ACCEPTED), ReviewDecision(outcome=ReviewOutcome.ACCEPTED)]
    async with open_lab(tmp_path, clock) as lab:
        lab.bench.approver.decisions = accepted
        wish = {"sandbox_permissions": WIDENS, "additional_permissions": {"file_system": {"write": ["."]}}}
        await lab.turn(
            runs("a", **wish, justification="Why not?"),
            runs("b"),
            asks("c", file_system={"write": ["."]}),
            runs("d", **wish),
            runs("e", sandbox_permissions=WIDENS, additional_permissions={"network": {"enabled": True}}),
        )
        asked: list[Any] = list(lab.bench.approver.questions)
        both = AdditionalPermissions(network=True, write=(str(lab.base),))
        assert [(question.item_id, question.reason) for question in asked] == [("a", "Why not?"), ("e", None)]
        assert [question.additional for question in asked] == [
            AdditionalPermissions(write=(str(lab.base),)),
            both,
        ]
        widest = msgspec.structs.replace(writing(lab.base), network_access=True)
        assert lab.policies == [writing(lab.base), ReadOnly(), writing(lab.base), widest]


@pytest.mark.parametrize(
    ("arguments", "features", "problem"),
    [
        ({"additional_permissions": {"network": {"enabled": True}}}, "", "additional permissions are disabled"),
        ({}, FEATURES, "missing `additional_permissions`"),
        ({"additional_permissions": {}}, FEATURES, "must include at least one requested permission"),
        (
            {"additional_permissions": {}, "sandbox_permissions": "require_escalated"},
            FEATURES,
            "requires `sandbox_permissions` set to `with_additional_permissions`",
        ),
    ],
)
async def test_a_command_that_asks_for_it_in_another_way_is_told_how(
    tmp_path: Path, clock: MockClock, arguments: dict[str, Any], features: str, problem: str
) -> None:
    async with open_lab(tmp_path, clock, features) as lab:
        (heard,) = await lab.turn(runs("a", **{"sandbox_permissions": WIDENS, **arguments}))
        assert problem in heard
        assert lab.policies == []


@pytest.mark.parametrize(("features", "offered"), [(FEATURES, True), ("", False)])
async def test_models_are_offered_it_where_the_user_has_switched_it_on(
    tmp_path: Path, clock: MockClock, features: str, *, offered: bool
) -> None:
    async with open_lab(tmp_path, clock, features) as lab:
        await lab.turn(runs("a"))
        offers: list[dict[str, Any]] = msgspec.to_builtins(lab.bench.client.requests[-1].tools or [])
        tools = {tool.get("name", ""): tool for tool in offers}
        assert ("request_permissions" in tools) is offered
        properties = tools["exec_command"]["parameters"]["properties"]
        assert ("additional_permissions" in properties) is offered
        assert (WIDENS in properties["sandbox_permissions"]["enum"]) is offered
