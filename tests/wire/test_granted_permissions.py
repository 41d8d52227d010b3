"""What clients grant, as it is understood."""

from typing import Any

import msgspec
import pytest
from codex_trio_protocol.v2.approval import PermissionsRequestApprovalResponse

from codex_trio.sandbox.additional import NOTHING, AdditionalPermissions, to_plain
from codex_trio.tools.review import PermissionGrant, PermissionsQuestion
from codex_trio.util import decoding
from codex_trio.wire.guardian import action_to_wire
from codex_trio.wire.permissions import additional_to_wire, grant_from_wire


def granted(file_system: Any = None, **more: Any) -> AdditionalPermissions:
    permissions = {"permissions": {"fileSystem": file_system, "network": {"enabled": True}}, **more}
    return grant_from_wire(decoding.convert(permissions, PermissionsRequestApprovalResponse)).permissions


def entry(access: str, **path: Any) -> dict[str, Any]:
    return {"access": access, "path": path}


@pytest.mark.parametrize(
    ("files", "understood"),
    [
        (
            {"read": ["/r/../s", "rel"], "write": ["/w"]},
            AdditionalPermissions(network=True, read=("/s",), write=("/w",)),
        ),
        (
            {"entries": [entry("read", type="path", path="/r"), entry("write", type="path", path="/w")]},
            AdditionalPermissions(network=True, read=("/r",), write=("/w",)),
        ),
        (
            {
                "write": ["/w"],
                "entries": [
                    entry("deny", type="path", path="/w/s"),
                    entry("none", type="glob_pattern", pattern="/w/**/*.env"),
                    entry("write", type="special", value={"kind": "root"}),
                ],
            },
            AdditionalPermissions(network=True, write=("/w",), denied=("/w/s", "/w/**/*.env")),
        ),
        ({"write": ["/w"], "entries": [entry("deny", type="path", path="s")]}, NOTHING),
        ({"write": ["/w"], "entries": [entry("deny", type="special", value={"kind": "tmpdir"})]}, NOTHING),
        (None, AdditionalPermissions(network=True)),
    ],
)
def test_what_is_not_understood_is_not_granted(files: Any, understood: AdditionalPermissions) -> None:
    assert granted(files) == understood


def test_a_grant_with_reviews_is_one_for_the_turn() -> None:
    def answered(scope: str) -> PermissionGrant:
        permissions = {"network": {"enabled": True}}
        response = {"permissions": permissions, "strictAutoReview": True, "scope": scope}
        return grant_from_wire(decoding.convert(response, PermissionsRequestApprovalResponse))

    network = AdditionalPermissions(network=True)
    assert answered("turn") == PermissionGrant(permissions=network, strict_review=True)
    refused = answered("session")
    assert (refused.permissions, refused.strict_review) == (NOTHING, False)
    assert "`strictAutoReview`" in (refused.refusal or "")


def test_paths_are_told_in_both_forms() -> None:
    told = msgspec.to_builtins(additional_to_wire(AdditionalPermissions(read=("/r",))))
    entries = [{"path": {"type": "path", "path": "/r"}, "access": "read"}]
    assert told == {"network": None, "fileSystem": {"read": ["/r"], "write": None, "entries": entries}}


def test_clients_see_what_a_reviewer_is_asked_for() -> None:
    wanted = AdditionalPermissions(network=True, write=("/w",))
    question = PermissionsQuestion(
        turn_id="t", item_id="i", started_ms=1, cwd="/", environment_id="local", reason="why", wanted=wanted
    )
    assert question.planned["permissions"] == to_plain(wanted)
    told = msgspec.to_builtins(action_to_wire(question.action))
    assert told["permissions"]["network"] == {"enabled": True}
    assert told["permissions"]["fileSystem"]["write"] == ["/w"]
