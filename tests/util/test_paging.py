"""How long pages are, whatever is asked for."""

import pytest

from codex_trio.util.paging import page_size


@pytest.mark.parametrize(("limit", "size"), [(None, 25), (-1, 1), (0, 1), (1, 1), (100, 100), (2**63, 100)])
def test_a_page_has_as_many_entries_as_asked_within_bounds(limit: int | None, size: int) -> None:
    assert page_size(limit) == size


def test_some_lists_have_other_bounds() -> None:
    assert page_size(None, default=50) == 50
    assert page_size(2**63, most=None) == 2**63
    assert page_size(0, most=None) == 1
