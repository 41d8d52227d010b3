"""Addresses are shown without the users and passwords in them, wherever they stand."""

import pytest

from codex_trio.util.addresses import shown_address, shown_text, shown_values


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://a.test/v1", "http://a.test/v1"),
        ("http://me:pw@a.test:8000/v1?k=1", "http://***@a.test:8000/v1?k=1"),
        ("http://me:p@ss@a.test/v1", "http://***@a.test/v1"),
        ("http://a.test/@user/x", "http://a.test/@user/x"),
        ("https://me:p/w@a.test/v1", "https://***@a.test/v1"),
        ("ssh://git@a.test/r@1", "ssh://***@a.test/r@1"),
        ("no address", "no address"),
    ],
)
def test_an_address_hides_its_credentials(url: str, shown: str):
    assert shown_address(url) == shown


def test_values_hide_the_credentials_of_the_addresses_in_them():
    value = {
        "a": ["http://me:pw@a.test", "me@a.test", 5, None],
        "b": {"c": "wss://me:pw@b.test/x"},
        "command": "mail me@a.test about http://b.test",
    }
    assert shown_values(value) == {
        "a": ["http://***@a.test", "me@a.test", 5, None],
        "b": {"c": "wss://***@b.test/x"},
        "command": "mail me@a.test about http://b.test",
    }


def test_a_line_keeps_its_length():
    line = 'base_url = "http://me:pw@a.test/v1  # see http://b.test'
    assert shown_text(line) == 'base_url = "http://*****@a.test/v1  # see http://b.test'
