"""The scripted model of the benchmarks, a process of its own: `python -m benchmarks.model_server`.

Owns a loopback HTTP server that answers with bytes encoded beforehand, from blocking threads, so that it is never what
is measured. Stateless: the last marker in a request says what to answer, and the tool outputs behind it how far the
turn is. Prints its base URL, and ends when its standard input does.
"""

import socket
import sys
import threading

from codex_trio.testing.model_script import (
    Event,
    completed,
    created,
    custom_tool_call,
    encode_event,
    failed,
    function_call,
    message_of,
)

SAY = "benchmark: say a word"
STREAM = "benchmark: stream a long message"
CALL_TOOLS = "benchmark: call tools"
HAVE_AGENTS = "benchmark: have agents work"
RUN_SCRIPT = "benchmark: run a script"
DELTAS = 10_000
NESTED_CALLS = 200
"""Calls of tools in one script."""
TOOL_CALLS = 20
AGENTS = 20
AGENT_CALLS = 3
"""Commands that each agent runs."""

_READ_SIZE = 1 << 16
_OUTPUT = b'"function_call_output"'
_OF_AGENT = b"x-openai-subagent"
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


def _response(events: list[Event]) -> bytes:
    """Return a whole HTTP response. Each event is a chunk by itself, as a provider flushes them, in one write."""
    encoded = [encode_event(event) for event in [created(), *events, completed()]]
    return _HEAD + b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in encoded) + b"0\r\n\r\n"


class Script:
    """The encoded responses."""

    def __init__(self) -> None:
        self._say = _response(message_of(["Hello."]))
        self._stream = _response(message_of(["word "] * DELTAS))
        calls = [function_call("exec_command", {"cmd": "true"}, call_id=f"call_{n}") for n in range(TOOL_CALLS)]
        self._calls = [_response([call]) for call in calls]
        agents = [
            function_call("spawn_agent", {"message": "work"}, call_id=f"agent_{n}", namespace="multi_agent_v1")
            for n in range(AGENTS)
        ]
        self._agents = _response(agents)
        script = f"for (let n = 0; n < {NESTED_CALLS}; n++) await tools.get_goal({{}});\ntext('all called');"
        self._script = _response([custom_tool_call("exec", script, call_id="script")])
        self._failed = _response([failed("invalid_prompt", "the script did not run to its end")])

    def answer(self, body: bytes, head: bytes = b"") -> bytes:
        """Return the response to a request, whose head is in lower case."""
        if _OF_AGENT in head:
            done = body.count(_OUTPUT)
            return self._calls[done] if done < AGENT_CALLS else self._say
        if HAVE_AGENTS.encode() in body:
            return self._say if _OUTPUT in body else self._agents
        where = {marker: body.rfind(marker.encode()) for marker in (SAY, STREAM, CALL_TOOLS, RUN_SCRIPT)}
        marker = max(where, key=where.__getitem__)
        if marker == STREAM:
            return self._stream
        if marker == RUN_SCRIPT:
            return self._after_script(body[where[marker] :])
        done = body.count(_OUTPUT, where[marker])
        return self._calls[done] if marker == CALL_TOOLS and done < TOOL_CALLS else self._say

    def _after_script(self, rest: bytes) -> bytes:
        """Return the response to a turn that runs a script; `rest` is what came since."""
        if b'_call_output"' not in rest:
            return self._script
        return self._say if b"Script completed" in rest else self._failed


def _serve(connection: socket.socket, script: Script) -> None:
    received = bytearray()
    with connection:
        while True:
            while (end := received.find(b"\r\n\r\n")) < 0:
                if not _receive(connection, received):
                    return
            head = bytes(received[:end]).lower()
            size = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            while len(received) < end + 4 + size:
                if not _receive(connection, received):
                    return
            body = bytes(received[end + 4 : end + 4 + size])
            del received[: end + 4 + size]
            connection.sendall(script.answer(body, head) if head.startswith(b"post") else _NOT_FOUND)


def _receive(connection: socket.socket, received: bytearray) -> bool:
    try:
        data = connection.recv(_READ_SIZE)
    except ConnectionError:
        return False
    received += data
    return bool(data)


def _accept(listener: socket.socket) -> None:
    script = Script()
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(connection, script), daemon=True).start()


def main() -> None:
    """Serve until standard input ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener,), daemon=True).start()
        print(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", flush=True)
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
