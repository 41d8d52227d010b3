"""The items that older releases did not store, and of which their rollouts hold the model's calls: for the oracle.

JSON in, JSON out; nothing of the package is used.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

Json = dict[str, Any]


class CallTraces:
    """Calls, and what came of them. `is_shown` says of a command's id whether users see it."""

    def __init__(self, is_shown: Callable[[str], bool]) -> None:
        self.tools: list[str] = []
        """The tools that the client offers."""
        self.cwd = ""
        self._is_shown = is_shown
        self._calls: dict[str, Json] = {}
        self._running: dict[str, Json] = {}

    def item_of(self, payload: Json, place: int) -> Json | None:
        """Return the item that a line of the model's history completes, as it now is."""
        match payload:
            case {"type": "function_call", "call_id": call_id}:
                self._calls[call_id] = payload
            case {"type": "function_call_output", "call_id": call_id, "output": output}:
                call = self._calls.pop(call_id, None)
                return None if call is None else self._found(call, json.loads(call["arguments"]), output)
            case {"type": "message", "role": "user", "content": [{"text": text}]}:
                return self._user_shell(text, place)
            case _:
                pass
        return None

    def _found(self, call: Json, arguments: Json, output: Any) -> Json | None:
        found: Json | None = None
        if call["name"] == "exec_command":
            found = self._started(call["call_id"], arguments, _text(output))
        elif call["name"] == "write_stdin":
            found = self._went_on(str(arguments["session_id"]), _text(output))
        elif call["name"] == "view_image" and isinstance(output, list):
            path = posixpath.join(self.cwd, arguments["path"])
            found = {"type": "ImageView", "id": call["call_id"], "path": file_url(path)}
        elif call["name"] in self.tools:
            found = {
                "type": "DynamicToolCall",
                "id": call["call_id"],
                "namespace": call.get("namespace"),
                "tool": call["name"],
                "arguments": arguments,
                "status": "completed",
                "content_items": _content_items(output),
                "success": True,
            }
        return found

    def _started(self, call_id: str, arguments: Json, output: str) -> Json | None:
        head, found, rest = output.partition("Output:\n")
        is_declined = "rejected by user" in head
        if output.startswith("exec_command failed") and not is_declined:
            return None
        command: Json = {
            "type": "CommandExecution",
            "id": call_id,
            "command": ["/bin/bash", "-lc", arguments["cmd"]],
            "cwd": file_url(posixpath.join(self.cwd, arguments.get("workdir") or "")),
            "parsed_cmd": [{"type": "unknown", "cmd": arguments["cmd"]}],
            "source": "agent" if is_declined else "unified_exec_startup",
        }
        ended = _ended(head)
        if is_declined:
            return {**command, **ended, "status": "declined"}
        command |= {**ended, "aggregated_output": (rest if found else output) or None}
        if "process_id" in ended:
            self._running[ended["process_id"]] = command
        return command

    def _went_on(self, session: str, output: str) -> Json | None:
        command = self._running.pop(session, None)
        if command is None or not self._is_shown(command["id"]):
            return None
        head, found, rest = output.partition("Output:\n")
        so_far = command.get("aggregated_output") or ""
        command = {**command, "aggregated_output": so_far + (rest if found else output) or None}
        ended = _ended(head)
        if "exit_code" in ended:
            return {**command, "status": ended["status"], "exit_code": ended["exit_code"]}
        self._running[session] = command
        return command

    def _user_shell(self, text: str, place: int) -> Json | None:
        found = re.fullmatch(
            "<user_shell_command>\n<command>\n(.*)\n</command>\n<result>\nExit code: (.*?)\n"
            "Duration: (.*?) seconds\nOutput:\n(.*)\n</result>\n</user_shell_command>\\s*",
            text,
            re.DOTALL,
        )
        if found is None:
            return None
        command, code, seconds, output = found.groups()
        return {
            "type": "CommandExecution",
            "id": f"rollout-{place}",
            "command": ["/bin/bash", "-lc", command],
            "cwd": file_url(self.cwd),
            "parsed_cmd": [{"type": "unknown", "cmd": command}],
            "source": "user_shell",
            "status": "completed" if code == "0" else "failed",
            "aggregated_output": output or None,
            "exit_code": int(code),
            "duration": _duration(seconds),
        }


def _text(output: Any) -> str:
    return output if isinstance(output, str) else "".join(part.get("text", "") for part in output)


def _ended(head: str) -> Json:
    """Read what the server said of a command, line by line."""
    told: Json = {"status": "completed"}
    for line in head.splitlines():
        code = re.match(r"(?:Process exited with code|Exit code:) (-?\d+)", line)
        session = re.match(r"Process running with session ID (\d+)", line)
        seconds = re.match(r"Wall time: ([\d.]+) seconds", line)
        if code is not None:
            told |= {"exit_code": int(code[1]), "status": "completed" if int(code[1]) == 0 else "failed"}
        if session is not None:
            told |= {"process_id": session[1], "status": "in_progress"}
        if seconds is not None:
            told["duration"] = _duration(seconds[1])
        if line.startswith("aborted by user"):
            told["status"] = "failed"
    return told


def _duration(seconds: str) -> Json:
    whole, _, fraction = seconds.partition(".")
    return {"secs": int(whole), "nanos": int(fraction.ljust(9, "0"))}


def _content_items(output: Any) -> list[Json]:
    if isinstance(output, str):
        return [{"type": "inputText", "text": output}]
    words = {"input_text": ("inputText", "text", "text"), "input_image": ("inputImage", "image_url", "imageUrl")}
    named = [(part, words[part["type"]]) for part in output if part["type"] in words]
    return [{"type": kind, name: part[key]} for part, (kind, key, name) in named]


def file_url(path: str) -> str:
    return PurePosixPath(path).as_uri()
