"""A turn as a person reads it."""

from typing import Any

from codex_trio.client.messages import Notification
from codex_trio.client.render import MAX_LIVE_LINES, TurnPrinter


class Page:
    """What a printer has written."""

    def __init__(self, *, live: bool = False) -> None:
        self.text = ""
        self._printer = TurnPrinter(self._add, color=False, live=live)

    def _add(self, text: str) -> None:
        self.text += text

    def show(self, method: str, **params: Any) -> None:
        self._printer.show(Notification(method, params))

    def take(self) -> str:
        text, self.text = self.text, ""
        return text


def command(number: int, **fields: Any) -> dict[str, Any]:
    item = {"type": "commandExecution", "id": f"c{number}", "command": f"run {number}", "cwd": "/w"}
    return {**item, "status": "inProgress", **fields}


def ended(number: int, **fields: Any) -> dict[str, Any]:
    return command(number, **{"status": "completed", "exitCode": 0, "durationMs": 1234, **fields})


def test_no_word_of_a_model_or_command_does_anything_to_the_terminal() -> None:
    page = Page(live=True)
    page.show("item/agentMessage/delta", itemId="m", delta="a\x1b]52;c;aGk=\x07b\x9b31m\u202ec\r\nd\te")
    page.show("item/started", item=command(1, command="printf '\x1b[2J'"))
    page.show("item/commandExecution/outputDelta", itemId="c1", delta="\x1b[31mred\x1b[0m \x08\n10%\r100%\r\n")
    page.show("item/completed", item=ended(1, aggregatedOutput="..."))
    page.show("error", error={"message": "\x1b[2J"})
    assert not any((ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in page.text)
    assert "a\u241b]52;c;aGk=\u2407b\\u009b31m\\u202ec\nd\te" in page.text
    assert "\n  red \u2408\n  100%\n" in page.text


def test_output_is_shown_line_by_line_while_a_command_runs() -> None:
    page = Page(live=True)
    page.show("item/started", item=command(1))
    page.show("item/started", item=command(2))
    page.take()
    page.show("item/commandExecution/outputDelta", itemId="c1", delta="one\ntw")
    assert page.take() == "$ run 1\n  in /w\n  one\n"
    page.show("item/commandExecution/outputDelta", itemId="c1", delta="o\nthree")
    assert page.take() == "  two\n"
    page.show("item/completed", item=ended(1, aggregatedOutput="one\ntwo\nthree"))
    assert page.take() == "  three\n  completed, exit code 0, 1.2 s\n"


def test_endless_output_is_cut_and_its_end_shown() -> None:
    page = Page(live=True)
    page.show("item/started", item=command(1))
    for number in range(MAX_LIVE_LINES * 2):
        page.show("item/commandExecution/outputDelta", itemId="c1", delta=f"{number}\n")
    assert page.take().endswith(f"  {MAX_LIVE_LINES - 1}\n  ... more follows\n")
    output = "".join(f"{number}\n" for number in range(MAX_LIVE_LINES * 2))
    page.show("item/completed", item=ended(1, aggregatedOutput=output))
    assert f"\n  {MAX_LIVE_LINES * 2 - 1}\n  completed" in page.take()


def test_how_a_command_ended() -> None:
    page = Page()
    for fields, words in (
        ({"status": "failed", "exitCode": 2}, "failed, exit code 2, 1.2 s"),
        ({"status": "failed", "exitCode": -1, "durationMs": 61_000}, "interrupted, 1 min 1 s"),
        ({"status": "declined", "exitCode": None, "durationMs": None}, "declined"),
    ):
        page.show("item/completed", item=ended(1, **fields))
        assert page.take().endswith(f"  {words}\n")


def test_added_and_deleted_files_are_shown_like_any_diff() -> None:
    page = Page()
    changes = [
        {"path": "a", "kind": {"type": "add"}, "diff": "x\n\ny\n"},
        {"path": "b", "kind": {"type": "delete"}, "diff": "z\n"},
        {"path": "c", "kind": {"type": "update"}, "diff": "@@ -1 +1 @@\n-o\n+n\n"},
        {"path": "d", "kind": {"type": "add"}, "diff": ""},
    ]
    page.show("item/completed", item={"type": "fileChange", "id": "f", "changes": changes, "status": "completed"})
    assert page.text == "+x\n+\n+y\n-z\n@@ -1 +1 @@\n-o\n+n\n  completed\n"


def test_a_server_that_does_not_start_is_told() -> None:
    page = Page()
    for status, error in (("starting", None), ("failed", "MCP client for `s` failed to start"), ("ready", None)):
        page.show("mcpServer/startupStatus/updated", threadId="t", name="s", status=status, error=error)
    assert page.text == "warning: MCP client for `s` failed to start\n"


def test_a_call_of_no_tool_is_told_and_other_calls_without_items_are_not() -> None:
    page = Page()
    for call_id, name, output in (
        ("c1", "exec_comand", "unsupported call: exec_comand"),
        ("c2", "update_plan", "Plan updated"),
    ):
        page.show("rawResponseItem/completed", item={"type": "function_call", "call_id": call_id, "name": name})
        answer = {"type": "function_call_output", "call_id": call_id, "output": output}
        page.show("rawResponseItem/completed", item=answer)
    assert page.text == "refused: exec_comand\n  unsupported call: exec_comand\n"
