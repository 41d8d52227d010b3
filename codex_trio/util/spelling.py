"""Finding the known name that a wrong one was probably meant to be."""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that is spelt most alike; None when none is close."""
    # Imported here: most words are right.
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.7)), None)
