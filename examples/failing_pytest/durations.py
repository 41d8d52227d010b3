"""Durations as people write them: `1h30m`, `45s`, `2d`."""

import re

SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def parse(text):
    """Seconds in a duration such as `1h30m`."""
    total = 0
    for amount, unit in re.findall(r"(\d+)([dhms])", text):
        total = int(amount) * SECONDS[unit]
    return total


def render(seconds):
    """The shortest text that `parse` turns back into so many seconds."""
    parts = []
    for unit, size in SECONDS.items():
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"
