"""Asking a service over gRPC what counts for the threads of a folder: `codex.thread_config.v1.ThreadConfigLoader`.

Owns: the call, its messages and its errors. Imported when an endpoint is configured; it needs the extra `grpc`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from codex_trio.config.thread_config import (
    SessionThreadConfig,
    ThreadConfigError,
    ThreadConfigSource,
    UserThreadConfig,
)
from codex_trio.util.addresses import shown_address

METHOD: Final = "/codex.thread_config.v1.ThreadConfigLoader/Load"

DEADLINE_SECONDS: Final = 10.0
"""How long an answer may take. Starting a thread waits for it."""

_RESPONSES = 1
"""The one `wire_api` that there is."""

_KEY: Final = "experimental_thread_config_endpoint"

_OPTIONAL, _REPEATED = 1, 3
_KINDS: Final = {"string": 9, "int32": 5, "uint64": 4, "bool": 8}
_MESSAGES: Final[Mapping[str, Mapping[str, tuple[int, str]]]] = {
    "LoadThreadConfigRequest": {"thread_id": (1, "string"), "cwd": (2, "string")},
    "LoadThreadConfigResponse": {"sources": (1, "*ThreadConfigSource")},
    "ThreadConfigSource": {"session": (1, "SessionThreadConfig"), "user": (2, "UserThreadConfig")},
    "UserThreadConfig": {},
    "SessionThreadConfig": {
        "model_provider": (1, "string"),
        "model_providers": (2, "*ModelProvider"),
        "features": (3, "*Switch"),
    },
    "Switch": {"key": (1, "string"), "value": (2, "bool")},
    "Text": {"key": (1, "string"), "value": (2, "string")},
    "StringMap": {"values": (1, "*Text")},
    "AuthCommand": {
        "command": (1, "string"),
        "args": (2, "*string"),
        "timeout_ms": (3, "uint64"),
        "refresh_interval_ms": (4, "uint64"),
        "cwd": (5, "string"),
    },
    "ModelProvider": {
        "id": (1, "string"),
        "name": (2, "string"),
        "base_url": (3, "string"),
        "env_key": (4, "string"),
        "env_key_instructions": (5, "string"),
        "experimental_bearer_token": (6, "string"),
        "auth": (7, "AuthCommand"),
        "wire_api": (8, "int32"),
        "query_params": (9, "StringMap"),
        "http_headers": (10, "StringMap"),
        "env_http_headers": (11, "StringMap"),
        "request_max_retries": (12, "uint64"),
        "stream_max_retries": (13, "uint64"),
        "stream_idle_timeout_ms": (14, "uint64"),
        "websocket_connect_timeout_ms": (15, "uint64"),
        "requires_openai_auth": (16, "bool"),
        "supports_websockets": (17, "bool"),
    },
}
"""The messages, by name; a field has its number and kind, `*` for several. A map is several pairs on the wire."""

_SCALARS: Final = tuple(
    name for name, (_, kind) in _MESSAGES["ModelProvider"].items() if kind in _KINDS and name not in ("id", "wire_api")
)
_MAPS: Final = ("query_params", "http_headers", "env_http_headers")


class RemoteThreadConfig:
    """A loader that asks the service at an `http://` or `https://` address. A call takes `deadline` seconds at most."""

    def __init__(self, endpoint: str, *, deadline: float = DEADLINE_SECONDS) -> None:
        self._endpoint = endpoint
        self._deadline = deadline

    def load(self, cwd: str | None) -> Sequence[ThreadConfigSource]:
        """Return what the service says. Raises `ThreadConfigError`."""
        messages = message_types()
        answer = self._call(messages["LoadThreadConfigRequest"](cwd=cwd).SerializeToString())
        try:
            response = messages["LoadThreadConfigResponse"].FromString(answer)
        except Exception as error:  # a DecodeError, of a library that is not imported here
            raise ThreadConfigError(f"remote thread config response cannot be read: {error}") from None
        return [_source(source) for source in response.sources]

    def _call(self, request: bytes) -> bytes:
        grpc = _grpc()
        parts = urlsplit(self._endpoint)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ThreadConfigError(
                f"{_KEY} must be an address like http://127.0.0.1:50051: {shown_address(self._endpoint)}"
            )
        options = [("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0)]
        channel = (
            grpc.secure_channel(parts.netloc, grpc.ssl_channel_credentials(), options)
            if parts.scheme == "https"
            else grpc.insecure_channel(parts.netloc, options)
        )
        with channel:
            try:
                return channel.unary_unary(METHOD)(request, timeout=self._deadline)
            except grpc.RpcError as error:
                raise ThreadConfigError(self._problem(grpc, error)) from None

    def _problem(self, grpc: Any, error: Any) -> str:
        code, details = error.code(), error.details() or ""
        match code:
            case grpc.StatusCode.UNAVAILABLE if "connect" in details.lower() or "dns" in details.lower():
                return f"failed to connect to remote thread config loader: transport error ({details})"
            case grpc.StatusCode.DEADLINE_EXCEEDED:
                return f"remote thread config request timed out after {self._deadline:g} s"
            case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED:
                return f"remote thread config request failed: not authorized: {details}"
            case _:
                return f"remote thread config request failed: {details or code.name}"


def _grpc() -> Any:
    try:
        import google.protobuf
        import grpc
    except ImportError as error:
        raise ThreadConfigError(f'{_KEY} needs the extra `grpc`: pip install "codex-trio[grpc]" ({error})') from None
    assert google.protobuf
    return grpc


@cache
def message_types() -> Mapping[str, Any]:
    """Return the classes of the messages, by name. Raises `ThreadConfigError` where the libraries are missing."""
    _grpc()
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    package = "codex.thread_config.v1"
    # Of the two syntaxes the one in which every field says whether it is there; on the wire they are the same.
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto2")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            plain = kind.removeprefix("*")
            added: Any = message.field.add(name=field, number=number, label=_REPEATED if kind != plain else _OPTIONAL)
            if plain in _KINDS:
                added.type = _KINDS[plain]
            else:
                added.type, added.type_name = 11, f".{package}.{plain}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in _MESSAGES
    }


def _source(source: Any) -> ThreadConfigSource:
    if not source.HasField("session"):
        return UserThreadConfig()
    session = source.session
    return SessionThreadConfig(
        model_provider=session.model_provider or None,
        model_providers={provider.id: _provider(provider) for provider in session.model_providers},
        features={pair.key: pair.value for pair in session.features},
    )


def _provider(provider: Any) -> dict[str, Any]:
    if not provider.id:
        raise ThreadConfigError("remote thread config response: a model provider has no id")
    if provider.wire_api != _RESPONSES:
        raise ThreadConfigError(
            f"remote thread config response: model provider `{provider.id}` has an unknown wire_api {provider.wire_api}"
        )
    table: dict[str, Any] = {"wire_api": "responses"}
    table |= {name: getattr(provider, name) for name in _SCALARS if provider.HasField(name)}
    for name in _MAPS:
        if provider.HasField(name):
            table[name] = {pair.key: pair.value for pair in getattr(provider, name).values}
    if provider.HasField("auth"):
        table["auth"] = _auth(provider)
    return table


def _auth(provider: Any) -> dict[str, Any]:
    auth = provider.auth
    if not auth.timeout_ms:
        raise ThreadConfigError(f"remote thread config response: model provider `{provider.id}` has no auth.timeout_ms")
    table: dict[str, Any] = {"command": auth.command, "args": list(auth.args), "timeout_ms": auth.timeout_ms}
    if auth.refresh_interval_ms:
        table["refresh_interval_ms"] = auth.refresh_interval_ms
    if auth.cwd:
        table["cwd"] = auth.cwd
    return table
