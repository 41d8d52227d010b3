"""How long the pages of lists are."""

DEFAULT_PAGE = 25
MAX_PAGE = 100


def page_size(limit: int | None, *, default: int = DEFAULT_PAGE, most: int | None = MAX_PAGE) -> int:
    """Return how many entries a page has that was asked to have so many: at least one, and no more than `most`."""
    if limit is None:
        return default
    return max(limit, 1) if most is None else min(max(limit, 1), most)
