"""Listen URLs, as people type them."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.transport.listen import (
    ListenUrlError,
    NoAddress,
    StdioAddress,
    UnixAddress,
    WebsocketAddress,
    parse_listen_url,
)

FORMS = "expected `stdio://`, `unix://`, `unix://PATH`, `ws://IP:PORT`, or `off`"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("stdio://", StdioAddress()),
        ("off", NoAddress()),
        ("unix://", UnixAddress(None)),
        ("unix:///run/codex.sock", UnixAddress(Path("/run/codex.sock"))),
        ("unix://here/codex.sock", UnixAddress(Path("here/codex.sock"))),
        ("unix://a b://c", UnixAddress(Path("a b://c"))),
        ("ws://127.0.0.1:0", WebsocketAddress(IPv4Address("127.0.0.1"), 0)),
        ("ws://0.0.0.0:00065535", WebsocketAddress(IPv4Address("0.0.0.0"), 65535)),
        ("ws://[::1]:4500", WebsocketAddress(IPv6Address("::1"), 4500)),
        ("ws://[fe80::1%3]:1", WebsocketAddress(IPv6Address("fe80::1"), 1, 3)),
    ],
)
def test_each_form_is_understood(url: str, address: object) -> None:
    assert parse_listen_url(url) == address


@pytest.mark.parametrize("url", ["", "stdio", "STDIO://", "stdio:// ", "OFF", "off://", "unix:", "http://127.0.0.1:1"])
def test_any_other_form_is_refused_with_those_there_are(url: str) -> None:
    with pytest.raises(ListenUrlError) as refused:
        parse_listen_url(url)
    assert str(refused.value) == f"unsupported --listen URL `{url}`; {FORMS}"


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "localhost:9",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:" + "9" * 5000,
        "127.0.0.1:-1",
        "127.0.0.1:1/",
        "127.0.0.1:1\n",
        "127.0.0.01:1",
        "127.1:1",
        "::1:1",
        "[::1]",
        "[127.0.0.1]:1",
        "[::1%]:1",
        "[::1%eth0]:1",
        "127.0.0.1:\N{ARABIC-INDIC DIGIT ONE}",
    ],
)
def test_a_websocket_needs_a_literal_address_and_a_port(rest: str) -> None:
    with pytest.raises(ListenUrlError) as refused:
        parse_listen_url(f"ws://{rest}")
    assert str(refused.value) == f"invalid websocket --listen URL `ws://{rest}`; expected `ws://IP:PORT`"


@given(st.ip_addresses(), st.integers(0, 65535), st.integers(0, 2**32 - 1))
def test_an_address_reads_back_from_its_text(ip: IPv4Address | IPv6Address, port: int, scope_id: int) -> None:
    address = WebsocketAddress(ip, port, scope_id if ip.version == 6 else 0)
    assert parse_listen_url(f"ws://{address}") == address


@given(st.text() | st.text(alphabet="wsunixof:/[]%.0123456789af").map(lambda rest: f"ws://{rest}"))
def test_whatever_is_typed_is_understood_or_refused_by_name(url: str) -> None:
    refusal = f"`{url}`"
    try:
        parse_listen_url(url)
    except ListenUrlError as error:
        refusal = str(error)
    assert f"`{url}`" in refusal


@pytest.mark.parametrize(
    ("ip", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("::ffff:127.0.0.1", False),
        ("192.168.0.1", False),
    ],
)
def test_only_addresses_of_this_machine_are_loopback(ip: str, *, loopback: bool) -> None:
    assert WebsocketAddress(ip_address(ip), 1).is_loopback is loopback
