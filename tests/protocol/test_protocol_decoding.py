"""Types are learned by one thread at a time, whoever is the first to need them."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import codex_trio_protocol
import pytest

import codex_trio

MEETING = """
import sys
import threading
from {package} import decoding
import msgspec

class Inner(msgspec.Struct):
    value: "meet()"

class Outer(msgspec.Struct):
    inner: Inner

LATE = {late}
results = []
other = threading.Thread(target=lambda: results.append(LATE()))

def meet():
    # Outer is half learned now: the other thread asks for it, and either waits or is done with it.
    if other.ident is None:
        other.start()
        other.join(timeout=0.2)
    return int

first = decoding.json_decoder(Outer)
other.join()
assert first.decode(b'{{"inner": {{"value": 1}}}}') == Outer(Inner(1))
assert results == [Outer(Inner(2))], results
"""

ASKING = {
    "json": """lambda: decoding.json_decoder(Outer).decode(b'{"inner": {"value": 2}}')""",
    "msgpack": """lambda: decoding.msgpack_decoder(Outer).decode(msgspec.msgpack.encode({"inner": {"value": 2}}))""",
    "convert": """lambda: decoding.convert({"inner": {"value": 2}}, Outer)""",
}


@pytest.mark.parametrize(
    ("package", "way"),
    [
        ("codex_trio.util", "json"),
        ("codex_trio.util", "msgpack"),
        ("codex_trio.util", "convert"),
        ("codex_trio_protocol", "json"),
        ("codex_trio_protocol", "convert"),
    ],
)
def test_a_thread_can_ask_for_a_type_that_another_one_is_learning(package, way, tmp_path):
    # In a process of its own, which a half known type would crash.
    done = subprocess.run(
        [sys.executable, "-c", MEETING.format(package=package, late=ASKING[way])],
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def _learns_alone(call: ast.Call) -> bool:
    """Return whether this call has msgspec learn a type that may hold structs."""
    name = ast.unparse(call.func)
    if name in ("msgspec.json.decode", "msgspec.msgpack.decode"):
        kinds = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "type"]
        return any(kind not in ("str", "dict[str, Any]", "dict[str, dict[str, Any]]") for kind in kinds)
    return name in ("msgspec.convert", "msgspec.json.Decoder", "msgspec.msgpack.Decoder")


@pytest.mark.parametrize(
    ("package", "place"),
    [(codex_trio, "util/decoding.py"), (codex_trio_protocol, "decoding.py")],
    ids=["server", "protocol"],
)
def test_every_module_has_its_types_learned_in_the_one_place_for_it(package, place):
    [root] = package.__path__
    found = [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in sorted(Path(root).rglob("*.py"))
        if path != Path(root, place)
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call) and _learns_alone(node)
    ]
    assert found == [], f"use {place} there"
