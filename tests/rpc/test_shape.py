"""What a client is told about params that do not fit: the texts that clients match on."""

import json
import re
from typing import Any

import msgspec
import pytest
from codex_trio_protocol import table
from codex_trio_protocol.table import CLIENT_REQUESTS, SERVER_REQUESTS
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_trio.rpc import shape
from codex_trio.rpc.shape import ShapeError

TURN = '{"threadId":"t","input":[],%s}'


def refusal(method: str, params: str) -> str:
    with pytest.raises(ShapeError) as error:
        shape.decode(params.encode(), CLIENT_REQUESTS[method].params_type())
    return str(error.value)


@pytest.mark.parametrize(
    ("method", "params", "text"),
    [
        ("thread/read", "{}", "missing field `threadId`"),
        ("thread/read", '{"threadId":5}', "invalid type: integer `5`, expected a string"),
        ("thread/read", '{"threadId":-3}', "invalid type: integer `-3`, expected a string"),
        ("thread/read", '{"threadId":1.5}', "invalid type: floating point `1.5`, expected a string"),
        ("thread/read", '{"threadId":true}', "invalid type: boolean `true`, expected a string"),
        ("thread/read", '{"threadId":null}', "invalid type: null, expected a string"),
        ("thread/read", '{"threadId":[1]}', "invalid type: sequence, expected a string"),
        ("thread/read", '{"threadId":{"a":1}}', "invalid type: map, expected a string"),
        ("thread/read", '{"threadId":"x","includeTurns":"y"}', 'invalid type: string "y", expected a boolean'),
        ("thread/read", '{"includeTurns":"y"}', 'invalid type: string "y", expected a boolean'),
        ("thread/read", "[1]", "invalid type: integer `1`, expected a string"),
        ("thread/read", '["x","y"]', 'invalid type: string "y", expected a boolean'),
        ("thread/read", "[]", "invalid length 0, expected struct ThreadReadParams with 2 elements"),
        ("thread/read", '["x",true,3,4]', "invalid length 4, expected 2 elements in sequence"),
        ("thread/read", "5", "invalid type: integer `5`, expected struct ThreadReadParams"),
        ("thread/list", '{"limit":"x"}', 'invalid type: string "x", expected u32'),
        ("thread/list", '{"limit":-1}', "invalid value: integer `-1`, expected u32"),
        ("thread/list", '{"limit":4294967296}', "invalid value: integer `4294967296`, expected u32"),
        ("thread/list", '{"limit":1.0}', "invalid type: floating point `1.0`, expected u32"),
        (
            "thread/list",
            '{"limit":99999999999999999999999}',
            "invalid type: integer `99999999999999999999999` as u128, expected any value",
        ),
        ("thread/list", '{"modelProviders":"x"}', 'invalid type: string "x", expected a sequence'),
        ("thread/list", '{"modelProviders":[5]}', "invalid type: integer `5`, expected a string"),
        (
            "thread/list",
            '{"sortKey":"x"}',
            "unknown variant `x`, expected one of `created_at`, `updated_at`, `recency_at`, `section_position`",
        ),
        ("thread/list", '{"sortKey":5}', "invalid type: integer `5`, expected string or map"),
        ("thread/list", '{"sortKey":{}}', "invalid value: map, expected map with a single key"),
        ("thread/list", '{"cwd":5}', "data did not match any variant of untagged enum ThreadListCwdFilter"),
        (
            "initialize",
            '{"clientInfo":{"name":"a","version":"0"},"capabilities":{"optOutNotificationMethods":"x"}}',
            'invalid type: string "x", expected a sequence',
        ),
        (
            "initialize",
            '{"clientInfo":{"name":"a","version":"0"},"capabilities":5}',
            "invalid type: integer `5`, expected struct InitializeCapabilities",
        ),
        (
            "thread/start",
            '{"sandbox":"bogus"}',
            "unknown variant `bogus`, expected one of `read-only`, `workspace-write`, `danger-full-access`",
        ),
        ("thread/start", '{"config":[]}', "invalid type: sequence, expected a map"),
        ("turn/start", '{"threadId":"t","input":[{}]}', "missing field `type`"),
        (
            "turn/start",
            '{"threadId":"t","input":[5]}',
            "invalid type: integer `5`, expected internally tagged enum UserInput",
        ),
        ("turn/start", '{"threadId":"t","input":[{"type":"text"}]}', "missing field `text`"),
        (
            "review/start",
            '{"threadId":"x","target":{"type":"bogus"}}',
            "unknown variant `bogus`, expected one of `uncommittedChanges`, `baseBranch`, `commit`, `custom`",
        ),
        (
            "turn/start",
            '{"threadId":"t","input":[{"type":"text","text":"a","text_elements":[{"byteRange":{"start":-1,"end":"x"}}]}]}',
            "invalid value: integer `-1`, expected usize",
        ),
        (
            "turn/start",
            '{"threadId":"t","input":[{"type":"image"}]}',
            "data did not match any variant of untagged enum ImageReference",
        ),
        (
            "turn/start",
            '{"threadId":"t","input":[{"type":"audio","url":5}]}',
            "data did not match any variant of untagged enum AudioReference",
        ),
        (
            "turn/start",
            '{"threadId":"t","input":[{"type":[]}]}',
            "invalid type: sequence, expected variant identifier",
        ),
        (
            "getConversationSummary",
            "[]",
            "data did not match any variant of untagged enum GetConversationSummaryParams",
        ),
        (
            "turn/start",
            TURN % '"sandboxPolicy":{"type":"externalSandbox","networkAccess":"x"}',
            "unknown variant `x`, expected `restricted` or `enabled`",
        ),
        (
            "turn/start",
            TURN % '"sandboxPolicy":{"type":5}',
            "invalid value: integer `5`, expected variant index 0 <= i < 4",
        ),
        (
            "turn/start",
            TURN % '"sandboxPolicy":{"type":"workspaceWrite","writableRoots":["rel"]}',
            "AbsolutePathBuf deserialized without a base path",
        ),
        ("turn/start", TURN % '"approvalPolicy":5', "invalid type: integer `5`, expected string or map"),
        ("turn/start", TURN % '"approvalPolicy":{"granular":5}', "invalid type: integer `5`, expected struct variant"),
        (
            "turn/start",
            TURN % '"approvalPolicy":{"granular":{"rules":1}}',
            "invalid type: integer `1`, expected a boolean",
        ),
        ("turn/start", TURN % '"approvalPolicy":{"granular":{}}', "missing field `sandbox_approval`"),
        ("turn/start", TURN % '"approvalPolicy":{"never":1}', "invalid type: integer `1`, expected unit"),
        (
            "turn/start",
            TURN % '"approvalPolicy":"x"',
            "unknown variant `x`, expected one of `untrusted`, `on-request`, `granular`, `never`",
        ),
        ("review/start", '{"threadId":"x","delivery":"y"}', "unknown variant `y`, expected `inline`"),
        ("command/exec", '{"permissionProfile":5}', "invalid type: integer `5`, expected a string"),
        ("userVerification/status", '{"a":1}', "unknown field `a`, there are no fields"),
        ("userVerification/cancel", '{"a":1}', "unknown field `a`, expected `requestId`"),
        (
            "project/list",
            '{"limit":-1180591620717411303424}',
            "invalid type: integer `-1180591620717411303424` as i128, expected any value",
        ),
        (
            "thread/goal/set",
            '{"threadId":"t","tokenBudget":9223372036854775808}',
            "invalid value: integer `9223372036854775808`, expected i64",
        ),
        ("environment/info", "[]", "invalid length 0, expected struct EnvironmentInfoParams with 1 element"),
        ("turn/start", TURN % '"effort":""', "reasoning_effort must not be empty"),
        ("fs/readFile", '{"path":5}', "invalid type: integer `5`, expected path string"),
        ("command/exec", '{"command":["true"],"env":{"A":5}}', "invalid type: integer `5`, expected a string"),
        (
            "command/exec",
            '{"command":["true"],"size":{"rows":70000,"cols":1}}',
            "invalid value: integer `70000`, expected u16",
        ),
        ("command/exec", '{"command":["true"],"timeoutMs":1.5}', "invalid type: floating point `1.5`, expected i64"),
        *(
            ("command/exec", f'{{"command":["true"],"outputBytesCap":{number}}}', f"invalid type: {called}")
            for number, called in (
                (2**64, f"integer `{2**64}` as u128, expected any value"),
                (2**128 - 1, f"integer `{2**128 - 1}` as u128, expected any value"),
                (10**40, "floating point `1e+40`, expected usize"),
                (f"-1{'0' * 38}", f"integer `-{10**38}` as i128, expected any value"),
            )
        ),
        ("review/start", '{"threadId":"x","target":{"type":"custom"}}', "missing field `instructions`"),
        (
            "thread/read",
            '{"threadId":"a\\"b","includeTurns":"c\\nd\\"e"}',
            'invalid type: string "c\\nd\\"e", expected a boolean',
        ),
    ],
)
def test_the_first_thing_wrong_is_named_in_the_words_of_the_protocol(method: str, params: str, text: str) -> None:
    assert refusal(method, params) == text


def test_what_only_older_releases_have_is_accepted_though_no_refusal_offers_it() -> None:
    kind = CLIENT_REQUESTS["turn/start"].params_type()
    turn = shape.decode((TURN % '"approvalPolicy":"on-failure"').encode(), kind)
    assert turn.approval_policy == "on-failure"
    # The same in params that have to be walked: the array stands for an object.
    turn = shape.decode(
        (TURN % '"approvalPolicy":"on-failure","collaborationMode":["plan",["m",null,null]]').encode(), kind
    )
    assert (turn.approval_policy, turn.collaboration_mode.settings.model) == ("on-failure", "m")
    kind = CLIENT_REQUESTS["command/exec"].params_type()
    assert (
        shape.decode(b'{"command":["x"],"permissionProfile":{"type":"disabled"}}', kind).permission_profile is not None
    )


def test_a_field_that_only_older_releases_have_may_hold_anything() -> None:
    kind = CLIENT_REQUESTS["thread/start"].params_type()
    for value in (b"null", b"5", b'{"a":1}'):
        assert shape.decode(b'{"persistExtendedHistory":%s}' % value, kind) == kind()
    assert shape.decode(b'{"persistExtendedHistory":true}', kind).persist_extended_history is True


def test_a_word_may_be_written_as_the_only_key_of_an_object() -> None:
    kind = CLIENT_REQUESTS["thread/list"].params_type()
    assert shape.decode(b'{"sortKey":{"updated_at":null}}', kind).sort_key == "updated_at"


def test_of_two_sources_the_first_that_fits_counts() -> None:
    kind = CLIENT_REQUESTS["turn/start"].params_type()
    turn = shape.decode(b'{"threadId":"t","input":[{"type":"image","url":5,"fileId":"f"}]}', kind)
    assert turn.input[0].file_id == "f"


def test_params_may_be_written_as_an_array_of_their_fields() -> None:
    kind = CLIENT_REQUESTS["thread/read"].params_type()
    assert shape.decode(b'["x",true]', kind) == shape.decode(b'{"threadId":"x","includeTurns":true}', kind)
    assert shape.decode(b'["x"]', kind) == shape.decode(b'{"threadId":"x"}', kind)
    kind = CLIENT_REQUESTS["initialize"].params_type()
    assert shape.decode(b'[["editor",null,"1"]]', kind).client_info.version == "1"


def test_unknown_fields_are_ignored() -> None:
    kind = CLIENT_REQUESTS["thread/list"].params_type()
    assert shape.decode(b'{"unknownField":{"a":[1]}}', kind) == kind()


def test_broken_text_inside_params_is_refused() -> None:
    assert refusal("thread/read", '{"threadId":"\\ud800"}') == "the message is not valid JSON"


def test_numbers_beyond_all_bounds_are_refused() -> None:
    assert refusal("thread/list", '{"limit":%s}' % ("1" * 5000)).startswith("invalid value")
    assert refusal("thread/list", '{"limit":1e999}').startswith("invalid value")


def test_an_integer_of_64_bits_is_taken_and_a_long_one_in_text_too() -> None:
    kind = CLIENT_REQUESTS["command/exec"].params_type()
    params = shape.decode(b'{"command":["%d"],"outputBytesCap":%d}' % (10**40, 2**64 - 1), kind)
    assert (params.command, params.output_bytes_cap) == ([str(10**40)], 2**64 - 1)
    kind = CLIENT_REQUESTS["config/value/write"].params_type()
    params = shape.decode(b'{"keyPath":"a","mergeStrategy":"replace","value":[%d]}' % 10**30, kind)
    assert params.value == [10**30]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def mangled_params(draw: st.DrawFn) -> tuple[Any, Any]:
    """Return a params type and something that resembles it: some of its keys, with values that may or may not fit."""
    methods = [spec for spec in CLIENT_REQUESTS.values() if spec.params is not None]
    kind = draw(st.sampled_from(methods)).params_type()
    fields = [field for member in (kind, *getattr(kind, "__args__", ())) for field in fields_of(member)]
    keys = st.sampled_from(fields) if fields else st.text(max_size=3)
    return kind, draw(st.dictionaries(keys, JSON | st.sampled_from(["text", "never", "/x"]), max_size=6) | JSON)


def fields_of(kind: Any) -> list[str]:
    return [*getattr(kind, "__struct_encode_fields__", ()), "type"]


PYTHON_NAMES = (
    "msgspec",
    "Union",
    "Literal",
    "NoneType",
    "`str`",
    "`int`",
    "`object`",
    "`array`",
    "$",
    "dict",
    "typing",
)


@settings(max_examples=100, deadline=None)
@given(mangled_params())
def test_whatever_is_sent_fits_or_is_refused_without_naming_python(case: tuple[Any, Any]) -> None:
    kind, value = case
    raw = json.dumps(value).encode()
    try:
        expected = table.decode(raw, kind)
    except msgspec.ValidationError:
        try:
            shape.decode(raw, kind)
        except ShapeError as error:
            text = str(error).replace(json.dumps(value), "")
            assert text
            names = [name for name in PYTHON_NAMES if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)]
            assert [name for name in names if name not in raw.decode()] == []
    else:
        assert shape.decode(raw, kind) == expected


def test_replies_to_server_requests_are_decoded_the_same_way() -> None:
    kind = SERVER_REQUESTS["item/commandExecution/requestApproval"].result_type()
    assert shape.decode(b'{"decision":"accept"}', kind).decision == "accept"
    with pytest.raises(ShapeError, match="unknown variant `perhaps`, expected one of `accept`"):
        shape.decode(b'{"decision":"perhaps"}', kind)
    with pytest.raises(ShapeError, match="missing field `decision`"):
        shape.decode(b"{}", kind)


@pytest.mark.parametrize("count", [2, 5000])
def test_the_first_wrong_element_of_a_list_is_named_however_long_the_list_is(count: int):
    part = '{"type":"text","text":"x"}'
    wrong = '{"type":"text","text":5}'
    kind = CLIENT_REQUESTS["turn/start"].params_type()
    with pytest.raises(ShapeError, match=r"^invalid type: integer `5`, expected a string$"):
        shape.decode(f'{{"threadId":"t","input":[{",".join([part] * count)},{wrong}]}}'.encode(), kind)
