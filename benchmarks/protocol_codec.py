"""Times the protocol's messages: decoding and encoding them, beside plain `json` and beside pydantic.

    python -m benchmarks.protocol_codec [--rounds 31]

Needs pydantic (`pip install --group benchmarks`). The pydantic models are made from the message types, so both sides
check the same shape; pydantic leaves out what holds its default where the protocol does. `json` checks nothing and
makes no objects. Samples are taken in turns, round by round: a ratio compares two neighbours, and the table shows the
median of the ratios with the smallest and the largest. Last, what importing the method table costs on top of importing
msgspec, each time in a process of its own. The exit code is 1 when a target is missed.
"""

import argparse
import json
import statistics
import subprocess
import sys
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec
from codex_trio_protocol import table

from benchmarks.pydantic_models import Models

LEAST_RATIO: Final = 5.0
MOST_IMPORT_MS: Final = 15.0
_ITEMS: Final = 2000
_IMPORTS: Final = 9
_SAMPLE_SECONDS: Final = 0.005
_IMPORT = """
import time
import msgspec
before = time.perf_counter()
import codex_trio_protocol.table
print((time.perf_counter() - before) * 1000)
"""


@dataclass(frozen=True)
class Message:
    """A kind of message, and one of its kind as it crosses the wire."""

    name: str
    kind: Any
    raw: bytes


def messages() -> list[Message]:
    """Return what is measured: what a client sends most, what a server sends most, and the largest answer."""
    start: dict[str, Any] = {
        "threadId": "0199c2f4-3b1c-7d52-9f5e-6a1f5b1f8a01",
        "input": [{"type": "text", "text": "Please make the failing test pass.", "text_elements": []}],
        "cwd": "/home/user/project",
        "approvalPolicy": "on-request",
        "sandboxPolicy": {"type": "workspaceWrite", "writableRoots": ["/home/user/project"], "networkAccess": False},
        "model": "gpt-5",
        "effort": "medium",
    }
    delta = {
        "threadId": "0199c2f4-3b1c-7d52-9f5e-6a1f5b1f8a01",
        "turnId": "0199c2f4-3b1d-7a60-8f0e-0d4c8e6b1c02",
        "itemId": "msg_0b7f3c",
        "delta": " and then",
    }
    return [
        Message("turn/start params", table.CLIENT_REQUESTS["turn/start"].params_type(), _json(start)),
        Message(
            "item/agentMessage/delta params",
            table.SERVER_NOTIFICATIONS["item/agentMessage/delta"].params_type(),
            _json(delta),
        ),
        Message(
            f"thread/read result, {_ITEMS} items", table.CLIENT_REQUESTS["thread/read"].result_type(), _json(_thread())
        ),
    ]


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _thread() -> dict[str, Any]:
    per_turn = 20
    turns = [
        {
            "id": f"turn-{number}",
            "items": [_item(number * per_turn + place) for place in range(per_turn)],
            "itemsView": "full",
            "status": "completed",
            "error": None,
            "startedAt": 1_760_000_000 + number,
            "completedAt": 1_760_000_030 + number,
            "durationMs": 30_000,
        }
        for number in range(_ITEMS // per_turn)
    ]
    return {
        "thread": {
            "id": "0199c2f4-3b1c-7d52-9f5e-6a1f5b1f8a01",
            "extra": None,
            "sessionId": "0199c2f4-3b1c-7d52-9f5e-6a1f5b1f8a01",
            "forkedFromId": None,
            "parentThreadId": None,
            "projectId": None,
            "preview": "Please make the failing test pass.",
            "ephemeral": False,
            "historyMode": "legacy",
            "modelProvider": "openai",
            "createdAt": 1_760_000_000,
            "updatedAt": 1_760_003_000,
            "recencyAt": 1_760_003_000,
            "status": {"type": "idle"},
            "path": "/home/user/.codex/sessions/2025/10/09/rollout.jsonl",
            "cwd": "/home/user/project",
            "cliVersion": "0.169.0",
            "source": "vscode",
            "threadSource": None,
            "agentNickname": None,
            "agentRole": None,
            "canAcceptDirectInput": True,
            "gitInfo": None,
            "name": None,
            "turns": turns,
        }
    }


def _item(number: int) -> dict[str, Any]:
    """Return the kinds of items that a turn mostly consists of, one after the other."""
    times = {"id": f"item-{number}", "startedAtMs": 1_760_000_000_000, "completedAtMs": 1_760_000_000_100}
    match number % 5:
        case 0:
            text: dict[str, Any] = {"type": "text", "text": "And now the next one, please.", "text_elements": []}
            return {"type": "userMessage", **times, "clientId": None, "content": [text]}
        case 1:
            return {
                "type": "agentMessage",
                **times,
                "text": "I look at the test first. " * 4,
                "phase": "commentary",
                "memoryCitation": None,
            }
        case 2:
            return {"type": "reasoning", **times, "summary": ["**Reading the test**"], "content": []}
        case 3:
            return {
                "type": "commandExecution",
                **times,
                "command": "/bin/bash -lc 'cat tests/test_sum.py'",
                "cwd": "/home/user/project",
                "processId": "51234",
                "source": "unifiedExecStartup",
                "status": "completed",
                "commandActions": [
                    {
                        "type": "read",
                        "command": "cat tests/test_sum.py",
                        "name": "test_sum.py",
                        "path": "/home/user/project/tests/test_sum.py",
                    }
                ],
                "aggregatedOutput": "def test_sum():\n    assert add(1, 2) == 3\n" * 5,
                "exitCode": 0,
                "durationMs": 12,
            }
        case _:
            diff = "@@ -1,2 +1,2 @@\n def add(a, b):\n-    return a - b\n+    return a + b\n"
            change = {"path": "src/sum.py", "kind": {"type": "update", "move_path": None}, "diff": diff}
            return {"type": "fileChange", **times, "changes": [change], "status": "completed"}


@dataclass(frozen=True)
class Codec:
    """A way to decode a message and to encode what came of it, each made ready before it is timed."""

    name: str
    decode: Callable[[bytes], Any]
    encode: Callable[[Any], bytes | str]

    def timers(self, raw: bytes) -> dict[str, timeit.Timer]:
        """Return what is timed: the halves, and the whole way through."""
        names = {"decode": self.decode, "encode": self.encode, "raw": raw, "value": self.decode(raw)}
        parts = {"decode": "decode(raw)", "encode": "encode(value)", "both": "encode(decode(raw))"}
        return {part: timeit.Timer(code, globals=names) for part, code in parts.items()}


def codecs(kind: Any, models: Models) -> tuple[Codec, ...]:
    """Our, plain `json`, pydantic."""
    model = models.of(kind)
    dump = partial(model.model_dump_json, by_alias=True, exclude_defaults=kind.__struct_config__.omit_defaults)
    return (
        Codec("msgspec", table.decoder(kind).decode, msgspec.json.Encoder().encode),
        Codec("json", json.loads, json.dumps),
        Codec("pydantic", model.model_validate_json, dump),
    )


def seconds(timer: timeit.Timer) -> float:
    """Mean time of one run, from as many as fill a sample. The garbage collector rests meanwhile."""
    count, taken = 1, timer.timeit(1)
    while taken < _SAMPLE_SECONDS:
        count = max(count * 2, int(count * _SAMPLE_SECONDS / max(taken, 1e-9)))
        taken = timer.timeit(count)
    return taken / count


def import_ms() -> float:
    """Return milliseconds that a fresh process needs for the method table after msgspec."""
    done = subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True)
    return float(done.stdout)


def report(message: Message, models: Models, rounds: int) -> bool:
    """Measure a message and print its lines; whether the target is met."""
    timers = {way.name: way.timers(message.raw) for way in codecs(message.kind, models)}
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for part in ("decode", "encode", "both"):
            for name, parts in timers.items():
                times.setdefault((name, part), []).append(seconds(parts[part]))
    print(f"\n{message.name} ({len(message.raw)} bytes), microseconds")
    print(f"{'':<10}{'decode':>11}{'encode':>11}{'both':>11}   to ours")
    ours = times["msgspec", "both"]
    met = True
    for name in timers:
        medians = [statistics.median(times[name, part]) * 1e6 for part in ("decode", "encode", "both")]
        ratios = [other / own for other, own in zip(times[name, "both"], ours, strict=True)]
        ratio = statistics.median(ratios)
        line = f"{name:<10}" + "".join(f"{value:>11.2f}" for value in medians)
        if name != "msgspec":
            line += f"   {ratio:.2f} ({min(ratios):.2f}..{max(ratios):.2f})"
        if name == "pydantic":
            met = ratio >= LEAST_RATIO
            line += f", at least {LEAST_RATIO:.0f}: {'met' if met else 'MISSED'}"
        print(line)
    return met


def main() -> int:
    """Run from the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=31, metavar="N")
    options = parser.parse_args()
    models = Models()
    met = [report(message, models, options.rounds) for message in messages()]
    cost = sorted(import_ms() for _ in range(_IMPORTS))
    import_met = statistics.median(cost) <= MOST_IMPORT_MS
    print(
        f"\nimporting the method table after msgspec: {statistics.median(cost):.2f} ms "
        f"({cost[0]:.2f}..{cost[-1]:.2f}), at most {MOST_IMPORT_MS:.0f}: {'met' if import_met else 'MISSED'}"
    )
    return 0 if all(met) and import_met else 1


if __name__ == "__main__":
    sys.exit(main())
