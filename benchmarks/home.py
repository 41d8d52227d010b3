"""Writes a home full of threads, in the line format of rollout files, as a long-time user has one.

    python -m benchmarks.home HOME --threads 100000 --big 2GB --seed 1

Owns what such a home holds: `sessions/` by day over the past year, `archived_sessions/`, `session_index.jsonl`, and one
big thread with compactions, the newest of all. Texts are words of a fixed list, so the same seed and time give the same
home.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

PROVIDER = "scripted"
NEEDLE = "quokka"
"""A word that a few threads' first message holds, and nothing else."""

_VOCABULARY = (
    "fix refactor test parser index cache socket thread turn server client wire schema stream token retry error "
    "timeout config reader writer queue window page cursor search patch review sandbox policy shell command output "
    "file folder path commit branch merge build lint type check docs release version migrate backfill lease lock"
)
_WORDS = _VOCABULARY.split()
PAGE = 25
"""Threads on a page of a list."""

_DAYS = 365
_FOLDERS = 40
_NEEDLE_EVERY = 500
_ARCHIVED_EVERY = 50
_NAMED_EVERY = 20
_COMPACT_BYTES = 4 << 20
_KEPT_MESSAGES = 40
_UNITS = {"": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


class Home(NamedTuple):
    """What was written."""

    threads: int
    """The big one and archived ones included."""
    archived: int
    big_thread: str
    """Its id."""
    big_turns: int
    needles: int
    """How many threads that are not archived a search for `NEEDLE` finds."""
    newest: list[str]
    """Ids of the newest threads, newest first: as many as fill a page of a list."""


def write_home(root: Path, *, threads: int, big_bytes: int, seed: int = 1, now: float | None = None) -> Home:
    """Write a home of so many threads, one of them of so many bytes, ending at `now` (Unix seconds)."""
    chosen = random.Random(seed)
    end = time.time() - 3600 if now is None else now
    folders = [f"/home/dev/project-{number}" for number in range(_FOLDERS)]
    ids: list[str] = []
    archived = needles = 0
    names: list[bytes] = []
    for number in range(threads - 1):
        begin = end - _DAYS * 86400 * (1 - number / threads)
        needle = number % _NEEDLE_EVERY == 1
        thread = _Thread(chosen, begin, chosen.choice(folders))
        is_archived = number % _ARCHIVED_EVERY == 7
        archived += is_archived
        _write(root, thread, thread.short(turns=chosen.randint(1, 3), needle=needle), archived=is_archived)
        if not is_archived:
            ids.append(thread.id)
            needles += needle
        if number % _NAMED_EVERY == 3:
            name = {"id": thread.id, "thread_name": thread.words(3), "updated_at": _stamp(begin)}
            names.append(msgspec.json.encode(name) + b"\n")
    big = _Thread(chosen, end, folders[0])
    _write(root, big, big.long(big_bytes), archived=False)
    (root / "session_index.jsonl").write_bytes(b"".join(names))
    newest = [big.id, *ids[:-PAGE:-1]]
    return Home(threads, archived, big.id, big.turns, needles, newest)


class _Thread:
    """One thread's lines. Time runs on with every line."""

    def __init__(self, chosen: random.Random, begin: float, cwd: str) -> None:
        self._chosen = chosen
        self._clock = begin
        self._cwd = cwd
        self._ordinal = 0
        self._turn = ""
        self._said: list[dict[str, Any]] = []
        self.begin = begin
        self.id = self._uuid()
        self.turns = 0

    @property
    def clock(self) -> float:
        """Unix seconds of the latest line."""
        return self._clock

    def words(self, count: int) -> str:
        """Return some words."""
        return " ".join(self._chosen.choices(_WORDS, k=count))

    def short(self, *, turns: int, needle: bool) -> Iterator[bytes]:
        """Yield a thread of some turns with a command or two."""
        yield self._meta()
        for number in range(turns):
            text = f"{NEEDLE} {self.words(12)}" if needle and number == 0 else self.words(12)
            yield from self._turn_of(text, commands=self._chosen.randint(0, 2), output_lines=12)

    def long(self, size: int) -> Iterator[bytes]:
        """Yield a thread of turns with many commands, until it is of that size. Compacted now and then."""
        yield self._meta()
        written, since = 0, 0
        while written < size:
            for line in self._turn_of(self.words(60), commands=self._chosen.randint(3, 9), output_lines=90):
                written, since = written + len(line), since + len(line)
                yield line
            if since > _COMPACT_BYTES:
                since = 0
                yield from self._compaction()

    def _turn_of(self, text: str, *, commands: int, output_lines: int) -> Iterator[bytes]:
        yield from self._open_turn()
        yield self._message("user", text)
        yield self._item({"type": "UserMessage", "content": [{"type": "text", "text": text, "text_elements": []}]})
        for _ in range(commands):
            yield from self._command(output_lines)
        answer = self.words(80)
        yield self._item({"type": "AgentMessage", "content": [{"type": "Text", "text": answer}]})
        yield self._message("assistant", answer)
        yield self._usage()
        yield self._end_turn(answer)

    def _command(self, output_lines: int) -> Iterator[bytes]:
        call, command = self._uuid(), f"grep -rn {self._chosen.choice(_WORDS)} ."
        output = "".join(f"src/{self._chosen.choice(_WORDS)}.py:{n}: {self.words(8)}\n" for n in range(output_lines))
        arguments = msgspec.json.encode({"cmd": command}).decode()
        called = {"type": "function_call", "id": f"fc_{call}", "name": "exec_command", "arguments": arguments}
        yield self._line("response_item", {**called, "call_id": call})
        yield self._item(
            {
                "type": "CommandExecution",
                "process_id": "4711",
                "command": ["/bin/bash", "-lc", command],
                "cwd": f"file://{self._cwd}",
                "parsed_cmd": [{"type": "unknown", "cmd": command}],
                "source": "unified_exec_startup",
                "status": "completed",
                "aggregated_output": output,
                "exit_code": 0,
                "duration": {"secs": 0, "nanos": 17224},
            },
            identifier=call,
        )
        told = f"Wall time: 0.0172 seconds\nProcess exited with code 0\nOutput:\n{output}"
        yield self._line("response_item", {"type": "function_call_output", "call_id": call, "output": told})

    def _compaction(self) -> Iterator[bytes]:
        yield from self._open_turn()
        kept = [*self._said[-_KEPT_MESSAGES:], _message_item("user", f"Summary so far: {self.words(400)}")]
        self._said = []
        window = {"window_number": 1, "first_window_id": self.id, "previous_window_id": self.id}
        compacted = {"message": self.words(400), "replacement_history": kept, **window, "window_id": self._uuid()}
        yield self._line("compacted", compacted)
        yield self._item({"type": "ContextCompaction"})
        yield self._usage()
        yield self._end_turn(None)

    def _open_turn(self) -> Iterator[bytes]:
        self._turn = self._uuid()
        self.turns += 1
        yield self._event(
            {
                "type": "task_started",
                "turn_id": self._turn,
                "root_turn_id": self._turn,
                "started_at": int(self._clock),
                "model_context_window": 258400,
                "collaboration_mode_kind": "default",
            }
        )
        mode = {"model": "gpt-5.5", "reasoning_effort": None, "developer_instructions": None}
        yield self._line(
            "turn_context",
            {
                "turn_id": self._turn,
                "root_turn_id": self._turn,
                "cwd": self._cwd,
                "approval_policy": "never",
                "sandbox_policy": {"type": "danger-full-access"},
                "permission_profile": {"type": "disabled"},
                "model": "gpt-5.5",
                "collaboration_mode": {"mode": "default", "settings": mode},
                "summary": "none",
            },
        )

    def _end_turn(self, answer: str | None) -> bytes:
        ended = {"type": "task_complete", "turn_id": self._turn, "root_turn_id": self._turn}
        times = {"started_at": int(self._clock), "completed_at": int(self._clock), "duration_ms": 900}
        return self._event({**ended, "last_agent_message": answer, **times})

    def _meta(self) -> bytes:
        meta = {
            "session_id": self.id,
            "id": self.id,
            "timestamp": _stamp(self._clock),
            "cwd": self._cwd,
            "runtime_workspace_roots": [self._cwd],
            "originator": "benchmark",
            "cli_version": "0.169.0",
            "source": "vscode",
            "model_provider": PROVIDER,
            "base_instructions": {"text": self.words(300)},
            "history_mode": "paginated",
            "context_window": {"window_id": self.id},
        }
        return self._line("session_meta", meta)

    def _usage(self) -> bytes:
        usage = {"input_tokens": 9000, "cached_input_tokens": 8000, "output_tokens": 300, "reasoning_output_tokens": 0}
        total = {**usage, "cache_write_input_tokens": 0, "total_tokens": 9300}
        info = {"total_token_usage": total, "last_token_usage": total, "model_context_window": 258400}
        return self._event({"type": "token_count", "info": info, "rate_limits": None})

    def _message(self, role: str, text: str) -> bytes:
        item = {**_message_item(role, text), "id": f"msg_{self._uuid()}"}
        if role == "user":
            self._said.append(item)
        return self._line("response_item", item)

    def _item(self, item: dict[str, Any], *, identifier: str | None = None) -> bytes:
        kind = {"type": item["type"], "id": identifier or self._uuid()}
        moment = int(self._clock * 1000)
        event = {"type": "item_completed", "thread_id": self.id, "turn_id": self._turn, "item": {**kind, **item}}
        return self._event({**event, "started_at_ms": moment, "completed_at_ms": moment})

    def _event(self, event: dict[str, Any]) -> bytes:
        return self._line("event_msg", event)

    def _line(self, kind: str, payload: dict[str, Any]) -> bytes:
        line = {"timestamp": _stamp(self._clock), "ordinal": self._ordinal, "type": kind, "payload": payload}
        self._ordinal += 1
        self._clock += 0.005
        return msgspec.json.encode(line) + b"\n"

    def _uuid(self) -> str:
        value = int(self._clock * 1000) << 80 | 0x7 << 76 | 0b10 << 62
        value |= self._chosen.getrandbits(12) << 64 | self._chosen.getrandbits(62)
        digits = f"{value:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _message_item(role: str, text: str) -> dict[str, Any]:
    content = {"type": "output_text" if role == "assistant" else "input_text", "text": text}
    return {"type": "message", "role": role, "content": [content]}


def _write(root: Path, thread: _Thread, lines: Iterator[bytes], *, archived: bool) -> None:
    local = time.localtime(thread.begin)
    folder = root / "archived_sessions" if archived else root / "sessions" / time.strftime("%Y/%m/%d", local)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"rollout-{time.strftime('%Y-%m-%dT%H-%M-%S', local)}-{thread.id}.jsonl"
    with path.open("wb", buffering=1 << 20) as file:
        file.writelines(lines)
    os.utime(path, (thread.clock, thread.clock))


def _stamp(seconds: float) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(seconds % 1 * 1000):03}Z"


def parse_size(text: str) -> int:
    """Return bytes of `40MB`, `2GB`, `1000`. Raises ValueError."""
    number = text.rstrip("BGKM")
    return int(number) * _UNITS[text[len(number) :]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a home and say what is in it, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.home", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", metavar="HOME", type=Path, help="folder to write into; made if it is not there")
    parser.add_argument("--threads", metavar="N", type=int, default=5000, help="how many (default: 5000)")
    parser.add_argument("--big", metavar="SIZE", type=parse_size, default="40MB", help="of the big one (default: 40MB)")
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="for the choice of words (default: 1)")
    options = parser.parse_args(arguments)
    home = write_home(options.home, threads=options.threads, big_bytes=options.big, seed=options.seed)
    print(msgspec.json.encode(home._asdict()).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
