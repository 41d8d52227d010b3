"""The method table: complete against the releases, typed, and cheap to import."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from codex_trio_protocol import table
from msgspec import UNSET

from codex_trio.version import PROTOCOL_RELEASE

HERE = Path(__file__).parent
TABLES = {
    "ClientRequest": table.CLIENT_REQUESTS,
    "ClientNotification": table.CLIENT_NOTIFICATIONS,
    "ServerRequest": table.SERVER_REQUESTS,
    "ServerNotification": table.SERVER_NOTIFICATIONS,
}
SPECS = [spec for rows in TABLES.values() for spec in rows.values()]


def methods_of(release: str) -> set[tuple[str, str]]:
    lines = (HERE / f"methods-{release}.txt").read_text(encoding="utf-8").splitlines()
    return {(union, method) for union, _, method in (line.partition(" ") for line in lines if not line.startswith("#"))}


@pytest.mark.parametrize("release", ["0.131.0", "0.169.0", "0.171.0"])
def test_every_method_of_a_release_has_a_row(release: str) -> None:
    missing = {(union, method) for union, method in methods_of(release) if method not in TABLES[union]}
    assert missing == set()


def test_rows_beyond_the_releases_are_marked_as_old_or_unlisted() -> None:
    known = {method for release in ("0.131.0", "0.169.0", "0.171.0") for _, method in methods_of(release)}
    extra = {spec.name for spec in SPECS if spec.name not in known}
    assert extra == {
        "device/key/create",
        "device/key/public",
        "device/key/sign",
        "getAuthStatus",
        "getConversationSummary",
        "gitDiffToRemote",
        "rawResponse/completed",
        "rawResponseItem/completed",
    }


def test_methods_that_today_s_release_lacks_say_since_when() -> None:
    today = {method for _, method in methods_of(PROTOCOL_RELEASE)}
    gone = {spec.name for spec in SPECS if spec.removed_in is not None}
    assert gone == {spec.name for spec in SPECS if spec.in_schema and spec.name not in today}


def test_methods_that_the_release_before_lacked_say_since_when() -> None:
    before, today = ({method for _, method in methods_of(release)} for release in ("0.169.0", "0.171.0"))
    assert {spec.name for spec in SPECS if spec.since == "0.171.0"} == today - before


def test_every_row_names_types_that_exist_and_can_be_decoded() -> None:
    for spec in SPECS:
        for kind in (spec.params_type(), spec.result_type()):
            if kind is not None:
                table.decoder(kind)


def test_the_table_loads_no_message_family() -> None:
    code = (
        "import sys, codex_trio_protocol.table; print(*(m for m in sys.modules if m.startswith('codex_trio_protocol')))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert sorted(loaded) == [
        "codex_trio_protocol",
        "codex_trio_protocol.base",
        "codex_trio_protocol.client_rows",
        "codex_trio_protocol.decoding",
        "codex_trio_protocol.rows",
        "codex_trio_protocol.scopes",
        "codex_trio_protocol.server_rows",
        "codex_trio_protocol.table",
    ]


def test_initialize_loads_only_what_it_needs() -> None:
    code = """
import sys
from codex_trio_protocol.table import CLIENT_REQUESTS
spec = CLIENT_REQUESTS["initialize"]
spec.params_type(), spec.result_type()
print(*(m for m in sys.modules if m.startswith("codex_trio_protocol.v") and m != "codex_trio_protocol.v2"))
"""
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == ["codex_trio_protocol.v2.common", "codex_trio_protocol.v1"]


def test_params_are_required_where_a_method_has_a_params_struct() -> None:
    spec = table.CLIENT_REQUESTS["thread/loaded/list"]
    for raw in (UNSET, msgspec.Raw(b"null")):
        with pytest.raises(msgspec.ValidationError, match="missing required field `params`"):
            spec.decode_params(raw)
    assert spec.decode_params(msgspec.Raw(b"{}")).limit is None


def test_optional_params_may_be_absent_or_null() -> None:
    spec = table.CLIENT_REQUESTS["account/rateLimits/read"]
    for raw in (UNSET, msgspec.Raw(b"null"), msgspec.Raw(b"{}")):
        assert spec.decode_params(raw).supports_luna_reserve is False


def test_a_method_without_params_takes_anything() -> None:
    spec = table.CLIENT_REQUESTS["memory/reset"]
    assert [spec.decode_params(raw) for raw in (UNSET, msgspec.Raw(b"null"), msgspec.Raw(b"{}"))] == [None] * 3


@pytest.mark.parametrize(
    ("method", "raw", "expected"),
    [
        ("item/fileChange/requestApproval", b'{"decision":"acceptForSession"}', "acceptForSession"),
        ("item/commandExecution/requestApproval", b'{"decision":"cancel"}', "cancel"),
    ],
)
def test_a_raw_answer_becomes_the_response_type_of_its_request(method: str, raw: bytes, expected: str) -> None:
    spec = table.SERVER_REQUESTS[method]
    answer = spec.decode_result(raw)
    assert isinstance(answer, spec.result_type())
    assert answer.decision == expected


def test_an_unreadable_decision_is_a_validation_error() -> None:
    spec = table.SERVER_REQUESTS["item/commandExecution/requestApproval"]
    for decision in ('"nonsense"', '{"bogus":1}', "7"):
        with pytest.raises(msgspec.ValidationError):
            spec.decode_result(b'{"decision":%s}' % decision.encode())


def test_results_send_every_key_and_params_leave_defaults_out() -> None:
    status = table.resolve("remote_control:RemoteControlStatusReadResponse")(
        status="disabled", server_name="here", installation_id="i", environment_id=None
    )
    assert json.loads(msgspec.json.encode(status)) == {
        "status": "disabled",
        "serverName": "here",
        "installationId": "i",
        "environmentId": None,
    }
    params = table.resolve("thread_list:ThreadListParams")(limit=3)
    assert msgspec.json.encode(params) == b'{"limit":3}'
