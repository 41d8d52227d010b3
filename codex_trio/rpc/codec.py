"""What a message from the peer is, and the bytes of those that we send. Sans-io.

Owns the JSON-RPC envelope as the protocol reads it: no `jsonrpc` field needed, unknown fields ignored, ids are strings
or signed 64-bit integers, params and results left undecoded. Does not own what a method or its params mean.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import msgspec
from codex_trio_protocol.jsonrpc import JSONRPCErrorBody

from codex_trio.transport.base import MessageInPieces, OutgoingMessage
from codex_trio.util import decoding

RequestId = int | str
"""Echoed with the type that the peer gave it."""

_MIN_ID, _MAX_ID = -(2**63), 2**63 - 1

_DUPLICATE_CHECK_BYTES = 64 * 1024
"""Longest message searched for repeated envelope keys: clients that err so do it in hand-made, short messages."""


class IncomingRequest(msgspec.Struct, frozen=True):
    """A question of the peer. `params` is undecoded JSON, None when absent or null.

    `is_mended`: U+FFFD may stand in it for half of a character.
    """

    id: RequestId
    method: str
    params: msgspec.Raw | None
    is_mended: bool = False


class IncomingNotification(msgspec.Struct, frozen=True):
    """Something the peer says without wanting an answer."""

    method: str


class IncomingResponse(msgspec.Struct, frozen=True):
    """The peer's answer to a server request; `result` is undecoded JSON."""

    id: RequestId
    result: msgspec.Raw


class IncomingError(msgspec.Struct, frozen=True):
    """The peer's refusal of a server request."""

    id: RequestId
    code: int
    message: str
    data: Any


class Malformed(msgspec.Struct, frozen=True):
    """Not a message. `reason` is a sentence for logs and people."""

    reason: str


Incoming = IncomingRequest | IncomingNotification | IncomingResponse | IncomingError | Malformed


class _Envelope(msgspec.Struct):
    id: Any = msgspec.UNSET
    method: Any = msgspec.UNSET
    params: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: Any = msgspec.UNSET
    trace: Any = None


_ENVELOPE = decoding.json_decoder(_Envelope)
_NULL = msgspec.Raw(b"null")
_SURROGATES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
"""Escapes: whole pairs, halves of one, and others, which may begin with a backslash that is itself one's character."""


def decode(message: bytes) -> Incoming:
    """Read one message. Never raises: what is not a message comes back as `Malformed`."""
    try:
        if not message.isascii():
            # Only strings that are looked at would be checked later on.
            message.decode()
        envelope, is_mended = _decode_envelope(message)
        repeats_a_key = _repeats_a_key(message)
    except UnicodeError:
        return Malformed("the message is not valid UTF-8")
    except RecursionError:
        return Malformed("the message is nested too deeply")
    except msgspec.ValidationError:
        return Malformed("the message is not a usable JSON object")
    except msgspec.DecodeError as error:
        return Malformed(f"the message is not valid JSON: {str(error).removeprefix('JSON is malformed: ')}")
    if repeats_a_key:
        return Malformed("the message names the same envelope field twice")
    return _classify(envelope, is_mended=is_mended)


def _decode_envelope(message: bytes) -> tuple[_Envelope, bool]:
    """Return the message, and whether it had halves of characters."""
    try:
        return _ENVELOPE.decode(message), False
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # Clients that cut a text inside a character write half of it as an escape, which JSON's grammar allows.
        whole = _SURROGATES.sub(lambda found: rb"\ufffd" if found["half"] else found[0], message)
        if whole == message:
            raise
        return _ENVELOPE.decode(whole), True


def _classify(envelope: _Envelope, *, is_mended: bool) -> Incoming:
    if envelope.id is not msgspec.UNSET and not _is_request_id(envelope.id):
        return Malformed("the message's id is neither a string nor a 64-bit integer")
    if isinstance(envelope.method, str):
        if not isinstance(envelope.trace, dict | None):
            return Malformed("the message's trace is not an object")
        if envelope.id is msgspec.UNSET:
            return IncomingNotification(envelope.method)
        params = None if envelope.params is msgspec.UNSET or envelope.params == _NULL else envelope.params
        return IncomingRequest(envelope.id, envelope.method, params, is_mended)
    if envelope.id is not msgspec.UNSET:
        if envelope.result is not msgspec.UNSET:
            return IncomingResponse(envelope.id, envelope.result)
        if envelope.error is not msgspec.UNSET:
            return _classify_error(envelope.id, envelope.error)
    return Malformed("the message is neither a request, a notification nor a response")


def _classify_error(request_id: RequestId, error: object) -> IncomingError | Malformed:
    match error:
        case {"code": int(code), "message": str(message)}:
            return IncomingError(request_id, code, message, cast("dict[str, Any]", error).get("data"))
        case _:
            return Malformed("the message's error has no code and message")


def _is_request_id(value: object) -> bool:
    return isinstance(value, str) or (type(value) is int and _MIN_ID <= value <= _MAX_ID)


def _repeats_a_key(message: bytes) -> bool:
    if len(message) > _DUPLICATE_CHECK_BYTES:
        return False
    if all(message.count(key) < 2 for key in (b'"id"', b'"method"', b'"params"', b'"result"', b'"error"')):
        return False
    # Rare: one of the names occurs twice, most likely inside params. The outermost object is the last one built.
    outermost: list[tuple[str, Any]] = []

    def remember(pairs: list[tuple[str, Any]]) -> None:
        outermost[:] = pairs

    json.loads(message, object_pairs_hook=remember, parse_int=str)
    names = [name for name, _ in outermost if name in _Envelope.__struct_fields__]
    return len(set(names)) < len(names)


class _Response(msgspec.Struct):
    id: RequestId
    result: Any


class _ErrorResponse(msgspec.Struct):
    error: JSONRPCErrorBody
    id: RequestId


class _Notification(msgspec.Struct):
    method: str
    params: Any
    emittedAtMs: int


class _ServerRequest(msgspec.Struct):
    method: str
    id: RequestId
    params: Any


_LONG = 256 * 1024
"""Bytes from which on it costs more to join the pieces of a message than to write them one by one."""


class Encoded:
    """Something, anywhere in what is sent, that was encoded before, in pieces.

    It goes into the message as it is: megabytes are not copied to be sent, nor encoded while others wait.
    """

    # Not a struct: the encoder would know how to encode one.

    brackets = (b"", b"")
    between = b""

    def __init__(self, pieces: Sequence[bytes | memoryview]) -> None:
        self.pieces = pieces


class EncodedArray(Encoded):
    """An array; each piece holds some of its elements."""

    brackets = (b"[", b"]")
    between = b","


class EncodedText(Encoded):
    """A string; each piece holds some of it, escaped as JSON wants it."""

    brackets = (b'"', b'"')


class _Splices:
    """Encodes a value around what is encoded in it: a mark that nothing else can be stands for each of them."""

    def __init__(self) -> None:
        self._mark = ""
        self._found: list[Encoded] = []

    def encode(self, value: object) -> OutgoingMessage:
        data = _encode(value, self._leave_out)
        if not self._found:
            return data
        before, *others = data.split(b'"%b"' % self._mark.encode())
        pieces: list[bytes | memoryview] = [before]
        for encoded, after in zip(self._found[-len(others) :], others, strict=True):
            begin, end = encoded.brackets
            pieces.append(begin)
            for number, piece in enumerate(encoded.pieces):
                if number and encoded.between:
                    pieces.append(encoded.between)
                pieces.append(piece)
            pieces.append(end + after)
        message = MessageInPieces(pieces)
        return message if len(message) > _LONG else message.joined()

    def _leave_out(self, value: object) -> str:
        if not isinstance(value, Encoded):
            raise TypeError(f"a value of type {type(value).__name__} is not JSON")
        self._mark = self._mark or os.urandom(16).hex()
        self._found.append(value)
        return self._mark


_ENCODER = msgspec.json.Encoder()


def encode_response(request_id: RequestId, result: object) -> OutgoingMessage:
    """Return the answer to a request. Raises what msgspec raises for values that are not JSON."""
    return _Splices().encode(_Response(request_id, result))


def encode_error(request_id: RequestId, error: JSONRPCErrorBody) -> bytes:
    """Return the refusal of a request."""
    return _encode(_ErrorResponse(error, request_id))


def encode_notification(method: str, params: object, *, emitted_at_ms: int) -> bytes:
    """Return a notification; absent params go as an empty UNSET, not as null."""
    return _encode(_Notification(method, params, emitted_at_ms))


def encode_long_notification(method: str, params: object, *, emitted_at_ms: int) -> OutgoingMessage:
    """Return a notification in which something may be encoded already."""
    return _Splices().encode(_Notification(method, params, emitted_at_ms))


def encode_request(method: str, request_id: RequestId, params: object) -> bytes:
    """Return a request of ours to the peer."""
    return _encode(_ServerRequest(method, request_id, params))


def encode_text(text: str) -> bytes:
    """Return a JSON string, quotes included: the same bytes that the text has as part of a message."""
    return _encode(text)


def encode_long_text(pieces: Iterable[str]) -> EncodedText:
    """Return a text, pieces of any size, as a JSON string.

    Between the pieces other threads run: for megabytes, in a thread of its own.
    """
    return EncodedText([encode_text(piece)[1:-1] for piece in pieces])


def _encode(value: object, hook: Callable[[object], object] | None = None) -> bytes:
    try:
        return _ENCODER.encode(value) if hook is None else msgspec.json.encode(value, enc_hook=hook)
    except UnicodeEncodeError:
        # Half a surrogate pair: a file name or program output that is not text. It must not cost the whole message.
        return _ENCODER.encode(_with_valid_text(msgspec.to_builtins(value, enc_hook=hook)))


def _with_valid_text(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        case list():
            return [_with_valid_text(item) for item in cast("list[Any]", value)]
        case dict():
            items = cast("dict[Any, Any]", value).items()
            return {_with_valid_text(key): _with_valid_text(item) for key, item in items}
        case _:
            return value
