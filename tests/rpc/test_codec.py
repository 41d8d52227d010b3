"""What counts as a message."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_trio.rpc.codec import (
    EncodedArray,
    EncodedText,
    IncomingError,
    IncomingNotification,
    IncomingRequest,
    IncomingResponse,
    Malformed,
    RequestId,
    decode,
    encode_long_notification,
    encode_long_text,
    encode_notification,
    encode_request,
    encode_response,
)
from codex_trio.transport.base import joined


@pytest.mark.parametrize("request_id", [0, -7, 2**63 - 1, -(2**63), "abc", "", "117"])
def test_a_request_keeps_its_id_and_the_type_of_it(request_id: RequestId) -> None:
    message = decode(json.dumps({"id": request_id, "method": "m", "params": {"a": 1}}).encode())
    assert isinstance(message, IncomingRequest)
    assert message.id == request_id
    assert type(message.id) is type(request_id)
    assert message.params is not None
    assert bytes(message.params) == b'{"a": 1}'


@pytest.mark.parametrize("params", ["", ',"params":null', ',"params": null '])
def test_absent_and_null_params_are_the_same(params: str) -> None:
    message = decode(b'{"id":1,"method":"m"' + params.encode() + b"}")
    assert isinstance(message, IncomingRequest)
    assert message.params is None


@pytest.mark.parametrize(
    "text",
    [
        '  {"id":1,"method":"m"}  \r',
        '{"jsonrpc":"2.0","id":1,"method":"m","extra":{"id":2}}',
        '{"id":1,"method":"m","trace":{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}',
        '{"id":1,"method":"m","result":{},"error":{}}',
    ],
)
def test_blanks_and_unknown_fields_are_tolerated(text: str) -> None:
    message = decode(text.encode())
    assert isinstance(message, IncomingRequest)
    assert (message.id, message.method) == (1, "m")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{bad json", "not valid JSON"),
        (b"[]", "not a usable JSON object"),
        (b"42", "not a usable JSON object"),
        (b'{"id":1.5,"method":"m"}', "neither a string nor a 64-bit integer"),
        (b'{"id":1.0,"method":"m"}', "neither a string nor a 64-bit integer"),
        (b'{"id":1e2,"method":"m"}', "neither a string nor a 64-bit integer"),
        (b'{"id":null,"method":"m"}', "neither a string nor a 64-bit integer"),
        (b'{"id":true,"method":"m"}', "neither a string nor a 64-bit integer"),
        (b'{"id":{"a":1},"method":"m"}', "neither a string nor a 64-bit integer"),
        (b'{"id":9223372036854775808,"method":"m"}', "neither a string nor a 64-bit integer"),
        (b'{"id":-9223372036854775809,"method":"m"}', "neither a string nor a 64-bit integer"),
        (b'{"id":119}', "neither a request, a notification nor a response"),
        (b'{"id":122,"method":5}', "neither a request, a notification nor a response"),
        (b'{"id":1,"method":"m"}{"id":2,"method":"m"}', "not valid JSON: trailing characters"),
        (b'{"id":126,"method":"m","params":{},"id":127}', "same envelope field twice"),
        (b'{"id":1,"method":"m","method":"n"}', "same envelope field twice"),
        (b'{"id":1,"error":{"code":"x","message":"m"}}', "no code and message"),
        (b'{"id":1,"method":"m","trace":5}', "trace is not an object"),
        (b'{"id":1,"method":"m","params":"\xff"}', "not valid UTF-8"),
        (b'{"id":1,"method":"m","params":' + b"[" * 100_000, "nested too deeply"),
        (b'\xef\xbb\xbf{"id":1,"method":"m"}', "not valid JSON"),
        (b"", "not valid JSON"),
    ],
)
def test_what_is_not_a_message_has_a_reason_for_the_log(text: bytes, reason: str) -> None:
    message = decode(text)
    assert isinstance(message, Malformed)
    assert reason in message.reason


def test_half_a_character_does_not_cost_a_request_its_answer() -> None:
    text = rb"\ud800 \ud83d\ude00 \udc00 \\ud800"
    request = decode(rb'{"id":7,"method":"m","params":{"text":"' + text + rb'"}}')
    assert isinstance(request, IncomingRequest)
    assert request.is_mended
    assert msgspec.json.decode(request.params or b"") == {
        "text": "\N{REPLACEMENT CHARACTER} \N{GRINNING FACE} \N{REPLACEMENT CHARACTER} \\ud800"
    }


def test_the_same_names_inside_params_do_not_count_as_repeated() -> None:
    message = decode(b'{"id":1,"method":"m","params":{"id":{"id":2},"method":"n","id":3}}')
    assert isinstance(message, IncomingRequest)
    assert message.id == 1


def test_replies_and_notifications_are_told_apart() -> None:
    assert decode(b'{"method":"initialized"}') == IncomingNotification("initialized")
    assert decode(b'{"id":4,"error":{"code":-1,"message":"no","data":[1]}}') == IncomingError(4, -1, "no", [1])
    reply = decode(b'{"id":4,"result":null}')
    assert isinstance(reply, IncomingResponse)
    assert bytes(reply.result) == b"null"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
ENVELOPES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("id", "method", "params", "result", "error", "trace", "jsonrpc"), JSON)
)


def encoded(envelope: Any) -> bytes:
    return json.dumps(envelope).encode()


@settings(deadline=None)
@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")) | ENVELOPES.map(encoded))
def test_no_input_whatsoever_raises(message: bytes) -> None:
    decode(message)


def test_numbers_beyond_all_bounds_do_not_raise() -> None:
    digits = b"1" * 5000
    for message in (b'{"id":' + digits + b"}", b'{"id":1,"method":"m","params":{"id":' + digits + b"}}"):
        decode(message)


def test_messages_of_ours_have_the_keys_that_clients_expect() -> None:
    assert encode_response("a", {"x": None}) == b'{"id":"a","result":{"x":null}}'
    assert encode_notification("n", {"x": 1}, emitted_at_ms=5) == b'{"method":"n","params":{"x":1},"emittedAtMs":5}'
    assert encode_request("r", 0, {}) == b'{"method":"r","id":0,"params":{}}'


def test_a_file_name_that_is_not_text_does_not_cost_the_message() -> None:
    message = encode_notification("n", {"path": ["caf\udce9", 1], "k\ud800": None}, emitted_at_ms=5)
    assert json.loads(message)["params"]["path"] == ["caf\ufffd\ufffd\ufffd", 1]


@pytest.mark.parametrize("name", ["plain", "half a pair \ud800"])
@pytest.mark.parametrize("size", [1, 1_000_000])
def test_what_was_encoded_before_stands_in_the_answer_where_it_belongs(name: str, size: int) -> None:
    first, second = EncodedArray([b'{"a":1},{"a":2}', memoryview(b'{"a":"%b"}' % (b"x" * size))]), EncodedArray([])
    answer = json.loads(joined(encode_response(7, {"first": first, "name": name, "second": second, "last": None})))
    found = answer["result"]
    assert [row["a"] for row in found["first"]] == [1, 2, "x" * size]
    assert (answer["id"], found["name"][:5], found["second"], found["last"]) == (7, name[:5], [], None)


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_a_text_that_was_encoded_before_goes_into_answers_and_notifications(size: int) -> None:
    text = EncodedText([b'say \\"x\\"', b"y" * size])
    wanted = 'say "x"' + "y" * size
    assert json.loads(joined(encode_response(7, {"text": text, "more": [text]})))["result"]["more"] == [wanted]
    told = json.loads(joined(encode_long_notification("n", {"text": text}, emitted_at_ms=5)))
    assert told == {"method": "n", "params": {"text": wanted}, "emittedAtMs": 5}


def test_a_long_text_is_encoded_in_pieces() -> None:
    pieces = ['say "', "\N{GRINNING FACE}", "", '"\n']
    assert json.loads(joined(encode_response(1, encode_long_text(pieces))))["result"] == "".join(pieces)


def test_a_value_that_is_no_json_is_named() -> None:
    with pytest.raises(TypeError, match="a value of type object is not JSON"):
        encode_response(1, {"x": object()})
