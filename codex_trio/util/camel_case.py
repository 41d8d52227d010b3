"""Names as JSON has them."""


def camel_case(name: str) -> str:
    """Return a `snake_case` name in `camelCase`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
