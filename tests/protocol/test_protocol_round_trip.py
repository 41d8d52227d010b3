"""Every message type decodes what fits it, and gives back the same bytes however often it is sent on."""

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from codex_trio_protocol import table
from codex_trio_protocol.base import Wire
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wire_values import JSON_VALUES, values_of

FAMILIES = sorted(path.stem for path in Path(table.__file__).with_name("v2").glob("*.py") if path.stem != "__init__")
EVERY_CHECK = cast("list[HealthCheck]", list(HealthCheck))
QUICK = settings(max_examples=3, deadline=None, database=None, suppress_health_check=EVERY_CHECK)


def family_module(family: str) -> Any:
    return import_module(f"codex_trio_protocol.{family if family in {'v1', 'legacy'} else f'v2.{family}'}")


def message_types(family: str) -> list[type[Wire]]:
    """Message structs that a family declares itself. Unions of untagged shapes only document; they have no decoder."""
    module = family_module(family)
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Wire) and kind.__module__ == module.__name__
    ]


def decodable(kind: type[Wire]) -> bool:
    try:
        table.decoder(kind)
    except TypeError:
        return False
    return True


@pytest.mark.parametrize("family", ["v1", "legacy", *FAMILIES])
def test_every_struct_of_a_family_survives_a_round_trip(family: str) -> None:
    kinds = [kind for kind in message_types(family) if decodable(kind)]

    @QUICK
    @given(st.fixed_dictionaries({kind: values_of(kind) for kind in kinds}))
    def check(drawn: dict[type[Wire], Any]) -> None:
        for kind, value in drawn.items():
            first = table.decode(json.dumps(value).encode(), kind)
            sent = msgspec.json.encode(first)
            again = table.decode(sent, kind)
            assert again == first
            assert msgspec.json.encode(again) == sent

    if kinds:
        check()


def test_only_shapes_that_document_pass_through_json_have_no_decoder() -> None:
    without = {kind.__name__ for family in FAMILIES for kind in message_types(family) if not decodable(kind)}
    assert without == {"McpElicitationSchemaShape"}


TARGETS = sorted(
    {
        target
        for methods in (table.CLIENT_REQUESTS, table.SERVER_REQUESTS, table.SERVER_NOTIFICATIONS)
        for spec in methods.values()
        for target in (spec.params, spec.result)
        if target is not None
    }
)


@settings(max_examples=200, deadline=None, database=None)
@given(st.sampled_from(TARGETS), st.binary(max_size=40) | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_give_a_value_or_a_decode_error(target: str, raw: bytes) -> None:
    try:
        table.decode(raw, table.resolve(target))
    except msgspec.DecodeError:
        return


@settings(max_examples=150, deadline=None, database=None)
@given(st.sampled_from(TARGETS), st.data())
def test_a_broken_message_gives_a_value_that_survives_or_a_decode_error(target: str, data: st.DataObject) -> None:
    kind = table.resolve(target)
    value = data.draw(values_of(kind))
    holders = list(objects_in(value))
    if holders:
        holder = data.draw(st.sampled_from(holders))
        holder[data.draw(st.sampled_from(sorted(holder)))] = data.draw(JSON_VALUES | st.just("from the future"))
    try:
        first = table.decode(json.dumps(value).encode(), kind)
    except msgspec.DecodeError:
        return
    sent = msgspec.json.encode(first)
    assert msgspec.json.encode(table.decode(sent, kind)) == sent


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """Yield all objects with keys inside a JSON value."""
    if isinstance(value, dict):
        if value:
            yield value
        for item in value.values():
            yield from objects_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects_in(item)


def test_deep_nesting_and_bad_text_are_decode_errors() -> None:
    kind = table.CLIENT_REQUESTS["thread/start"].params_type()
    # Later releases of Python take more than 5,000 levels.
    deep = b'{"config":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}"
    for raw in (deep, b'{"cwd":"\xff"}', b'{"cwd":"\\ud800"}', b""):
        with pytest.raises(msgspec.DecodeError):
            table.decode(raw, kind)
