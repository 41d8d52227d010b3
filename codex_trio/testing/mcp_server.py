"""A small server of the Model Context Protocol over standard streams, for tests: `python mcp_server.py`.

Owns a handful of tools that show one thing each. Uses the standard library alone and imports little, so that it starts
quickly wherever a test says. What it is told by its environment:

- `MCP_CRASH`: it ends at once, with these words on its standard error;
- `MCP_SILENT`: it never answers;
- `MCP_LOG`: a file that gets a line for its start and each message that it receives;
- `MCP_TOOLS`: names of tools, separated by commas, that it offers from the beginning; without it all.
"""

import json
import os
import sys
import threading
import time
from typing import Any

OBJECT: dict[str, Any] = {"type": "object", "properties": {}}
TOOLS: dict[str, dict[str, Any]] = {
    "echo": {
        "description": "Says it again",
        "inputSchema": {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]},
        "annotations": {"readOnlyHint": True, "openWorldHint": False},
    },
    "danger": {
        "description": "Breaks something",
        "inputSchema": {"type": "object", "properties": {"x": {"type": "integer"}}},
        "annotations": {"readOnlyHint": False, "destructiveHint": True, "openWorldHint": True},
    },
    "plain": {"title": "A plain tool", "inputSchema": OBJECT},
    "fail": {"description": "Fails", "inputSchema": OBJECT, "annotations": {"readOnlyHint": True}},
    "slow": {
        "description": "Takes its time",
        "inputSchema": {"type": "object", "properties": {"seconds": {"type": "number"}}},
        "annotations": {"readOnlyHint": True},
    },
    "ask": {"description": "Asks the user", "inputSchema": OBJECT, "annotations": {"readOnlyHint": True}},
    "picture": {"description": "Shows a picture", "inputSchema": OBJECT, "annotations": {"readOnlyHint": True}},
    "steps": {"description": "Says how far it is", "inputSchema": OBJECT, "annotations": {"readOnlyHint": True}},
    "who": {"description": "Tells its process", "inputSchema": OBJECT, "annotations": {"readOnlyHint": True}},
    "crash": {"description": "Ends", "inputSchema": OBJECT, "annotations": {"readOnlyHint": True}},
    "learn": {"description": "Brings a new tool", "inputSchema": OBJECT, "annotations": {"readOnlyHint": True}},
    "old-picture": {"description": "Shows an old one", "inputSchema": OBJECT, "annotations": {"readOnlyHint": True}},
    "learnt": {"description": "Was not there before", "inputSchema": OBJECT, "annotations": {"readOnlyHint": True}},
}
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

OLD_PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAFWlDQ1B0AAB4nMvLVygoyk/LzEkFABU0A+8AAAAAAAAADUlEQVR4"
    "2mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""Its colour profile has another checksum than it says, as pictures have that others than Pillow show."""


class Server:
    def __init__(self) -> None:
        chosen = os.environ.get("MCP_TOOLS")
        self.offered = [name for name in TOOLS if name != "learnt"] if chosen is None else chosen.split(",")
        self.log = open(os.environ.get("MCP_LOG", os.devnull), "a", buffering=1)  # noqa: SIM115  # as long as we
        self.log.write(f"started {os.getpid()}\n")
        self.writing = threading.Lock()
        self.answers: dict[int, Any] = {}
        self.answered = threading.Condition()
        self.progress_token: Any = None

    def send(self, message: dict[str, Any]) -> None:
        with self.writing:
            sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            sys.stdout.flush()

    def run(self) -> None:
        for line in sys.stdin:
            self.log.write(line)
            message = json.loads(line)
            if "method" not in message:
                with self.answered:
                    self.answers[message["id"]] = message.get("result", message.get("error"))
                    self.answered.notify_all()
            elif "id" in message and "MCP_SILENT" not in os.environ:
                threading.Thread(target=self.answer, args=(message,), daemon=True).start()

    def answer(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        match message["method"]:
            case "initialize":
                result: dict[str, Any] = {
                    "protocolVersion": params["protocolVersion"],
                    "capabilities": {"tools": {"listChanged": True}, "resources": {}},
                    "serverInfo": {"name": "scripted", "version": "1.0"},
                    "instructions": "Tools for tests.",
                }
            case "tools/list":
                # One a page.
                names = self.offered
                at = int(params.get("cursor", 0))
                result = {"tools": [{"name": name, **TOOLS[name]} for name in names[at : at + 1]]}
                if at + 1 < len(names):
                    result["nextCursor"] = str(at + 1)
            case "tools/call":
                self.progress_token = params.get("_meta", {}).get("progressToken")
                result = self.call(params["name"], params.get("arguments") or {})
            case "resources/list":
                result = {"resources": [{"uri": "note://hello", "name": "hello", "mimeType": "text/plain"}]}
            case "resources/templates/list":
                result = {"resourceTemplates": [{"uriTemplate": "note://{name}/t", "name": "tmpl"}]}
            case "resources/read":
                if params["uri"] != "note://hello":
                    self.send({"id": message["id"], "error": {"code": -32002, "message": "no such note"}})
                    return
                result = {"contents": [{"uri": "note://hello", "mimeType": "text/plain", "text": "a note"}]}
            case method:
                self.send({"id": message["id"], "error": {"code": -32601, "message": f"no {method}"}})
                return
        self.send({"id": message["id"], "result": result})

    def call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        match name:
            case "echo":
                said = f"echo: {arguments.get('message')}"
                return {"content": [text(said)], "structuredContent": {"result": said}}
            case "fail":
                return {"content": [text("it did not work")], "isError": True}
            case "steps":
                step = {"progressToken": self.progress_token, "progress": 1, "total": 2, "message": "halfway"}
                self.send({"method": "notifications/progress", "params": step})
                return {"content": [text("done")]}
            case "slow":
                time.sleep(arguments.get("seconds", 60))
                return {"content": [text("at last")]}
            case "ask":
                return {"content": [text(json.dumps(self.ask(), sort_keys=True))]}
            case "picture":
                return {"content": [text("look"), {"type": "image", "data": PICTURE, "mimeType": "image/png"}]}
            case "old-picture":
                return {"content": [{"type": "image", "data": OLD_PICTURE, "mimeType": "image/png"}]}
            case "who":
                told = {"pid": os.getpid(), "cwd": os.getcwd(), "env": dict(os.environ)}
                return {"content": [text(json.dumps(told))]}
            case "crash":
                os._exit(3)
            case "learn":
                self.offered.append("learnt")
                self.send({"method": "notifications/tools/list_changed"})
                return {"content": [text("learnt")]}
            case "danger" | "plain" | "learnt":
                return {"content": [text("did it")], "structuredContent": {"result": "did it"}}
            case _:
                return {"content": [text(f"Unknown tool: {name}")], "isError": True}

    def ask(self) -> Any:
        schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
        params = {"message": "What is your name?", "requestedSchema": schema}
        number = 1000 + len(self.answers)
        self.send({"id": number, "method": "elicitation/create", "params": params})
        with self.answered:
            self.answered.wait_for(lambda: number in self.answers)
        return self.answers[number]


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


if __name__ == "__main__":
    if "MCP_CRASH" in os.environ:
        sys.exit(os.environ["MCP_CRASH"])
    Server().run()
