"""Finding the known name that a wrong one was probably meant to be."""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that is spelt most alike; None when none is close."""
    # Imported here: most words are right.
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.7)), None)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the question for a wrong name, to be put behind what is said of it; nothing where no name is close."""
    close = nearest(word, known)
    return f" Did you mean `{close}`?" if close else ""
