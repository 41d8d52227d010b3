"""What a client sent is repeated in an error at a length that people read."""

import msgspec
import pytest

from codex_trio.rpc.echo import MAX_MESSAGE, shortened

LONG = "äb" * 200
CUT = f"{LONG[:200]}… (400 characters)"


@pytest.mark.parametrize("params", [{"a": LONG}, {LONG: 1}, [1, [LONG]], LONG, {"a": {"b": [LONG, "c"]}}])
def test_long_values_and_names_are_cut_with_their_length(params: object):
    for given in (params, msgspec.Raw(msgspec.json.encode(params))):
        assert shortened(f"no such `{LONG}`: use `x`", "m", given) == f"no such `{CUT}`: use `x`"


def test_what_is_escaped_in_a_text_is_cut_too():
    value = 'say "yes"\n' * 50
    escaped = msgspec.json.encode(value).decode()
    assert shortened(f"invalid type: string {escaped}", "m", {"a": value}).endswith('… (500 characters)"')


def test_a_long_method_is_cut_in_the_text_about_it():
    assert shortened(f"unknown `{LONG}`", LONG, None) == f"unknown `{CUT}`"


def test_texts_of_the_servers_own_stay_whole():
    text = ", ".join(f"method/{number}" for number in range(500))
    assert len(text) < MAX_MESSAGE
    assert shortened(text, "m", {"a": LONG}) == text
    assert shortened("short", "m", None) == "short"


@pytest.mark.parametrize("params", [None, b"no JSON", {"a": LONG.upper()}, object()])
def test_a_text_that_repeats_values_in_another_form_is_cut_in_its_middle(params: object):
    text = f"begin {'z' * 100_000} end"
    cut = shortened(text, "m", params)
    assert len(cut) < MAX_MESSAGE + 100
    assert cut.startswith("begin z")
    assert cut.endswith("z end")
    assert f"{len(text) - MAX_MESSAGE} characters left out" in cut
