"""A tool's output fits the model's budget, and says what was left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.tools.truncate import cut_middle, fit, fit_item, fit_joined, fit_parts, output_bound, token_estimate


def test_output_within_the_budget_is_given_as_it_is():
    assert fit("a" * 400, max_tokens=100) == "a" * 400


def test_output_beyond_the_budget_keeps_its_head_and_tail():
    text = "".join(f"{number}\n" for number in range(1, 2001))
    cut = fit(text, max_tokens=100)
    assert cut.startswith("Warning: truncated output (original token count: 2224)\nTotal output lines: 2000\n\n1\n2\n")
    assert "…2124 tokens truncated…" in cut
    assert cut.endswith("1999\n2000\n")


@given(text=st.text(), budget=st.integers(0, 50))
def test_what_is_kept_never_costs_more_than_the_budget(text, budget):
    cut = fit(text, max_tokens=budget)
    if cut == text:
        assert token_estimate(text) <= budget
    else:
        head, _, rest = cut.partition("\n\n")[2].partition("…")
        tail = rest.partition("truncated…")[2]
        assert len((head + tail).encode()) <= budget * 4


def texts(*said: str) -> list[dict[str, str]]:
    return [{"type": "input_text", "text": text} for text in said]


def test_texts_past_the_budget_are_counted_and_not_each_noted():
    picture = {"type": "input_image", "image_url": "data:"}
    assert fit_parts(texts("ab", "", "c"), max_tokens=3) == texts("ab", "", "c")
    many = [*texts(*["x"] * 50_000), picture, *texts(*[""] * 50_000)]
    fitted = fit_parts(many, max_tokens=100)
    assert fitted[:100] == texts(*["x"] * 100)
    assert fitted[100:] == [picture, *texts("[omitted 99900 text items ...]")]


def test_texts_of_a_script_past_the_budget_become_one_with_its_end():
    picture = {"type": "input_image", "image_url": "data:"}
    assert fit_joined([*texts("a", ""), picture], max_tokens=2) == [*texts("a", ""), picture]
    first, *others = fit_joined([*texts(*["x"] * 50_000), picture, *texts("Script error: why")], max_tokens=100)
    assert others == [picture]
    assert len(first["text"]) < 600
    assert first["text"].endswith("x\nx\nScript error: why")


@pytest.mark.parametrize("kind", ["function_call_output", "custom_tool_call_output"])
@pytest.mark.parametrize("wrap", [str, lambda text: [{"type": "input_text", "text": text}]])
def test_an_output_fits_whoever_gave_it(kind, wrap):
    image = {"type": "input_image", "image_url": "data:image/png;base64," + "A" * 10_000}
    item = {"type": kind, "call_id": "c1", "output": wrap("x" * 100_000)}
    fitted = fit_item(item, max_tokens=1000)
    assert "tokens truncated" in str(fitted)
    assert 5_900 < len(str(fitted)) < 6_400
    assert {name: fitted[name] for name in ("type", "call_id")} == {"type": kind, "call_id": "c1"}
    # What a tool has fitted by itself is not cut once more, and pictures and messages are no such text.
    most = output_bound(1000)
    for kept in (
        {**item, "output": cut_middle("y" * 100_000, max_tokens=most)},
        {**item, "output": fit_parts(texts("y" * 100_000, "z", "z"), max_tokens=most)},
        {**item, "output": wrap(f"Exit code: 0\n{fit('y' * 100_000, max_tokens=1000)}")},
        {**item, "output": [image]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x" * 100_000}]},
    ):
        assert fit_item(kept, max_tokens=1000) == kept
