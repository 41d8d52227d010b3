"""A tool's output fits the model's budget, and says what was left out."""

from hypothesis import given
from hypothesis import strategies as st

from codex_trio.tools.truncate import fit, token_estimate


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
