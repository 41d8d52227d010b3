"""What `help()` says of a message: its docstring, and what is said below its fields in the source.

Python keeps no docstrings of attributes, so they are read from the source when somebody asks.
Owns that reading. Does not own the reference pages (`codex_trio_protocol.export`).
"""

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise

import msgspec


@cache
def described(kind: type[msgspec.Struct]) -> str | None:
    """Return the docstring of a struct with a paragraph on its fields; the docstring alone where there is no source."""
    own: str | None = kind.__dict__.get("__doc__")
    try:
        docs = {name: doc for base in reversed(kind.__mro__) for name, doc in _field_docs(base).items()}
    except (OSError, TypeError, SyntaxError):
        return own
    fields = [field for field in msgspec.structs.fields(kind) if field.name in docs]
    if not fields:
        return own
    listed = [f"    {field.name}: {docs[field.name]}" for field in fields]
    return "\n".join([*((inspect.cleandoc(own), "") if own else ()), "Fields:", *listed])


@cache
def _field_docs(kind: type) -> dict[str, str]:
    if not issubclass(kind, msgspec.Struct) or kind is msgspec.Struct:
        return {}
    [node] = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(node, ast.ClassDef)
    docs: dict[str, str] = {}
    for statement, following in pairwise(node.body):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                docs[name] = " ".join(text.split())
            case _:
                pass
    return docs
