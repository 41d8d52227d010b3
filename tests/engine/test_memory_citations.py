"""Citations of memories in what a model says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.engine.memory_citations import CLOSING, OPENING, CitationFilter, without_citations

LINES = ("MEMORY.md:1-3|note=[why [x]]", "sub/a b.md:7-7|note=[]", "bad line", "z.md:x-2|note=[q]")
ENTRIES = "\n".join(("<citation_entries>", *LINES, "</citation_entries>"))
THREADS = "<rollout_ids>\nthread-1\n thread-2 \n\nthread-1\n</rollout_ids>"
WHOLE = f"{OPENING}\n{ENTRIES}\n{THREADS}\n{CLOSING}"
CITED = [
    {"path": "MEMORY.md", "lineStart": 1, "lineEnd": 3, "note": "why [x]"},
    {"path": "sub/a b.md", "lineStart": 7, "lineEnd": 7, "note": ""},
]

TEXTS = [
    ("Hello.", "Hello.", None),
    (f"Hello.\n\n{WHOLE}", "Hello.\n\n", {"entries": CITED, "rolloutIds": ["thread-1", "thread-2"]}),
    (f"A {WHOLE} B", "A  B", {"entries": CITED, "rolloutIds": ["thread-1", "thread-2"]}),
    (WHOLE + WHOLE, "", {"entries": CITED + CITED, "rolloutIds": ["thread-1", "thread-2"]}),
    (f"A{OPENING}{ENTRIES}", "A", None),
    (f"{OPENING}{CLOSING}t", "t", None),
    (f"{OPENING}{THREADS}{CLOSING}", "", {"entries": [], "rolloutIds": ["thread-1", "thread-2"]}),
    ("x < y <oai-mem and </oai-mem-citation> <", "x < y <oai-mem and </oai-mem-citation> <", None),
    ("<<oai-mem-citation>", "<", None),
]


@pytest.mark.parametrize(("text", "shown", "citation"), TEXTS)
def test_a_citation_is_taken_out_of_the_text_and_read(text: str, shown: str, citation: object) -> None:
    assert without_citations(text) == (shown, citation)


def streamed(pieces: list[str]) -> str:
    filtered = CitationFilter()
    return "".join([*map(filtered.feed, pieces), filtered.finish()])


@pytest.mark.parametrize(("text", "shown"), [(text, shown) for text, shown, _ in TEXTS])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_nothing_of_a_citation_streams_however_the_text_is_cut(text: str, shown: str, size: int) -> None:
    assert streamed([text[at : at + size] for at in range(0, len(text), size)]) == shown


@given(st.lists(st.sampled_from([OPENING, CLOSING, "<", "<oai", "-mem-citation>", "a", "</", "\n"]), max_size=12))
def test_what_streams_is_what_the_whole_message_says(pieces: list[str]) -> None:
    assert streamed(pieces) == without_citations("".join(pieces))[0]
